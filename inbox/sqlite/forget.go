package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// Forget implements inbox.Outbox.
func (s *Store) Forget(ctx context.Context, owner did.DID, seqs ...int64) error {
	if len(seqs) > inbox.MaxSeqs {
		return fmt.Errorf("forget %d parcels, at most %d: %w", len(seqs), inbox.MaxSeqs, inbox.ErrTooLarge)
	}
	return s.do(ctx, 0, func(t *tx) error {
		for _, seq := range seqs {
			if err := t.forget(owner.Canonical(), seq); err != nil {
				return err
			}
		}
		return nil
	})
}

// forget removes a settled parcel, and its message with the last of its parcels. A damaged parcel stays, so that
// Check goes on naming it.
func (t *tx) forget(owner did.DID, seq int64) error {
	r, found, err := t.readRow("WHERE seq = ?", seq)
	if !found || errors.Is(err, inbox.ErrDamaged) {
		return nil
	}
	if err != nil || !r.state.Settled() {
		return err
	}
	var of []byte
	if _, err := t.get("SELECT owner FROM messages WHERE id = ?", []any{r.message}, &of); err != nil {
		return err
	}
	if !bytes.Equal(of, t.hash(messageOwner, owner.String())) {
		return nil
	}
	if err := t.exec("DELETE FROM parcels WHERE seq = ?", seq); err != nil {
		return err
	}
	t.hinted = true
	return t.exec("DELETE FROM messages WHERE id = ? AND NOT EXISTS (SELECT 1 FROM parcels WHERE message = ?)", r.message, r.message)
}
