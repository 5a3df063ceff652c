package inboxtest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/parley-im/parley/inbox"
)

func withheldCount(t *testing.T, s inbox.Store) {
	befriend(t, s)
	var as []inbox.Arrival
	for i := range inbox.MaxWithheld {
		as = append(as, withheld(bob, fmt.Sprint("m", i), byte(2+i%2)))
	}
	for i, r := range put(t, s, as...) {
		if r.Status != inbox.KeptBack {
			t.Fatalf("entry %d: %v", i, r.Status)
		}
	}
	got := put(t, s, withheld(bob, "more", 2), withheld(bob, "m0", 2), withheld(carol, "m1", 2), message(bob, "trusted", "x"))
	same(t, "full", statuses(got), []string{"no room", "kept back", "kept back", "added"})
	same(t, "number", got[0].Seq, int64(0))
	stats, err := s.Stats(t.Context())
	noErr(t, err)
	same(t, "stats", []int{stats.Withheld, stats.Pending}, []int{inbox.MaxWithheld + 1, 1})
	noErr(t, s.Delete(t.Context(), alice, back(t, s)[0].Seq))
	same(t, "one less", statuses(put(t, s, withheld(bob, "more", 2), withheld(bob, "and more", 2))), []string{"kept back", "no room"})
	same(t, "released", release(t, s, bob, 2), inbox.MaxWithheld/2)
	same(t, "room again", statuses(put(t, s, withheld(bob, "and more", 3))), []string{"kept back"})
}

func withheldSize(t *testing.T, s inbox.Store) {
	befriend(t, s)
	sized := func(id string, size int) inbox.Arrival {
		a := withheld(bob, id, 2)
		a.Payload = bytes.Repeat([]byte("x"), size)
		return a
	}
	full := inbox.MaxPayload
	got := put(t, s, sized("m1", full), sized("m2", full), sized("m3", full), sized("m4", full-7), sized("m5", 8), sized("m6", 7), sized("m7", 0))
	same(t, "results", statuses(got), []string{"kept back", "kept back", "kept back", "kept back", "no room", "kept back", "kept back"})
	same(t, "full", statuses(put(t, s, sized("m8", 1))), []string{"no room"})
	noErr(t, s.Delete(t.Context(), alice, got[5].Seq))
	same(t, "room again", statuses(put(t, s, sized("m8", 8), sized("m9", 7))), []string{"no room", "kept back"})
	same(t, "released", release(t, s, bob, 2), 6)
}

func withheldRemoved(t *testing.T, s inbox.Store) {
	befriend(t, s)
	put(t, s, message(bob, "m1", "x"), withheld(bob, "m2", 2), withheld(carol, "m3", 2), withheld(bob, "m4", 3))
	hints := s.Watch(t.Context())
	noErr(t, s.RemoveContact(t.Context(), bob))
	if !hinted(hints) {
		t.Error("no hint")
	}
	same(t, "entries", entryIDs(list(t, s, inbox.Query{})), []string{"m1"})
	same(t, "withheld", entryIDs(back(t, s)), []string{"m3"})
	noErr(t, s.AddContact(t.Context(), trusting(contact(bob, "bob"), 2)))
	got := put(t, s, withheld(bob, "m4", 3), message(bob, "m2", "another"), message(bob, "m1", "x"))
	same(t, "come again", statuses(got), []string{"kept back", "added", "duplicate"})
	same(t, "released", release(t, s, bob, 2), 0)
	same(t, "entries", entryIDs(list(t, s, inbox.Query{BySeq: true})), []string{"m1", "m2"})
}

func withheldBlocked(t *testing.T, s inbox.Store) {
	befriend(t, s)
	put(t, s, withheld(bob, "m1", 2))
	noErr(t, s.UpdateContact(t.Context(), bob, func(c *inbox.Contact) error { c.Blocked = true; return nil }))
	same(t, "withheld", entryIDs(back(t, s)), []string{"m1"})
}

func withheldStranger(t *testing.T, s inbox.Store) {
	same(t, "of a stranger", put(t, s, withheld(bob, "m1", 2)), []inbox.PutResult{{Status: inbox.NoRoom}})
	befriend(t, s)
	same(t, "of a contact", statuses(put(t, s, withheld(bob, "m1", 2))), []string{"kept back"})
	anonymous := withheld(bob, "m2", 2)
	anonymous.From = inbox.Entry{}.From
	if _, err := s.Put(t.Context(), withheld(bob, "m3", 2), anonymous); err == nil {
		t.Error("an anonymous message was withheld")
	}
	same(t, "withheld", entryIDs(back(t, s)), []string{"m1"})
}

// Nothing that a withheld message says is done: it does not use up an invitation.
func withheldClaim(t *testing.T, s inbox.Store) {
	befriend(t, s)
	unproven := func(a inbox.Arrival) inbox.Arrival {
		a.Withhold = setOf(2)
		return a
	}
	got := put(t, s, unproven(claiming(bob, "m1", "i1", "bob")), unproven(claiming(dora, "m1", "i1", "dora")))
	same(t, "results", statuses(got), []string{"kept back", "no room"})
	if _, err := s.Claimed(t.Context(), "i1"); !errors.Is(err, inbox.ErrNotFound) {
		t.Errorf("err = %v, want ErrNotFound", err)
	}
	if _, err := s.Contact(t.Context(), dora); !errors.Is(err, inbox.ErrNotFound) {
		t.Errorf("err = %v, want ErrNotFound", err)
	}
	same(t, "by another", statuses(put(t, s, claiming(dora, "m1", "i1", "dora"))), []string{"added"})
	release(t, s, bob, 2)
	late := unproven(claiming(bob, "m2", "i2", "bob"))
	same(t, "with keys that are trusted by now", statuses(put(t, s, late)), []string{"added"})
	by, err := s.Claimed(t.Context(), "i2")
	noErr(t, err)
	same(t, "claimed by", by, bob)
}

// What is withheld is not pending: nothing waits behind it. Once released it is.
func withheldKept(t *testing.T, s inbox.Store) {
	befriend(t, s)
	kept := func(id string) inbox.Arrival {
		a := message(bob, id, "x")
		a.Kept = true
		return a
	}
	put(t, s, kept("m0"), withheld(bob, "m1", 2), kept("m2"))
	release(t, s, bob, 2)
	put(t, s, kept("m3"))
	of := func(d inbox.Disposition) []string {
		return entryIDs(list(t, s, inbox.Query{BySeq: true, Dispositions: []inbox.Disposition{d}}))
	}
	same(t, "kept", of(inbox.Kept), []string{"m0", "m2"})
	same(t, "pending", of(inbox.Pending), []string{"m1", "m3"})
}

// A message that was judged before its keys were accepted, and arrives after, is not left behind.
func withheldLate(t *testing.T, s inbox.Store) {
	befriend(t, s)
	put(t, s, withheld(bob, "m1", 2))
	release(t, s, bob, 2)
	late := withheld(bob, "m2", 2)
	late.Kept = true
	got := put(t, s, late, withheld(bob, "m3", 1))
	same(t, "results", statuses(got), []string{"added", "kept back"})
	same(t, "pending", entryIDs(list(t, s, inbox.Query{BySeq: true, Dispositions: []inbox.Disposition{inbox.Pending}})), []string{"m1", "m2"})
	noErr(t, s.UpdateContact(t.Context(), bob, func(c *inbox.Contact) error {
		c.Offer = &inbox.Offer{Keys: keysOf(2), At: start}
		return nil
	}))
	same(t, "while they are offered", statuses(put(t, s, withheld(bob, "m4", 2))), []string{"kept back"})
}

// withheldRace accepts keys while messages arrive that they prove: none is left behind.
func withheldRace(t *testing.T, s inbox.Store) {
	befriend(t, s)
	const senders, messages = 4, 30
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for w := range senders {
		wg.Go(func() {
			for i := range messages {
				if i == messages/3 && w == 0 {
					close(begin)
				}
				if _, err := s.Put(t.Context(), withheld(bob, fmt.Sprintf("%d-%d", w, i), 2)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	<-begin
	release(t, s, bob, 2)
	wg.Wait()
	same(t, "withheld", entryIDs(back(t, s)), []string{})
	es := list(t, s, inbox.Query{BySeq: true, Limit: 1000, Dispositions: []inbox.Disposition{inbox.Pending}})
	same(t, "pending", len(es), senders*messages)
	next := make([]int, senders)
	for _, e := range es {
		var w, i int
		if _, err := fmt.Sscanf(e.MessageID, "%d-%d", &w, &i); err != nil || next[w] != i {
			t.Fatalf("%s comes as number %d, %v", e.MessageID, next[w], err)
		}
		next[w]++
	}
}

// withheldCountRace has many callers fill the room at once.
func withheldCountRace(t *testing.T, s inbox.Store) {
	befriend(t, s)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range inbox.MaxWithheld / 4 {
				if _, err := s.Put(t.Context(), withheld(bob, fmt.Sprintf("%d-%d", w, i), 2)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	same(t, "withheld", len(back(t, s)), inbox.MaxWithheld)
}
