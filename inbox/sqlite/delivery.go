package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// Claim implements inbox.Outbox. What turns out to be damaged is put aside, so that it is not found
// due again and again.
func (s *Store) Claim(ctx context.Context, now, until time.Time, limit inbox.Limit) (batches []inbox.Batch, err error) {
	if !until.After(now) {
		return nil, errors.New("claim: the lease must end after now")
	}
	limit = limit.Clean()
	err = s.doVolatile(ctx, func(t *tx) error { // Open ends all leases
		ids, err := t.numbers("SELECT id FROM destinations WHERE due <= ? ORDER BY lease, id", micros(now))
		if err != nil {
			return err
		}
		for _, id := range ids {
			if len(batches) == limit.Destinations {
				break
			}
			b, err := t.lend(id, micros(now), micros(until), limit)
			if err != nil {
				return err
			}
			if len(b.Parcels) > 0 {
				batches = append(batches, b)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return batches, nil
}

// lend leases one destination that is due, unless all that is due in it is damaged.
func (t *tx) lend(id, now, until int64, limit inbox.Limit) (inbox.Batch, error) {
	d, err := t.destinationAt(id)
	if errors.Is(err, inbox.ErrDamaged) {
		return inbox.Batch{}, t.putAside(id)
	}
	if err != nil || d.due > now {
		return inbox.Batch{}, err
	}
	b := inbox.Batch{Owner: d.owner, To: d.to, Failures: int(d.failures)}
	if b.Parcels, err = t.take(d, now, limit); err != nil {
		return b, err
	}
	if len(b.Parcels) > 0 {
		t.lease++
		d.lease, d.until, d.next, d.handed = t.lease, until, atOnce, b.Parcels[len(b.Parcels)-1].Seq
		b.Lease = d.lease
	}
	return b, t.save(d)
}

// take returns the first parcels that are due.
func (t *tx) take(d *destination, now int64, limit inbox.Limit) (ps []inbox.Parcel, err error) {
	bytes := 0
	for last := int64(0); len(ps) < limit.Parcels; {
		rows, err := t.due(d.id, last, now, limit.Parcels)
		if err != nil || len(rows) == 0 {
			return ps, err
		}
		for _, r := range rows {
			last = r.seq
			p, ok, err := t.takeOne(d, r)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			bytes += len(p.Payload)
			if len(ps) > 0 && bytes > limit.Bytes || len(ps) == limit.Parcels {
				return ps, nil
			}
			ps = append(ps, p)
		}
	}
	return ps, nil
}

// dueParcels must not be answered from parcels_destination, where all that is settled stands as well.
const dueParcels = parcelColumns + `INDEXED BY parcels_queue
	WHERE destination = ? AND seq > ? AND retry <= ? AND retry < 9223372036854775807 ORDER BY seq LIMIT ?`

// due returns rows of parcels behind the one with the seq, not opened.
func (t *tx) due(destination, after, now int64, limit int) (rows []*parcelRow, err error) {
	err = t.each(dueParcels, []any{destination, after, now, limit},
		func(found *sql.Rows) error {
			r := new(parcelRow)
			rows = append(rows, r)
			return found.Scan(r.scan()...)
		})
	return rows, err
}

// takeOne opens a parcel; false if it is damaged and was put aside.
func (t *tx) takeOne(d *destination, r *parcelRow) (inbox.Parcel, bool, error) {
	if r.open(t.vault) != nil {
		return inbox.Parcel{}, false, t.exec("UPDATE parcels SET retry = ? WHERE seq = ?", int64(never), r.seq)
	}
	p, err := t.whole(r)
	if errors.Is(err, inbox.ErrDamaged) {
		r.advance(d, inbox.Failed, r.updated)
		r.problem = "the stored message is damaged"
		return p, false, t.updateParcel(r)
	}
	return p, err == nil, err
}

// Settle implements inbox.Outbox.
func (s *Store) Settle(ctx context.Context, b inbox.Batch, outs []inbox.Outcome, now, next time.Time) error {
	if len(outs) > len(b.Parcels) {
		return fmt.Errorf("settle: %d outcomes for %d parcels", len(outs), len(b.Parcels))
	}
	return s.do(ctx, 0, func(t *tx) error {
		d, found, err := t.destination(b.Owner.Canonical(), b.To.Canonical())
		if err != nil {
			return err
		}
		if !found || d.until == atOnce || d.lease != b.Lease {
			return fmt.Errorf("settle: %w", inbox.ErrLost)
		}
		for i, out := range outs {
			if err := t.record(d, b.Parcels[i].Seq, out, utc(now)); err != nil {
				return err
			}
		}
		woken := d.next
		d.until, d.next = atOnce, micros(next)
		if woken != atOnce {
			d.next = min(d.next, woken)
		}
		d.failures++
		if next.IsZero() {
			d.failures = 0
		}
		t.hinted = true
		return t.save(d)
	})
}

func (t *tx) record(d *destination, seq int64, out inbox.Outcome, now time.Time) error {
	r, found, err := t.readRow("WHERE seq = ? AND destination = ?", seq, d.id)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("settle: parcel %d: %w", seq, inbox.ErrNotFound)
	}
	if r.state.Settled() && !r.state.Advances(out.State) {
		return nil
	}
	r.advance(d, out.State, now)
	r.attempts++
	r.path, r.problem = out.Path, out.Problem
	switch {
	case r.state.Settled() || out.Done:
		r.retry = never
	default:
		r.retry = micros(out.RetryAt)
	}
	return t.updateParcel(r)
}

// Due implements inbox.Outbox.
func (s *Store) Due(ctx context.Context) (due time.Time, found bool, err error) {
	err = s.look(ctx, func(r session) error {
		var at int64
		found, err = r.get("SELECT due FROM destinations WHERE due < ? ORDER BY due LIMIT 1", []any{int64(never)}, &at)
		due = fromMicros(at)
		return err
	})
	return due, found && err == nil, err
}

// wakeable are the destinations that a Wake changes: those put off, and those under a lease that it finds first.
const wakeable = "SELECT id FROM destinations WHERE (next > ? OR next = 0 AND until > 0)"

// Wake implements inbox.Outbox.
func (s *Store) Wake(ctx context.Context, to did.DID, now time.Time) error {
	query, args := wakeable, []any{micros(now)}
	if !to.IsZero() {
		query, args = query+" AND recipient = ?", append(args, s.hash(destRecipient, to.Canonical().String()))
	}
	// Mostly there is nothing to be done, and then the writer is not kept from other things.
	var put bool
	err := s.look(ctx, func(r session) error {
		ids, err := r.numbers(query, args...)
		put = len(ids) > 0
		return err
	})
	if err != nil || !put {
		return err
	}
	return s.doVolatile(ctx, func(t *tx) error { // a node wakes all when it starts
		ids, err := t.numbers(query, args...)
		if err != nil {
			return err
		}
		for _, id := range ids {
			d, err := t.destinationAt(id)
			if errors.Is(err, inbox.ErrDamaged) {
				continue
			}
			if err != nil {
				return err
			}
			d.next, t.hinted = micros(now), true
			if err := t.save(d); err != nil {
				return err
			}
		}
		return nil
	})
}
