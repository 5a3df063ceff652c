package messaging

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// EmptyType is the message that carries headers only, such as acknowledgements (DIDComm v2.1, The Empty
// Message). It is never acknowledged itself, or acknowledgements would never end.
const EmptyType = "https://didcomm.org/empty/1.0/empty"

const (
	handlersAtOnce = 8
	handlePage     = 256
)

// handleLoop offers what has arrived to the handler: senders side by side, each sender's messages in
// order. Trouble with the store pauses it.
func (n *Node) handleLoop(ctx context.Context) error {
	hint := n.Store.Watch(ctx)
	paused := map[did.DID]time.Time{} // senders whose message failed, until when
	for {
		err := n.handlePending(ctx, paused)
		if err := n.rest(ctx, "handling what has arrived", hint, resume(paused), err); err != nil {
			return err
		}
	}
}

// resume ends the pauses that are over and returns when the next one will be: zero if there is none.
func resume(paused map[did.DID]time.Time) (next time.Time) {
	for sender, until := range paused {
		if !time.Now().Before(until) {
			delete(paused, sender)
			until = time.Now()
		}
		if next.IsZero() || until.Before(next) {
			next = until
		}
	}
	return next
}

// handlePending goes once through everything that is pending.
func (n *Node) handlePending(ctx context.Context, paused map[did.DID]time.Time) error {
	after := int64(0)
	for {
		page, err := n.Store.List(ctx, inbox.Query{
			Dispositions: []inbox.Disposition{inbox.Pending}, AfterSeq: after, BySeq: true, Limit: handlePage,
		})
		if err != nil {
			return fmt.Errorf("list what has arrived: %w", err)
		}
		if len(page) == 0 {
			return ctx.Err()
		}
		after = page[len(page)-1].Seq
		if err := n.handlePage(ctx, page, paused); err != nil {
			return err
		}
	}
}

// handlePage handles one page and records which senders have to wait.
func (n *Node) handlePage(ctx context.Context, page []inbox.Entry, paused map[did.DID]time.Time) error {
	var senders []did.DID
	bySender := map[did.DID][]inbox.Entry{}
	for _, e := range page {
		if time.Now().Before(paused[e.From]) {
			continue
		}
		if bySender[e.From] == nil {
			senders = append(senders, e.From)
		}
		bySender[e.From] = append(bySender[e.From], e)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(handlersAtOnce)
	waits := make([]time.Time, len(senders))
	for i, sender := range senders {
		g.Go(func() (err error) {
			waits[i], err = n.handleSender(ctx, bySender[sender])
			return err
		})
	}
	err := g.Wait()
	for i, until := range waits {
		if !until.IsZero() {
			paused[senders[i]] = until
		}
	}
	return err
}

// handleSender handles one sender's entries in order, up to one that fails; then it returns when to go on.
func (n *Node) handleSender(ctx context.Context, entries []inbox.Entry) (time.Time, error) {
	for _, e := range entries {
		if ctx.Err() != nil {
			return time.Time{}, ctx.Err()
		}
		retry, err := n.handleEntry(ctx, e)
		if err != nil || !retry.IsZero() {
			return retry, err
		}
	}
	return time.Time{}, nil
}

// handleEntry offers one entry to the handler and settles it. The time says when to try again; an error
// is the store's.
func (n *Node) handleEntry(ctx context.Context, e inbox.Entry) (time.Time, error) {
	re, err := n.handle(ctx, e)
	if ctx.Err() != nil {
		return time.Time{}, ctx.Err()
	}
	d := re.disposition
	if err != nil {
		failures := n.failed(e.Seq)
		if failures < n.handlerTries() {
			n.log().Warn("handling a message failed; it will be tried again", "seq", e.Seq, "failures", failures, "err", err)
			return time.Now().Add(n.Retry.After(failures)), nil
		}
		n.log().Error("handling a message failed for good", "seq", e.Seq, "err", err)
		d, re.replies = inbox.Rejected, nil
	}
	n.tries.Delete(e.Seq)
	if err := n.Store.Handled(ctx, e.Owner, e.Seq, d, re.replies...); err != nil {
		return time.Time{}, fmt.Errorf("settle what was handled: %w", err)
	}
	return time.Time{}, nil
}

func (n *Node) handlerTries() int {
	if n.HandlerTries > 0 {
		return n.HandlerTries
	}
	return 10
}

// failed counts the failures of an entry's handler.
func (n *Node) failed(seq int64) int {
	count, _ := n.tries.LoadOrStore(seq, new(atomic.Int64))
	return int(count.(*atomic.Int64).Add(1))
}

// handle runs the handler on one entry. Acknowledgements in it count before, and those that it asks for
// are added after.
func (n *Node) handle(ctx context.Context, e inbox.Entry) (*replier, error) {
	re := &replier{ctx: ctx, node: n, disposition: inbox.Consumed}
	m, err := ParseMessage(e.Payload)
	if err != nil {
		re.disposition = inbox.Rejected
		return re, nil
	}
	re.m = &Received{
		Message: m, Owner: e.Owner, Sender: e.From, Seq: e.Seq, Signed: e.SignerKey != "",
		Misaddressed: e.Misaddressed, Answered: e.Answered, At: e.Received,
	}
	if len(m.Ack) > 0 && !e.From.IsZero() {
		if _, err := n.Store.Advance(ctx, e.Owner, e.From, m.Ack, inbox.Delivered, time.Now()); err != nil {
			return re, err
		}
	}
	if err := n.call(ctx, re); err != nil {
		return re, err
	}
	return re, re.acknowledge()
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
	if m.From.IsZero() {
		m.From = r.m.Owner
	}
	if m.ThreadID == "" {
		m.ThreadID = r.m.Thread()
	}
	if err := r.node.fill(r.ctx, m); err != nil {
		return err
	}
	ps, err := r.node.parcels(m)
	if err != nil {
		return err
	}
	r.replies = append(r.replies, ps...)
	return nil
}

// acknowledge answers a please_ack where the path has not answered already (DIDComm v2.1, ACKs).
func (r *replier) acknowledge() error {
	ids := r.wanted()
	if len(ids) == 0 || r.m.Answered || r.m.Sender.IsZero() || SameType(r.m.Type, EmptyType) || isForward(r.m.Type) {
		return nil
	}
	return r.Reply(&Message{ID: "ack-" + r.m.ID[:min(len(r.m.ID), maxID-4)], Type: EmptyType, Ack: ids})
}

// wanted returns the ids to acknowledge: "" stands for the message itself. Of other ids we could say
// nothing that is not said already: each was acknowledged when it came.
func (r *replier) wanted() []string {
	if slices.Contains(r.m.PleaseAck, "") || slices.Contains(r.m.PleaseAck, r.m.ID) {
		return []string{r.m.ID}
	}
	return nil
}

// isForward reports whether the type is routing's forward, on which please_ack is not honoured.
func isForward(uri string) bool { return strings.HasPrefix(uri, "https://didcomm.org/routing/") }
