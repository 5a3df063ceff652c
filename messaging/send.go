package messaging

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// Errors of Send that callers branch on.
var (
	// ErrTooLarge means that the plaintext is over MaxPlaintext.
	ErrTooLarge = fmt.Errorf("the message is larger than %d KiB", MaxPlaintext>>10)
	// ErrBlocked means that the recipient is a contact whom the user has blocked.
	ErrBlocked = errors.New("this contact is blocked: unblock it to write to it")
	// ErrIdentity means that the sender is no DID of ours.
	ErrIdentity = errors.New("the sender is not one of our DIDs")
)

// Send queues the message for each DID in To and returns once that is durable. It fills in what is
// empty of ID, From and Created: From in its long form for recipients that have not yet proved to know our
// document. Sending the same message again does nothing.
func (n *Node) Send(ctx context.Context, m *Message) error {
	_, err := n.Queue(ctx, m)
	return err
}

// Queue is as Send, and returns the parcels that the message is queued as, in the order of To. To a contact whose keys
// have changed nothing is queued: the error is a *KeysChangedError. That is what was last seen: CheckKeys looks.
func (n *Node) Queue(ctx context.Context, m *Message) ([]inbox.Parcel, error) {
	if len(m.To) == 0 {
		return nil, fmt.Errorf("%w: no recipient", ErrMessage)
	}
	contacts, err := n.contacts(ctx, m.To)
	if err != nil {
		return nil, err
	}
	for _, c := range contacts {
		if c.Offer != nil {
			return nil, KeysChanged(c)
		}
	}
	self, err := n.self(m.From, contacts)
	if err != nil {
		return nil, err
	}
	fill(m, self, contacts)
	parcels, err := n.parcels(m)
	if err != nil {
		return nil, err
	}
	return n.Store.Enqueue(ctx, parcels...)
}

// contacts returns the recipients as contacts, the zero one for somebody who is none. The error is ErrBlocked if one
// of them is blocked.
func (n *Node) contacts(ctx context.Context, to []did.DID) ([]inbox.Contact, error) {
	contacts := make([]inbox.Contact, len(to))
	for i, id := range to {
		c, err := n.Store.Contact(ctx, id)
		switch {
		case errors.Is(err, inbox.ErrNotFound):
			continue
		case err != nil:
			return nil, err
		case c.Blocked:
			return nil, ErrBlocked
		}
		contacts[i] = c
	}
	return contacts, nil
}

// fill completes the headers of an outgoing message of ours. From is in its long form unless all recipients are
// contacts that have proved to know our document.
func fill(m *Message, self Identity, contacts []inbox.Contact) {
	if m.ID == "" {
		m.ID = NewID()
	}
	if m.Created.IsZero() {
		m.Created = time.Now().Truncate(time.Second).UTC()
	}
	if !m.From.IsZero() {
		return
	}
	m.From = self.DID.Canonical()
	if slices.ContainsFunc(contacts, func(c inbox.Contact) bool { return !c.Confirmed }) {
		m.From = self.DID
	}
}

// self returns our identity with the DID. For the zero DID it is the one that all the contacts know us by, if it is in
// use, or else the preferred one.
func (n *Node) self(from did.DID, contacts []inbox.Contact) (Identity, error) {
	if !from.IsZero() {
		if self, ok := n.Identities.Find(from); ok {
			return self, nil
		}
		return Identity{}, ErrIdentity
	}
	if len(contacts) > 0 {
		from = contacts[0].Ours
	}
	if !from.IsZero() && !slices.ContainsFunc(contacts, func(c inbox.Contact) bool { return c.Ours != from }) {
		if self, ok := n.Identities.Find(from); ok && self.Until.IsZero() {
			return self, nil
		}
	}
	for _, self := range n.Identities.All() {
		if self.Until.IsZero() {
			return self, nil
		}
	}
	return Identity{}, ErrIdentity
}

// parcels makes one parcel for each recipient of a complete message.
func (n *Node) parcels(m *Message) ([]inbox.Parcel, error) {
	payload, err := m.Marshal()
	if err != nil {
		return nil, err
	}
	if len(payload) > MaxPlaintext {
		return nil, ErrTooLarge
	}
	if _, err := ParseMessage(payload); err != nil {
		return nil, err
	}
	ps := make([]inbox.Parcel, 0, len(m.To))
	for _, to := range m.To {
		ps = append(ps, inbox.Parcel{
			Owner: m.From.Canonical(), To: to.Canonical(), MessageID: m.ID, Type: m.Type, ThreadID: m.Thread(),
			Payload: payload, Created: time.Now().UTC(), Expires: m.Expires,
		})
	}
	return ps, nil
}
