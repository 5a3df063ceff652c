package aries

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/hyperledger/aries-framework-go/pkg/vdr/httpbinding"
	"github.com/parley-im/parley/did"
)

const (
	// universalTimeout bounds one question to a Universal Resolver.
	universalTimeout = 5 * time.Second
	// maxAnswer bounds its answer: a document and the metadata around it.
	maxAnswer = 2 * did.MaxDocument
)

// errAnswer is returned while reading an answer that is too long.
var errAnswer = fmt.Errorf("answer longer than %d bytes", maxAnswer)

// NewUniversal returns a Resolver that asks the Universal Resolver at endpoint, such as
// "https://resolver.example/1.0/identifiers". Whoever runs it learns every DID that is asked
// for and is believed about it, so the endpoint is the user's choice and never comes from a
// document. Answers are limited to 128 KiB and 5 s; redirects are refused. The endpoint must be
// an absolute http or https URL.
func NewUniversal(endpoint string) (*Resolver, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("universal resolver: endpoint must be an absolute http or https URL")
	}
	client := &http.Client{
		Timeout:   universalTimeout,
		Transport: limited{http.DefaultTransport},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("redirects are refused")
		},
	}
	r, err := httpbinding.New(endpoint, httpbinding.WithHTTPClient(client))
	if err != nil {
		return nil, fmt.Errorf("universal resolver: %w", err)
	}
	return New(r), nil
}

// limited is a RoundTripper whose answers end in an error at maxAnswer, because aries reads
// them to the end into memory.
type limited struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (l limited) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	resp.Body = &limitedBody{resp.Body, maxAnswer}
	return resp, nil
}

type limitedBody struct {
	io.ReadCloser
	left int
}

// Read implements io.Reader.
func (b *limitedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errAnswer
	}
	// One byte more than may be left tells an answer that is too long from one that just fits.
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left+1)])
	if b.left -= n; b.left < 0 {
		return 0, errAnswer
	}
	return n, err
}
