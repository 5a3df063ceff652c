package memory

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// Hold implements inbox.Requests.
func (s *Store) Hold(ctx context.Context, r inbox.Request) (status inbox.HoldStatus, err error) {
	r, err = r.Clean()
	if err != nil {
		return 0, err
	}
	err = s.step(ctx, func() error {
		if _, known := s.contacts[r.From]; known {
			return fmt.Errorf("request: the sender is a contact: %w", inbox.ErrExists)
		}
		s.requests = slices.DeleteFunc(s.requests, func(old inbox.Request) bool {
			return !old.Received.After(r.Received.Add(-inbox.RequestTime))
		})
		status = s.hold(r)
		return nil
	})
	return status, err
}

func (s *Store) hold(r inbox.Request) inbox.HoldStatus {
	if i := s.request(r.From); i >= 0 {
		old := s.requests[i]
		if old.Owner == r.Owner && old.MessageID == r.MessageID && bytes.Equal(old.Payload, r.Payload) {
			return inbox.Held
		}
		return inbox.HoldOccupied
	}
	if len(s.requests) >= inbox.MaxRequests {
		return inbox.HoldFull
	}
	s.requests = append(s.requests, r.Clone())
	return inbox.Held
}

// request returns the index of what is held of the sender, -1 if there is nothing.
func (s *Store) request(sender did.DID) int {
	return slices.IndexFunc(s.requests, func(r inbox.Request) bool { return r.From == sender.Canonical() })
}

// Requests implements inbox.Requests.
func (s *Store) Requests(ctx context.Context) (list []inbox.Request, err error) {
	err = s.step(ctx, func() error {
		for _, r := range s.requests {
			list = append(list, r.Clone())
		}
		return nil
	})
	return list, err
}

// AcceptRequest implements inbox.Requests.
func (s *Store) AcceptRequest(ctx context.Context, sender did.DID, c inbox.Contact, now time.Time) (contact inbox.Contact, err error) {
	err = s.step(ctx, func() error {
		i := s.request(sender)
		if i < 0 {
			return fmt.Errorf("request: %w", inbox.ErrNotFound)
		}
		r := s.requests[i]
		fresh, err := r.Introduce(c, now)
		if err != nil {
			return err
		}
		a, err := r.Arrival(now).Clean()
		if err != nil {
			return err
		}
		contact = s.introduce(fresh)
		s.learn(r.Long)
		if !contact.Blocked {
			s.put(a)
		}
		s.requests = slices.Delete(s.requests, i, i+1)
		return nil
	})
	return contact, err
}

// introduce adds the contact, unless it is one already; it may become blocked.
func (s *Store) introduce(c inbox.Contact) inbox.Contact {
	old, known := s.contacts[c.DID]
	if known {
		old.Blocked = old.Blocked || c.Blocked
		c = old
	} else {
		c.Name, _ = inbox.FreeName(c.Name, func(name string) (bool, error) { return s.named(name), nil })
	}
	s.contacts[c.DID] = c
	return c.Clone()
}

// DropRequest implements inbox.Requests.
func (s *Store) DropRequest(ctx context.Context, sender did.DID) error {
	return s.step(ctx, func() error {
		i := s.request(sender)
		if i < 0 {
			return fmt.Errorf("request: %w", inbox.ErrNotFound)
		}
		s.requests = slices.Delete(s.requests, i, i+1)
		return nil
	})
}
