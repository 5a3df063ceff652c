package sqlite

import (
	"context"
	"errors"

	"github.com/parley-im/parley/inbox"
)

// Sent implements inbox.Outbox. Damaged parcels are passed over, and reported to the log.
func (s *Store) Sent(ctx context.Context, q inbox.SentQuery) (list []inbox.Parcel, err error) {
	q = q.Clean()
	p := page{key: "p.rev", newest: q.Newest, limit: q.Limit}
	if q.BySeq {
		p.key = "p.seq"
	}
	from, w := s.sentSelection(q)
	err = s.read(ctx, func(r session) error {
		list, err = walk(p, r, from, "p.seq", w,
			func(p inbox.Parcel) int { return len(p.Payload) },
			func(seq int64) (inbox.Parcel, bool, error) {
				if err := ctx.Err(); err != nil {
					return inbox.Parcel{}, false, err
				}
				p, err := r.readParcel(seq)
				if errors.Is(err, inbox.ErrDamaged) {
					return p, false, nil
				}
				return p, err == nil, err
			})
		return err
	})
	return list, err
}

// sentSelection returns the tables to join and the conditions.
func (s *Store) sentSelection(q inbox.SentQuery) (from string, w where) {
	from = "parcels p"
	if !q.Owner.IsZero() || q.MessageID != "" || q.ThreadID != "" {
		from += " JOIN messages m ON m.id = p.message"
	}
	if !q.Owner.IsZero() {
		w.add("m.owner = ?", s.hash(messageOwner, q.Owner.String()))
	}
	if q.MessageID != "" {
		w.add("m.message = ?", s.hash(messageID, q.MessageID))
	}
	if q.ThreadID != "" {
		w.add("m.thread = ?", s.hash(messageThread, q.ThreadID))
	}
	if !q.To.IsZero() {
		w.add("p.destination IN (SELECT id FROM destinations WHERE recipient = ?)", s.hash(destRecipient, q.To.String()))
	}
	oneOf(&w, "p.state", q.States)
	if q.AfterRev > 0 {
		w.add("p.rev > ?", q.AfterRev)
	}
	return from, w
}
