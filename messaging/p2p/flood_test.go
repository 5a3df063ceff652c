package p2p

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didpeer"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/inbox/memory"
	"github.com/parley-im/parley/messaging"
)

// person is a DID with keys for hello and for envelopes, whose document lists a PeerID.
type person struct {
	keys *crypto.Keyring
	own  messaging.Identity
}

func newPerson(tb testing.TB, at peer.ID) person {
	tb.Helper()
	sign, err := crypto.GenerateKey(crypto.Ed25519)
	if err != nil {
		tb.Fatal(err)
	}
	agree, err := crypto.GenerateKey(crypto.X25519)
	if err != nil {
		tb.Fatal(err)
	}
	long, err := didpeer.Create4(didpeer.Options{
		Authentication: []crypto.PublicKey{sign.Public()}, KeyAgreement: []crypto.PublicKey{agree.Public()},
		Services: []did.Service{{ID: "#d", Type: did.DIDCommMessaging, Endpoints: []did.Endpoint{{URI: ServiceURI(at.String())}}}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	doc, err := didpeer.Resolver{}.Resolve(context.Background(), long)
	if err != nil {
		tb.Fatal(err)
	}
	p := person{crypto.NewKeyring(), messaging.Identity{DID: long, Document: doc}}
	for _, m := range doc.Methods() {
		key := sign
		if m.Key.Equal(agree.Public()) {
			key = agree
		}
		p.keys.Add(m.ID.String(), key)
		p.keys.Add(did.URL{DID: long.Canonical(), Fragment: m.ID.Fragment}.String(), key)
	}
	return p
}

// seal makes a message of so many bytes to somebody.
func (p person) seal(tb testing.TB, to person, id string, size int) []byte {
	tb.Helper()
	payload := fmt.Sprintf(`{"id":%q,"type":"https://example.org/chat/1.0/line","from":%q,"to":[%q],"body":{"x":%q}}`,
		id, p.own.DID, to.own.DID.Canonical(), bytes.Repeat([]byte("x"), size))
	return p.sealRaw(tb, to, []byte(payload))
}

// sealRaw seals any plaintext to somebody.
func (p person) sealRaw(tb testing.TB, to person, payload []byte) []byte {
	tb.Helper()
	theirs := to.own.Document.KeyAgreement()[0]
	sealed, err := envelope.Seal(context.Background(), p.keys, payload, envelope.Options{
		To:   []envelope.Recipient{{KID: theirs.ID.String(), Key: theirs.Key}},
		From: p.own.Document.KeyAgreement()[0].ID.String(),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return sealed
}

// besieged is a whole node that counts what it is asked.
type besieged struct {
	*messaging.Node
	friend         did.DID
	judging, worst atomic.Int32 // calls of Accept for strangers, now and at most at once
	opened         atomic.Int64 // envelopes of strangers
}

func (b *besieged) Accept(ctx context.Context, from did.DID, sealed [][]byte) []messaging.Verdict {
	if !from.Same(b.friend) {
		now := b.judging.Add(1)
		defer b.judging.Add(-1)
		for worst := b.worst.Load(); now > worst && !b.worst.CompareAndSwap(worst, now); worst = b.worst.Load() {
		}
		b.opened.Add(int64(len(sealed)))
	}
	return b.Node.Accept(ctx, from, sealed)
}

// raid has one stranger say hello on two streams at once and pour letters into them, whatever is answered.
func raid(h host.Host, at *Transport, by, victim person, letters [][]byte) (streams int) {
	var g sync.WaitGroup
	var in atomic.Int32
	for range 2 {
		g.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), patient)
			defer cancel()
			s, err := h.NewStream(network.WithNoDial(ctx, "connected"), at.opened().ID(), ProtocolID)
			if err != nil {
				return
			}
			defer func() { _ = s.Reset() }()
			_ = s.SetDeadline(time.Now().Add(patient))
			w := newWire(s)
			i := &hello{keys: by.keys, resolver: resolver, random: rand.Reader, self: h.ID(), remote: at.opened().ID()}
			if _, err := i.greet(ctx, w, by.own, victim.own.DID.Canonical(), nil); err != nil {
				return
			}
			in.Add(1)
			w.sum = nil
			g.Go(func() {
				for k, l := range letters {
					if w.write(frameData, encodeSeq(uint64(k+1)), l) != nil {
						return
					}
				}
				_ = w.flush()
			})
			_, _ = io.Copy(io.Discard, s)
		})
	}
	g.Wait()
	return int(in.Load())
}

// A thousand strangers, each with a DID of its own and more and larger messages than it may leave: a hundred are
// held, the strangers work only few at a time, and what a contact sends arrives meanwhile. Not parallel, for it
// takes all that the machine has.
func TestFloodOfStrangers(t *testing.T) {

	const hosts, each = 20, 50
	store := memory.Open()
	bt := bob(t).transport(t)
	id, err := peerIDOf(bt.HostKey)
	if err != nil {
		t.Fatal(err)
	}
	victim := newPerson(t, id)
	bt.Keys, bt.Identities, bt.Log = victim.keys, messaging.FixedIdentities{victim.own}, nil
	a := alice(t)
	at := a.transport(t)
	friend := newPerson(t, a.peerID)
	at.Keys, at.Identities = friend.keys, messaging.FixedIdentities{friend.own}
	if err := store.AddContact(t.Context(), inbox.Contact{DID: friend.own.DID.Canonical(), Name: "alice"}); err != nil {
		t.Fatal(err)
	}
	node := &besieged{friend: friend.own.DID, Node: &messaging.Node{
		Identities: messaging.FixedIdentities{victim.own}, Keys: victim.keys, Resolver: resolver, Store: store, HoldRequests: true,
	}}
	stop := serve(t, bt, node)
	serve(t, at, &inboxStub{})

	big := bytes.Repeat([]byte("x"), maxEnvelope)
	var streams atomic.Int32
	var siege sync.WaitGroup
	for range hosts {
		h := foreignHost(t, nil, bt)
		siege.Go(func() {
			for k := range each {
				by := newPerson(t, h.ID())
				letters := [][]byte{by.seal(t, victim, "1", 100), by.seal(t, victim, "2", 100), by.seal(t, victim, "3", 100)}
				switch k % 10 {
				case 0:
					letters = [][]byte{by.seal(t, victim, "4", inbox.MaxRequest), big, letters[0], big}
				case 1:
					letters = append(letters, big, big)
				}
				streams.Add(int32(raid(h, bt, by, victim, letters)))
			}
		})
	}
	over := make(chan struct{})
	go func() { siege.Wait(); close(over) }()
	slowest, sent, heap := time.Duration(0), 0, uint64(0)
	for going := true; going; sent++ {
		began := time.Now()
		d := messaging.Delivery{
			From: friend.own.DID, To: victim.own.DID.Canonical(), Addresses: bt.Addresses(),
			Endpoint: did.Endpoint{URI: ServiceURI(id.String())}, Envelopes: [][]byte{friend.seal(t, victim, fmt.Sprint(sent), 1000)},
		}
		ctx, cancel := context.WithTimeout(context.Background(), patient)
		results, err := at.Send(ctx, d)
		cancel()
		if err != nil || len(results) != 1 || results[0].Reach != messaging.Delivered {
			t.Fatalf("message %d of a contact: %v, %v", sent, results, err)
		}
		slowest = max(slowest, time.Since(began))
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		heap = max(heap, m.HeapAlloc)
		select {
		case <-over:
			going = false
		default:
		}
	}
	stop()
	rs, err := store.Requests(context.Background())
	if err != nil || len(rs) != inbox.MaxRequests {
		t.Errorf("%d requests are held, %v; want %d", len(rs), err, inbox.MaxRequests)
	}
	for _, r := range rs {
		if len(r.Payload) > inbox.MaxRequest {
			t.Errorf("one of %d bytes is held", len(r.Payload))
		}
	}
	t.Logf("%d streams of strangers, %d of their envelopes judged, %d at once; %d messages of a contact, the slowest took %v; heap %d MiB",
		streams.Load(), node.opened.Load(), node.worst.Load(), sent, slowest, heap>>20)
	if heap > 512<<20 {
		t.Errorf("the heap grew to %d MiB, with those of the attackers", heap>>20)
	}
	if n := node.worst.Load(); n > strangerStreams {
		t.Errorf("%d strangers were served at once", n)
	}
	if n := node.opened.Load(); n > int64(strangerLetters*streams.Load()) {
		t.Errorf("%d envelopes of %d streams were opened", n, streams.Load())
	}
	if room := bt.opened().room; room.knocking != 0 || len(room.peers) != 0 || !room.total.TryAcquire(128<<20) {
		t.Error("room was lost")
	}
	if es, err := store.List(context.Background(), inbox.Query{Newest: true, Limit: 1000}); err == nil && len(es) != min(sent, 1000) {
		t.Errorf("%d messages of the contact arrived, of %d", len(es), sent)
	}
}
