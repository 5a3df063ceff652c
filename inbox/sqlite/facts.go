package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// fact is a row of the tables claims, longs and settings: something sealed under a name.
type fact struct {
	table  string
	id     int64
	name   []byte
	sealed []byte
}

func (f *fact) binding() binding { return bind(f.table, f.id).hashes(f.name) }

// fact opens what is known under the name.
func (s session) fact(table string, name []byte) (d decoder, found bool, err error) {
	f := fact{table: table, name: name}
	found, err = s.get("SELECT id, sealed FROM "+table+" WHERE name = ?", []any{name}, &f.id, &f.sealed)
	if !found || err != nil {
		return d, false, err
	}
	d, err = s.open(f.sealed, f.binding(), table, f.id)
	return d, true, err
}

// setFact replaces what is known under the name, damaged or not.
func (t *tx) setFact(table string, name []byte, e encoder) error {
	f := fact{table: table, name: name}
	found, err := t.get("SELECT id FROM "+table+" WHERE name = ?", []any{name}, &f.id)
	if err != nil {
		return err
	}
	if found {
		return t.exec("UPDATE "+table+" SET sealed = ? WHERE id = ?", t.seal(e, f.binding()), f.id)
	}
	if f.id, err = t.nextSeq(table); err != nil {
		return err
	}
	return t.exec("INSERT INTO "+table+" (id, name, sealed) VALUES (?, ?, ?)", f.id, name, t.seal(e, f.binding()))
}

// Claimed implements inbox.Contacts.
func (s *Store) Claimed(ctx context.Context, invitation string) (by did.DID, err error) {
	err = s.read(ctx, func(r session) error {
		var found bool
		by, found, err = r.claimed(invitation)
		if err == nil && !found {
			err = fmt.Errorf("claim: %w", inbox.ErrNotFound)
		}
		return err
	})
	return by, err
}

func (s session) claimed(invitation string) (by did.DID, found bool, err error) {
	d, found, err := s.fact("claims", s.hash(claimName, invitation))
	if !found || err != nil {
		return by, found, err
	}
	by = d.did()
	_ = d.time() // until when it has to be remembered
	return by, true, d.end()
}

// claim uses up an invitation, and returns the name of the contact that it makes; used says that the
// invitation was used up before. A claim that no longer opens was somebody else's.
func (t *tx) claim(c *inbox.Claim) (name string, used bool, err error) {
	if c == nil {
		return "", false, nil
	}
	_, known, err := t.contact(c.Contact.DID)
	if err != nil {
		return "", false, err
	}
	if !c.Multi {
		by, claimed, err := t.claimed(c.Invitation)
		if err != nil && !errors.Is(err, inbox.ErrDamaged) {
			return "", false, err
		}
		if claimed {
			used = err != nil || by != c.Contact.DID || !known
			return "", used, nil
		}
		if err := t.saveClaim(c); err != nil {
			return "", false, err
		}
	}
	if known {
		return "", false, nil
	}
	contact := c.Contact
	if contact.Name, err = inbox.FreeName(contact.Name, t.nameTaken); err != nil {
		return "", false, err
	}
	return contact.Name, false, t.addContact(contact)
}

func (t *tx) saveClaim(c *inbox.Claim) error {
	var e encoder
	e.did(c.Contact.DID)
	e.time(c.Expires)
	return t.setFact("claims", t.hash(claimName, c.Invitation), e)
}

// Learn implements inbox.Contacts.
func (s *Store) Learn(ctx context.Context, longs ...did.DID) error {
	return s.do(ctx, 0, func(t *tx) error {
		for _, long := range longs {
			if err := t.learn(long); err != nil {
				return err
			}
		}
		return nil
	})
}

// learn writes nothing for what is known: a DID has one long form.
func (t *tx) learn(long did.DID) error {
	if !long.IsLong() {
		return nil
	}
	name := t.hash(longName, long.Canonical().String())
	d, known, err := t.fact("longs", name)
	if err != nil && !errors.Is(err, inbox.ErrDamaged) {
		return err
	}
	if known && err == nil && d.did() == long {
		return nil
	}
	var e encoder
	e.did(long)
	return t.setFact("longs", name, e)
}

// LongForm implements inbox.Contacts.
func (s *Store) LongForm(ctx context.Context, id did.DID) (long did.DID, err error) {
	err = s.read(ctx, func(r session) error {
		d, found, err := r.fact("longs", s.hash(longName, id.Canonical().String()))
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("long form: %w: %w", inbox.ErrNotFound, did.ErrNotFound)
		}
		long = d.did()
		return d.end()
	})
	return long, err
}

// Setting implements inbox.Settings.
func (s *Store) Setting(ctx context.Context, name string) (value []byte, err error) {
	err = s.read(ctx, func(r session) error {
		d, found, err := r.fact("settings", s.hash(settingName, name))
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("setting %q: %w", name, inbox.ErrNotFound)
		}
		value = slices.Clone(d.bytes())
		return d.end()
	})
	return value, err
}

// SetSetting implements inbox.Settings.
func (s *Store) SetSetting(ctx context.Context, name string, value []byte) error {
	if len(value) > inbox.MaxSetting {
		return fmt.Errorf("setting %q of %d bytes, at most %d: %w", name, len(value), inbox.MaxSetting, inbox.ErrTooLarge)
	}
	var e encoder
	e.bytes(value)
	return s.do(ctx, len(value), func(t *tx) error {
		return t.setFact("settings", t.hash(settingName, name), e)
	})
}
