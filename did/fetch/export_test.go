package fetch

import (
	"context"
	"net/netip"
	"syscall"
)

// Public and ParseTarget are for the tests of this package.
var Public = public

// ParseTarget returns the URL that would be asked.
func ParseTarget(raw string) (string, error) {
	u, err := parseTarget(raw)
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

// Turns gives tests the turns of a Client.
type Turns struct{ t *turns }

// NewTurns returns turns for all and for each host.
func NewTurns(all, perHost int) Turns { return Turns{newTurns(all, perHost)} }

// Enter calls enter.
func (t Turns) Enter(ctx context.Context, host string) (func(), error) { return t.t.enter(ctx, host) }

// Hosts returns how many hosts are remembered.
func (t Turns) Hosts() int {
	t.t.mu.Lock()
	defer t.t.mu.Unlock()
	return len(t.t.hosts)
}

// Watch lets f see what the Client thinks of each address right before it dials, and replace that by an error of its
// own: a test must not reach the addresses that the Client allows.
func (c *Client) Watch(f func(a netip.Addr, verdict error) error) {
	decide := c.dialer.Control
	c.dialer.Control = func(network, address string, raw syscall.RawConn) error {
		var verdict error
		if decide != nil {
			verdict = decide(network, address, raw)
		}
		return f(netip.MustParseAddrPort(address).Addr(), verdict)
	}
}

// Explain returns what the Client says of err, which came while caller and ctx were as they are.
func (c *Client) Explain(caller, ctx context.Context, err error) error {
	return c.explain(caller, ctx, err)
}
