package messaging

import (
	"context"
	"errors"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

const (
	handlersAtOnce = 8
	handlePage     = 64
)

// handleLoop offers what has arrived to the handler: several senders side by side, each sender's messages one
// after the other in the order of arrival. A sender whose message fails, or for whom the store fails, waits
// without holding up the others.
func (n *Node) handleLoop(ctx context.Context) error {
	d := &dispatcher{node: n, lanes: map[did.DID]*lane{}, done: make(chan *lane)}
	defer func() {
		for ; d.running > 0; d.running-- {
			<-d.done
		}
	}()
	hint := n.Store.Watch(ctx)
	for {
		err := d.scan(ctx)
		if err == nil {
			d.start(ctx)
			err = d.wait(ctx, hint)
		} else {
			err = n.rest(ctx, "looking for what has arrived", hint, time.Time{}, err)
		}
		if err != nil {
			return err
		}
	}
}

// dispatcher knows which senders have something pending. It belongs to the goroutine of handleLoop.
type dispatcher struct {
	node    *Node
	lanes   map[did.DID]*lane // senders who may have something pending
	after   int64             // entries up to this one have been seen
	running int
	done    chan *lane

	watching bool // the contacts with offers are on the node's watchlist
}

// lane is one sender's queue.
type lane struct {
	sender         did.DID
	running, again bool      // again: something came while it was running
	until          time.Time // paused until then

	retry time.Time // written by the handling goroutine before it is done
	err   error
}

// scan finds the senders of what has arrived, or was released, since the last time.
func (d *dispatcher) scan(ctx context.Context) error {
	if !d.watching {
		if err := d.node.watch.load(ctx, d.node.Store); err != nil {
			return err
		}
		d.watching = true
	}
	ids, err := d.node.watch.moved(ctx, d.node.Store)
	for _, id := range ids {
		d.lane(id).again = true
	}
	if err != nil {
		return err
	}
	for {
		page, err := d.node.Store.List(ctx, inbox.Query{
			Dispositions: []inbox.Disposition{inbox.Pending}, AfterSeq: d.after, BySeq: true, Limit: handlePage,
		})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, e := range page {
			if d.after = e.Seq; e.From.IsZero() {
				continue // Accept takes nothing from nobody
			}
			d.lane(e.From).again = true
		}
	}
}

// lane returns the lane of a sender.
func (d *dispatcher) lane(sender did.DID) *lane {
	l := d.lanes[sender]
	if l == nil {
		l = &lane{sender: sender}
		d.lanes[sender] = l
	}
	return l
}

// start handles as many senders as there are places.
func (d *dispatcher) start(ctx context.Context) {
	for _, l := range d.lanes {
		if d.running == handlersAtOnce {
			return
		}
		if l.running || time.Now().Before(l.until) {
			continue
		}
		l.running, l.again = true, false
		d.running++
		go func() {
			l.retry, l.err = d.node.handleSender(ctx, l.sender)
			d.done <- l
		}()
	}
}

// wait blocks until something has arrived, a place is free again, or a pause is over. The error ends the loop.
func (d *dispatcher) wait(ctx context.Context, hint <-chan struct{}) error {
	var alarm <-chan time.Time
	if next := d.next(); !next.IsZero() {
		t := time.NewTimer(time.Until(next))
		defer t.Stop()
		alarm = t.C
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case l := <-d.done:
		return d.finish(l)
	case <-hint:
	case <-d.node.watch.rings():
	case <-alarm:
	}
	return nil
}

// finish takes note of how handling a sender's messages ended. The error ends the loop.
func (d *dispatcher) finish(l *lane) error {
	l.running = false
	d.running--
	switch {
	case errors.Is(l.err, inbox.ErrClosed):
		return l.err
	case l.err != nil:
		d.node.log().Error("handling what has arrived failed; trying again", "err", l.err)
		l.until = time.Now().Add(storePause)
	case !l.retry.IsZero():
		l.until = l.retry
	case !l.again:
		delete(d.lanes, l.sender)
	}
	return nil
}

// next returns when the first pause ends, if there is a place then: zero if none does.
func (d *dispatcher) next() (next time.Time) {
	if d.running == handlersAtOnce {
		return next
	}
	for _, l := range d.lanes {
		if !l.running && (next.IsZero() || l.until.Before(next)) {
			next = l.until
		}
	}
	return next
}
