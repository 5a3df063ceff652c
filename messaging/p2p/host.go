package p2p

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/connmgr"
	lpcrypto "github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/pnet"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/core/transport"
	"github.com/libp2p/go-libp2p/gologshim"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/net/upgrader"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	ma "github.com/multiformats/go-multiaddr"
	"go.uber.org/fx"
)

// defaultListen is any port on all interfaces.
var defaultListen = []string{
	"/ip4/0.0.0.0/udp/0/quic-v1", "/ip4/0.0.0.0/tcp/0", "/ip6/::/udp/0/quic-v1", "/ip6/::/tcp/0",
}

// endpoint is the host together with what it tells of itself.
type endpoint struct {
	host.Host
	key      lpcrypto.PrivKey
	limits   Limits
	announce []ma.Multiaddr
	room     *room

	mu     sync.Mutex // guards the rest
	listed []ma.Multiaddr
	record []byte // signed over listed
}

// newEndpoint starts a libp2p host that offers nothing but what PROTOCOL.md says.
func (t *Transport) newEndpoint() (*endpoint, error) {
	key, err := hostKey(t.HostKey)
	if err != nil {
		return nil, err
	}
	wanted := t.Listen
	if wanted == nil {
		wanted = defaultListen
	}
	listen, err := parseAddrs(wanted)
	if err != nil {
		return nil, err
	}
	announce, err := parseAddrs(t.Announce)
	if err != nil {
		return nil, err
	}
	quiet()
	limits := t.Limits.withDefaults()
	e := &endpoint{key: key, limits: limits, announce: announce, room: newRoom(limits.Memory)}
	if e.Host, err = newHost(limits, key); err != nil {
		return nil, err
	}
	// Listening is a step of its own because a host that fails within libp2p.New leaks.
	if err := e.Network().Listen(listen...); err != nil && len(listen) > 0 {
		return nil, errors.Join(fmt.Errorf("listen on %q: %w", wanted, err), e.close())
	}
	if n := len(e.Network().ListenAddresses()); n < len(listen) && t.Listen != nil {
		t.log().Warn("cannot listen on all addresses; is another program using a port?", "wanted", len(listen), "got", n)
	}
	return e, nil
}

// CheckListen reports whether the texts are multiaddrs of the forms that a Transport listens on. Whether one can
// be listened on shows at Open alone.
func CheckListen(texts []string) error {
	addrs, err := parseAddrs(texts)
	if err != nil {
		return err
	}
	for _, a := range addrs {
		if _, ok := target(a, ""); !ok {
			return fmt.Errorf("address %q: neither of the form /ip4/…/udp/…/quic-v1 nor of /ip4/…/tcp/…", a)
		}
	}
	return nil
}

func parseAddrs(texts []string) ([]ma.Multiaddr, error) {
	var out []ma.Multiaddr
	for _, s := range texts {
		a, err := ma.NewMultiaddr(s)
		if err != nil {
			return nil, fmt.Errorf("address %q: %w", s, err)
		}
		out = append(out, a)
	}
	return out, nil
}

// quiet keeps libp2p from writing to standard error, which belongs to the command. What a user has
// asked for by libp2p's own variable is left alone.
var quiet = sync.OnceFunc(func() {
	if os.Getenv("GOLOG_LOG_LEVEL") == "" {
		gologshim.SetDefaultHandler(slog.DiscardHandler)
	}
})

// newHost makes a host that does not listen yet.
func newHost(limits Limits, key lpcrypto.PrivKey) (host.Host, error) {
	resources, err := limits.resources()
	if err != nil {
		return nil, err
	}
	connections, err := limits.connections()
	if err != nil {
		return nil, errors.Join(err, resources.Close())
	}
	h, err := libp2p.New(append(options(limits), libp2p.Identity(key),
		libp2p.ResourceManager(resources), libp2p.ConnectionManager(connections))...)
	if err != nil {
		return nil, errors.Join(err, connections.Close(), resources.Close())
	}
	return h, nil
}

func options(limits Limits) []libp2p.Option {
	return []libp2p.Option{
		libp2p.Transport(quic.NewTransport),
		libp2p.Transport(tcp.NewTCPTransport, tcp.WithConnectionTimeout(limits.Hello)),
		libp2p.Security(noise.ID, noise.New),
		libp2p.WithDialTimeout(limits.Hello),
		libp2p.WithFxOption(fx.Decorate(acceptWithin(limits))),
		libp2p.UserAgent("parley"),
		libp2p.ProtocolVersion("parley"),
		// Identify tells nobody where we are; see doc.go.
		libp2p.AddrsFactory(func([]ma.Multiaddr) []ma.Multiaddr { return nil }),
		libp2p.DisableIdentifyAddressDiscovery(),
		libp2p.ForceReachabilityPrivate(), // so that AutoNAT asks nobody
		libp2p.DisableRelay(),
		libp2p.DisableMetrics(),
		libp2p.Ping(false),
		libp2p.UDPBlackHoleSuccessCounter(nil),
		libp2p.IPv6BlackHoleSuccessCounter(nil),
	}
}

// acceptWithin shortens the time that an incoming TCP connection has for its handshake.
func acceptWithin(limits Limits) any {
	type parts struct {
		fx.In
		Security  []sec.SecureTransport `name:"security"`
		Muxers    []upgrader.StreamMuxer
		PSK       pnet.PSK
		Resources network.ResourceManager
		Gater     connmgr.ConnectionGater
	}
	return func(p parts) (transport.Upgrader, error) {
		return upgrader.New(p.Security, p.Muxers, p.PSK, p.Resources, p.Gater, upgrader.WithAcceptTimeout(limits.Hello))
	}
}

// reachable returns where others may reach us now.
func (e *endpoint) reachable() []ma.Multiaddr {
	listening, err := e.Network().InterfaceListenAddresses()
	if err != nil {
		listening = nil
	}
	all := append(append([]ma.Multiaddr(nil), e.announce...), reachable(listening, e.ID())...)
	return all[:min(len(all), maxAddresses)]
}

// signedRecord returns our signed peer record. It is made anew when the addresses have changed.
func (e *endpoint) signedRecord() ([]byte, error) {
	now := e.reachable()
	e.mu.Lock()
	defer e.mu.Unlock()
	same := e.record != nil && len(now) == len(e.listed)
	for i := 0; same && i < len(now); i++ {
		same = now[i].Equal(e.listed[i])
	}
	if same {
		return e.record, nil
	}
	record, err := sealRecord(e.key, e.ID(), now)
	if err != nil {
		return nil, err
	}
	e.listed, e.record = now, record
	return record, nil
}

// dial makes sure that there is a connection to exactly this peer.
func (e *endpoint) dial(ctx context.Context, id peer.ID, addrs []ma.Multiaddr) error {
	ctx, cancel := context.WithTimeout(ctx, e.limits.Hello)
	defer cancel()
	if s, ok := e.Network().(*swarm.Swarm); ok {
		s.Backoff().Clear(id) // how often to try is the node's decision
	}
	return unreachable(e.Connect(ctx, peer.AddrInfo{ID: id, Addrs: addrs}))
}

// unreachable says in a line what libp2p says in one for each address.
func unreachable(err error) error {
	var failed *swarm.DialError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, swarm.ErrNoAddresses), errors.Is(err, swarm.ErrNoGoodAddresses):
		return errors.New("no address is known where the peer could be")
	case errors.As(err, &failed) && len(failed.DialErrors) > 0:
		last := failed.DialErrors[len(failed.DialErrors)-1]
		return fmt.Errorf("the peer cannot be reached where it was last (%d tried): %w", len(failed.DialErrors), brief{last.Cause})
	}
	return err
}

// brief is an error with a short text.
type brief struct{ error }

// Error returns the first line of the error, cut to 120 bytes.
func (b brief) Error() string {
	line, _, _ := strings.Cut(b.error.Error(), "\n")
	return fmt.Sprintf("%.120s", line)
}

// Unwrap returns the error itself.
func (b brief) Unwrap() error { return b.error }

// close ends the host. libp2p has no error worth telling.
func (e *endpoint) close() error { return e.Host.Close() }
