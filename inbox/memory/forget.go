package memory

import (
	"context"
	"fmt"
	"slices"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// Forget implements inbox.Outbox.
func (s *Store) Forget(ctx context.Context, owner did.DID, seqs ...int64) error {
	if len(seqs) > inbox.MaxSeqs {
		return fmt.Errorf("forget %d parcels, at most %d: %w", len(seqs), inbox.MaxSeqs, inbox.ErrTooLarge)
	}
	owner = owner.Canonical()
	return s.step(ctx, func() error {
		s.sent = slices.DeleteFunc(s.sent, func(p *parcel) bool {
			if p.Owner != owner || !p.State.Settled() || !slices.Contains(seqs, p.Seq) {
				return false
			}
			m := p.message
			if m.parcels = slices.DeleteFunc(m.parcels, func(q *parcel) bool { return q == p }); len(m.parcels) == 0 {
				delete(s.messages, messageID{p.Owner, p.MessageID})
			}
			s.hint = true
			return true
		})
		return nil
	})
}
