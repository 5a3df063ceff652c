package sqlite

import (
	"bytes"
	"fmt"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// messageRow is a row of messages: what the parcels of one message share. It never changes.
type messageRow struct {
	id                           int64
	name, owner, message, thread []byte
	sealed                       []byte
}

func (r *messageRow) binding() binding { return r.bindInto(nil) }

// bindInto is as binding, into the memory of b.
func (r *messageRow) bindInto(b binding) binding {
	return b.bind("messages", r.id).hashes(r.name, r.owner, r.message, r.thread)
}

const messageColumns = "SELECT id, name, owner, message, thread, sealed FROM messages "

func (r *messageRow) scan() []any {
	return []any{&r.id, &r.name, &r.owner, &r.message, &r.thread, &r.sealed}
}

// open returns the fields of a parcel that its message has.
func (r *messageRow) open(v *vault) (p inbox.Parcel, err error) {
	d, err := v.open(r.sealed, r.binding(), "messages", r.id)
	if err != nil {
		return p, err
	}
	return r.decode(v, d)
}

func (r *messageRow) decode(v *vault, d decoder) (p inbox.Parcel, err error) {
	p.Owner, p.MessageID, p.Type, p.ThreadID, p.Payload = d.did(), d.text(), d.text(), d.text(), d.bytes()
	if d.end() != nil {
		return p, v.damaged("messages", r.id)
	}
	return p, nil
}

// messagePayload returns the payload of an encoded message, and does not look at the rest.
func messagePayload(d decoder) []byte {
	d.pass(4) // owner to thread
	return d.bytes()
}

func encodeMessage(p *inbox.Parcel) []byte {
	e := make(encoder, 0, len(p.Payload)+256)
	e.did(p.Owner)
	e.text(p.MessageID)
	e.text(p.Type)
	e.text(p.ThreadID)
	e.bytes(p.Payload)
	return e
}

func (v *vault) messageName(owner did.DID, id string) []byte {
	return v.hash(messageName, owner.String(), id)
}

// messageID returns the number of the message, 0 if there is none.
func (t *tx) messageID(name []byte) (id int64, err error) {
	_, err = t.get("SELECT id FROM messages WHERE name = ?", []any{name}, &id)
	return id, err
}

// readMessage returns what the message with the number says. A message that is gone is damage.
func (s session) readMessage(id int64) (inbox.Parcel, error) {
	var r messageRow
	found, err := s.get(messageColumns+"WHERE id = ?", []any{id}, r.scan()...)
	if err != nil {
		return inbox.Parcel{}, err
	}
	if !found {
		return inbox.Parcel{}, s.damaged("messages", id)
	}
	return r.open(s.vault)
}

// addMessage returns the number of p's message, which it stores if it is new, and whether it is; else p gets
// what is kept of it. Another payload under the same name is ErrConflict.
func (t *tx) addMessage(p *parcel) (id int64, fresh bool, err error) {
	if id, err = t.messageID(p.name); err != nil {
		return 0, false, err
	}
	if id == 0 {
		id, err = t.insertMessage(p)
		return id, true, err
	}
	old, err := t.readMessage(id)
	if err != nil {
		return 0, false, err
	}
	if !bytes.Equal(old.Payload, p.Payload) {
		return 0, false, fmt.Errorf("enqueue %q: %w", p.MessageID, inbox.ErrConflict)
	}
	p.Type, p.ThreadID = old.Type, old.ThreadID
	return id, false, nil
}

func (t *tx) insertMessage(p *parcel) (int64, error) {
	id, err := t.nextSeq("messages")
	if err != nil {
		return 0, err
	}
	r := messageRow{
		id: id, name: p.name,
		owner:   t.hash(messageOwner, p.Owner.String()),
		message: t.hash(messageID, p.MessageID),
		thread:  t.thread(messageThread, p.ThreadID, p.MessageID),
	}
	return id, t.exec("INSERT INTO messages (id, name, owner, message, thread, sealed) VALUES (?, ?, ?, ?, ?, ?)",
		r.id, r.name, r.owner, r.message, r.thread, t.seal(encodeMessage(&p.Parcel), r.binding()))
}
