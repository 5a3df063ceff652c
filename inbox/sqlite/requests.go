package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// requestRow is a row of requests. It seals the whole request; received is bound to it.
type requestRow struct {
	id           int64
	name, sealed []byte
	received     int64
}

func (r *requestRow) binding() binding {
	return bind("requests", r.id).ints(r.received).hashes(r.name)
}

const requestColumns = "SELECT id, name, received, sealed FROM requests "

func (r *requestRow) scan() []any { return []any{&r.id, &r.name, &r.received, &r.sealed} }

func (r *requestRow) open(v *vault) (q inbox.Request, err error) {
	d, err := v.open(r.sealed, r.binding(), "requests", r.id)
	if err != nil {
		return q, err
	}
	q.Long, q.PeerRecord = d.did(), slices.Clone(d.bytes())
	q.Pins, q.Addresses = d.pins(), d.texts()
	body := decoder{rest: d.bytes()}
	if d.end() == nil {
		q.Entry, err = decodeBody(body)
	}
	if d.err != nil || err != nil {
		return inbox.Request{}, v.damaged("requests", r.id)
	}
	return q, nil
}

func encodeRequest(q *inbox.Request) []byte {
	var e encoder
	e.did(q.Long)
	e.bytes(q.PeerRecord)
	e.pins(q.Pins)
	e.texts(q.Addresses)
	e.bytes(encodeBody(&q.Entry))
	return e
}

// request returns the row of what is held of the sender.
func (s session) request(sender did.DID) (r requestRow, found bool, err error) {
	name := s.hash(requestName, sender.Canonical().String())
	found, err = s.get(requestColumns+"WHERE name = ?", []any{name}, r.scan()...)
	return r, found, err
}

// Hold implements inbox.Requests. A damaged request makes room for the next one of its sender.
func (s *Store) Hold(ctx context.Context, r inbox.Request) (status inbox.HoldStatus, err error) {
	if r, err = r.Clean(); err != nil {
		return 0, err
	}
	text := encodeRequest(&r)
	err = s.do(ctx, len(text), func(t *tx) error {
		_, known, err := t.contact(r.From)
		if err != nil {
			return err
		}
		if known {
			return fmt.Errorf("request: the sender is a contact: %w", inbox.ErrExists)
		}
		late := micros(r.Received.Add(-inbox.RequestTime))
		if err := t.exec("DELETE FROM requests WHERE received <= ?", late); err != nil {
			return err
		}
		status, err = t.hold(&r, text)
		return err
	})
	if err != nil {
		return 0, err
	}
	return status, nil
}

func (t *tx) hold(q *inbox.Request, text []byte) (inbox.HoldStatus, error) {
	row, found, err := t.request(q.From)
	if err != nil {
		return 0, err
	}
	if found {
		old, err := row.open(t.vault)
		if err == nil && old.Owner == q.Owner && old.MessageID == q.MessageID && bytes.Equal(old.Payload, q.Payload) {
			return inbox.Held, nil
		}
		if err == nil {
			return inbox.HoldOccupied, nil
		}
		if !errors.Is(err, inbox.ErrDamaged) {
			return 0, err
		}
		if err := t.dropRequest(row.id); err != nil {
			return 0, err
		}
	}
	var held int
	if _, err := t.get("SELECT count(*) FROM requests", nil, &held); err != nil {
		return 0, err
	}
	if held >= inbox.MaxRequests {
		return inbox.HoldFull, nil
	}
	return inbox.Held, t.addRequest(q, text)
}

func (t *tx) addRequest(q *inbox.Request, text []byte) error {
	id, err := t.nextSeq("requests")
	if err != nil {
		return err
	}
	r := requestRow{id: id, name: t.hash(requestName, q.From.String()), received: micros(q.Received)}
	return t.exec("INSERT INTO requests (id, name, received, sealed) VALUES (?, ?, ?, ?)",
		r.id, r.name, r.received, t.seal(text, r.binding()))
}

func (t *tx) dropRequest(id int64) error { return t.exec("DELETE FROM requests WHERE id = ?", id) }

// Requests implements inbox.Requests. Damaged ones are passed over, and reported to the log.
func (s *Store) Requests(ctx context.Context) (list []inbox.Request, err error) {
	err = s.read(ctx, func(r session) error {
		return r.each(requestColumns+"ORDER BY id", nil, func(rows *sql.Rows) error {
			var row requestRow
			if err := rows.Scan(row.scan()...); err != nil {
				return err
			}
			if q, err := row.open(s.vault); err == nil {
				list = append(list, q)
			}
			return nil
		})
	})
	return list, err
}

// AcceptRequest implements inbox.Requests.
func (s *Store) AcceptRequest(ctx context.Context, sender did.DID, c inbox.Contact, now time.Time) (contact inbox.Contact, err error) {
	err = s.do(ctx, inbox.MaxRequest, func(t *tx) error {
		row, found, err := t.request(sender)
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("request: %w", inbox.ErrNotFound)
		}
		r, err := row.open(t.vault)
		if err != nil {
			return err
		}
		if contact, err = t.accept(r, c, now); err != nil {
			return err
		}
		return t.dropRequest(row.id)
	})
	if err != nil {
		return inbox.Contact{}, err
	}
	return contact, nil
}

// accept makes the sender a contact and lets its message arrive.
func (t *tx) accept(r inbox.Request, c inbox.Contact, now time.Time) (inbox.Contact, error) {
	fresh, err := r.Introduce(c, now)
	if err != nil {
		return c, err
	}
	if c, err = t.introduce(fresh); err != nil {
		return c, err
	}
	if err := t.learn(r.Long); err != nil || c.Blocked {
		return c, err
	}
	a, err := t.arrival(r.Arrival(now))
	if err != nil {
		return c, err
	}
	_, err = t.put(&a)
	return c, err
}

// introduce adds the contact, unless it is one already; it may become blocked.
func (t *tx) introduce(c inbox.Contact) (inbox.Contact, error) {
	row, known, err := t.contact(c.DID)
	if err != nil {
		return c, err
	}
	if known {
		old, err := row.open(t.vault)
		if err != nil || old.Blocked || !c.Blocked {
			return old, err
		}
		blocked := old.Clone()
		blocked.Blocked = true
		return t.updateContact(&row, old, blocked)
	}
	if c.Name, err = inbox.FreeName(c.Name, t.nameTaken); err != nil {
		return c, err
	}
	return c, t.addContact(c)
}

// DropRequest implements inbox.Requests. It also forgets a damaged one.
func (s *Store) DropRequest(ctx context.Context, sender did.DID) error {
	return s.do(ctx, 0, func(t *tx) error {
		row, found, err := t.request(sender)
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("request: %w", inbox.ErrNotFound)
		}
		return t.dropRequest(row.id)
	})
}
