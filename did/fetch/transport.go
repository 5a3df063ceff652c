package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/parley-im/parley/did"
)

const (
	// maxHeader bounds the header of an answer, in bytes, interim answers included.
	maxHeader = 32 << 10
	// idleConnections and idleTime bound the connections kept for the next file of the same host.
	idleConnections = 4
	idleTime        = 10 * time.Second
)

// dialer makes checked connections. It is immutable once in use.
type dialer struct {
	net.Dialer
	tls *tls.Config
}

func newDialer(o Options) *dialer {
	d := &dialer{tls: &tls.Config{
		MinVersion: tls.VersionTLS12,
		RootCAs:    o.Roots,
		NextProtos: []string{"http/1.1"},
	}}
	d.Resolver = o.Resolver
	if !o.AllowPrivate {
		d.Control = refusePrivate
	}
	return d
}

// refusePrivate is a net.Dialer.Control, which is called with each address right before it is dialled.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err == nil && public(ap.Addr()) {
		return nil
	}
	return fmt.Errorf("%w: %s; --allow-private-networks allows all addresses", did.ErrUnsafe, address)
}

// requestKey is the key of a request's own context among its values.
type requestKey struct{}

// ofRequest returns ctx with itself among its values: the transport dials with a context that keeps the values and
// does not end with the request.
func ofRequest(ctx context.Context) context.Context { return context.WithValue(ctx, requestKey{}, ctx) }

// dialTLS connects, shakes hands and verifies the certificate, all for as long as the request lasts.
func (d *dialer) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	if request, ok := ctx.Value(requestKey{}).(context.Context); ok {
		ctx = request
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	raw, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	config := d.tls.Clone()
	config.ServerName = host
	conn := tls.Client(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, err
	}
	return conn, nil
}

func newTransport(d *dialer) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy: nil, // not even from the environment: the checked address must be the host's own
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("only https is spoken")
		},
		DialTLSContext:         d.dialTLS,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConns:           idleConnections,
		IdleConnTimeout:        idleTime,
		Protocols:              protocols,
	}
}
