package p2p

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

// recorded is a hello that went well, and who took part.
func recorded(t *testing.T) (a, b *wallet, m *meeting) {
	t.Helper()
	a, b = alice(t), bob(t)
	m = newMeeting(a, b)
	m.run()
	if m.iErr != nil || m.rErr != nil {
		t.Fatal(m.iErr, m.rErr)
	}
	return a, b, m
}

func TestReplayOfTheInitiator(t *testing.T) {
	t.Parallel()
	a, b, m := recorded(t)
	script := m.said.all(true)
	second := newWallet(t, 11, 4, 6, b.peerID, peerIDFor(t, 11)) // the same person on two hosts

	cases := map[string]struct {
		h    *hello
		door doorkeeper
	}{
		"to the same peer": {m.r, m.door},
		"to the same peer by somebody else": {
			&hello{keys: b.keys, resolver: resolver, random: m.r.random, self: b.peerID, remote: eve(t).peerID}, m.door,
		},
		"to another peer": {
			&hello{keys: eve(t).keys, resolver: resolver, random: m.r.random, self: eve(t).peerID, remote: a.peerID},
			doorFor(eve(t)),
		},
		"to another host of the same person": {
			&hello{keys: second.keys, resolver: resolver, random: m.r.random, self: second.peerID, remote: a.peerID},
			doorFor(second),
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := play(c.h, c.door, script)
			if codeOf(err) != messaging.CodeTrust {
				t.Errorf("got %v, want %s", err, messaging.CodeTrust)
			}
		})
	}
}

// Even when the responder's source of nonces is broken, the PeerIDs keep a replay out.
func TestReplayWithBrokenNonces(t *testing.T) {
	t.Parallel()
	a, b := alice(t), bob(t)
	m := newMeeting(a, b)
	m.r.random = zeros{0}
	m.run()
	if m.rErr != nil {
		t.Fatal(m.rErr)
	}
	script := m.said.all(true)
	honest := *m.r
	if _, err := play(&honest, m.door, script); err != nil {
		t.Fatalf("the control fails: %v", err)
	}
	byEve := honest
	byEve.remote = eve(t).peerID
	if _, err := play(&byEve, m.door, script); codeOf(err) != messaging.CodeTrust {
		t.Errorf("replayed by somebody else: %v", err)
	}
	fresh := honest
	fresh.random = zeros{1}
	if _, err := play(&fresh, m.door, script); codeOf(err) != messaging.CodeTrust {
		t.Errorf("replayed after another nonce: %v", err)
	}
}

func TestReplayOfTheResponder(t *testing.T) {
	t.Parallel()
	_, _, m := recorded(t)
	err := playTo(m, m.said.all(false))
	if codeOf(err) != messaging.CodeTrust {
		t.Errorf("got %v, want %s", err, messaging.CodeTrust)
	}
}

func TestReflectedNonce(t *testing.T) {
	t.Parallel()
	m := newMeeting(alice(t), bob(t))
	m.i.random, m.r.random = zeros{5}, zeros{5}
	m.run()
	if !errors.Is(m.iErr, errProtocol) {
		t.Errorf("got %v, want a breach of the protocol", m.iErr)
	}
}

// The proof of one role must not serve in the other.
func TestReflectedProof(t *testing.T) {
	t.Parallel()
	a, b := alice(t), bob(t)
	h := &hello{keys: a.keys, resolver: resolver, self: a.peerID, remote: b.peerID}
	me, err := claimOf(a.own)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := h.prove(context.Background(), me, roleResponder, []byte("transcript"))
	if err != nil {
		t.Fatal(err)
	}
	listener := &hello{resolver: resolver, self: b.peerID, remote: a.peerID}
	if _, err := listener.check(context.Background(), me, roleResponder, []byte("transcript"), proof); err != nil {
		t.Fatalf("the control fails: %v", err)
	}
	if _, err := listener.check(context.Background(), me, roleInitiator, []byte("transcript"), proof); codeOf(err) != messaging.CodeTrust {
		t.Errorf("got %v, want %s", err, messaging.CodeTrust)
	}
}

// A man in the middle passes every frame on. Each side sees his PeerID at the other end.
func TestManInTheMiddle(t *testing.T) {
	t.Parallel()
	mallory := peerIDFor(t, 13)
	cases := map[string]struct{ a, b *wallet }{
		"whose PeerID nobody lists": {alice(t), bob(t)},
		"whose PeerID both list, by mistake": {
			newWallet(t, 1, 3, 5, peerIDFor(t, 1), mallory), newWallet(t, 2, 4, 6, peerIDFor(t, 2), mallory),
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMeeting(c.a, c.b)
			m.i.remote, m.r.remote = mallory, mallory
			m.run()
			if codeOf(m.iErr) != messaging.CodeTrust {
				t.Errorf("the initiator: %v, want %s", m.iErr, messaging.CodeTrust)
			}
			if m.rErr == nil {
				t.Error("the responder let it in")
			}
		})
	}
}

// Somebody has the DID's keys, or a relay of its signatures, but is on another host than the DID's
// document says.
func TestSwappedPeerID(t *testing.T) {
	t.Parallel()
	mallory := peerIDFor(t, 13)
	t.Run("an initiator on a host that is not listed", func(t *testing.T) {
		t.Parallel()
		m := newMeeting(alice(t), bob(t))
		m.i.self, m.r.remote = mallory, mallory
		m.run()
		if codeOf(m.rErr) != messaging.CodeTrust || codeOf(m.iErr) != messaging.CodeTrust {
			t.Errorf("got %v, want %s", m.rErr, messaging.CodeTrust)
		}
	})
	t.Run("a responder on a host that is not listed", func(t *testing.T) {
		t.Parallel()
		b := bob(t)
		m := newMeeting(alice(t), b)
		m.i.remote, m.r.self = mallory, mallory
		m.door.identities = everybody{messaging.Identity{DID: b.own.DID, Document: newWallet(t, 2, 4, 6, mallory).own.Document}}
		m.run()
		if codeOf(m.iErr) != messaging.CodeTrust {
			t.Errorf("got %v, want %s", m.iErr, messaging.CodeTrust)
		}
	})
	t.Run("an initiator that signed for another connection", func(t *testing.T) {
		t.Parallel()
		m := newMeeting(newWallet(t, 1, 3, 5, peerIDFor(t, 1), mallory), bob(t))
		m.r.remote = mallory
		careless(m)
		m.run()
		if codeOf(m.rErr) != messaging.CodeTrust {
			t.Errorf("the responder: %v, want %s", m.rErr, messaging.CodeTrust)
		}
	})
}

// careless makes the responder's proof good for the initiator although they disagree about PeerIDs.
func careless(m *meeting) {
	m.r.keys = relabel{m.r.keys, signed("", m.r.remote, m.r.self, nil), signed("", m.i.self, m.i.remote, nil)}
}

// relabel signs as if the connection were between other PeerIDs.
type relabel struct {
	crypto.KeyStore
	from, to []byte
}

func (r relabel) Sign(ctx context.Context, kid string, message []byte) ([]byte, error) {
	prefix := len("parley hello v1 ")
	from, to := r.from[prefix+1:], r.to[prefix+1:]
	return r.KeyStore.Sign(ctx, kid, bytes.Replace(message, from, to, 1))
}

func TestKeyThatIsNotForAuthentication(t *testing.T) {
	t.Parallel()
	a, b := alice(t), bob(t)
	id := did.MustParse("did:example:carol")
	sign, other := privateKey(t, crypto.Ed25519, 20), privateKey(t, crypto.Ed25519, 21)
	doc, err := did.ParseDocument(fmt.Appendf(nil, `{"id":%[1]q,
		"verificationMethod":[
			{"id":"#auth","type":"Multikey","controller":%[1]q,"publicKeyMultibase":%[2]q},
			{"id":"#assert","type":"Multikey","controller":%[1]q,"publicKeyMultibase":%[3]q}],
		"authentication":["#auth"],"assertionMethod":["#assert"],
		"service":[{"id":"#s","type":"DIDCommMessaging","serviceEndpoint":{"uri":%[4]q}}]}`,
		id, sign.Public().Multikey(), other.Public().Multikey(), ServiceURI(a.peerID.String())))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		fragment string
		key      crypto.PrivateKey
		code     string
	}{
		"control":        {"auth", sign, ""},
		"other purpose":  {"assert", other, messaging.CodeTrust},
		"no such key":    {"none", sign, messaging.CodeTrust},
		"another's hand": {"auth", other, messaging.CodeTrust},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMeeting(a, b)
			kid := did.URL{DID: id, Fragment: c.fragment}
			keys := crypto.NewKeyring()
			keys.Add(kid.String(), c.key)
			m.i.keys, m.r.resolver = keys, known(doc)
			_, m.rErr = play(m.r, m.door, attackScript(t, m, claimant{id, kid}))
			if codeOf(m.rErr) != c.code || (c.code == "") != (m.rErr == nil) {
				t.Errorf("got %v, want code %q", m.rErr, c.code)
			}
		})
	}
}

// attackScript is what an initiator says who names itself as it likes. The responder's nonce and proof
// are made predictable for it.
func attackScript(t *testing.T, m *meeting, c claimant) []byte {
	t.Helper()
	m.r.random = zeros{9}
	m1 := frame(frameHello, helloFrame{helloVersion, make([]byte, nonceSize), m.want}.encode())
	answer, _ := play(m.r, m.door, m1)
	m3 := frame(frameInitiator, initiatorFrame{claimant: c}.encode())
	w := newWire(pipeEnd{})
	for _, part := range [][]byte{m1, answer, m3} {
		w.sum.Write(part)
	}
	proof, err := m.i.prove(context.Background(), c, roleInitiator, w.transcript())
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Join([][]byte{m1, m3, frame(frameInitiatorProof, proof)}, nil)
}

func TestKeyOfAnotherDID(t *testing.T) {
	t.Parallel()
	m := newMeeting(alice(t), bob(t))
	c, err := claimOf(alice(t).own)
	if err != nil {
		t.Fatal(err)
	}
	c.did = eve(t).own.DID
	if _, err := play(m.r, m.door, attackScript(t, m, c)); !errors.Is(err, errProtocol) {
		t.Errorf("got %v, want a breach of the protocol", err)
	}
}

// A long form whose hash does not match must not pass for its short form.
func TestForgedLongForm(t *testing.T) {
	t.Parallel()
	a, b := alice(t), bob(t)
	forged := did.MustParse(b.own.DID.Canonical().String() + eve(t).own.DID.String()[len(eve(t).own.DID.Canonical().String()):])
	m := newMeeting(a, newWallet(t, 2, 8, 9)) // Eve's keys on Bob's host
	m.want = b.own.DID.Canonical()
	m.r.keys = anyKey{eve(t)}
	m.r.self = b.peerID
	m.door.identities = everybody{messaging.Identity{DID: forged, Document: listing(t, eve(t), b.peerID)}}
	m.run()
	if codeOf(m.iErr) != messaging.CodeTrust {
		t.Errorf("got %v, want %s", m.iErr, messaging.CodeTrust)
	}
}

// anyKey signs under every key id with a wallet's key.
type anyKey struct{ w *wallet }

func (k anyKey) Public(context.Context, string) (crypto.PublicKey, error) {
	return crypto.PublicKey{}, nil
}

func (k anyKey) Agree(context.Context, string, crypto.PublicKey) ([]byte, error) { return nil, io.EOF }

func (k anyKey) Sign(ctx context.Context, _ string, message []byte) ([]byte, error) {
	return k.w.keys.Sign(ctx, k.w.own.Document.Authentication()[0].ID.String(), message)
}

// everybody answers to every DID with one identity.
type everybody struct{ messaging.Identity }

func (e everybody) Find(did.DID) (messaging.Identity, bool) { return e.Identity, true }
func (e everybody) All() []messaging.Identity               { return []messaging.Identity{e.Identity} }

// listing is the document of a wallet with the same keys that lists a PeerID.
func listing(t *testing.T, w *wallet, id peer.ID) *did.Document {
	t.Helper()
	return newWallet(t, 7, 8, 9, id).own.Document
}

func peerIDFor(t *testing.T, seed byte) peer.ID {
	t.Helper()
	return newWallet(t, seed, seed, seed).peerID
}

// Nobody must learn from the answer, or from the work that it takes, which DIDs live here.
func TestUnknownAndUnlistedDIDsAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	b := bob(t)
	elsewhere := newWallet(t, 2, 14, 15, peerIDFor(t, 16)) // ours, but its document names another host
	m := newMeeting(alice(t), b)
	counting := &counter{IdentitiesOf: messaging.FixedIdentities{b.own, elsewhere.own}}
	m.door.identities = counting
	answers := map[string][]byte{}
	work := map[string]string{}
	for name, want := range map[string]did.DID{
		"unknown": eve(t).own.DID.Canonical(), "unlisted": elsewhere.own.DID.Canonical(),
	} {
		counting.signs, counting.finds = 0, 0
		h := *m.r
		h.keys = counted{b.keys, counting}
		hello := helloFrame{helloVersion, make([]byte, nonceSize), want}
		said, err := play(&h, m.door, frame(frameHello, hello.encode()))
		if codeOf(err) != messaging.CodeTrust {
			t.Errorf("%s: %v", name, err)
		}
		answers[name], work[name] = said, fmt.Sprint(counting.finds, counting.signs)
	}
	if len(answers["unknown"]) == 0 || !bytes.Equal(answers["unknown"], answers["unlisted"]) {
		t.Errorf("unknown: %x\nunlisted: %x", answers["unknown"], answers["unlisted"])
	}
	if work["unknown"] != work["unlisted"] {
		t.Errorf("work differs: %v", work)
	}
}

// counter counts what answering takes.
type counter struct {
	IdentitiesOf messaging.FixedIdentities
	finds, signs int
}

func (c *counter) Find(id did.DID) (messaging.Identity, bool) {
	c.finds++
	return c.IdentitiesOf.Find(id)
}

func (c *counter) All() []messaging.Identity { return c.IdentitiesOf.All() }

type counted struct {
	crypto.KeyStore
	c *counter
}

func (k counted) Sign(ctx context.Context, kid string, message []byte) ([]byte, error) {
	k.c.signs++
	return k.KeyStore.Sign(ctx, kid, message)
}

// A responder that answers for another DID than the one wanted is not believed.
func TestResponderForAnotherDID(t *testing.T) {
	t.Parallel()
	m := newMeeting(alice(t), bob(t))
	m.door.identities = everybody{bob(t).own}
	m.want = eve(t).own.DID.Canonical()
	m.run()
	if !errors.Is(m.iErr, errProtocol) {
		t.Errorf("got %v, want a breach of the protocol", m.iErr)
	}
}

func TestTruncationAtEveryByte(t *testing.T) {
	t.Parallel()
	t.Run("of what the initiator says", func(t *testing.T) {
		t.Parallel()
		a, b := alice(t), bob(t)
		m := newMeeting(a, b)
		m.r.random = zeros{3} // so that the recording would be good to its last byte
		m.run()
		script := m.said.all(true)
		admitted := 0
		m.door.admit = letIn(func(context.Context, did.DID, []byte) error { admitted++; return nil })
		for n := range script {
			if _, err := play(m.r, m.door, script[:n]); err == nil {
				t.Errorf("let in after %d of %d bytes", n, len(script))
			}
		}
		if admitted != 0 {
			t.Errorf("asked %d times whether to admit half an initiator", admitted)
		}
		if _, err := play(m.r, m.door, script); err != nil {
			t.Errorf("the control fails: %v", err)
		}
	})
	t.Run("of what the responder says", func(t *testing.T) {
		t.Parallel()
		m := newMeeting(alice(t), bob(t))
		m.i.random = zeros{3}
		m.run()
		script := m.said.all(false)
		for n := range script {
			if err := playTo(m, script[:n]); err == nil {
				t.Errorf("believed after %d of %d bytes", n, len(script))
			}
		}
	})
}

// Every bit of a hello is covered by a signature or decides something.
func TestFlippedBits(t *testing.T) {
	t.Parallel()
	m := newMeeting(alice(t), bob(t))
	m.r.random = zeros{3}
	m.claim = []byte("claim")
	m.run()
	script := m.said.all(true)
	var g sync.WaitGroup
	defer g.Wait()
	for part := range 2 {
		g.Go(func() {
			for i := part; i < len(script); i += 2 {
				flipped := bytes.Clone(script)
				flipped[i] ^= 1 << (i % 8)
				h := *m.r
				if _, err := play(&h, m.door, flipped); err == nil {
					t.Errorf("let in with byte %d of %d changed", i, len(script))
				}
			}
		})
	}
}
