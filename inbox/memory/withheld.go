package memory

import (
	"context"
	"slices"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// ReleaseContact implements inbox.Contacts.
func (s *Store) ReleaseContact(ctx context.Context, id did.DID, keys [32]byte, change func(*inbox.Contact) error) (n int, err error) {
	err = s.step(ctx, func() error {
		c, err := s.changed(id, change)
		if err != nil {
			return err
		}
		if err := c.CheckRelease(keys); err != nil {
			return err
		}
		s.contacts[c.DID] = c
		for _, e := range s.entries {
			if e.From == c.DID && e.Disposition == inbox.Withheld && s.sets[e.Seq] == keys {
				s.release(e)
				n++
			}
		}
		return nil
	})
	return n, err
}

func (s *Store) release(e *inbox.Entry) {
	delete(s.sets, e.Seq)
	e.Disposition, e.Rev = inbox.Pending, s.nextRev()
}

// trust makes an arrival pending that would be withheld under keys that are trusted by now.
func (s *Store) trust(a *inbox.Arrival) {
	if a.Disposition == inbox.Withheld && s.contacts[a.From].Trusts(a.Withhold) {
		a.Disposition = inbox.Pending
	}
}

// prove settles a withheld entry that has come again as e, proven by keys that are trusted.
func (s *Store) prove(old *inbox.Entry, e inbox.Entry) {
	if e.Disposition == inbox.Kept && s.pending(e.From) {
		e.Disposition = inbox.Pending
	}
	delete(s.sets, old.Seq)
	e.Seq, e.Rev, e.Payload = old.Seq, s.nextRev(), slices.Clone(e.Payload)
	*old = e
}

// room reports whether another entry of the sender, who has to be a contact, may be withheld.
func (s *Store) room(another inbox.Entry) bool {
	if _, known := s.contacts[another.From]; !known {
		return false
	}
	n, bytes := 1, len(another.Payload)
	for _, e := range s.entries {
		if e.From == another.From && e.Disposition == inbox.Withheld {
			n, bytes = n+1, bytes+len(e.Payload)
		}
	}
	return n <= inbox.MaxWithheld && bytes <= inbox.MaxWithheldBytes
}
