package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// entryRow is a row of entries. What it seals is its entryState.
type entryRow struct {
	seq, rev                       int64
	owner, sender, message, thread []byte
	disposition                    inbox.Disposition
	acked                          bool
	sealed                         []byte
}

func (r *entryRow) binding() binding {
	acked := int64(0)
	if r.acked {
		acked = 1
	}
	return bind("entries", r.seq).ints(r.rev, int64(r.disposition), acked).
		hashes(r.owner, r.sender, r.message, r.thread)
}

// entryState is what a row of entries seals: whether the entry was shown, and of one that is withheld the set of keys
// that proves it, and the size of its payload.
type entryState struct {
	shown bool
	keys  [32]byte
	size  int64
}

func (r *entryRow) open(v *vault) (state entryState, err error) {
	d, err := v.open(r.sealed, r.binding(), "entries", r.seq)
	if err != nil {
		return state, err
	}
	state.shown = d.bool()
	if r.disposition == inbox.Withheld {
		copy(state.keys[:], d.bytes())
		state.size = d.int()
	}
	return state, d.end()
}

func (r *entryRow) seal(v *vault, state entryState) {
	var e encoder
	e.bool(state.shown)
	if r.disposition == inbox.Withheld {
		e.bytes(state.keys[:])
		e.int(state.size)
	}
	r.sealed = v.seal(e, r.binding())
}

const selectEntry = "SELECT seq, rev, owner, sender, message, thread, disposition, acked, sealed FROM entries WHERE seq = ?"

func (s session) entry(seq int64) (r entryRow, found bool, err error) {
	found, err = s.get(selectEntry, []any{seq}, r.scan()...)
	return r, found, err
}

func (r *entryRow) scan() []any {
	return []any{&r.seq, &r.rev, &r.owner, &r.sender, &r.message, &r.thread, &r.disposition, &r.acked, &r.sealed}
}

// encodeBody is what a row of bodies seals, bound to its seq.
func encodeBody(a *inbox.Entry) []byte {
	e := make(encoder, 0, len(a.Payload)+512)
	e.did(a.Owner)
	e.did(a.From)
	e.text(a.MessageID)
	e.text(a.Type)
	e.text(a.ThreadID)
	e.text(a.SenderKey)
	e.text(a.SignerKey)
	e.bool(a.Misaddressed)
	e.bool(a.Answered)
	e.time(a.Created)
	e.time(a.Expires)
	e.time(a.Received)
	e.bytes(a.Payload)
	return e
}

func decodeBody(d decoder) (e inbox.Entry, err error) {
	e.Owner, e.From = d.did(), d.did()
	e.MessageID, e.Type, e.ThreadID = d.text(), d.text(), d.text()
	e.SenderKey, e.SignerKey = d.text(), d.text()
	e.Misaddressed, e.Answered = d.bool(), d.bool()
	e.Created, e.Expires, e.Received = d.time(), d.time(), d.time()
	e.Payload = d.bytes()
	return e, d.end()
}

// bodyPayload returns the payload of an encoded body, and does not look at the rest.
func bodyPayload(d decoder) []byte {
	d.pass(7) // owner to signer key
	for range 2 + 3*2 {
		d.int() // flags and times
	}
	return d.bytes()
}

// arrival is an arrival with all that can be computed before the writer's turn.
type arrival struct {
	inbox.Arrival
	row    entryRow
	name   arrivalNames
	digest [sha256.Size]byte
	body   []byte
}

// arrivalNames are what an arrival is known by. One from a sender who is known is so by the hash of its
// id and the hash of owner, sender and id: so one index, in which each arrival writes to another page,
// finds it for both. Anonymous ones, and those whose entry was deleted under schema version 1, have the
// second hash alone.
type arrivalNames struct{ full, short []byte }

func (v *vault) arrival(a inbox.Arrival) (arrival, error) {
	a, err := a.Clean()
	if err != nil {
		return arrival{}, err
	}
	digest := sha256.Sum256(a.Payload)
	return arrival{
		Arrival: a,
		row: entryRow{
			owner:       v.hash(entryOwner, a.Owner.String()),
			sender:      v.hash(entrySender, a.From.String()),
			message:     v.hash(entryMessage, a.MessageID),
			thread:      v.thread(entryThread, a.ThreadID, a.MessageID),
			disposition: a.Disposition,
		},
		name: v.arrivalName(&a.Entry, digest), digest: digest, body: encodeBody(&a.Entry),
	}, nil
}

func (v *vault) arrivalName(e *inbox.Entry, digest [sha256.Size]byte) arrivalNames {
	if e.From.IsZero() {
		short := v.hash(arrivalName, e.Owner.String(), string(digest[:]))
		return arrivalNames{short, short}
	}
	short := v.hash(arrivalName, e.Owner.String(), e.From.String(), e.MessageID)
	return arrivalNames{append(v.hash(arrivalID, e.MessageID), short...), short}
}

// thread returns the hash of a thread; nothing for the message that begins it, which is found by its own
// id and so needs no place in the index.
func (v *vault) thread(c column, thread, message string) []byte {
	if thread == message {
		return []byte{}
	}
	return v.hash(c, thread)
}

// Put implements inbox.Inbox.
func (s *Store) Put(ctx context.Context, as ...inbox.Arrival) ([]inbox.PutResult, error) {
	arrivals, bytes := make([]arrival, len(as)), 0
	for i, a := range as {
		var err error
		if arrivals[i], err = s.arrival(a); err != nil {
			return nil, err
		}
		bytes += len(arrivals[i].body)
	}
	results := make([]inbox.PutResult, len(as))
	err := s.do(ctx, bytes, func(t *tx) (err error) {
		for i := range arrivals {
			if results[i], err = t.put(&arrivals[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

func (t *tx) put(a *arrival) (inbox.PutResult, error) {
	stranger, err := t.trust(a)
	if err != nil {
		return inbox.PutResult{}, err
	}
	old, known, err := t.known(a)
	if known || err != nil {
		return old, err
	}
	if a.row.disposition == inbox.Withheld {
		return t.withhold(a, stranger)
	}
	contact, used, err := t.claim(a.Claim)
	if err != nil {
		return inbox.PutResult{}, err
	}
	if used {
		return inbox.PutResult{Status: inbox.InvitationUsed}, nil
	}
	err = t.insert(a)
	return inbox.PutResult{Status: inbox.Added, Seq: a.row.seq, Contact: contact}, err
}

// known looks the arrival up among all that ever arrived, and settles one that was withheld and now is not. A row
// that no longer says with what payload still says that the message was committed.
func (t *tx) known(a *arrival) (inbox.PutResult, bool, error) {
	var seq int64
	var name, sealed []byte
	found, err := t.get("SELECT seq, name, sealed FROM arrivals WHERE name IN (?, ?)",
		[]any{a.name.full, a.name.short}, &seq, &name, &sealed)
	if !found || err != nil {
		return inbox.PutResult{}, false, err
	}
	var disposition inbox.Disposition
	exists, err := t.get("SELECT disposition FROM entries WHERE seq = ?", []any{seq}, &disposition)
	if err != nil {
		return inbox.PutResult{}, false, err
	}
	result := inbox.PutResult{Status: inbox.Duplicate}
	if disposition == inbox.Withheld {
		result.Status = inbox.KeptBack
	}
	digest, err := t.open(sealed, bind("arrivals", seq).hashes(name), "arrivals", seq)
	if err != nil {
		return result, true, nil
	}
	if !bytes.Equal(digest.rest, a.digest[:]) {
		if result.Status == inbox.KeptBack && a.row.disposition != inbox.Withheld {
			return inbox.PutResult{}, false, t.unarrive(seq) // a name that others have used does not keep it out
		}
		return inbox.PutResult{Status: inbox.Conflict}, true, nil
	}
	if exists {
		result.Seq = seq
	}
	if result.Status == inbox.KeptBack && a.row.disposition != inbox.Withheld {
		result.Status, result.Proven = inbox.Added, true
		return result, true, t.prove(a, seq)
	}
	return result, true, nil
}

func (t *tx) insert(a *arrival) error {
	seq, err := t.nextSeq("arrivals")
	if err != nil {
		return err
	}
	err = t.exec("INSERT INTO arrivals (seq, name, sealed) VALUES (?, ?, ?)",
		seq, a.name.full, t.seal(a.digest[:], bind("arrivals", seq).hashes(a.name.full)))
	if err != nil {
		return err
	}
	r := &a.row
	if err := t.queueUp(r); err != nil {
		return err
	}
	r.seq, r.rev = seq, t.nextRev()
	r.seal(t.vault, a.state())
	err = t.exec(`INSERT INTO entries (seq, rev, owner, sender, message, thread, disposition, acked, sealed)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.seq, r.rev, r.owner, r.sender, r.message, r.thread, r.disposition, r.acked, r.sealed)
	if err != nil {
		return err
	}
	if err := t.exec("INSERT INTO bodies (seq, sealed) VALUES (?, ?)", seq, t.seal(a.body, bind("bodies", seq))); err != nil {
		return err
	}
	return t.learn(a.Long)
}

const pendingOf = "SELECT seq FROM entries WHERE sender = ? AND disposition = 1 LIMIT 1"

// queueUp makes a new entry that would be kept pending, if another of its sender is. A sender of whom none is stays
// so until one is added: the transaction remembers the last.
func (t *tx) queueUp(r *entryRow) error {
	if r.disposition == inbox.Kept && !bytes.Equal(t.settled, r.sender) {
		var seq int64
		waits, err := t.get(pendingOf, []any{r.sender}, &seq)
		switch {
		case err != nil:
			return err
		case waits:
			r.disposition = inbox.Pending
		default:
			t.settled = r.sender
		}
	}
	if r.disposition == inbox.Pending {
		t.settled = nil
	}
	return nil
}

// update writes what changes in an entry, with the next revision.
func (t *tx) update(r *entryRow, state entryState) error {
	r.rev = t.nextRev()
	r.seal(t.vault, state)
	return t.exec("UPDATE entries SET rev = ?, disposition = ?, acked = ?, sealed = ? WHERE seq = ?",
		r.rev, r.disposition, r.acked, r.sealed, r.seq)
}

// owned returns the row of an entry of the owner.
func (t *tx) owned(owner []byte, seq int64) (entryRow, bool, error) {
	r, found, err := t.entry(seq)
	return r, found && bytes.Equal(r.owner, owner), err
}

// Handled implements inbox.Inbox.
func (s *Store) Handled(ctx context.Context, owner did.DID, seq int64, d inbox.Disposition, replies ...inbox.Parcel) error {
	if d <= inbox.Pending || d > inbox.Rejected {
		return fmt.Errorf("handled: %v does not settle an entry", d)
	}
	ps, bytes, err := s.parcels(replies)
	if err != nil {
		return err
	}
	hash := s.hash(entryOwner, owner.Canonical().String())
	return s.do(ctx, bytes, func(t *tx) error {
		r, found, err := t.owned(hash, seq)
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("entry %d: %w", seq, inbox.ErrNotFound)
		}
		state, err := r.open(t.vault)
		if err != nil || r.disposition != inbox.Pending {
			return err
		}
		if err := t.enqueue(ps); err != nil {
			return err
		}
		r.disposition = d
		return t.update(&r, state)
	})
}

// Mark implements inbox.Inbox.
func (s *Store) Mark(ctx context.Context, owner did.DID, m inbox.Mark, seqs []int64, receipts ...inbox.Parcel) error {
	if m != inbox.MarkShown && m != inbox.MarkAcked {
		return fmt.Errorf("mark: no such mark: %d", m)
	}
	hash := s.hash(entryOwner, owner.Canonical().String())
	list, bytes, err := s.parcels(receipts)
	if err != nil {
		return err
	}
	return s.do(ctx, bytes, func(t *tx) error {
		if err := t.enqueue(list); err != nil {
			return err
		}
		for _, seq := range seqs {
			if err := t.mark(hash, seq, m == inbox.MarkAcked); err != nil {
				return err
			}
		}
		return nil
	})
}

// mark passes over an entry that is not there, is withheld, or does not open: the caller cannot have seen it.
func (t *tx) mark(owner []byte, seq int64, acked bool) error {
	r, found, err := t.owned(owner, seq)
	if !found || err != nil || r.disposition == inbox.Withheld {
		return err
	}
	state, err := r.open(t.vault)
	if err != nil || state.shown && (r.acked || !acked) {
		return nil
	}
	r.acked, state.shown = r.acked || acked, true
	return t.update(&r, state)
}

// Delete implements inbox.Inbox.
func (s *Store) Delete(ctx context.Context, owner did.DID, seqs ...int64) error {
	hash := s.hash(entryOwner, owner.Canonical().String())
	return s.do(ctx, 0, func(t *tx) error {
		for _, seq := range seqs {
			_, found, err := t.owned(hash, seq)
			if err != nil {
				return err
			}
			if !found {
				continue
			}
			t.hinted = true
			if err := t.exec("DELETE FROM entries WHERE seq = ?", seq); err != nil {
				return err
			}
		}
		return nil
	})
}
