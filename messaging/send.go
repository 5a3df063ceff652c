package messaging

import (
	"context"
	"errors"
	"fmt"
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

// Queue is as Send, and returns the parcels that the message is queued as, in the order of To.
func (n *Node) Queue(ctx context.Context, m *Message) ([]inbox.Parcel, error) {
	if len(m.To) == 0 {
		return nil, fmt.Errorf("%w: no recipient", ErrMessage)
	}
	self, err := n.sender(m.From)
	if err != nil {
		return nil, err
	}
	if err := n.fill(ctx, m, self); err != nil {
		return nil, err
	}
	parcels, err := n.parcels(m)
	if err != nil {
		return nil, err
	}
	return n.Store.Enqueue(ctx, parcels...)
}

// fill completes the headers of an outgoing message of ours.
func (n *Node) fill(ctx context.Context, m *Message, self Identity) error {
	if m.ID == "" {
		m.ID = NewID()
	}
	if m.Created.IsZero() {
		m.Created = time.Now().Truncate(time.Second).UTC()
	}
	from := self.DID.Canonical()
	for _, to := range m.To {
		c, err := n.Store.Contact(ctx, to)
		switch {
		case err == nil && c.Blocked:
			return ErrBlocked
		case err != nil && !errors.Is(err, inbox.ErrNotFound):
			return err
		case err != nil || !c.Confirmed:
			from = self.DID
		}
	}
	if m.From.IsZero() {
		m.From = from
	}
	return nil
}

// sender returns our identity with this DID, or the preferred one for the zero DID.
func (n *Node) sender(from did.DID) (Identity, error) {
	if from.IsZero() {
		if all := n.Identities.All(); len(all) > 0 {
			return all[0], nil
		}
		return Identity{}, ErrIdentity
	}
	if self, ok := n.Identities.Find(from); ok {
		return self, nil
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
