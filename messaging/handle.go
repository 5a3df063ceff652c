package messaging

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// EmptyType is the message that carries headers only, such as acknowledgements (DIDComm v2.1, The Empty
// Message). It is never acknowledged itself, or acknowledgements would never end.
const EmptyType = "https://didcomm.org/empty/1.0/empty"

// handleSender handles what is pending of one sender, in order, until nothing is left or something fails. The
// time says when to go on after a failure of the handler or of what it wants; an error is trouble with the
// store.
func (n *Node) handleSender(ctx context.Context, sender did.DID) (time.Time, error) {
	after := int64(0)
	for ctx.Err() == nil {
		page, err := n.Store.List(ctx, inbox.Query{
			From: sender, Dispositions: []inbox.Disposition{inbox.Pending}, AfterSeq: after, BySeq: true, Limit: handlePage,
		})
		if err != nil || len(page) == 0 {
			return time.Time{}, err
		}
		for _, e := range page {
			retry, err := n.handleEntry(ctx, e)
			if err != nil || !retry.IsZero() {
				return retry, err
			}
			after = e.Seq
		}
	}
	return time.Time{}, ctx.Err()
}

// handleEntry offers one entry to the handler and settles it. The time says when to try again.
func (n *Node) handleEntry(ctx context.Context, e inbox.Entry) (time.Time, error) {
	re := &replier{ctx: ctx, node: n, disposition: inbox.Consumed}
	if err := n.acknowledged(ctx, re, e); err != nil {
		return time.Time{}, err
	}
	err := n.handle(ctx, re)
	if ctx.Err() != nil {
		return time.Time{}, ctx.Err()
	}
	var p *Problem
	if errors.As(err, &p) && p != nil {
		re.giveUp(p)
		err = nil
	}
	if err == nil {
		err = n.commitHandled(ctx, e, re)
		if err != nil && !errors.Is(err, inbox.ErrFull) && !errors.Is(err, inbox.ErrTooLarge) {
			return time.Time{}, err
		}
	}
	return n.settleEntry(ctx, e, err)
}

// commitHandled settles an entry together with the replies to it. Replies that can never be queued are dropped, and
// so is what the node itself says of a message, if it cannot be queued now: the user has the message all the same.
func (n *Node) commitHandled(ctx context.Context, e inbox.Entry, re *replier) error {
	err := n.Store.Handled(ctx, e.Owner, e.Seq, re.disposition, re.replies...)
	switch {
	case errors.Is(err, inbox.ErrConflict):
		n.log().Error("a handler's reply was dropped: its id was used before", "seq", e.Seq)
	case re.handled == 0 && errors.Is(err, inbox.ErrFull):
		n.log().Warn("the sender of a message is told nothing of it: the outbox is full", "seq", e.Seq)
	case errors.Is(err, inbox.ErrNotFound):
		return nil
	default:
		return err
	}
	return n.Store.Handled(ctx, e.Owner, e.Seq, re.disposition)
}

// settleEntry counts a failure, and gives the entry up after too many.
func (n *Node) settleEntry(ctx context.Context, e inbox.Entry, err error) (time.Time, error) {
	if err == nil {
		n.tries.Delete(e.Seq)
		return time.Time{}, nil
	}
	failures := n.failed(e.Seq)
	if failures < n.handlerTries() {
		n.log().Warn("handling a message failed; it will be tried again", "seq", e.Seq, "failures", failures, "err", err)
		return time.Now().Add(n.Retry.After(failures)), nil
	}
	n.log().Error("handling a message failed for good", "seq", e.Seq, "err", err)
	n.tries.Delete(e.Seq)
	return time.Time{}, n.Store.Handled(ctx, e.Owner, e.Seq, inbox.Rejected)
}

func (n *Node) handlerTries() int {
	if n.HandlerTries > 0 {
		return n.HandlerTries
	}
	return 30
}

// failed counts the failures of an entry's handler.
func (n *Node) failed(seq int64) int {
	count, _ := n.tries.LoadOrStore(seq, new(atomic.Int64))
	return int(count.(*atomic.Int64).Add(1))
}

// acknowledged reads an entry into re and has the acknowledgements in it count. What cannot be read is
// rejected.
func (n *Node) acknowledged(ctx context.Context, re *replier, e inbox.Entry) error {
	m, err := ParseMessage(e.Payload)
	if err != nil {
		re.disposition = inbox.Rejected
		return nil
	}
	re.m = &Received{
		Message: m, Owner: e.Owner, Sender: e.From, Seq: e.Seq, Signed: e.SignerKey != "",
		Misaddressed: e.Misaddressed, Answered: e.Answered, At: e.Received,
	}
	if len(m.Ack) == 0 || e.From.IsZero() {
		return nil
	}
	moved, err := n.Store.Advance(ctx, e.Owner, e.From, m.Ack, inbox.Delivered, time.Now())
	switch {
	case errors.Is(err, inbox.ErrDamaged):
		n.log().Error("an acknowledgement does not count: what it is for is damaged", "seq", e.Seq, "err", err)
		return nil
	case err == nil && moved > 0:
		// It takes what we send, perhaps since a moment ago: what it had put off need not wait longer.
		err = n.Store.Wake(ctx, e.From, time.Now())
	}
	return err
}

// handle runs the handler on what was read into re, and adds what the sender is told besides.
func (n *Node) handle(ctx context.Context, re *replier) error {
	if re.m == nil {
		return nil
	}
	if err := n.call(ctx, re); err != nil {
		return err
	}
	re.handled = len(re.replies)
	return re.tell()
}

// call runs the handler; a panic in it is an error of it.
func (n *Node) call(ctx context.Context, re *replier) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the handler panicked: %v", r)
		}
	}()
	return n.handler().HandleMessage(ctx, re, re.m)
}

// replier collects what a handler does until it has returned.
type replier struct {
	ctx         context.Context // of the one call of the handler that it serves
	node        *Node
	m           *Received
	disposition inbox.Disposition
	replies     []inbox.Parcel
	handled     int // how many of the replies are the handler's
}

// Keep leaves the message to the wallet's user.
func (r *replier) Keep() { r.disposition = inbox.Kept }

// Reply queues a message to the sender.
func (r *replier) Reply(m *Message) error {
	if r.m.Sender.IsZero() {
		return errors.New("an anonymous message cannot be answered")
	}
	if len(m.To) == 0 {
		m.To = []did.DID{r.m.Sender}
	}
	if m.ThreadID == "" {
		m.ThreadID = r.m.Thread()
	}
	return r.queue(m)
}

// queue completes a message and queues it with the others. To a contact whose keys have changed it waits like all that
// was queued before.
func (r *replier) queue(m *Message) error {
	from := m.From
	if from.IsZero() {
		from = r.m.Owner
	}
	self, err := r.node.self(from, nil)
	if err != nil {
		return err
	}
	contacts, err := r.node.contacts(r.ctx, m.To)
	if err != nil {
		return err
	}
	fill(m, self, contacts)
	ps, err := r.node.parcels(m)
	if err != nil {
		return err
	}
	r.replies = append(r.replies, ps...)
	return nil
}
