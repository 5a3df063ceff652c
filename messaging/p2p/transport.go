package p2p

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"

	lpcrypto "github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

// The protocol ids that a Transport speaks.
const (
	// ProtocolID is our own protocol: hello, then envelopes that are answered.
	ProtocolID protocol.ID = "/parley/delivery/1"
	// DIDCommID is the protocol of DIDComm v2.1's libp2p transport extension. It has no leading slash.
	DIDCommID protocol.ID = "didcomm/v2"
)

// ErrClosed says that a Transport does not serve any more.
var ErrClosed = errors.New("the libp2p transport has ended")

var _ messaging.Transport = (*Transport)(nil)

// Transport is a libp2p host that carries envelopes. Set the fields, which must not change
// afterwards, then Open, Serve and Close it. Keys, Identities, Resolver and HostKey are needed. All
// methods are safe for concurrent use.
type Transport struct {
	// Keys signs hellos with the authentication keys of Identities.
	Keys       crypto.KeyStore
	Identities messaging.Identities
	// Resolver finds the documents of those who say hello. It is asked for DIDs of strangers only
	// where Offline says so.
	Resolver did.Resolver
	// HostKey makes the PeerID, and nothing else. It must not be the key of a DID.
	HostKey ed25519.PrivateKey
	// Listen are the multiaddrs to listen on, of the forms /ip4/…/tcp/… and /ip4/…/udp/…/quic-v1 or
	// with ip6; port 0 takes any. Nil means any port on all interfaces, QUIC and TCP; an empty
	// slice means not to listen.
	Listen []string
	// Announce are multiaddrs under which others reach us and that no interface of this machine
	// has, such as the outside of a forwarded port. They are told to peers before those of Listen.
	Announce []string
	// Offline reports whether DIDs of a method are resolved without the network. Nil means
	// messaging.OfflineMethod.
	Offline func(method string) bool
	// Limits bound what peers can cost. The zero value means the defaults.
	Limits Limits
	// Log receives what is worth knowing. Nil means none. DIDs in it are hashed.
	Log *slog.Logger

	random io.Reader // where nonces come from; nil is crypto/rand

	mu      sync.Mutex // guards the pointers below
	host    *endpoint  // since Open
	service *service   // since Serve, or since somebody waits for it

	broken atomic.Int64 // inbound streams that ended early
	pace   pace         // of hellos to us
}

// Open creates the host and begins to listen, so that PeerID and Addresses are known; what peers
// send is refused until Serve. Opening twice does nothing. It fails when an address is malformed or
// none can be listened on, and when a needed field is missing.
func (t *Transport) Open(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.host != nil {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if t.Keys == nil || t.Identities == nil || t.Resolver == nil {
		return errors.New("libp2p transport: Keys, Identities and Resolver must be set")
	}
	e, err := t.newEndpoint()
	if err != nil {
		return fmt.Errorf("libp2p transport: %w", err)
	}
	t.host = e
	return nil
}

// Close ends the host and every connection. It is called after Serve has returned; closing twice
// does nothing. The Transport cannot be opened again.
func (t *Transport) Close() error {
	t.serving().stop()
	if e := t.opened(); e != nil {
		return e.close()
	}
	return nil
}

// PeerID returns the PeerID in its text form, or "" before Open.
func (t *Transport) PeerID() string {
	if e := t.opened(); e != nil {
		return e.ID().String()
	}
	return ""
}

// Addresses returns the multiaddrs, each ending in /p2p/ and the PeerID, under which peers may reach
// us now: those of Announce, then public ones, then those of the local network, at most 16.
// Loopback addresses are among them only when there are no others. It returns nil before Open.
func (t *Transport) Addresses() []string {
	e := t.opened()
	if e == nil {
		return nil
	}
	var out []string
	for _, a := range e.reachable() {
		out = append(out, a.String()+"/p2p/"+e.ID().String())
	}
	return out
}

// Handles implements messaging.Transport: it is true for libp2p-peerId URIs with a valid PeerID.
func (t *Transport) Handles(e did.Endpoint) bool {
	_, ok := peerOf(e.URI)
	return ok
}

// PeerIDOf returns the PeerID, in its text form, of a host with this key.
func PeerIDOf(key ed25519.PrivateKey) (string, error) {
	id, err := peerIDOf(key)
	if err != nil {
		return "", err
	}
	return id.String(), nil
}

// ServiceURI returns the URI by which a DID document names a PeerID (DIDComm v2.1, libp2p transport).
func ServiceURI(peerID string) string { return scheme + peerID }

func peerIDOf(key ed25519.PrivateKey) (peer.ID, error) {
	priv, err := hostKey(key)
	if err != nil {
		return "", err
	}
	return peer.IDFromPrivateKey(priv)
}

func hostKey(key ed25519.PrivateKey) (lpcrypto.PrivKey, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("host key of %d bytes: want an Ed25519 key of %d", len(key), ed25519.PrivateKeySize)
	}
	return lpcrypto.UnmarshalEd25519PrivateKey(key)
}

func (t *Transport) opened() *endpoint {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.host
}

func (t *Transport) log() *slog.Logger {
	if t.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return t.Log
}

func (t *Transport) offline(method string) bool {
	if t.Offline != nil {
		return t.Offline(method)
	}
	return messaging.OfflineMethod(method)
}
