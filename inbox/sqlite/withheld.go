package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// ReleaseContact implements inbox.Contacts. Damaged entries stay withheld, and are reported to the log.
func (s *Store) ReleaseContact(ctx context.Context, id did.DID, keys [32]byte, change func(*inbox.Contact) error) (n int, err error) {
	sender := s.hash(entrySender, id.Canonical().String())
	err = s.do(ctx, 0, func(t *tx) error {
		c, err := t.changeContact(id, change)
		if err != nil {
			return err
		}
		if err := c.CheckRelease(keys); err != nil {
			return err
		}
		n, err = t.release(sender, keys)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

const withheldOf = `SELECT seq, rev, owner, sender, message, thread, disposition, acked, sealed FROM entries
	WHERE sender = ? AND disposition = 5 ORDER BY seq`

const countWithheldOf = "SELECT count(*) FROM entries WHERE sender = ? AND disposition = 5"

// withheld returns the rows of what is withheld of the sender, in the order of arrival.
func (t *tx) withheld(sender []byte) (list []entryRow, err error) {
	err = t.each(withheldOf, []any{sender}, func(rows *sql.Rows) error {
		var r entryRow
		err := rows.Scan(r.scan()...)
		list = append(list, r)
		return err
	})
	return list, err
}

// release makes pending what is withheld of the sender under the keys.
func (t *tx) release(sender []byte, keys [32]byte) (n int, err error) {
	if keys == [32]byte{} {
		return 0, nil
	}
	list, err := t.withheld(sender)
	for _, r := range list {
		state, damage := r.open(t.vault)
		if damage != nil || state.keys != keys {
			continue
		}
		r.disposition, t.settled, n = inbox.Pending, nil, n+1
		if err := t.update(&r, state); err != nil {
			return 0, err
		}
	}
	return n, err
}

// dropWithheld deletes what is withheld of the sender, and that it ever arrived: its sender was never told that it did,
// and must not be when it comes again.
func (t *tx) dropWithheld(sender []byte) error {
	seqs, err := t.numbers("SELECT seq FROM entries WHERE sender = ? AND disposition = 5", sender)
	if err != nil || len(seqs) == 0 {
		return err
	}
	t.hinted = true
	for _, seq := range seqs {
		if err := t.unarrive(seq); err != nil {
			return err
		}
	}
	return nil
}

// unarrive deletes an entry, and that it ever arrived.
func (t *tx) unarrive(seq int64) error {
	t.hinted = true
	if err := t.exec("DELETE FROM entries WHERE seq = ?", seq); err != nil {
		return err
	}
	return t.exec("DELETE FROM arrivals WHERE seq = ?", seq)
}

// state returns what the new row of the arrival seals.
func (a *arrival) state() (state entryState) {
	if a.row.disposition == inbox.Withheld {
		state.keys, state.size = a.Withhold, int64(len(a.Payload))
	}
	return state
}

// trust makes an arrival pending that would be withheld under keys that are trusted by now. Otherwise it reports
// whether the sender of one that is to be withheld is no contact.
func (t *tx) trust(a *arrival) (stranger bool, err error) {
	if a.row.disposition != inbox.Withheld {
		return false, nil
	}
	row, found, err := t.contact(a.From)
	if !found || err != nil {
		return true, err
	}
	c, err := row.open(t.vault)
	if errors.Is(err, inbox.ErrDamaged) {
		return false, nil // it trusts nothing, until it is repaired
	}
	if err == nil && c.Trusts(a.Withhold) {
		a.row.disposition = inbox.Pending
	}
	return false, err
}

// withhold adds the arrival as one that is withheld, if there is room for it.
func (t *tx) withhold(a *arrival, stranger bool) (inbox.PutResult, error) {
	room := !stranger
	if room {
		var err error
		if room, err = t.room(a); err != nil {
			return inbox.PutResult{}, err
		}
	}
	if !room {
		return inbox.PutResult{Status: inbox.NoRoom}, nil
	}
	err := t.insert(a)
	return inbox.PutResult{Status: inbox.KeptBack, Seq: a.row.seq}, err
}

// room reports whether another entry of its sender may be withheld. It costs the same whatever else is in the inbox;
// and next to nothing when there are too many, which is when there may be a flood.
func (t *tx) room(a *arrival) (bool, error) {
	var n int
	if _, err := t.get(countWithheldOf, []any{a.row.sender}, &n); err != nil {
		return false, err
	}
	if n >= inbox.MaxWithheld {
		return false, nil
	}
	list, err := t.withheld(a.row.sender)
	size := int64(len(a.Payload))
	for _, r := range list {
		if state, err := r.open(t.vault); err == nil {
			size += state.size
		}
	}
	return size <= inbox.MaxWithheldBytes, err
}

// prove settles the withheld entry with the number: it has come again as a, proven by keys that are trusted. All that
// was known of it is replaced.
func (t *tx) prove(a *arrival, seq int64) error {
	r := a.row
	if err := t.queueUp(&r); err != nil {
		return err
	}
	r.seq, r.rev = seq, t.nextRev()
	r.seal(t.vault, entryState{})
	err := t.exec(`UPDATE entries SET rev = ?, owner = ?, sender = ?, message = ?, thread = ?, disposition = ?, acked = ?, sealed = ?
		WHERE seq = ?`, r.rev, r.owner, r.sender, r.message, r.thread, r.disposition, r.acked, r.sealed, r.seq)
	if err != nil {
		return err
	}
	return t.exec("REPLACE INTO bodies (seq, sealed) VALUES (?, ?)", seq, t.seal(a.body, bind("bodies", seq)))
}
