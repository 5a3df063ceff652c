package memory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// AddContact implements inbox.Contacts.
func (s *Store) AddContact(ctx context.Context, c inbox.Contact) error {
	c, err := c.Clean()
	if err != nil {
		return err
	}
	return s.step(ctx, func() error {
		if _, ok := s.contacts[c.DID]; ok || s.named(c.Name) {
			return fmt.Errorf("contact %q: %w", c.Name, inbox.ErrExists)
		}
		s.contacts[c.DID] = c
		return nil
	})
}

func (s *Store) named(name string) bool {
	for _, c := range s.contacts {
		if inbox.FoldName(c.Name) == inbox.FoldName(name) {
			return true
		}
	}
	return false
}

// Contact implements inbox.Contacts.
func (s *Store) Contact(ctx context.Context, id did.DID) (c inbox.Contact, err error) {
	err = s.step(ctx, func() error {
		known, ok := s.contacts[id.Canonical()]
		if !ok {
			return fmt.Errorf("contact: %w", inbox.ErrNotFound)
		}
		c = known.Clone()
		return nil
	})
	return c, err
}

// Contacts implements inbox.Contacts.
func (s *Store) Contacts(ctx context.Context) (list []inbox.Contact, err error) {
	err = s.step(ctx, func() error {
		for c := range maps.Values(s.contacts) {
			list = append(list, c.Clone())
		}
		slices.SortFunc(list, func(a, b inbox.Contact) int {
			return cmp.Compare(inbox.FoldName(a.Name), inbox.FoldName(b.Name))
		})
		return nil
	})
	return list, err
}

// UpdateContact implements inbox.Contacts.
func (s *Store) UpdateContact(ctx context.Context, id did.DID, change func(*inbox.Contact) error) error {
	_, err := s.ReleaseContact(ctx, id, [32]byte{}, change)
	return err
}

// changed returns the contact with the DID, as change makes it, and stores nothing.
func (s *Store) changed(id did.DID, change func(*inbox.Contact) error) (inbox.Contact, error) {
	old, ok := s.contacts[id.Canonical()]
	if !ok {
		return old, fmt.Errorf("contact: %w", inbox.ErrNotFound)
	}
	c := old.Clone()
	if err := change(&c); err != nil {
		return c, err
	}
	c, err := c.Clean()
	if err != nil {
		return c, err
	}
	if c.DID != old.DID {
		return c, fmt.Errorf("contact %q: its DID cannot be changed", old.Name)
	}
	if inbox.FoldName(c.Name) != inbox.FoldName(old.Name) && s.named(c.Name) {
		return c, fmt.Errorf("contact %q: %w", c.Name, inbox.ErrExists)
	}
	return c, nil
}

// RemoveContact implements inbox.Contacts.
func (s *Store) RemoveContact(ctx context.Context, id did.DID) error {
	return s.step(ctx, func() error {
		if _, ok := s.contacts[id.Canonical()]; !ok {
			return fmt.Errorf("contact: %w", inbox.ErrNotFound)
		}
		delete(s.contacts, id.Canonical())
		gone := map[int64]bool{}
		s.discard(func(e *inbox.Entry) bool {
			withheld := e.From == id.Canonical() && e.Disposition == inbox.Withheld
			gone[e.Seq] = withheld
			return withheld
		})
		maps.DeleteFunc(s.arrived, func(_ arrivalID, a arrival) bool { return gone[a.seq] })
		return nil
	})
}

// Claimed implements inbox.Contacts.
func (s *Store) Claimed(ctx context.Context, invitation string) (by did.DID, err error) {
	err = s.step(ctx, func() error {
		if by = s.claims[invitation]; by.IsZero() {
			return fmt.Errorf("claim: %w", inbox.ErrNotFound)
		}
		return nil
	})
	return by, err
}

// Learn implements inbox.Contacts.
func (s *Store) Learn(ctx context.Context, longs ...did.DID) error {
	return s.step(ctx, func() error {
		for _, long := range longs {
			s.learn(long)
		}
		return nil
	})
}

func (s *Store) learn(long did.DID) {
	if long.IsLong() {
		s.longs[long.Canonical()] = long
	}
}

// LongForm implements inbox.Contacts.
func (s *Store) LongForm(ctx context.Context, id did.DID) (long did.DID, err error) {
	err = s.step(ctx, func() error {
		if long = s.longs[id.Canonical()]; long.IsZero() {
			return fmt.Errorf("long form: %w: %w", inbox.ErrNotFound, did.ErrNotFound)
		}
		return nil
	})
	return long, err
}

// Setting implements inbox.Settings.
func (s *Store) Setting(ctx context.Context, name string) (value []byte, err error) {
	err = s.step(ctx, func() error {
		known, ok := s.settings[name]
		if !ok {
			return fmt.Errorf("setting %q: %w", name, inbox.ErrNotFound)
		}
		value = slices.Clone(known)
		return nil
	})
	return value, err
}

// SetSetting implements inbox.Settings.
func (s *Store) SetSetting(ctx context.Context, name string, value []byte) error {
	if len(value) > inbox.MaxSetting {
		return fmt.Errorf("setting %q of %d bytes, at most %d: %w", name, len(value), inbox.MaxSetting, inbox.ErrTooLarge)
	}
	return s.step(ctx, func() error {
		s.settings[name] = slices.Clone(value)
		return nil
	})
}
