package messaging_test

import (
	"context"
	"testing"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/messagingtest"
)

// meanwhile does something to a contact just before it is changed by the node for the first time.
type meanwhile struct {
	messaging.Store
	do func(*inbox.Contact)
}

func (m *meanwhile) first(ctx context.Context, id did.DID) error {
	do := m.do
	if m.do = nil; do == nil {
		return nil
	}
	return m.Store.UpdateContact(ctx, id, func(c *inbox.Contact) error { do(c); return nil })
}

func (m *meanwhile) UpdateContact(ctx context.Context, id did.DID, f func(*inbox.Contact) error) error {
	if err := m.first(ctx, id); err != nil {
		return err
	}
	return m.Store.UpdateContact(ctx, id, f)
}

func (m *meanwhile) ReleaseContact(ctx context.Context, id did.DID, set [32]byte, f func(*inbox.Contact) error) (int, error) {
	if err := m.first(ctx, id); err != nil {
		return 0, err
	}
	return m.Store.ReleaseContact(ctx, id, set, f)
}

// A contact that somebody else changes between the look at it and the step of the store is weighed as it is then; what
// that step cannot do is put off, and works the next time.
func TestChangedMeanwhile(t *testing.T) {
	t.Parallel()
	by := func(p func(*hosts) *messagingtest.Party) func(*hosts, *inbox.Contact) {
		return func(h *hosts, c *inbox.Contact) {
			c.Keys, c.Offer = p(h).Identity.Document.PinKeys(), nil
			c.Pins = inbox.Fingerprints(c.Keys)
		}
	}
	mallory, carols := by(func(h *hosts) *messagingtest.Party { return h.mallory }), by(func(h *hosts) *messagingtest.Party { return h.carol })
	unpinned := func(_ *hosts, c *inbox.Contact) { c.Pins, c.Keys = nil, nil }
	for name, tc := range map[string]struct {
		version string
		before  func(*hosts, *inbox.Contact) // what the node sees
		do      func(*hosts, *inbox.Contact)
		want    messaging.VerdictKind
		history string
	}{
		"the user accepts what the node would offer":    {do: mallory, want: messaging.Accepted, history: "invited carol"},
		"the user accepts what the log proves":          {version: "1-a", do: mallory, want: messaging.Accepted, history: "invited carol"},
		"keys are pinned that the log replaces":         {version: "1-a", before: unpinned, do: carols, want: messaging.Busy, history: "invited carol, logged mallory"},
		"pins are gone that the log would have changed": {version: "1-a", do: unpinned, want: messaging.Accepted, history: "invited carol, first seen mallory"},
		"the contact is renamed":                        {do: func(_ *hosts, c *inbox.Contact) { c.Name = "c" }, want: messaging.Held, history: "invited carol, offered mallory"},
	} {
		h := newHosts(t)
		if tc.before != nil {
			h.change(t, func(c *inbox.Contact) { tc.before(h, c) })
		}
		h.net.Publish(h.mallory.Identity.Document.WithVersion(tc.version))
		h.bob.Node.Store = &meanwhile{h.bob.Store, func(c *inbox.Contact) { tc.do(h, c) }}
		sealed := h.by(t, h.mallory, "1", "")
		same(t, name, accept(t, h.bob, carol, sealed)[0].Kind, tc.want)
		if tc.want == messaging.Busy {
			same(t, name+": again", accept(t, h.bob, carol, sealed)[0], accepted())
		}
		same(t, name+": history", h.history(t), tc.history)
	}
}

// So it is when a message brings the word for keys that the user accepts at the same moment.
func TestSuccessionMeanwhile(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	h.swap()
	same(t, "offered", accept(t, h.bob, carol, h.by(t, h.mallory, "0", ""))[0], held())
	h.bob.Node.Store = &meanwhile{h.bob.Store, func(c *inbox.Contact) {
		c.Keys, c.Pins, c.Offer = c.Offer.Keys, inbox.Fingerprints(c.Offer.Keys), nil
	}}
	sealed := h.by(t, h.mallory, "1", prior(t, succession(t, h.carol, setOf(h.mallory), time.Now())))
	same(t, "at once", accept(t, h.bob, carol, sealed)[0].Kind, messaging.Busy)
	same(t, "again", accept(t, h.bob, carol, sealed)[0], accepted())
	same(t, "history", h.history(t), "invited carol, offered mallory")
}
