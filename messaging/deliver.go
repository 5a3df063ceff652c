package messaging

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// Resending on paths that cannot answer: a parcel that was written in full is written again after
// these pauses, and then left as sent.
const (
	firstResend = 30 * time.Second
	maxResends  = 6
)

// minRest keeps a loop from spinning on a time that has just passed.
const minRest = 10 * time.Millisecond

// errNoEndpoint means that there is nowhere to deliver to.
var errNoEndpoint = errors.New("the recipient's document names no DIDComm endpoint that we can reach")

// deliverLoop claims destinations that are due and delivers to several of them at once. Trouble with the
// store, such as a full disk, pauses it.
func (n *Node) deliverLoop(ctx context.Context) error {
	slots := semaphore.NewWeighted(maxDestinations)
	defer func() { _ = slots.Acquire(context.WithoutCancel(ctx), maxDestinations) }()
	hint := n.Store.Watch(ctx)
	for {
		if err := slots.Acquire(ctx, 1); err != nil {
			return err
		}
		b, due, err := n.nextBatch(ctx)
		if b == nil {
			slots.Release(1)
			if err := n.rest(ctx, "claiming what is due", hint, due, err); err != nil {
				return err
			}
			continue
		}
		go func() {
			defer slots.Release(1)
			n.deliver(ctx, *b)
		}()
	}
}

// nextBatch leases one destination that is due, or says when to look again (zero: when something changes).
func (n *Node) nextBatch(ctx context.Context) (*inbox.Batch, time.Time, error) {
	now := time.Now()
	batches, err := n.Store.Claim(ctx, now, now.Add(leaseTime), inbox.Limit{Destinations: 1})
	if err != nil {
		return nil, time.Time{}, err
	}
	if len(batches) > 0 {
		return &batches[0], time.Time{}, nil
	}
	due, ok, err := n.Store.Due(ctx)
	if ok && due.Before(now.Add(minRest)) {
		due = now.Add(minRest)
	}
	return nil, due, err
}

// deliver makes one attempt for a batch and records what it came to, also when ctx has ended: then the
// destination stays due.
func (n *Node) deliver(ctx context.Context, b inbox.Batch) {
	a := &attempt{node: n, batch: b, outs: make([]inbox.Outcome, 0, len(b.Parcels))}
	err := a.run(ctx)
	now := time.Now()
	var next time.Time
	switch {
	case err != nil && ctx.Err() != nil:
		next = now
	case err != nil:
		next = now.Add(a.pause(err))
		a.note(err)
		n.log().Debug("delivery failed", "to", b.To, "failures", b.Failures+1, "err", err)
	}
	n.settle(context.WithoutCancel(ctx), b, a.outs, now, next)
}

// settle records what became of a batch. When the store cannot for settleTime, the lease runs out and the
// batch is delivered again, which the recipient notices.
func (n *Node) settle(ctx context.Context, b inbox.Batch, outs []inbox.Outcome, now, next time.Time) {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	for {
		err := n.Store.Settle(ctx, b, outs, now, next)
		if err == nil || errors.Is(err, inbox.ErrClosed) || errors.Is(err, inbox.ErrLost) {
			return
		}
		n.log().Warn("recording a delivery failed", "to", b.To, "err", err)
		if wait(ctx, nil, time.Now().Add(storePause)) != nil {
			return
		}
	}
}

// attempt is one try to deliver a batch. outs are the outcomes of its first parcels.
type attempt struct {
	node  *Node
	batch inbox.Batch
	outs  []inbox.Outcome
}

// rest returns the parcels that have no outcome yet.
func (a *attempt) rest() []inbox.Parcel { return a.batch.Parcels[len(a.outs):] }

// run tries the recipient's endpoints in the order of its document until every parcel has an outcome.
// The error says why some have none.
func (a *attempt) run(ctx context.Context) error {
	self, ok := a.node.Identities.Find(a.batch.Owner)
	if !ok {
		return ErrIdentity
	}
	c, doc, err := a.node.recipient(ctx, a.batch.To)
	if err != nil {
		return err
	}
	err = errNoEndpoint
	for _, e := range doc.DIDComm() {
		t := a.node.transport(e)
		switch {
		case t == nil || len(e.Accept) > 0 && !slices.Contains(e.Accept, "didcomm/v2"):
			err = fmt.Errorf("no transport for the endpoint %q", e.URI)
			continue
		case len(e.RoutingKeys) > 0:
			err = fmt.Errorf("the endpoint %q is behind a mediator, which is not supported yet", e.URI)
			continue
		}
		if err = a.send(ctx, t, e, self, c, doc); err == nil || permanent(err) {
			break
		}
	}
	if err != nil && permanent(err) {
		a.fail(err)
		return nil
	}
	return err
}

// send seals what is left and gives it to one endpoint. It returns nil once every parcel has an outcome.
func (a *attempt) send(ctx context.Context, t Transport, e did.Endpoint, self Identity, c inbox.Contact, doc *did.Document) error {
	d := Delivery{From: self.DID, To: a.batch.To, Endpoint: e, Addresses: c.Addresses, Record: c.PeerRecord, Claim: c.Invitation}
	outs, indices := a.current()
	d.Envelopes = make([][]byte, len(indices))
	errs := make([]error, len(indices))
	sideBySide(len(indices), func(k int) {
		d.Envelopes[k], errs[k] = a.node.seal(ctx, self, doc, a.rest()[indices[k]].Payload)
	})
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if len(indices) == 0 {
		a.outs = append(a.outs, outs...)
		return nil
	}
	sendCtx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	results, err := t.Send(sendCtx, d)
	return a.take(ctx, c, outs, indices, results, err)
}

// current returns the outcomes of the parcels that are left, with those that have expired filled in, and
// the indices of the others.
func (a *attempt) current() (outs []inbox.Outcome, indices []int) {
	outs = make([]inbox.Outcome, len(a.rest()))
	for i, p := range a.rest() {
		if !p.Expires.IsZero() && !time.Now().Before(p.Expires) {
			outs[i] = inbox.Outcome{State: inbox.Expired, Problem: "its time ran out before it could be delivered"}
			continue
		}
		indices = append(indices, i)
	}
	return outs, indices
}

// take turns results into outcomes, up to the first parcel that has to be tried again: those behind it
// wait, so that they arrive in order.
func (a *attempt) take(ctx context.Context, c inbox.Contact, outs []inbox.Outcome, indices []int, results []Result, err error) error {
	known := len(outs)
	if len(results) < len(indices) {
		known = indices[len(results)]
		if err == nil {
			err = errors.New("the transport gave no result")
		}
	}
	confirmed := false
	for k, r := range results[:min(len(results), len(indices))] {
		if r.Err != nil && !permanent(r.Err) {
			known, err = indices[k], r.Err
			break
		}
		outs[indices[k]] = a.outcome(a.rest()[indices[k]], r)
		confirmed = confirmed || r.Err == nil && r.Reach == Delivered
	}
	a.outs = append(a.outs, outs[:known]...)
	if confirmed {
		a.node.confirm(context.WithoutCancel(ctx), c)
	}
	if len(a.rest()) == 0 {
		return nil
	}
	return err
}

// outcome is what a final result means for a parcel.
func (a *attempt) outcome(p inbox.Parcel, r Result) inbox.Outcome {
	if r.Err != nil {
		return refused(r.Err)
	}
	switch r.Reach {
	case Delivered:
		return inbox.Outcome{State: inbox.Delivered, Path: "direct"}
	case Relayed:
		return inbox.Outcome{State: inbox.Relayed, Path: "relay", Done: true}
	}
	pause := firstResend << min(p.Attempts, maxResends)
	return inbox.Outcome{State: inbox.Sent, Path: "direct", RetryAt: time.Now().Add(pause), Done: p.Attempts >= maxResends}
}

// refused is the outcome of a refusal for good.
func refused(err error) inbox.Outcome {
	var r *Refusal
	if errors.As(err, &r) && r.Code == CodeExpired {
		return inbox.Outcome{State: inbox.Expired, Problem: r.Error()}
	}
	return inbox.Outcome{State: inbox.Failed, Problem: err.Error()}
}

// fail gives every parcel without an outcome up.
func (a *attempt) fail(err error) {
	for range a.rest() {
		a.outs = append(a.outs, refused(err))
	}
}

// note leaves the reason of a failed attempt at the first parcel without an outcome.
func (a *attempt) note(err error) {
	if rest := a.rest(); len(rest) > 0 {
		a.outs = append(a.outs, inbox.Outcome{State: rest[0].State, Path: rest[0].Path, Problem: err.Error()})
	}
}

// pause is how long the destination waits after a failed attempt.
func (a *attempt) pause(err error) time.Duration {
	pause := a.node.Retry.After(a.batch.Failures + 1)
	var d *DeliveryError
	if errors.As(err, &d) {
		pause = max(pause, min(d.After, time.Hour))
	}
	return pause
}

// permanent reports whether retrying cannot help.
func permanent(err error) bool {
	var d *DeliveryError
	return errors.As(err, &d) && d.Permanent || errors.Is(err, ErrBlocked)
}

// confirm records that the contact knows our document and has let us in.
func (n *Node) confirm(ctx context.Context, c inbox.Contact) {
	if c.DID.IsZero() || c.Confirmed && len(c.Invitation) == 0 {
		return
	}
	err := n.Store.UpdateContact(ctx, c.DID, func(c *inbox.Contact) error {
		c.Confirmed, c.Invitation, c.Seen = true, nil, time.Now().UTC()
		return nil
	})
	if err != nil {
		n.log().Warn("recording that a contact knows us failed", "contact", c.DID, "err", err)
	}
}
