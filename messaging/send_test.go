package messaging_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
)

func TestSendFillsHeaders(t *testing.T) {
	t.Parallel()
	p := mustPair(t)
	m := &messaging.Message{Type: lineType, To: []did.DID{p.bob.Identity.DID}}
	send(t, p.alice, m)
	if len(m.ID) < 20 || m.Created.IsZero() || m.From != p.alice.DID() {
		t.Errorf("id %q, created %v, from %s", m.ID, m.Created, m.From.Short())
	}
	ps, err := p.alice.Store.Sent(t.Context(), inbox.SentQuery{To: p.bob.DID()})
	if err != nil || len(ps) != 1 {
		t.Fatal(ps, err)
	}
	stored, err := messaging.ParseMessage(ps[0].Payload)
	if err != nil || stored.ID != m.ID || stored.From != p.alice.DID() || ps[0].ThreadID != m.ID || ps[0].State != inbox.Queued {
		t.Errorf("stored %+v, %v", stored, err)
	}
}

// The sender is written in its long form until the recipient has proved to know it.
func TestSendLongFormUntilConfirmed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		err := p.alice.Store.UpdateContact(t.Context(), p.bob.DID(), func(c *inbox.Contact) error { c.Confirmed = false; return nil })
		if err != nil {
			t.Fatal(err)
		}
		first := line(p.bob.DID(), "1")
		send(t, p.alice, first)
		if first.From != p.alice.Identity.DID {
			t.Error("the first message names us in the short form")
		}
		start(t, p.alice)
		start(t, p.bob)
		time.Sleep(time.Minute)
		second := line(p.bob.DID(), "2")
		send(t, p.alice, second)
		if second.From != p.alice.DID() {
			t.Error("the second message names us in the long form still")
		}
		time.Sleep(time.Minute)
		same(t, "received", received(t, p.bob, inbox.Kept), []string{"1", "2"})
	})
}

func TestSendRefuses(t *testing.T) {
	t.Parallel()
	p := mustPair(t)
	big := jsontext.Value(`{"content":"` + strings.Repeat("x", messaging.MaxPlaintext) + `"}`)
	fits := jsontext.Value(`{"content":"` + strings.Repeat("x", messaging.MaxPlaintext-1024) + `"}`)
	tests := []struct {
		name string
		m    *messaging.Message
		want error
	}{
		{"just fits", &messaging.Message{Type: lineType, To: []did.DID{p.bob.DID()}, Body: fits}, nil},
		{"too large", &messaging.Message{Type: lineType, To: []did.DID{p.bob.DID()}, Body: big}, messaging.ErrTooLarge},
		{"no recipient", &messaging.Message{Type: lineType}, messaging.ErrMessage},
		{"no type", &messaging.Message{To: []did.DID{p.bob.DID()}}, messaging.ErrMessage},
		{"a body that is no object", &messaging.Message{Type: lineType, To: []did.DID{p.bob.DID()}, Body: jsontext.Value(`[]`)}, messaging.ErrMessage},
		{"another's DID", &messaging.Message{Type: lineType, To: []did.DID{p.bob.DID()}, From: p.bob.DID()}, messaging.ErrIdentity},
	}
	for _, test := range tests {
		if err := p.alice.Node.Send(t.Context(), test.m); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
	same(t, "queued", len(states(t, p.alice)), 1)
	block := func(c *inbox.Contact) error { c.Blocked = true; return nil }
	if err := p.alice.Store.UpdateContact(t.Context(), p.bob.DID(), block); err != nil {
		t.Fatal(err)
	}
	if err := p.alice.Node.Send(t.Context(), line(p.bob.DID(), "x")); !errors.Is(err, messaging.ErrBlocked) {
		t.Errorf("to a blocked contact: %v", err)
	}
}

// Sending the same message again does nothing; the same id with another text is refused.
func TestSendTwice(t *testing.T) {
	t.Parallel()
	p := mustPair(t)
	m := line(p.bob.DID(), "1")
	m.Created = time.Unix(1_700_000_000, 0)
	send(t, p.alice, m)
	send(t, p.alice, m)
	other := line(p.bob.DID(), "1")
	other.Body = jsontext.Value(`{"other":true}`)
	if err := p.alice.Node.Send(t.Context(), other); !errors.Is(err, inbox.ErrConflict) {
		t.Errorf("same id, other text: %v", err)
	}
	same(t, "queued", states(t, p.alice), map[string]string{"1": "queued"})
}

// Queue returns what the outbox holds: for a message that was queued before, what became of it.
func TestQueueReturnsWhatIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		m := line(p.bob.DID(), "1")
		for _, state := range []inbox.State{inbox.Queued, inbox.Delivered} {
			queued, err := p.alice.Node.Queue(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			kept, err := p.alice.Store.Sent(t.Context(), inbox.SentQuery{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(kept, queued, codecDIDs); diff != "" {
				t.Errorf("queued (-kept +said):\n%s", diff)
			}
			same(t, "state", queued[0].State, state)
			if state == inbox.Queued {
				start(t, p.alice)
				start(t, p.bob)
				time.Sleep(time.Minute)
			}
		}
	})
}

// A largest message, sealed in the deepest nesting that Send uses, fits an envelope and arrives.
func TestLargestMessageArrives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		m := line(p.bob.DID(), "1")
		m.Body = jsontext.Value(`{"content":"` + strings.Repeat("x", messaging.MaxPlaintext-1024) + `"}`)
		start(t, p.alice)
		start(t, p.bob)
		send(t, p.alice, m)
		time.Sleep(time.Second)
		same(t, "received", received(t, p.bob, inbox.Kept), []string{"1"})
	})
}

// Nothing is sent to a contact whose keys are not those that were pinned; what waits is not lost.
func TestChangedKeysBlockSending(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		var pins [][32]byte
		set := func(to [][32]byte) {
			t.Helper()
			err := p.alice.Store.UpdateContact(t.Context(), p.bob.DID(), func(c *inbox.Contact) error {
				pins, c.Pins, c.Keys = c.Pins, to, nil
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		set([][32]byte{{1}})
		kept := pins
		start(t, p.alice)
		start(t, p.bob)
		send(t, p.alice, line(p.bob.DID(), "1"))
		time.Sleep(time.Hour)
		same(t, "received", received(t, p.bob, inbox.Kept), []string(nil))
		ps, err := p.alice.Store.Sent(t.Context(), inbox.SentQuery{})
		if err != nil || len(ps) != 1 || !strings.Contains(ps[0].Problem, "bob's keys have changed") {
			t.Errorf("%+v, %v", ps, err)
		}
		set(kept)
		time.Sleep(time.Hour)
		same(t, "received", received(t, p.bob, inbox.Kept), []string{"1"})
	})
}
