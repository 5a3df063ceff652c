package memory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

type messageID struct {
	owner did.DID
	id    string
}

// message is what the parcels of one message share.
type message struct {
	kind, thread string
	payload      []byte
	parcels      []*parcel
}

// parcel is a parcel without its payload, and when to try it.
type parcel struct {
	inbox.Parcel
	message *message
	dest    *destination
	retry   time.Time
	done    bool
}

func (p *parcel) active() bool { return !p.State.Settled() && !p.done }

func (p *parcel) dueAt(now time.Time) bool { return p.active() && !p.retry.After(now) }

// full returns the parcel as it is given out.
func (p *parcel) full() inbox.Parcel {
	c := p.Parcel
	c.Type, c.ThreadID, c.Payload = p.message.kind, p.message.thread, slices.Clone(p.message.payload)
	return c
}

// destination is where an owner's parcels to one recipient queue up.
type destination struct {
	owner, to did.DID
	unsettled []*parcel // by Seq
	failures  int
	next      time.Time // not before, because of failures; of one under a lease, when it was woken, else zero
	lease     int64     // the newest token
	held      bool      // nobody has settled the lease
	until     time.Time
	handedOut int64 // the largest Seq under the lease
}

// leased reports whether somebody holds the destination at now.
func (d *destination) leased(now time.Time) bool { return d.held && d.until.After(now) }

// due returns when Claim would find something here.
func (d *destination) due() (time.Time, bool) {
	var due time.Time
	found := false
	for _, p := range d.unsettled {
		if p.active() && (!found || p.retry.Before(due)) {
			due, found = p.retry, true
		}
	}
	if d.next.After(due) {
		due = d.next
	}
	if d.held && d.until.After(due) {
		due = d.until
	}
	return due, found
}

func (s *Store) destination(owner, to did.DID) *destination {
	for _, d := range s.dests {
		if d.owner == owner && d.to == to {
			return d
		}
	}
	return nil
}

// Enqueue implements inbox.Outbox.
func (s *Store) Enqueue(ctx context.Context, ps ...inbox.Parcel) (kept []inbox.Parcel, err error) {
	err = s.step(ctx, func() error {
		if err := s.enqueue(ps); err != nil {
			return err
		}
		for _, p := range ps {
			kept = append(kept, s.parcel(messageID{p.Owner.Canonical(), p.MessageID}, p.To.Canonical()).full())
		}
		return nil
	})
	return kept, err
}

// enqueue queues all of ps or, when it returns an error, none.
func (s *Store) enqueue(ps []inbox.Parcel) error {
	fresh, err := s.sift(ps)
	if err != nil {
		return err
	}
	for _, p := range fresh {
		s.add(p)
	}
	return nil
}

// sift returns the parcels that are not queued yet, or why they cannot all be.
func (s *Store) sift(ps []inbox.Parcel) ([]inbox.Parcel, error) {
	type address struct{ owner, to did.DID }
	type parcelID struct {
		messageID
		to did.DID
	}
	var fresh []inbox.Parcel
	seen := make(map[parcelID]bool)
	payloads := make(map[messageID][]byte)
	added := make(map[address]int)
	for _, p := range ps {
		p, err := p.Clean()
		if err != nil {
			return nil, err
		}
		id := messageID{p.Owner, p.MessageID}
		if m := s.messages[id]; m != nil {
			payloads[id] = m.payload
		}
		if payload, ok := payloads[id]; ok && !bytes.Equal(payload, p.Payload) {
			return nil, fmt.Errorf("enqueue %q: %w", p.MessageID, inbox.ErrConflict)
		}
		payloads[id] = p.Payload
		if s.parcel(id, p.To) != nil || seen[parcelID{id, p.To}] {
			continue
		}
		seen[parcelID{id, p.To}] = true
		fresh = append(fresh, p)
		added[address{p.Owner, p.To}]++
	}
	for a, n := range added {
		if d := s.destination(a.owner, a.to); d != nil {
			n += len(d.unsettled)
		}
		if n > inbox.MaxQueued {
			return nil, fmt.Errorf("enqueue: %w", inbox.ErrFull)
		}
	}
	return fresh, nil
}

func (s *Store) add(p inbox.Parcel) {
	id := messageID{p.Owner, p.MessageID}
	m := s.messages[id]
	if m == nil {
		m = &message{kind: p.Type, thread: p.ThreadID, payload: slices.Clone(p.Payload)}
		s.messages[id] = m
	}
	d := s.destination(p.Owner, p.To)
	if d == nil {
		d = &destination{owner: p.Owner, to: p.To}
		s.dests = append(s.dests, d)
	}
	s.parcelSeq++
	p.Seq, p.Rev, p.Payload = s.parcelSeq, s.nextRev(), nil
	q := &parcel{Parcel: p, message: m, dest: d}
	m.parcels = append(m.parcels, q)
	d.unsettled = append(d.unsettled, q)
	s.sent = append(s.sent, q)
}

func (s *Store) parcel(id messageID, to did.DID) *parcel {
	m := s.messages[id]
	if m == nil {
		return nil
	}
	for _, p := range m.parcels {
		if p.To == to {
			return p
		}
	}
	return nil
}

// change moves the parcel to the state, if that advances it, and gives it the next revision.
func (s *Store) change(p *parcel, to inbox.State, now time.Time) {
	p.Rev = s.nextRev()
	if !p.State.Advances(to) {
		return
	}
	p.State, p.Updated = to, now.Round(0).UTC()
	if to.Settled() {
		p.dest.unsettled = slices.DeleteFunc(p.dest.unsettled, func(q *parcel) bool { return q == p })
	}
}

// Advance implements inbox.Outbox.
func (s *Store) Advance(ctx context.Context, owner, to did.DID, ids []string, state inbox.State, now time.Time) (n int, err error) {
	err = s.step(ctx, func() error {
		for _, id := range ids {
			p := s.parcel(messageID{owner.Canonical(), id}, to.Canonical())
			if p == nil || !p.State.Advances(state) {
				continue
			}
			p.Problem = ""
			s.change(p, state, now)
			n++
		}
		return nil
	})
	return n, err
}

// errNoMessage is returned for a message that was never queued.
var errNoMessage = errors.New("no such message was queued")

// Cancel implements inbox.Outbox.
func (s *Store) Cancel(ctx context.Context, owner did.DID, id string, now time.Time) (n int, err error) {
	err = s.step(ctx, func() error {
		m := s.messages[messageID{owner.Canonical(), id}]
		if m == nil {
			return fmt.Errorf("%w: %w", errNoMessage, inbox.ErrNotFound)
		}
		for _, p := range m.parcels {
			if p.State != inbox.Queued || p.dest.leased(now) && p.Seq <= p.dest.handedOut {
				continue
			}
			p.Problem = "cancelled"
			s.change(p, inbox.Failed, now)
			n++
		}
		return nil
	})
	return n, err
}

// Sent implements inbox.Outbox.
func (s *Store) Sent(ctx context.Context, q inbox.SentQuery) (list []inbox.Parcel, err error) {
	q = q.Clean()
	err = s.step(ctx, func() error {
		var found []*parcel
		for _, p := range s.sent {
			if selectsSent(q, p) {
				found = append(found, p)
			}
		}
		order(found, q.BySeq, q.Newest, func(p *parcel) (seq, rev int64) { return p.Seq, p.Rev })
		size := 0
		for _, p := range found[:min(len(found), q.Limit)] {
			if size += len(p.message.payload); size > inbox.MaxResult && len(list) > 0 {
				break
			}
			list = append(list, p.full())
		}
		return nil
	})
	return list, err
}

func selectsSent(q inbox.SentQuery, p *parcel) bool {
	return (q.Owner.IsZero() || q.Owner == p.Owner) &&
		(q.To.IsZero() || q.To == p.To) &&
		(q.MessageID == "" || q.MessageID == p.MessageID) &&
		(q.ThreadID == "" || q.ThreadID == p.message.thread) &&
		(len(q.States) == 0 || slices.Contains(q.States, p.State)) &&
		p.Rev > q.AfterRev && p.Seq > q.AfterSeq &&
		(q.Match == nil || q.Match(p.message.payload))
}
