package sqlite

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

func contactNumber(i int) inbox.Contact {
	return inbox.Contact{DID: did.MustParse(fmt.Sprintf("did:example:%d", i)), Name: fmt.Sprintf("name-%d", i), Addresses: []string{"a"}}
}

// Whoever has changed a contact reads the change, however many read at the same time.
func TestKnownContactsFollowChanges(t *testing.T) {
	t.Parallel()
	s, ctx := openTest(t), t.Context()
	c := contactNumber(1)
	if err := s.AddContact(ctx, c); err != nil {
		t.Fatal(err)
	}
	var readers sync.WaitGroup
	quit := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			for newest := uint32(0); ; {
				select {
				case <-quit:
					return
				default:
				}
				got, err := s.Contact(ctx, c.DID)
				if err != nil || got.Life.Count < newest {
					t.Errorf("read life %d after %d, %v", got.Life.Count, newest, err)
					return
				}
				newest = got.Life.Count
			}
		})
	}
	for i := range uint32(50) {
		if err := s.UpdateContact(ctx, c.DID, func(c *inbox.Contact) error { c.Life.Count = i + 1; return nil }); err != nil {
			t.Fatal(err)
		}
		one, err := s.Contact(ctx, c.DID)
		all, err2 := s.Contacts(ctx)
		if err := errors.Join(err, err2); err != nil || one.Life.Count != i+1 || len(all) != 1 || all[0].Life.Count != i+1 {
			t.Fatalf("after change %d: %+v, %+v, %v", i+1, one, all, err)
		}
	}
	close(quit)
	readers.Wait()
	if err := s.RemoveContact(ctx, c.DID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Contact(ctx, c.DID); !errors.Is(err, inbox.ErrNotFound) {
		t.Errorf("a removed contact: %v", err)
	}
}

// What a caller does with a contact is its own.
func TestKnownContactsAreCopies(t *testing.T) {
	t.Parallel()
	s, ctx := openTest(t), t.Context()
	c := contactNumber(1)
	if err := s.AddContact(ctx, c); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		one, err := s.Contact(ctx, c.DID)
		all, err2 := s.Contacts(ctx)
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		if one.Addresses[0] != "a" || all[0].Addresses[0] != "a" {
			t.Error("somebody's change reached the store")
		}
		one.Addresses[0], all[0].Addresses[0] = "one", "all"
	}
}

// More contacts than are kept in memory are read from the disk, by either way.
func TestManyContacts(t *testing.T) {
	t.Parallel()
	s, ctx := openTest(t), t.Context()
	var adding sync.WaitGroup
	for i := range maxKnown + 1 {
		adding.Go(func() {
			if err := s.AddContact(ctx, contactNumber(i)); err != nil {
				t.Error(err)
			}
		})
	}
	adding.Wait()
	for range 2 {
		all, err := s.Contacts(ctx)
		if err != nil || len(all) != maxKnown+1 {
			t.Fatalf("%d contacts, %v", len(all), err)
		}
		if one, err := s.Contact(ctx, contactNumber(7).DID); err != nil || one.Name != "name-7" {
			t.Errorf("%+v, %v", one, err)
		}
	}
	if s.known.last.Load() != nil {
		t.Error("too many contacts are kept in memory")
	}
}
