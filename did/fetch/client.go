package fetch

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/parley-im/parley/did"
)

const (
	defaultTimeout  = 5 * time.Second
	defaultRequests = 16
	defaultPerHost  = 2
)

// Options says how a Client asks. The zero value is right for a wallet.
type Options struct {
	// AllowPrivate lets hosts of every address be asked, for tests and intranets. Otherwise only public ones are.
	AllowPrivate bool
	// Roots are the certificate authorities that are believed; nil stands for those of the system.
	Roots *x509.CertPool
	// Resolver looks names up; nil stands for net.DefaultResolver. Its answers are not trusted.
	Resolver *net.Resolver
	// Timeout bounds a whole request, waiting for its turn included; zero or less means 5 s.
	Timeout time.Duration
	// Requests bounds the requests at one time; below 1 means 16.
	Requests int
	// PerHost bounds the requests to one host at one time, whatever the port; below 1 means 2.
	PerHost int
}

// Client implements did.Fetcher over HTTPS. It is safe for concurrent use. Make one with New and use it for all
// methods, since its limits count its own requests only.
type Client struct {
	timeout   time.Duration
	turns     *turns
	dialer    *dialer
	transport *http.Transport
}

// New returns a Client. It starts nothing.
func New(o Options) *Client {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Requests < 1 {
		o.Requests = defaultRequests
	}
	if o.PerHost < 1 {
		o.PerHost = defaultPerHost
	}
	d := newDialer(o)
	return &Client{timeout: o.Timeout, turns: newTurns(o.Requests, o.PerHost), dialer: d, transport: newTransport(d)}
}

// Close closes the connections that are kept for the next request, a few for some seconds. The Client can be used
// afterwards.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Fetch implements did.Fetcher: it returns the body that a GET of rawURL finds, which must be an https URL without
// user and fragment, if the status is 200, the body has at most limit bytes, no content coding and, when types are
// given, one of them as its media type. Errors wrap did.ErrInvalid for a bad URL, a coding, another media type or a
// body that is too long, did.ErrNotFound for the statuses 404 and 410, did.ErrUnsafe for an address that is not
// public, and the error of ctx when that has ended. Every other error, redirects and time-outs included, may pass.
func (c *Client) Fetch(ctx context.Context, rawURL string, limit int, types ...string) ([]byte, error) {
	u, err := parseTarget(rawURL)
	if err != nil {
		return nil, fmt.Errorf("fetch %q: %w: %w", clip(rawURL), did.ErrInvalid, err)
	}
	body, err := c.fetch(ctx, u, limit, types)
	if err != nil {
		return nil, fmt.Errorf("fetch from %s: %w", clip(u.Host), err)
	}
	return body, nil
}

func (c *Client) fetch(caller context.Context, u *url.URL, limit int, types []string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(caller, c.timeout)
	defer cancel()
	leave, err := c.turns.enter(ctx, u.Hostname())
	if err != nil {
		return nil, c.explain(caller, ctx, err)
	}
	defer leave()
	body, err := c.get(ctx, u, limit, types)
	if err == nil {
		// A host that sees the request end may end its answer as if that were whole, in time to be read.
		err = ctx.Err()
	}
	if err != nil {
		return nil, c.explain(caller, ctx, err)
	}
	return body, nil
}

func (c *Client) get(ctx context.Context, u *url.URL, limit int, types []string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ofRequest(ctx), http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	accept := "*/*"
	if len(types) > 0 {
		accept = strings.Join(types, ", ")
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set("User-Agent", "parley")
	// The transport alone, without http.Client: it follows nothing and keeps no cookies.
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return read(resp, limit, types)
}
