package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// parcelRow is a row of parcels. retry is when the parcel is due, never if it will not be tried.
type parcelRow struct {
	seq, message, destination, rev int64
	state                          inbox.State
	retry                          int64
	sealed                         []byte

	// What is sealed.
	to                        did.DID
	created, expires, updated time.Time
	attempts                  int
	path, problem             string
}

func (r *parcelRow) binding() binding {
	return bind("parcels", r.seq).ints(r.message, r.destination, r.rev, int64(r.state), r.retry)
}

const parcelColumns = "SELECT seq, message, destination, rev, state, retry, sealed FROM parcels "

func (r *parcelRow) scan() []any {
	return []any{&r.seq, &r.message, &r.destination, &r.rev, &r.state, &r.retry, &r.sealed}
}

func (r *parcelRow) open(v *vault) error {
	d, err := v.open(r.sealed, r.binding(), "parcels", r.seq)
	if err != nil {
		return err
	}
	r.to = d.did()
	r.created, r.expires, r.updated = d.time(), d.time(), d.time()
	r.attempts = int(d.int())
	r.path, r.problem = d.text(), d.text()
	if d.end() != nil {
		return v.damaged("parcels", r.seq)
	}
	return nil
}

func (r *parcelRow) seal(v *vault) {
	var e encoder
	e.did(r.to)
	e.time(r.created)
	e.time(r.expires)
	e.time(r.updated)
	e.int(int64(r.attempts))
	e.text(r.path)
	e.text(r.problem)
	r.sealed = v.seal(e, r.binding())
}

// readRow returns the row of a parcel that satisfies the condition.
func (s session) readRow(condition string, args ...any) (r *parcelRow, found bool, err error) {
	r = new(parcelRow)
	found, err = s.get(parcelColumns+condition, args, r.scan()...)
	if !found || err != nil {
		return nil, false, err
	}
	return r, true, r.open(s.vault)
}

// readParcel returns a parcel whole, or ErrDamaged.
func (s session) readParcel(seq int64) (inbox.Parcel, error) {
	r, found, err := s.readRow("WHERE seq = ?", seq)
	if err != nil {
		return inbox.Parcel{}, err
	}
	if !found {
		return inbox.Parcel{}, fmt.Errorf("parcel %d: %w", seq, inbox.ErrNotFound)
	}
	return s.whole(r)
}

// whole joins the row with its message.
func (s session) whole(r *parcelRow) (inbox.Parcel, error) {
	p, err := s.readMessage(r.message)
	if err != nil {
		return p, err
	}
	return r.fill(p), nil
}

// fill adds what the row says to what the message says.
func (r *parcelRow) fill(p inbox.Parcel) inbox.Parcel {
	p.To, p.Created, p.Expires, p.Updated = r.to, r.created, r.expires, r.updated
	p.Seq, p.Rev, p.State, p.Attempts, p.Path, p.Problem = r.seq, r.rev, r.state, r.attempts, r.path, r.problem
	return p
}

// update writes what changes in a parcel, with the next revision.
func (t *tx) updateParcel(r *parcelRow) error {
	r.rev = t.nextRev()
	r.seal(t.vault)
	return t.exec("UPDATE parcels SET rev = ?, state = ?, retry = ?, sealed = ? WHERE seq = ?",
		r.rev, r.state, r.retry, r.sealed, r.seq)
}

// advance moves the parcel to the state, if that advances it; d is its destination.
func (r *parcelRow) advance(d *destination, to inbox.State, now time.Time) {
	if !r.state.Advances(to) {
		return
	}
	if to.Settled() {
		r.retry = never
		if !r.state.Settled() {
			d.unsettled--
		}
	}
	r.state, r.updated = to, now
}

// parcel is a parcel with what can be computed before the writer's turn.
type parcel struct {
	inbox.Parcel
	name []byte // of its message
}

// parcels prepares what is to be queued, and says about how many bytes that is.
func (s *Store) parcels(ps []inbox.Parcel) (list []parcel, bytes int, err error) {
	for _, p := range ps {
		if p, err = p.Clean(); err != nil {
			return nil, 0, err
		}
		list = append(list, parcel{p, s.messageName(p.Owner, p.MessageID)})
		bytes += len(p.Payload) + 512
	}
	return list, bytes, nil
}

// Enqueue implements inbox.Outbox.
func (s *Store) Enqueue(ctx context.Context, ps ...inbox.Parcel) ([]inbox.Parcel, error) {
	list, bytes, err := s.parcels(ps)
	if err != nil {
		return nil, err
	}
	if err := s.do(ctx, bytes, func(t *tx) error { return t.enqueue(list) }); err != nil {
		return nil, err
	}
	kept := make([]inbox.Parcel, len(list))
	for i, p := range list {
		kept[i] = p.Parcel
	}
	return kept, nil
}

func (t *tx) enqueue(ps []parcel) error {
	touched := make(map[[2]did.DID]*destination)
	for i := range ps {
		p := &ps[i]
		d := touched[[2]did.DID{p.Owner, p.To}]
		if d == nil {
			var found bool
			var err error
			if d, found, err = t.destination(p.Owner, p.To); err == nil && !found {
				d, err = t.addDestination(p.Owner, p.To)
			}
			if err != nil {
				return err
			}
			touched[[2]did.DID{p.Owner, p.To}] = d
		}
		if err := t.queue(p, d); err != nil {
			return err
		}
	}
	for _, d := range touched {
		var err error
		if d.queued {
			err = t.saveDue(d, atOnce)
		} else {
			err = t.save(d)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// queue adds one parcel to its destination, unless it is there, and makes p what is kept.
func (t *tx) queue(p *parcel, d *destination) error {
	message, fresh, err := t.addMessage(p)
	if err != nil {
		return err
	}
	if !fresh { // a message that is new has no parcels
		old, found, err := t.readRow("WHERE message = ? AND destination = ?", message, d.id)
		if errors.Is(err, inbox.ErrDamaged) {
			return nil // what is left of it is as good as what we were given
		}
		if found {
			p.Parcel = old.fill(p.Parcel)
		}
		if found || err != nil {
			return err
		}
	}
	if d.unsettled++; d.unsettled > inbox.MaxQueued {
		return fmt.Errorf("enqueue: %w", inbox.ErrFull)
	}
	seq, err := t.nextSeq("parcels")
	if err != nil {
		return err
	}
	r := parcelRow{
		seq: seq, message: message, destination: d.id, rev: t.nextRev(), state: inbox.Queued, retry: atOnce,
		to: p.To, created: p.Created, expires: p.Expires, updated: p.Updated,
	}
	r.seal(t.vault)
	d.queued = true
	p.Parcel = r.fill(p.Parcel)
	return t.exec("INSERT INTO parcels (seq, message, destination, rev, state, retry, sealed) VALUES (?, ?, ?, ?, ?, ?, ?)",
		r.seq, r.message, r.destination, r.rev, r.state, r.retry, r.sealed)
}

// Advance implements inbox.Outbox. A damaged parcel is passed over.
func (s *Store) Advance(ctx context.Context, owner, to did.DID, ids []string, state inbox.State, now time.Time) (n int, err error) {
	owner, to = owner.Canonical(), to.Canonical()
	err = s.do(ctx, 0, func(t *tx) error {
		d, found, err := t.destination(owner, to)
		if !found || err != nil {
			return err
		}
		for _, id := range ids {
			moved, err := t.advance(d, t.messageName(owner, id), state, now)
			if err != nil {
				return err
			}
			n += moved
		}
		if n == 0 {
			return nil
		}
		return t.save(d)
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (t *tx) advance(d *destination, message []byte, state inbox.State, now time.Time) (int, error) {
	id, err := t.messageID(message)
	if id == 0 || err != nil {
		return 0, err
	}
	r, found, err := t.readRow("WHERE message = ? AND destination = ?", id, d.id)
	if errors.Is(err, inbox.ErrDamaged) {
		return 0, nil
	}
	if !found || err != nil || !r.state.Advances(state) {
		return 0, err
	}
	r.advance(d, state, utc(now))
	r.problem = ""
	return 1, t.updateParcel(r)
}

// Cancel implements inbox.Outbox. A damaged parcel is passed over.
func (s *Store) Cancel(ctx context.Context, owner did.DID, messageID string, now time.Time) (n int, err error) {
	name := s.messageName(owner.Canonical(), messageID)
	err = s.do(ctx, 0, func(t *tx) error {
		id, err := t.messageID(name)
		if err != nil {
			return err
		}
		if id == 0 {
			return fmt.Errorf("no such message was queued: %w", inbox.ErrNotFound)
		}
		seqs, err := t.numbers("SELECT seq FROM parcels WHERE message = ? AND state = 1 ORDER BY seq", id)
		if err != nil {
			return err
		}
		for _, seq := range seqs {
			cancelled, err := t.cancel(seq, now)
			if err != nil {
				return err
			}
			n += cancelled
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (t *tx) cancel(seq int64, now time.Time) (int, error) {
	r, _, err := t.readRow("WHERE seq = ?", seq)
	var d *destination
	if err == nil {
		d, err = t.destinationAt(r.destination)
	}
	if errors.Is(err, inbox.ErrDamaged) {
		return 0, nil
	}
	if err != nil || d.leased(seq, micros(now)) {
		return 0, err
	}
	r.advance(d, inbox.Failed, utc(now))
	r.problem = "cancelled"
	if err := t.updateParcel(r); err != nil {
		return 0, err
	}
	return 1, t.save(d)
}

func utc(t time.Time) time.Time { return t.Round(0).UTC() }
