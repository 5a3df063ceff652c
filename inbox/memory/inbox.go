package memory

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// arrivalID is what a message is known by: id for a sender who is known, hash for one who is not.
type arrivalID struct {
	owner, from did.DID
	id          string
	hash        [sha256.Size]byte
}

type arrival struct {
	hash [sha256.Size]byte
	seq  int64
}

func identify(e inbox.Entry) (arrivalID, [sha256.Size]byte) {
	hash := sha256.Sum256(e.Payload)
	if e.From.IsZero() {
		return arrivalID{owner: e.Owner, hash: hash}, hash
	}
	return arrivalID{owner: e.Owner, from: e.From, id: e.MessageID}, hash
}

// Put implements inbox.Inbox.
func (s *Store) Put(ctx context.Context, as ...inbox.Arrival) ([]inbox.PutResult, error) {
	clean := make([]inbox.Arrival, len(as))
	for i, a := range as {
		var err error
		if clean[i], err = a.Clean(); err != nil {
			return nil, err
		}
	}
	results := make([]inbox.PutResult, 0, len(as))
	err := s.step(ctx, func() error {
		for _, a := range clean {
			results = append(results, s.put(a))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

func (s *Store) put(a inbox.Arrival) inbox.PutResult {
	s.trust(&a)
	id, hash := identify(a.Entry)
	if old, ok := s.arrived[id]; ok {
		if !s.superseded(a, old, hash) {
			return s.again(a, old, hash)
		}
		s.discard(func(e *inbox.Entry) bool { return e.Seq == old.seq })
	}
	if a.Disposition == inbox.Withheld {
		if !s.room(a.Entry) {
			return inbox.PutResult{Status: inbox.NoRoom}
		}
		a.Claim = nil
	}
	name, ok := s.claim(a.Claim)
	if !ok {
		return inbox.PutResult{Status: inbox.InvitationUsed}
	}
	s.seq++
	e := a.Entry
	if e.Disposition == inbox.Kept && s.pending(e.From) {
		e.Disposition = inbox.Pending
	}
	e.Seq, e.Rev, e.Payload = s.seq, s.nextRev(), slices.Clone(e.Payload)
	s.entries = append(s.entries, &e)
	s.arrived[id] = arrival{hash, e.Seq}
	s.learn(a.Long)
	if e.Disposition == inbox.Withheld {
		s.sets[e.Seq] = a.Withhold
		return inbox.PutResult{Status: inbox.KeptBack, Seq: e.Seq}
	}
	return inbox.PutResult{Status: inbox.Added, Seq: e.Seq, Contact: name}
}

// superseded reports whether a withheld message has taken the name of one that is not: that is no conflict.
func (s *Store) superseded(a inbox.Arrival, old arrival, hash [sha256.Size]byte) bool {
	e := s.entry(a.Owner, old.seq)
	return old.hash != hash && e != nil && e.Disposition == inbox.Withheld && a.Disposition != inbox.Withheld
}

// again says what becomes of the arrival of a message that had arrived before, with a payload of the hash.
func (s *Store) again(a inbox.Arrival, old arrival, hash [sha256.Size]byte) inbox.PutResult {
	e := s.entry(a.Owner, old.seq)
	switch {
	case old.hash != hash:
		return inbox.PutResult{Status: inbox.Conflict}
	case e == nil:
		return inbox.PutResult{Status: inbox.Duplicate}
	case e.Disposition != inbox.Withheld:
		return inbox.PutResult{Status: inbox.Duplicate, Seq: old.seq}
	case a.Disposition == inbox.Withheld:
		return inbox.PutResult{Status: inbox.KeptBack, Seq: old.seq}
	}
	s.prove(e, a.Entry)
	return inbox.PutResult{Status: inbox.Added, Seq: old.seq, Proven: true}
}

// pending reports whether an entry of the sender is.
func (s *Store) pending(sender did.DID) bool {
	return slices.ContainsFunc(s.entries, func(e *inbox.Entry) bool { return e.From == sender && e.Disposition == inbox.Pending })
}

// claim uses up an invitation and returns the name of the contact that it makes; false if the
// invitation was used up before.
func (s *Store) claim(c *inbox.Claim) (string, bool) {
	if c == nil {
		return "", true
	}
	_, known := s.contacts[c.Contact.DID]
	if by, used := s.claims[c.Invitation]; used && !c.Multi && (by != c.Contact.DID || !known) {
		return "", false
	}
	if !c.Multi {
		s.claims[c.Invitation] = c.Contact.DID
	}
	if known {
		return "", true
	}
	contact := c.Contact
	contact.Name, _ = inbox.FreeName(contact.Name, func(name string) (bool, error) { return s.named(name), nil })
	s.contacts[contact.DID] = contact
	return contact.Name, true
}

// List implements inbox.Inbox.
func (s *Store) List(ctx context.Context, q inbox.Query) (list []inbox.Entry, err error) {
	q, err = q.Clean()
	if err != nil {
		return nil, err
	}
	err = s.step(ctx, func() error {
		var found []*inbox.Entry
		for _, e := range s.entries {
			if selects(q, e) {
				found = append(found, e)
			}
		}
		order(found, q.BySeq, q.Newest, func(e *inbox.Entry) (seq, rev int64) { return e.Seq, e.Rev })
		size := 0
		for _, e := range found[:min(len(found), q.Limit)] {
			if size += len(e.Payload); size > inbox.MaxResult && len(list) > 0 {
				break
			}
			c := *e
			c.Payload = slices.Clone(e.Payload)
			list = append(list, c)
		}
		return nil
	})
	return list, err
}

func selects(q inbox.Query, e *inbox.Entry) bool {
	return (q.Owner.IsZero() || q.Owner == e.Owner) &&
		(q.From.IsZero() || q.From == e.From) &&
		(q.MessageID == "" || q.MessageID == e.MessageID) &&
		(q.ThreadID == "" || q.ThreadID == e.ThreadID) &&
		(len(q.Dispositions) == 0 && e.Disposition != inbox.Withheld || slices.Contains(q.Dispositions, e.Disposition)) &&
		(len(q.Seqs) == 0 || slices.Contains(q.Seqs, e.Seq)) &&
		(!q.Unacked || !e.Acked) &&
		e.Rev > q.AfterRev && e.Seq > q.AfterSeq &&
		(q.Match == nil || q.Match(e.Payload))
}

// order sorts rows as a query wants them.
func order[T any](rows []T, bySeq, newest bool, of func(T) (seq, rev int64)) {
	slices.SortFunc(rows, func(a, b T) int {
		if newest {
			a, b = b, a
		}
		aSeq, aRev := of(a)
		bSeq, bRev := of(b)
		if bySeq {
			return cmp.Compare(aSeq, bSeq)
		}
		return cmp.Compare(aRev, bRev)
	})
}

// Handled implements inbox.Inbox.
func (s *Store) Handled(ctx context.Context, owner did.DID, seq int64, d inbox.Disposition, replies ...inbox.Parcel) error {
	if d <= inbox.Pending || d > inbox.Rejected {
		return fmt.Errorf("handled: %v does not settle an entry", d)
	}
	return s.step(ctx, func() error {
		e := s.entry(owner.Canonical(), seq)
		if e == nil {
			return fmt.Errorf("entry %d: %w", seq, inbox.ErrNotFound)
		}
		if e.Disposition != inbox.Pending {
			return nil
		}
		if err := s.enqueue(replies); err != nil {
			return err
		}
		e.Disposition, e.Rev = d, s.nextRev()
		return nil
	})
}

// Mark implements inbox.Inbox.
func (s *Store) Mark(ctx context.Context, owner did.DID, m inbox.Mark, seqs []int64, receipts ...inbox.Parcel) error {
	if m != inbox.MarkShown && m != inbox.MarkAcked {
		return fmt.Errorf("mark: no such mark: %d", m)
	}
	return s.step(ctx, func() error {
		if err := s.enqueue(receipts); err != nil {
			return err
		}
		for _, seq := range seqs {
			e := s.entry(owner.Canonical(), seq)
			if e == nil || e.Disposition == inbox.Withheld || e.Shown && (e.Acked || m == inbox.MarkShown) {
				continue
			}
			e.Shown, e.Acked, e.Rev = true, e.Acked || m == inbox.MarkAcked, s.nextRev()
		}
		return nil
	})
}

// Delete implements inbox.Inbox.
func (s *Store) Delete(ctx context.Context, owner did.DID, seqs ...int64) error {
	return s.step(ctx, func() error {
		s.discard(func(e *inbox.Entry) bool { return e.Owner == owner.Canonical() && slices.Contains(seqs, e.Seq) })
		return nil
	})
}

// discard deletes the entries that are selected.
func (s *Store) discard(selected func(e *inbox.Entry) bool) {
	s.entries = slices.DeleteFunc(s.entries, func(e *inbox.Entry) bool {
		gone := selected(e)
		if gone {
			delete(s.sets, e.Seq)
			s.hint = true
		}
		return gone
	})
}

func (s *Store) entry(owner did.DID, seq int64) *inbox.Entry {
	i, ok := slices.BinarySearchFunc(s.entries, seq, func(e *inbox.Entry, seq int64) int { return cmp.Compare(e.Seq, seq) })
	if !ok || s.entries[i].Owner != owner {
		return nil
	}
	return s.entries[i]
}
