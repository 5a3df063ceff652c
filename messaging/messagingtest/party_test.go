package messagingtest_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/messagingtest"
)

func party(t *testing.T, n *messagingtest.Network, name string) *messagingtest.Party {
	t.Helper()
	p, err := n.NewParty(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// contents returns the message ids in a party's inbox, in order.
func contents(t *testing.T, p *messagingtest.Party) []string {
	t.Helper()
	es, err := p.Store.List(t.Context(), inbox.Query{BySeq: true})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, e := range es {
		ids = append(ids, e.MessageID)
	}
	return ids
}

func TestPartyKeys(t *testing.T) {
	t.Parallel()
	p := party(t, &messagingtest.Network{}, "alice")
	if !p.Identity.DID.IsLong() || p.DID().IsLong() || !p.DID().Same(p.Identity.DID) {
		t.Errorf("DIDs %s and %s", p.Identity.DID.Short(), p.DID().Short())
	}
	for _, id := range []did.DID{p.Identity.DID, p.DID()} {
		doc, err := p.Resolver.Resolve(t.Context(), id)
		if err != nil {
			t.Fatalf("resolve %s: %v", id.Short(), err)
		}
		if es := doc.DIDComm(); len(es) != 1 || es[0].URI != "mem:alice" {
			t.Errorf("endpoints %v, want mem:alice", es)
		}
		for _, m := range doc.Methods() {
			got, err := p.Keys.Public(t.Context(), m.ID.String())
			if err != nil || !got.Equal(m.Key) {
				t.Errorf("key store at %s: %v, %v; want the document's key", m.ID.Fragment, got, err)
			}
		}
	}
	sign, agree := p.Identity.Document.Authentication(), p.Identity.Document.KeyAgreement()
	if len(sign) != 1 || len(agree) != 1 || sign[0].Key.Curve() != crypto.Ed25519 || agree[0].Key.Curve() != crypto.X25519 {
		t.Errorf("keys %v and %v, want one Ed25519 and one X25519", sign, agree)
	}
}

// A wallet that is away for ten minutes and comes back as a new node gets everything once and in order.
func TestPartiesTalk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var n messagingtest.Network
		alice, bob := party(t, &n, "alice"), party(t, &n, "bob")
		if err := messagingtest.Befriend(t.Context(), alice, bob); err != nil {
			t.Fatal(err)
		}
		n.Duplicate(2)
		n.Latency(30 * time.Millisecond)
		stopAlice, stopBob := alice.Start(t.Context()), bob.Start(t.Context())
		say := func(id string) {
			m := &messaging.Message{ID: id, Type: "https://example.org/chat/1.0/line", To: []did.DID{bob.DID()}}
			if err := alice.Node.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		say("1")
		time.Sleep(time.Second)
		expect(t, "online", contents(t, bob), []string{"1"})
		if err := stopBob(); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			say(fmt.Sprint(i + 2))
		}
		time.Sleep(10 * time.Minute)
		expect(t, "while away", contents(t, bob), []string{"1"})
		bob.Restart()
		stopBob = bob.Start(t.Context())
		time.Sleep(10 * time.Minute)
		expect(t, "after return", contents(t, bob), []string{"1", "2", "3", "4"})
		sent, err := alice.Store.Sent(t.Context(), inbox.SentQuery{States: []inbox.State{inbox.Delivered}})
		if err != nil || len(sent) != 4 {
			t.Errorf("%d delivered, %v; want 4", len(sent), err)
		}
		for _, stop := range []func() error{stopAlice, stopBob, stopBob} {
			if err := stop(); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestStrangersAreRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var n messagingtest.Network
		alice, bob := party(t, &n, "alice"), party(t, &n, "bob")
		ctx, cancel := context.WithCancel(t.Context())
		stopAlice, stopBob := alice.Start(ctx), bob.Start(ctx)
		m := &messaging.Message{ID: "1", Type: "https://example.org/chat/1.0/line", To: []did.DID{bob.Identity.DID}}
		if err := alice.Store.Learn(t.Context(), bob.Identity.DID); err != nil {
			t.Fatal(err)
		}
		if err := alice.Node.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		expect(t, "bob's inbox", contents(t, bob), []string(nil))
		sent, err := alice.Store.Sent(t.Context(), inbox.SentQuery{})
		if err != nil || len(sent) != 1 || sent[0].State != inbox.Failed {
			t.Errorf("%+v, %v; want one that failed", sent, err)
		}
		cancel()
		if err := stopAlice(); err != nil {
			t.Error(err)
		}
		if err := stopBob(); err != nil {
			t.Error(err)
		}
	})
}

func TestBefriendTwice(t *testing.T) {
	t.Parallel()
	var n messagingtest.Network
	alice, bob := party(t, &n, "alice"), party(t, &n, "bob")
	if err := messagingtest.Befriend(t.Context(), alice, bob); err != nil {
		t.Fatal(err)
	}
	c, err := bob.Store.Contact(t.Context(), alice.Identity.DID)
	if err != nil || c.Name != "alice" || !c.Confirmed || len(c.Pins) != 2 {
		t.Errorf("bob's contact is %q, confirmed %v, %d pins, %v", c.Name, c.Confirmed, len(c.Pins), err)
	}
	if err := messagingtest.Befriend(t.Context(), alice, bob); err == nil {
		t.Error("the same contact was added twice")
	}
}

func TestPartyName(t *testing.T) {
	t.Parallel()
	var n messagingtest.Network
	if _, err := n.NewParty("\xff"); err == nil {
		t.Error("a name that fits into no document was taken")
	}
}
