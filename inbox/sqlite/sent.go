package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// Sent implements inbox.Outbox. Damaged parcels are passed over, and reported to the log.
func (s *Store) Sent(ctx context.Context, q inbox.SentQuery) (list []inbox.Parcel, err error) {
	q = q.Clean()
	p := page{table: "p.", bySeq: q.BySeq, newest: q.Newest, limit: q.Limit, all: q.Match != nil}
	sc := scan[inbox.Parcel]{
		open: func(row []driver.Value, buf *buffers) (inbox.Parcel, bool) { return s.openParcel(row, buf, q.Match) },
		size: func(p inbox.Parcel) int { return len(p.Payload) },
	}
	err = s.read(ctx, func(r session) error {
		var w where
		var from string
		if from, w, err = r.sentSelection(q); err == nil {
			p.columns = sentColumns + from
			if !q.BySeq && (!q.To.IsZero() || q.ThreadID != "") {
				p.keys = "SELECT p.seq " + from
			}
			list, err = walk(ctx, r, p, w, sc)
		}
		return err
	})
	return list, err
}

// sentSelection returns from where to select, and the conditions.
func (s session) sentSelection(q inbox.SentQuery) (from string, w where, err error) {
	from = "FROM parcels p LEFT JOIN messages m ON m.id = p.message"
	if !q.Owner.IsZero() || q.MessageID != "" || q.ThreadID != "" {
		from = "FROM parcels p JOIN messages m ON m.id = p.message"
	}
	if !q.Owner.IsZero() {
		w.add("m.owner = ?", s.hash(messageOwner, q.Owner.String()))
	}
	if q.MessageID != "" {
		names, err := s.namesOf(q.Owner, q.MessageID)
		if err != nil {
			return "", w, err
		}
		w.add("m.name IN ("+places(names)+")", names...)
	}
	if q.ThreadID != "" {
		names, err := s.namesOf(q.Owner, q.ThreadID)
		if err != nil {
			return "", w, err
		}
		thread := s.hash(messageThread, q.ThreadID)
		w.add("m.id IN (SELECT id FROM messages WHERE thread = ? AND thread <> x'' UNION ALL SELECT id FROM messages WHERE name IN ("+places(names)+"))",
			append([]driver.Value{thread}, names...)...)
		w.add("(m.thread = ? OR m.thread = x'' AND m.message = ?)", thread, s.hash(messageID, q.ThreadID))
	}
	if !q.To.IsZero() {
		if err = s.sentTo(&w, q.To); err != nil {
			return "", w, err
		}
	}
	oneOf(&w, "p.state", q.States)
	if len(q.States) > 0 && slices.Max(q.States) < inbox.Failed {
		w.add("p.state < 4") // which has an index
	}
	if q.AfterRev > 0 {
		w.add("p.rev > ?", q.AfterRev)
	}
	if q.AfterSeq > 0 {
		w.add("p.seq > ?", q.AfterSeq)
	}
	return from, w, nil
}

// namesOf returns the names of the message with the id, for the owner or, if that is zero, for all.
func (s session) namesOf(owner did.DID, id string) (names []driver.Value, err error) {
	owners := []did.DID{owner}
	if owner.IsZero() {
		if owners, err = s.owners(); err != nil {
			return nil, err
		}
	}
	for _, o := range owners {
		names = append(names, s.messageName(o, id))
	}
	return names, nil
}

// owners returns all DIDs of ours that have ever sent.
func (s session) owners() ([]did.DID, error) {
	return s.senders.load(func(add func(did.DID)) error {
		return s.each(destColumns, nil, func(rows *sql.Rows) error {
			var d destination
			if err := rows.Scan(d.scan()...); err != nil {
				return err
			}
			if d.open(s.vault) == nil {
				add(d.owner)
			}
			return nil
		})
	})
}

// senders remembers which DIDs of ours have ever sent. It may know more than the database, never less.
type senders struct {
	mu     sync.Mutex
	loaded bool             // guarded by mu
	known  map[did.DID]bool // guarded by mu
}

func (s *senders) add(id did.DID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = make(map[did.DID]bool)
	}
	s.known[id] = true
}

// load returns those known; read adds those in the database and is called once.
func (s *senders) load(read func(add func(did.DID)) error) ([]did.DID, error) {
	s.mu.Lock()
	loaded := s.loaded
	s.mu.Unlock()
	if !loaded {
		if err := read(s.add); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loaded = true
	return slices.Collect(maps.Keys(s.known)), nil
}

// places returns as many question marks as there are values, with commas between them.
func places(values []driver.Value) string {
	return strings.TrimSuffix(strings.Repeat("?,", len(values)), ",")
}

// sentTo selects parcels to the recipient. Nearly always they have one destination, that of our only
// DID: then nothing has to be sorted.
func (s session) sentTo(w *where, to did.DID) error {
	ids, err := s.numbers("SELECT id FROM destinations WHERE recipient = ?", s.hash(destRecipient, to.String()))
	if err != nil {
		return err
	}
	if len(ids) == 1 {
		w.add("p.destination = ?", ids[0])
		return nil
	}
	w.add("p.destination IN (SELECT value FROM json_each(?))", numberList(ids))
	return nil
}

const sentColumns = `SELECT p.seq, p.rev, m.sealed, p.message, p.destination, p.state, p.retry, p.sealed,
	m.name, m.owner, m.message, m.thread `

// openParcel returns the parcel of a row of sentColumns; false if it does not match or is damaged.
func (v *vault) openParcel(row []driver.Value, buf *buffers, match func([]byte) bool) (p inbox.Parcel, ok bool) {
	m := messageRow{
		id: number(row[3]), name: blob(row[8]), owner: blob(row[9]), message: blob(row[10]), thread: blob(row[11]),
		sealed: blob(row[2]),
	}
	buf.binding = m.bindInto(buf.binding)
	text, err := v.openInto(buf.text, m.sealed, buf.binding, "messages", m.id)
	if err != nil {
		return p, false
	}
	if buf.text = text.rest; match != nil && !match(messagePayload(text)) {
		return p, false
	}
	r := parcelRow{
		seq: number(row[0]), rev: number(row[1]), message: m.id, destination: number(row[4]),
		state: inbox.State(number(row[5])), retry: number(row[6]), sealed: blob(row[7]),
	}
	if r.open(v) != nil {
		return p, false
	}
	if p, err = m.decode(v, text.clone()); err != nil {
		return p, false
	}
	return r.fill(p), true
}
