package messaging

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// requestPause is how long a stranger is asked to wait with another message while the first waits for our
// user; fullPause while the queue is full, which says nothing of anybody.
const (
	requestPause = time.Hour
	fullPause    = 10 * time.Minute
)

// Verdicts on the senders of messages that are no contacts' and claim nothing; never seen outside.
var (
	errRequest = errors.New("a stranger's message")                // may be held for the user to decide
	errShunned = errors.New("the message of one who was shut out") // is answered as if it were
)

// putOffError says that a message is not taken now, and for how long not.
type putOffError struct{ after time.Duration }

// Error says so.
func (e *putOffError) Error() string { return "not taken for " + e.after.String() }

// uninvited returns nil if somebody who is no contact and claims no invitation may leave a request.
func (n *Node) uninvited(id did.DID) error {
	if n.HoldRequests && n.offline(id.Method()) {
		return nil
	}
	return &Refusal{CodeStranger}
}

// shut returns nil if a blocked contact must not notice that it is: somebody of whom nothing was ever let in,
// and to whom we never spoke. It wrote a request, knows no more than that this was written down, and sees the
// same after the user has decided against it. One that was a friend is refused.
func (n *Node) shut(ctx context.Context, c inbox.Contact) error {
	if err := n.uninvited(c.DID); err != nil {
		return err
	}
	if c.Confirmed {
		return &Refusal{CodeStranger}
	}
	before, err := n.Store.List(ctx, inbox.Query{From: c.DID, Limit: 1})
	if err == nil && len(before) > 0 {
		err = &Refusal{CodeStranger}
	}
	return err
}

// request is the verdict on the message of a stranger.
func (n *Node) request(id did.DID) error {
	if err := n.uninvited(id); err != nil {
		return err
	}
	return errRequest
}

// blocked is the verdict on the message of a blocked contact: of one that must not notice, what it would be told
// of a bad invitation as well.
func (n *Node) blocked(ctx context.Context, c inbox.Contact, m *Message) error {
	if err := n.shut(ctx, c); err != nil {
		return err
	}
	if n.Invitations == nil || m.ParentThreadID == "" {
		return errShunned
	}
	terms, err := n.Invitations.Named(m.ParentThreadID, time.Now())
	if err == nil {
		err = n.unclaimed(ctx, terms, c.DID)
	} else if err = n.notInvited(c.DID, err); errors.Is(err, errRequest) {
		err = nil
	}
	if err != nil {
		return err
	}
	return errShunned
}

// asRequest makes a request of a stranger's message. The error is a *Refusal for one that is never held.
func (n *Node) asRequest(l *letter) (inbox.Request, error) {
	if len(l.arrival.Payload) > inbox.MaxRequest {
		return inbox.Request{}, &Refusal{CodeSize}
	}
	p := n.stranger(l.arrival.From)
	r, err := inbox.Request{
		Entry: l.arrival.Entry, Long: l.arrival.Long, Pins: l.doc.Pins(),
		Addresses: slices.Clone(p.Addresses), PeerRecord: bytes.Clone(p.Record),
	}.Clean()
	if errors.Is(err, inbox.ErrTooLarge) {
		err = &Refusal{CodeSize}
	}
	return r, err
}

// hold keeps a stranger's message for the user to decide, or says why not.
func (n *Node) hold(ctx context.Context, l *letter) error {
	r, err := n.asRequest(l)
	if err != nil {
		return err
	}
	status, err := n.Store.Hold(ctx, r)
	switch {
	case err != nil:
		return err
	case status == inbox.HoldFull:
		return &putOffError{fullPause}
	case status != inbox.Held:
		return &putOffError{requestPause}
	}
	n.log().Debug("a stranger's message waits for a decision", "from", l.arrival.From)
	return n.left.note(ctx, n.Store, l)
}

// shun answers somebody who was shut out as hold did while its request waited, and keeps nothing.
func (n *Node) shun(ctx context.Context, l *letter) error {
	if _, err := n.asRequest(l); err != nil {
		return err
	}
	left, err := n.left.has(ctx, n.Store, l)
	if err == nil && !left {
		err = &putOffError{requestPause}
	}
	return err
}
