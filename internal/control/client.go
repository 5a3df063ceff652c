package control

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"
)

const (
	dialTimeout = 2 * time.Second
	maxAnswer   = 64 << 20 // bytes; a result of messages may have 16 MiB of payload
)

// Client is the wallet behind a daemon's socket. It is safe for concurrent use.
type Client struct {
	path string
	http *http.Client
}

var _ Wallet = (*Client)(nil)

// NewClient returns a client for the socket at path. It does not connect yet: a call that finds nobody
// there returns an *Error with CodeNoDaemon.
func NewClient(path string) *Client {
	return &Client{path: path, http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, path) },
		Proxy:       nil, MaxIdleConns: 4, IdleConnTimeout: time.Minute, DisableCompression: true,
	}}}
}

// Close lets idle connections go. The client can be used again after that.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// call asks the daemon. When ctx ends it returns its error, and the daemon stops waiting too.
func call[Q, A any](ctx context.Context, c *Client, e endpoint[Q, A], q Q) (A, error) {
	var a answer[A]
	request, err := newRequest(ctx, e, q)
	if err != nil {
		return *new(A), err
	}
	data, err := c.do(request)
	if err != nil {
		return *new(A), err
	}
	if err := Unmarshal(data, &a); err != nil || a.V != Version {
		return *new(A), &Error{Code: CodeUnexpected, Message: fmt.Sprintf("the daemon's answer to %s is not understood", e.path),
			Hint: "is it of another version? compare: parley version"}
	}
	if a.Result == nil {
		a.Result = new(A)
	}
	if a.Error != nil {
		return *a.Result, a.Error
	}
	return *a.Result, nil
}

func newRequest[Q, A any](ctx context.Context, e endpoint[Q, A], q Q) (*http.Request, error) {
	url := "http://parley" + e.path
	if e.verb == http.MethodGet {
		if query := encodeQuery(q).Encode(); query != "" {
			url += "?" + query
		}
		return http.NewRequestWithContext(ctx, e.verb, url, nil)
	}
	body, err := Marshal(q)
	if err != nil {
		return nil, fmt.Errorf("ask the daemon: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, e.verb, url, bytes.NewReader(body))
	if err == nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return r, err
}

// do returns the body of the answer.
func (c *Client) do(r *http.Request) ([]byte, error) {
	resp, err := c.http.Do(r)
	if err == nil {
		defer func() { _ = resp.Body.Close() }()
		var data []byte
		data, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
		if err == nil && len(data) > maxAnswer {
			return nil, &Error{Code: CodeUnexpected, Message: "the daemon's answer is too large", Hint: "ask for less with --limit"}
		}
		if err == nil {
			return data, nil
		}
	}
	var known *Error
	switch {
	case r.Context().Err() != nil:
		return nil, r.Context().Err()
	case errors.As(err, &known):
		return nil, known
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ECONNREFUSED):
		return nil, &Error{Code: CodeNoDaemon, Message: "no daemon answers for this wallet", Hint: "parley daemon"}
	}
	return nil, &Error{Code: CodeNoDaemon, Message: "the daemon went away before it answered: " + err.Error(),
		Hint: "see what became of it: parley outbox"}
}
