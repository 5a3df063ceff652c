package wallet

import (
	"context"
	"strings"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

const (
	// tidyEvery is how often housekeeping is cleared away; commands that end sooner leave it to others.
	tidyEvery = 10 * time.Second
	// tidyAge is how long what was sent as housekeeping stays once it is settled, for whoever waits for it.
	tidyAge = 10 * time.Minute
)

// tidy is how far housekeeping has been cleared away, by revision, and when there is next something that was sent.
type tidy struct {
	received, sent int64
	next           time.Time
}

// tidyLoop clears housekeeping away until ctx ends: pings, receipts, profiles and their like that a protocol has
// dealt with. Nobody sees it, and a contact could fill the disk with it. That it had arrived stays known. Trouble
// with the store is for others to report: what is not cleared now is cleared later.
func (w *Wallet) tidyLoop(ctx context.Context) {
	var t tidy
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for more := true; more; {
			var err error
			if more, err = w.tidyUp(ctx, &t, now()); err != nil && ctx.Err() == nil {
				w.log.Debug("clearing housekeeping away failed", "err", err)
			}
		}
	}
}

// tidyUp clears a page of what was received and one of what was sent away, and reports whether there may be more.
func (w *Wallet) tidyUp(ctx context.Context, t *tidy, now time.Time) (more bool, err error) {
	stats, err := w.store.Stats(ctx)
	if err != nil {
		return false, err
	}
	received, err := w.tidyReceived(ctx, t, stats.Rev)
	if err != nil {
		return false, err
	}
	sent, err := w.tidySent(ctx, t, stats.Rev, now)
	return (received || sent) && err == nil, err
}

// tidyReceived deletes a page of what has been dealt with. newest is the newest revision before.
func (w *Wallet) tidyReceived(ctx context.Context, t *tidy, newest int64) (more bool, err error) {
	es, err := w.store.List(ctx, inbox.Query{
		Dispositions: []inbox.Disposition{inbox.Consumed}, AfterRev: t.received, Limit: inbox.MaxSeqs,
	})
	if err != nil {
		return false, err
	}
	if len(es) == 0 {
		t.received = max(t.received, newest) // what comes later to be dealt with has a later revision
		return false, nil
	}
	done := byOwner{}
	for _, e := range es {
		t.received = e.Rev
		if isHousekeeping(e.Type) {
			done[e.Owner] = append(done[e.Owner], e.Seq)
		}
	}
	return true, done.each(func(owner did.DID, seqs []int64) error { return w.store.Delete(ctx, owner, seqs...) })
}

// tidySent forgets a page of settled housekeeping. Introductions stay: they tell which invitations were tried.
func (w *Wallet) tidySent(ctx context.Context, t *tidy, newest int64, now time.Time) (more bool, err error) {
	if now.Before(t.next) && t.next.Sub(now) <= tidyAge { // a clock that went back does not stop it
		return false, nil
	}
	ps, err := w.store.Sent(ctx, inbox.SentQuery{
		States:   []inbox.State{inbox.Delivered, inbox.Read, inbox.Failed, inbox.Expired},
		AfterRev: t.sent, Match: housekeepingPayload, Limit: inbox.MaxSeqs,
	})
	if err != nil {
		return false, err
	}
	if len(ps) == 0 {
		t.sent = max(t.sent, newest)
		return false, nil
	}
	done := byOwner{}
	for _, p := range ps {
		if young := now.Sub(p.Updated); young < tidyAge && young > -tidyAge {
			t.next = p.Updated.Add(tidyAge) // those behind it changed later
			break
		}
		t.sent = p.Rev
		if !strings.HasPrefix(p.MessageID, introductionPrefix) {
			done[p.Owner] = append(done[p.Owner], p.Seq)
		}
	}
	return len(done) > 0, done.each(func(owner did.DID, seqs []int64) error { return w.store.Forget(ctx, owner, seqs...) })
}
