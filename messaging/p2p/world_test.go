package p2p

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"go.uber.org/goleak"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didpeer"
	"github.com/parley-im/parley/messaging"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patient is the deadline of tests that wait for something that comes at once.
const patient = 30 * time.Second

var loopback = []string{"/ip4/127.0.0.1/udp/0/quic-v1", "/ip4/127.0.0.1/tcp/0"}

// wallet is what a transport needs of a wallet.
type wallet struct {
	host   ed25519.PrivateKey
	peerID peer.ID
	keys   *crypto.Keyring
	own    messaging.Identity
}

// newWallet makes a wallet whose keys follow from three bytes. Its document lists the PeerIDs given
// instead of its own, if there are any.
func newWallet(tb testing.TB, hostSeed, signSeed, agreeSeed byte, listed ...peer.ID) *wallet {
	tb.Helper()
	w := &wallet{host: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{hostSeed}, 32)), keys: crypto.NewKeyring()}
	id, err := peerIDOf(w.host)
	if err != nil {
		tb.Fatal(err)
	}
	w.peerID = id
	if len(listed) == 0 {
		listed = []peer.ID{id}
	}
	sign := privateKey(tb, crypto.Ed25519, signSeed)
	agree := privateKey(tb, crypto.X25519, agreeSeed)
	var endpoints []did.Endpoint
	for _, id := range listed {
		endpoints = append(endpoints, did.Endpoint{URI: ServiceURI(id.String()), Accept: []string{"didcomm/v2"}})
	}
	long, err := didpeer.Create4(didpeer.Options{
		Authentication: []crypto.PublicKey{sign.Public()},
		KeyAgreement:   []crypto.PublicKey{agree.Public()},
		Services:       []did.Service{{ID: "#didcomm", Type: did.DIDCommMessaging, Endpoints: endpoints}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	doc, err := didpeer.Resolver{}.Resolve(context.Background(), long)
	if err != nil {
		tb.Fatal(err)
	}
	w.own = messaging.Identity{DID: long, Document: doc}
	kid := doc.Authentication()[0].ID
	w.keys.Add(kid.String(), sign)
	w.keys.Add(did.URL{DID: long.Canonical(), Fragment: kid.Fragment}.String(), sign)
	return w
}

func privateKey(tb testing.TB, c crypto.Curve, seed byte) crypto.PrivateKey {
	tb.Helper()
	k, err := crypto.NewPrivateKey(c, bytes.Repeat([]byte{seed}, 32))
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func alice(tb testing.TB) *wallet { return newWallet(tb, 1, 3, 5) }
func bob(tb testing.TB) *wallet   { return newWallet(tb, 2, 4, 6) }
func eve(tb testing.TB) *wallet   { return newWallet(tb, 7, 8, 9) }

// resolver resolves did:peer alone.
var resolver = did.Methods{"peer": didpeer.Resolver{}}

// transport is an unopened Transport of the wallet on loopback.
func (w *wallet) transport(tb testing.TB) *Transport {
	return &Transport{
		Keys: w.keys, Identities: messaging.FixedIdentities{w.own}, Resolver: resolver,
		HostKey: w.host, Listen: loopback, Log: testLog(tb),
	}
}

// to is a delivery from the wallet to another.
func (w *wallet) to(other *wallet, at *Transport, envelopes ...string) messaging.Delivery {
	d := messaging.Delivery{
		From: w.own.DID, To: other.own.DID.Canonical(),
		Endpoint: did.Endpoint{URI: ServiceURI(other.peerID.String())},
	}
	if at != nil {
		d.Addresses = at.Addresses()
	}
	for _, e := range envelopes {
		d.Envelopes = append(d.Envelopes, []byte(e))
	}
	return d
}

// inboxStub is a Receiver that keeps what comes.
type inboxStub struct {
	admit  func(id did.DID, claim []byte) error                    // nil admits everybody
	as     messaging.Admission                                     // what those who are admitted are told
	accept func(from did.DID, sealed [][]byte) []messaging.Verdict // nil accepts everything

	mu      sync.Mutex
	got     []string
	from    []did.DID
	batches []int
	met     []messaging.Peer
	more    chan struct{} // closed and replaced at every change
}

func (r *inboxStub) Admit(_ context.Context, id did.DID, claim []byte) (messaging.Admission, error) {
	r.mu.Lock()
	as := r.as
	r.mu.Unlock()
	if r.admit == nil {
		return as, nil
	}
	return as, r.admit(id, claim)
}

func (r *inboxStub) Met(_ context.Context, p messaging.Peer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.met = append(r.met, p)
	r.changed()
}

func (r *inboxStub) Accept(_ context.Context, from did.DID, sealed [][]byte) []messaging.Verdict {
	if r.accept != nil {
		if v := r.accept(from, sealed); v != nil {
			return v
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.batches = append(r.batches, len(sealed))
	verdicts := make([]messaging.Verdict, len(sealed))
	for i, s := range sealed {
		r.got, r.from = append(r.got, string(s)), append(r.from, from)
		verdicts[i].Kind = messaging.Accepted
	}
	r.changed()
	return verdicts
}

// changed wakes those who wait. The lock is held.
func (r *inboxStub) changed() {
	if r.more != nil {
		close(r.more)
		r.more = nil
	}
}

// waitFor waits until the condition, which is called with the lock held, is true.
func (r *inboxStub) waitFor(tb testing.TB, what string, condition func() bool) {
	tb.Helper()
	timeout := time.After(patient)
	for {
		r.mu.Lock()
		ok := condition()
		if r.more == nil {
			r.more = make(chan struct{})
		}
		more := r.more
		r.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-more:
		case <-timeout:
			tb.Fatalf("waited in vain for %s", what)
		}
	}
}

func (r *inboxStub) messages() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.got...)
}

func (r *inboxStub) meetings() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.met)
}

// serve opens the transport and serves until the test ends or stop is called.
func serve(tb testing.TB, t *Transport, r messaging.Receiver) (stop func()) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	if err := t.Open(ctx); err != nil {
		tb.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- t.Serve(ctx, r) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				tb.Errorf("Serve: %v", err)
			}
			if err := t.Close(); err != nil {
				tb.Errorf("Close: %v", err)
			}
		})
	}
	tb.Cleanup(stop)
	<-t.serving().begun
	return stop
}

// pair is two wallets that serve on loopback.
type pair struct {
	alice, bob   *wallet
	at, bt       *Transport
	ar, br       *inboxStub
	stopA, stopB func()
}

func newPair(tb testing.TB, change ...func(*pair)) *pair {
	tb.Helper()
	p := &pair{alice: alice(tb), bob: bob(tb), ar: &inboxStub{}, br: &inboxStub{}}
	p.at, p.bt = p.alice.transport(tb), p.bob.transport(tb)
	for _, f := range change {
		f(p)
	}
	p.stopA, p.stopB = serve(tb, p.at, p.ar), serve(tb, p.bt, p.br)
	return p
}

// send sends from Alice to Bob and fails the test if that takes too long.
func (p *pair) send(tb testing.TB, d messaging.Delivery) ([]messaging.Result, error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	return p.at.Send(ctx, d)
}

// delivery is one from Alice to Bob.
func (p *pair) delivery(envelopes ...string) messaging.Delivery {
	return p.alice.to(p.bob, p.bt, envelopes...)
}

// foreignHost is a libp2p host that is none of ours, does not listen, and is connected to t. A nil
// key is a random one.
func foreignHost(tb testing.TB, key ed25519.PrivateKey, t *Transport) host.Host {
	tb.Helper()
	h := foreignHostUnconnected(tb, key)
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	if err := h.Connect(ctx, addrInfo(t)); err != nil {
		tb.Fatal(err)
	}
	return h
}

func addrInfo(t *Transport) peer.AddrInfo {
	e := t.opened()
	return peer.AddrInfo{ID: e.ID(), Addrs: e.reachable()}
}

func foreignHostUnconnected(tb testing.TB, key ed25519.PrivateKey, more ...libp2p.Option) host.Host {
	tb.Helper()
	options := append([]libp2p.Option{
		libp2p.NoListenAddrs, libp2p.DisableRelay(), libp2p.DisableMetrics(), libp2p.Ping(false),
		libp2p.ForceReachabilityPrivate(), libp2p.ResourceManager(&network.NullResourceManager{}),
	}, more...)
	if key != nil {
		priv, err := hostKey(key)
		if err != nil {
			tb.Fatal(err)
		}
		options = append(options, libp2p.Identity(priv))
	}
	h, err := libp2p.New(options...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = h.Close() })
	return h
}
