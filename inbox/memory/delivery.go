package memory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// Claim implements inbox.Outbox.
func (s *Store) Claim(ctx context.Context, now, until time.Time, limit inbox.Limit) (batches []inbox.Batch, err error) {
	if !until.After(now) {
		return nil, errors.New("claim: the lease must end after now")
	}
	limit = limit.Clean()
	err = s.step(ctx, func() error {
		var due []*destination
		for _, d := range s.dests {
			if at, ok := d.due(); ok && !at.After(now) {
				due = append(due, d)
			}
		}
		slices.SortStableFunc(due, func(a, b *destination) int { return cmp.Compare(a.lease, b.lease) })
		for _, d := range due[:min(len(due), limit.Destinations)] {
			batches = append(batches, s.lend(d, now, until, limit))
		}
		return nil
	})
	return batches, err
}

// lend leases one destination that is due.
func (s *Store) lend(d *destination, now, until time.Time, limit inbox.Limit) inbox.Batch {
	s.lease++
	b := inbox.Batch{Owner: d.owner, To: d.to, Failures: d.failures, Lease: s.lease}
	size := 0
	for _, p := range d.unsettled {
		if !p.dueAt(now) {
			continue
		}
		size += len(p.message.payload)
		if len(b.Parcels) == limit.Parcels || len(b.Parcels) > 0 && size > limit.Bytes {
			break
		}
		b.Parcels = append(b.Parcels, p.full())
	}
	d.lease, d.held, d.until, d.next = s.lease, true, until, time.Time{}
	d.handedOut = b.Parcels[len(b.Parcels)-1].Seq
	return b
}

// Settle implements inbox.Outbox.
func (s *Store) Settle(ctx context.Context, b inbox.Batch, outs []inbox.Outcome, now, next time.Time) error {
	if len(outs) > len(b.Parcels) {
		return fmt.Errorf("settle: %d outcomes for %d parcels", len(outs), len(b.Parcels))
	}
	return s.step(ctx, func() error {
		d := s.destination(b.Owner.Canonical(), b.To.Canonical())
		if d == nil || !d.held || d.lease != b.Lease {
			return fmt.Errorf("settle: %w", inbox.ErrLost)
		}
		parcels, err := s.batch(d, b.Parcels[:len(outs)])
		if err != nil {
			return err
		}
		for i, p := range parcels {
			s.record(p, outs[i], now)
		}
		if woken := d.next; !woken.IsZero() && woken.Before(next) {
			next = woken
		}
		d.held, d.next, s.hint = false, next, true
		d.failures++
		if next.IsZero() {
			d.failures = 0
		}
		return nil
	})
}

func (s *Store) batch(d *destination, ps []inbox.Parcel) ([]*parcel, error) {
	parcels := make([]*parcel, len(ps))
	for i, p := range ps {
		if p.Seq < 1 || p.Seq > s.parcelSeq || s.sent[p.Seq-1].dest != d {
			return nil, fmt.Errorf("settle: parcel %d: %w", p.Seq, inbox.ErrNotFound)
		}
		parcels[i] = s.sent[p.Seq-1]
	}
	return parcels, nil
}

func (s *Store) record(p *parcel, out inbox.Outcome, now time.Time) {
	if p.State.Settled() && !p.State.Advances(out.State) {
		return
	}
	s.change(p, out.State, now)
	p.Attempts++
	p.Path, p.Problem, p.retry, p.done = out.Path, out.Problem, out.RetryAt, out.Done
}

// Due implements inbox.Outbox.
func (s *Store) Due(ctx context.Context) (due time.Time, found bool, err error) {
	err = s.step(ctx, func() error {
		for _, d := range s.dests {
			if at, ok := d.due(); ok && (!found || at.Before(due)) {
				due, found = at, true
			}
		}
		return nil
	})
	return due, found, err
}

// Wake implements inbox.Outbox.
func (s *Store) Wake(ctx context.Context, to did.DID, now time.Time) error {
	return s.step(ctx, func() error {
		for _, d := range s.dests {
			if (to.IsZero() || d.to == to.Canonical()) && (d.next.After(now) || d.held && d.next.IsZero()) {
				d.next, s.hint = now, true
			}
		}
		return nil
	})
}
