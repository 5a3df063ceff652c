package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// contactRow is a row of contacts. It seals the whole contact.
type contactRow struct {
	id                int64
	did, name, sealed []byte
}

func (r *contactRow) binding() binding { return bind("contacts", r.id).hashes(r.did, r.name) }

const contactColumns = "SELECT id, did, name, sealed FROM contacts "

func (r *contactRow) scan() []any { return []any{&r.id, &r.did, &r.name, &r.sealed} }

func (r *contactRow) open(v *vault) (c inbox.Contact, err error) {
	d, err := v.open(r.sealed, r.binding(), "contacts", r.id)
	if err != nil {
		return c, err
	}
	c.DID, c.Name = d.did(), d.text()
	c.Blocked, c.Confirmed = d.bool(), d.bool()
	c.Added, c.Seen = d.time(), d.time()
	c.PeerRecord, c.Invitation = slices.Clone(d.bytes()), slices.Clone(d.bytes())
	c.Pins, c.Addresses = d.pins(), d.texts()
	if len(d.rest) > 0 { // schema version 1 ends here
		c.DisplayName, c.Description = d.text(), d.text()
		c.Receipts = inbox.ReceiptLevel(d.int())
		copy(c.Life.Branch[:], d.bytes())
		c.Life.Count = uint32(d.int())
	}
	if len(d.rest) > 0 { // schema version 2 ends here
		d.trust(&c, &v.parsed)
	}
	if d.end() != nil {
		return c, v.damaged("contacts", r.id)
	}
	return c, nil
}

func encodeContact(c inbox.Contact) []byte {
	var e encoder
	e.did(c.DID)
	e.text(c.Name)
	e.bool(c.Blocked)
	e.bool(c.Confirmed)
	e.time(c.Added)
	e.time(c.Seen)
	e.bytes(c.PeerRecord)
	e.bytes(c.Invitation)
	e.pins(c.Pins)
	e.texts(c.Addresses)
	e.text(c.DisplayName)
	e.text(c.Description)
	e.int(int64(c.Receipts))
	e.bytes(c.Life.Branch[:])
	e.int(int64(c.Life.Count))
	e.trust(&c)
	return e
}

// contact returns the row of the DID.
func (s session) contact(id did.DID) (r contactRow, found bool, err error) {
	hash := s.hash(contactDID, id.Canonical().String())
	found, err = s.get(contactColumns+"WHERE did = ?", []any{hash}, r.scan()...)
	return r, found, err
}

func (s session) nameTaken(name string) (bool, error) {
	var id int64
	hash := s.hash(contactName, inbox.FoldName(name))
	return s.get("SELECT id FROM contacts WHERE name = ?", []any{hash}, &id)
}

// AddContact implements inbox.Contacts.
func (s *Store) AddContact(ctx context.Context, c inbox.Contact) error {
	c, err := c.Clean()
	if err != nil {
		return err
	}
	return s.do(ctx, 0, func(t *tx) error {
		_, known, err := t.contact(c.DID)
		if err != nil {
			return err
		}
		named, err := t.nameTaken(c.Name)
		if err != nil {
			return err
		}
		if known || named {
			return fmt.Errorf("contact %q: %w", c.Name, inbox.ErrExists)
		}
		return t.addContact(c)
	})
}

func (t *tx) addContact(c inbox.Contact) error {
	id, err := t.nextSeq("contacts")
	if err != nil {
		return err
	}
	r := contactRow{id: id, did: t.hash(contactDID, c.DID.String()), name: t.hash(contactName, inbox.FoldName(c.Name))}
	t.introduced = true
	return t.exec("INSERT INTO contacts (id, did, name, sealed) VALUES (?, ?, ?, ?)",
		r.id, r.did, r.name, t.seal(encodeContact(c), r.binding()))
}

// Contact implements inbox.Contacts.
func (s *Store) Contact(ctx context.Context, id did.DID) (inbox.Contact, error) {
	if err := s.enter(); err != nil {
		return inbox.Contact{}, err
	}
	defer s.leave()
	c, known, err := s.knownContact(ctx, id)
	if known || err != nil {
		return c, err
	}
	err = s.glance(ctx, func(r session) error {
		row, found, err := r.contact(id)
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("contact: %w", inbox.ErrNotFound)
		}
		c, err = row.open(s.vault)
		return err
	})
	return c, err
}

// Contacts implements inbox.Contacts. Damaged ones are passed over, and reported to the log.
func (s *Store) Contacts(ctx context.Context) ([]inbox.Contact, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	all, err := s.contacts(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]inbox.Contact, 0, len(all.list))
	for _, c := range all.list {
		list = append(list, c.Clone())
	}
	return list, nil
}

// UpdateContact implements inbox.Contacts.
func (s *Store) UpdateContact(ctx context.Context, id did.DID, change func(*inbox.Contact) error) error {
	return s.do(ctx, 0, func(t *tx) error {
		_, err := t.changeContact(id, change)
		return err
	})
}

func (t *tx) changeContact(id did.DID, change func(*inbox.Contact) error) (inbox.Contact, error) {
	r, found, err := t.contact(id)
	if err != nil {
		return inbox.Contact{}, err
	}
	if !found {
		return inbox.Contact{}, fmt.Errorf("contact: %w", inbox.ErrNotFound)
	}
	old, err := r.open(t.vault)
	if err != nil {
		return old, err
	}
	c := old.Clone()
	if err := change(&c); err != nil {
		return old, err
	}
	return t.updateContact(&r, old, c)
}

// updateContact returns the contact as it is stored.
func (t *tx) updateContact(r *contactRow, old, c inbox.Contact) (inbox.Contact, error) {
	c, err := c.Clean()
	if err != nil {
		return c, err
	}
	if c.DID != old.DID {
		return c, fmt.Errorf("contact %q: its DID cannot be changed", old.Name)
	}
	if inbox.FoldName(c.Name) != inbox.FoldName(old.Name) {
		if taken, err := t.nameTaken(c.Name); taken || err != nil {
			return c, errors.Join(fmt.Errorf("contact %q: %w", c.Name, inbox.ErrExists), err)
		}
	}
	r.name = t.hash(contactName, inbox.FoldName(c.Name))
	t.introduced = true
	return c, t.exec("UPDATE contacts SET name = ?, sealed = ? WHERE id = ?",
		r.name, t.seal(encodeContact(c), r.binding()), r.id)
}

// RemoveContact implements inbox.Contacts. It also removes a damaged contact.
func (s *Store) RemoveContact(ctx context.Context, id did.DID) error {
	return s.do(ctx, 0, func(t *tx) error {
		r, found, err := t.contact(id)
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("contact: %w", inbox.ErrNotFound)
		}
		t.introduced = true
		if err := t.exec("DELETE FROM contacts WHERE id = ?", r.id); err != nil {
			return err
		}
		return t.dropWithheld(t.hash(entrySender, id.Canonical().String()))
	})
}
