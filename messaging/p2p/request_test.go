package p2p

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didpeer"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/inbox/memory"
	"github.com/parley-im/parley/messaging"
)

// citizen is a whole wallet over libp2p, with its memory beside it.
type citizen struct {
	person
	store     *memory.Store
	transport *Transport
	node      *messaging.Node
}

// settle makes a citizen of a wallet's host.
func settle(t *testing.T, w *wallet) *citizen {
	t.Helper()
	c := &citizen{person: newPerson(t, w.peerID), store: memory.Open()}
	known := did.Methods{"peer": didpeer.Resolver{Known: c.store.LongForm}}
	c.transport = w.transport(t)
	c.transport.Keys, c.transport.Identities, c.transport.Resolver = c.keys, messaging.FixedIdentities{c.own}, known
	if err := c.transport.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.transport.Close() })
	c.node = &messaging.Node{
		Identities: messaging.FixedIdentities{c.own}, Keys: c.keys, Resolver: known, Store: c.store, HoldRequests: true,
		Transports: []messaging.Transport{c.transport}, Log: testLog(t),
		Receipt: func(*messaging.Received, inbox.Contact) *messaging.Message {
			return &messaging.Message{Type: "https://didcomm.org/receipts/1.0/message-receipts"}
		},
	}
	return c
}

// live runs the citizen's node until the test ends.
func (c *citizen) live(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.node.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// meets makes the other a contact by its DID and addresses alone.
func (c *citizen) meets(t *testing.T, other *citizen) {
	t.Helper()
	if err := c.store.Learn(t.Context(), other.own.DID); err != nil {
		t.Fatal(err)
	}
	err := c.store.AddContact(t.Context(), inbox.Contact{DID: other.own.DID.Canonical(), Name: "other", Addresses: other.transport.Addresses()})
	if err != nil {
		t.Fatal(err)
	}
}

// say queues a message that asks for an acknowledgement.
func (c *citizen) say(t *testing.T, to *citizen, id string) {
	t.Helper()
	m := &messaging.Message{ID: id, Type: "https://example.org/chat/1.0/line", To: []did.DID{to.own.DID.Canonical()}, PleaseAck: []string{""}}
	if err := c.node.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

// until waits for a condition on a store, which is looked at after each change.
func (c *citizen) until(t *testing.T, what string, condition func() (bool, string)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	hint := c.store.Watch(ctx)
	for {
		ok, last := condition()
		if ok {
			return
		}
		select {
		case <-hint:
		case <-time.After(100 * time.Millisecond): // requests give no hint
		}
		if ctx.Err() != nil {
			t.Fatalf("waited in vain for %s: %s", what, last)
		}
	}
}

// becomes waits until a message of the citizen has a state.
func (c *citizen) becomes(t *testing.T, id string, s inbox.State) {
	t.Helper()
	c.until(t, id+" "+s.String(), func() (bool, string) {
		ps, err := c.store.Sent(t.Context(), inbox.SentQuery{MessageID: id})
		if err != nil || len(ps) != 1 {
			return false, fmt.Sprint(ps, err)
		}
		return ps[0].State == s, ps[0].State.String() + " " + ps[0].Problem
	})
}

// A stranger writes; its message waits; once accepted it has arrived, which the stranger learns by itself, and
// what it wrote besides follows.
func TestRequestOverLibp2p(t *testing.T) {
	t.Parallel()
	a, b := settle(t, alice(t)), settle(t, bob(t))
	a.meets(t, b)
	b.live(t)
	a.live(t)
	a.say(t, b, "hello")
	a.becomes(t, "hello", inbox.Sent)
	a.say(t, b, "anybody there?")
	a.until(t, "an answer to the second", func() (bool, string) {
		ps, err := a.store.Sent(t.Context(), inbox.SentQuery{MessageID: "anybody there?"})
		return err == nil && len(ps) == 1 && ps[0].Problem != "" && ps[0].State == inbox.Queued, fmt.Sprint(ps, err)
	})
	rs, err := b.store.Requests(t.Context())
	if err != nil || len(rs) != 1 || rs[0].MessageID != "hello" || len(rs[0].Addresses) == 0 || rs[0].Long != a.own.DID {
		t.Fatalf("%+v, %v", rs, err)
	}
	if _, err := b.store.AcceptRequest(t.Context(), rs[0].From, inbox.Contact{Name: "alice"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	a.becomes(t, "hello", inbox.Delivered)
	a.becomes(t, "anybody there?", inbox.Delivered)
	b.until(t, "both messages", func() (bool, string) {
		es, err := b.store.List(t.Context(), inbox.Query{Dispositions: []inbox.Disposition{inbox.Kept}, BySeq: true})
		return err == nil && len(es) == 2 && es[0].MessageID == "hello" && !es[0].Answered && es[1].Answered, fmt.Sprint(len(es), err)
	})
}

// A stranger that was blocked is let in as before, is answered as before, and leaves nothing.
func TestBlockedRequestOverLibp2p(t *testing.T) {
	t.Parallel()
	a, b := settle(t, alice(t)), settle(t, bob(t))
	a.transport.serving().spare.close() // each message has a hello of its own
	a.meets(t, b)
	b.live(t)
	a.live(t)
	a.say(t, b, "hello")
	a.becomes(t, "hello", inbox.Sent)
	if _, err := b.store.AcceptRequest(t.Context(), a.own.DID, inbox.Contact{Name: "alice", Blocked: true}, time.Now()); err != nil {
		t.Fatal(err)
	}
	ps, err := a.store.Sent(t.Context(), inbox.SentQuery{MessageID: "hello"})
	if err != nil || len(ps) != 1 {
		t.Fatal(ps, err)
	}
	d := messaging.Delivery{
		From: a.own.DID, To: b.own.DID.Canonical(), Endpoint: did.Endpoint{URI: ServiceURI(b.transport.PeerID())},
		Addresses: b.transport.Addresses(),
	}
	d.Envelopes = [][]byte{a.sealRaw(t, b.person, ps[0].Payload)}
	for range 3 {
		a.until(t, "the same answer", func() (bool, string) { // at most two streams at once
			results, err := a.transport.Send(t.Context(), d)
			return err == nil && len(results) == 1 && results[0].Reach == messaging.Written, fmt.Sprint(results, err)
		})
	}
	a.say(t, b, "please")
	a.until(t, "an answer to the second", func() (bool, string) {
		ps, err := a.store.Sent(t.Context(), inbox.SentQuery{MessageID: "please"})
		return err == nil && len(ps) == 1 && ps[0].Problem != "" && ps[0].State == inbox.Queued, fmt.Sprint(ps, err)
	})
	a.becomes(t, "hello", inbox.Sent)
	es, err := b.store.List(t.Context(), inbox.Query{})
	rs, err2 := b.store.Requests(t.Context())
	if len(es)+len(rs) > 0 || err != nil || err2 != nil {
		t.Errorf("%d entries and %d requests are there, %v, %v", len(es), len(rs), err, err2)
	}
}
