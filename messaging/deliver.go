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

// Resending on paths that cannot answer: a parcel that was written in full is written again after the first
// of these pauses, then after longer ones, and after the last it is left as sent.
const (
	firstResend = 30 * time.Second
	lastResend  = 30 * time.Minute
)

// minRest keeps a loop from spinning on a time that has just passed.
const minRest = 10 * time.Millisecond

// farOff is longer than any pause that is ever set.
const farOff = 2 * maxPause

// errNoEndpoint means that there is nowhere to deliver to.
var errNoEndpoint = errors.New("the recipient's document names no DIDComm endpoint that we can reach")

// deliverLoop claims destinations that are due and delivers to several of them at once. At its beginning all
// are: pauses after failures are those of another time and place. Trouble with the store, such as a full
// disk, pauses it.
func (n *Node) deliverLoop(ctx context.Context) error {
	slots := semaphore.NewWeighted(maxDestinations)
	defer func() { _ = slots.Acquire(context.WithoutCancel(ctx), maxDestinations) }()
	hint := n.Store.Watch(ctx)
	if err := n.Store.Wake(ctx, did.DID{}, time.Now()); err != nil {
		n.log().Warn("making what waits due failed", "err", err) // it is due after its pauses all the same
	}
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
	due, ok, err := n.Store.Due(ctx) // first, because it writes nothing: most of what changes is not for us
	switch {
	case err != nil || !ok:
		return nil, time.Time{}, err
	case due.After(now.Add(farOff)):
		return nil, due, n.Store.Wake(ctx, did.DID{}, now) // the clock was ahead when the pause was set
	case due.After(now.Add(minRest)):
		return nil, due, nil
	case due.After(now):
		return nil, now.Add(minRest), nil
	}
	batches, err := n.Store.Claim(ctx, now, now.Add(leaseTime), inbox.Limit{Destinations: 1, Parcels: maxBatch, Bytes: maxBatchBytes})
	if err != nil || len(batches) == 0 {
		return nil, now.Add(minRest), err
	}
	return &batches[0], time.Time{}, nil
}

// deliver makes one attempt for a batch and records what it came to, also when ctx has ended: then the
// destination stays due.
func (n *Node) deliver(ctx context.Context, b inbox.Batch) {
	a := &attempt{node: n, batch: b, outs: make([]inbox.Outcome, 0, len(b.Parcels))}
	err := a.inTime(ctx)
	now := time.Now()
	var next time.Time
	switch {
	case err != nil && ctx.Err() != nil:
		next = now
	case err != nil:
		n.doubt(b.To, true)
		next = a.next(now, err)
		a.note(now, err)
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
	node     *Node
	batch    inbox.Batch
	outs     []inbox.Outcome
	progress bool // whether anything was delivered
}

// rest returns the parcels that have no outcome yet.
func (a *attempt) rest() []inbox.Parcel { return a.batch.Parcels[len(a.outs):] }

// inTime runs the attempt within its time, which ends before the lease does. An error for good becomes the
// outcome of every parcel that has none; any other says why some have none.
func (a *attempt) inTime(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	err := a.run(ctx)
	if err != nil && a.final(err) {
		a.fail(err)
		return nil
	}
	return err
}

// run tries the recipient's endpoints in the order of its document until every parcel has an outcome.
func (a *attempt) run(ctx context.Context) error {
	self, ok := a.node.Identities.Find(a.batch.Owner)
	if !ok {
		return ErrIdentity
	}
	c, doc, err := a.node.recipient(ctx, a.batch.To)
	if err != nil {
		return err
	}
	usable, err := a.node.usable(doc)
	for _, e := range usable {
		if err = a.send(ctx, e, self, c, doc); err == nil || a.final(err) {
			return err
		}
	}
	return err
}

// route is an endpoint and the transport that handles it.
type route struct {
	did.Endpoint
	transport Transport
}

// usable returns the first endpoints of a document that we can deliver to, at most maxEndpoints, or an error
// that says why there is none.
func (n *Node) usable(doc *did.Document) (routes []route, err error) {
	err = errNoEndpoint
	for _, e := range doc.DIDComm() {
		t := n.transport(e)
		switch {
		case t == nil || len(e.Accept) > 0 && !slices.Contains(e.Accept, "didcomm/v2"):
			err = fmt.Errorf("no transport for the endpoint %q", e.URI)
		case len(e.RoutingKeys) > 0:
			err = fmt.Errorf("the endpoint %q is behind a mediator, which is not supported yet", e.URI)
		case len(routes) < maxEndpoints:
			routes = append(routes, route{e, t})
		}
	}
	if len(routes) > 0 {
		err = nil
	}
	return routes, err
}

// send gives what is left to one endpoint, some parcels after the other; while they are on their way the next
// are sealed. It returns nil once every parcel has an outcome.
func (a *attempt) send(ctx context.Context, e route, self Identity, c inbox.Contact, doc *did.Document) error {
	d := Delivery{
		From: self.DID, To: a.batch.To, Endpoint: e.Endpoint, Addresses: c.Addresses, Record: c.PeerRecord, Claim: c.Invitation,
		Keys: inbox.KeySet(doc.Pins()),
	}
	if !c.DID.IsZero() {
		d.Life, d.Saw = a.node.life(), c.Life
	}
	next := a.sealed(ctx, self, doc, a.rest())
	for len(a.rest()) > 0 {
		s := <-next
		if s.err != nil {
			return s.err
		}
		next = a.sealed(ctx, self, doc, a.rest()[len(s.outs):])
		if err := a.give(ctx, e, c, d, s); err != nil {
			<-next // what it works on is ours
			return err
		}
		d.Claim = nil // it has been let in
	}
	return nil
}

// sealing is some parcels, sealed: their outcomes, with those that have expired filled in, and the envelopes
// of the others, whose indices are among them.
type sealing struct {
	outs      []inbox.Outcome
	indices   []int
	envelopes [][]byte
	err       error
}

// sealed seals the first of the parcels, in a goroutine of its own. The channel yields one sealing.
func (a *attempt) sealed(ctx context.Context, self Identity, doc *did.Document, parcels []inbox.Parcel) <-chan sealing {
	parcels = parcels[:min(len(parcels), maxOnTheWay)]
	done := make(chan sealing, 1)
	go func() {
		s := current(parcels)
		errs := make([]error, len(s.indices))
		sideBySide(len(s.indices), func(k int) {
			s.envelopes[k], errs[k] = a.node.seal(ctx, self, doc, parcels[s.indices[k]].Payload)
		})
		s.err = errors.Join(errs...)
		done <- s
	}()
	return done
}

// current sorts out the parcels that have expired.
func current(parcels []inbox.Parcel) sealing {
	s := sealing{outs: make([]inbox.Outcome, len(parcels))}
	for i, p := range parcels {
		if expired(p, time.Now()) {
			s.outs[i] = tooLate(p)
			continue
		}
		s.indices = append(s.indices, i)
	}
	s.envelopes = make([][]byte, len(s.indices))
	return s
}

// give sends what is sealed. It returns nil once each of these parcels has an outcome.
func (a *attempt) give(ctx context.Context, e route, c inbox.Contact, d Delivery, s sealing) error {
	if len(s.indices) == 0 {
		a.outs = append(a.outs, s.outs...)
		return nil
	}
	d.Envelopes = s.envelopes
	results, err := e.transport.Send(ctx, d)
	return a.take(ctx, c, s.outs, s.indices, results, err)
}

func expired(p inbox.Parcel, now time.Time) bool {
	return !p.Expires.IsZero() && !now.Before(p.Expires)
}

// tooLate is the outcome of a parcel whose time has run out. One that was tried may have arrived all the
// same, and its confirmation got lost.
func tooLate(p inbox.Parcel) inbox.Outcome {
	if p.Attempts > 0 {
		return inbox.Outcome{State: inbox.Expired, Problem: "its time ran out without a confirmation"}
	}
	return inbox.Outcome{State: inbox.Expired, Problem: "its time ran out before it could be delivered"}
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
		if r.Err != nil && !a.final(r.Err) {
			known, err = indices[k], r.Err
			break
		}
		outs[indices[k]] = a.outcome(a.rest()[indices[k]], r)
		confirmed = confirmed || r.Err == nil && r.Reach == Delivered
	}
	a.outs = append(a.outs, outs[:known]...)
	a.progress = a.progress || confirmed
	if confirmed {
		a.node.doubt(a.batch.To, false)
		a.node.confirm(context.WithoutCancel(ctx), c)
	}
	if known == len(outs) {
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
	return resend(p, time.Now())
}

// resend is the outcome of a parcel that was written to a path which cannot answer. It is written again, each
// time after as long as since the first time, and left alone when that was long ago.
func resend(p inbox.Parcel, now time.Time) inbox.Outcome {
	pause := firstResend
	if p.State == inbox.Sent {
		pause = max(pause, now.Sub(p.Updated))
	}
	return inbox.Outcome{State: inbox.Sent, Path: "direct", RetryAt: now.Add(pause), Done: pause > lastResend}
}

// refused is the outcome of a refusal for good.
func refused(err error) inbox.Outcome {
	var r *Refusal
	if errors.As(err, &r) && r.Code == CodeExpired {
		return inbox.Outcome{State: inbox.Expired, Problem: r.Error()}
	}
	return inbox.Outcome{State: inbox.Failed, Problem: reason(err)}
}

// reason is the text of an error for the sender: why, without where it was tried.
func reason(err error) string {
	var d *DeliveryError
	if errors.As(err, &d) {
		err = d.Err
	}
	return err.Error()
}

// fail gives every parcel without an outcome up.
func (a *attempt) fail(err error) {
	for range a.rest() {
		a.outs = append(a.outs, refused(err))
	}
}

// note leaves the reason of a failed attempt at the first parcel without an outcome, and ends those behind it
// whose time has run out.
func (a *attempt) note(now time.Time, err error) {
	rest := a.rest()
	for i, p := range rest {
		out := inbox.Outcome{State: p.State, Path: p.Path, Problem: p.Problem}
		switch {
		case expired(p, now):
			out = tooLate(p)
		case i == 0:
			out.Problem = reason(err)
		}
		a.outs = append(a.outs, out)
	}
}

// next is when the destination is due again after a failed attempt. One that got something through was not in
// vain: the destination was reached, and is due at once, unless the other side asked to wait.
func (a *attempt) next(now time.Time, err error) time.Time {
	var wish time.Duration
	var d *DeliveryError
	if errors.As(err, &d) {
		wish = min(d.After, maxPause)
	}
	switch {
	case a.progress && wish == 0:
		return time.Time{}
	case a.progress:
		return now.Add(wish)
	}
	return now.Add(max(a.node.Retry.After(a.batch.Failures+1), wish))
}

// final reports whether an error of this attempt is for good. That envelopes are not for the recipient is not, where
// its document can change: they may have been sealed to the keys that it had.
func (a *attempt) final(err error) bool {
	var r *Refusal
	if errors.As(err, &r) && r.Code == CodeRecipient && !a.node.offline(a.batch.To.Method()) {
		return false
	}
	return permanent(err)
}

// maxPause is the longest pause that a recipient can ask for.
const maxPause = time.Hour

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
