package inboxtest

import (
	"errors"
	"testing"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

var withheldScenarios = map[string]func(*testing.T, inbox.Store){
	"is nobody's":                           withheldHidden,
	"is released in order":                  withheldReleased,
	"is released with its keys alone":       withheldSets,
	"is released for all who got it":        withheldOwners,
	"stays when the change fails":           withheldFails,
	"is released under pinned keys only":    withheldUntrusted,
	"is known when it comes again":          withheldAgain,
	"comes with trusted keys after all":     withheldProven,
	"gives way to what is trusted":          withheldSuperseded,
	"does not pass what is pending then":    withheldProvenBehind,
	"is never more than may be":             withheldCount,
	"is never larger than may be":           withheldSize,
	"goes with the contact":                 withheldRemoved,
	"stays when the contact is blocked":     withheldBlocked,
	"needs a contact":                       withheldStranger,
	"claims nothing":                        withheldClaim,
	"lets what is kept pass, until release": withheldKept,
	"is not held after the release":         withheldLate,
	"is released or added, in any race":     withheldRace,
	"is held only as often as may be":       withheldCountRace,
}

// withheld is a message that the keys of that number prove.
func withheld(from did.DID, id string, n byte) inbox.Arrival {
	a := message(from, id, "x")
	a.Withhold = setOf(n)
	return a
}

// back returns what is withheld of everybody.
func back(t *testing.T, s inbox.Store) []inbox.Entry {
	t.Helper()
	return list(t, s, inbox.Query{BySeq: true, Limit: 1000, Dispositions: []inbox.Disposition{inbox.Withheld}})
}

// accept is the change of a contact whose offered keys are accepted.
func accept(n byte) func(c *inbox.Contact) error {
	return func(c *inbox.Contact) error {
		*c = trusting(*c, n)
		c.Offer = nil
		return nil
	}
}

func release(t *testing.T, s inbox.Store, id did.DID, n byte) int {
	t.Helper()
	released, err := s.ReleaseContact(t.Context(), id, setOf(n), accept(n))
	noErr(t, err)
	return released
}

// befriend makes bob and carol contacts whose keys are those of number 1.
func befriend(t *testing.T, s inbox.Store) {
	t.Helper()
	noErr(t, s.AddContact(t.Context(), trusting(contact(bob, "bob"), 1)))
	noErr(t, s.AddContact(t.Context(), trusting(contact(carol, "carol"), 1)))
}

func withheldHidden(t *testing.T, s inbox.Store) {
	befriend(t, s)
	hints := s.Watch(t.Context())
	a := withheld(bob, "m1", 2)
	a.Kept, a.ThreadID = true, "thread"
	results := put(t, s, a)
	seq := results[0].Seq
	same(t, "results", results, []inbox.PutResult{{Status: inbox.KeptBack, Seq: seq}})
	if !hinted(hints) {
		t.Error("no hint")
	}
	for name, q := range map[string]inbox.Query{
		"all": {}, "id": {MessageID: "m1"}, "sender": {From: bob, BySeq: true}, "thread": {ThreadID: "thread"}, "number": {Seqs: []int64{seq}},
		"payload": {Match: func([]byte) bool { return true }}, "unacked": {Unacked: true}, "owner": {Owner: alice, Newest: true},
		"others": {Dispositions: []inbox.Disposition{inbox.Pending, inbox.Kept, inbox.Consumed, inbox.Rejected}},
	} {
		if es := list(t, s, q); len(es) != 0 {
			t.Errorf("found by %s", name)
		}
	}
	want := a.Entry
	want.Seq, want.Disposition, want.Rev = seq, inbox.Withheld, back(t, s)[0].Rev
	same(t, "withheld", back(t, s), []inbox.Entry{want})
	noErr(t, s.Handled(t.Context(), alice, seq, inbox.Consumed, letter(bob, "reply", "x")))
	noErr(t, s.Mark(t.Context(), alice, inbox.MarkAcked, []int64{seq}, letter(carol, "receipt", "x")))
	same(t, "left alone", back(t, s), []inbox.Entry{want})
	same(t, "sent", parcelNames(sent(t, s, inbox.SentQuery{})), []string{"receipt:queued"})
	for _, d := range []inbox.Disposition{inbox.Withheld, inbox.Pending} {
		if err := s.Handled(t.Context(), alice, seq, d); err == nil {
			t.Errorf("%v settled it", d)
		}
	}
	both := list(t, s, inbox.Query{Dispositions: []inbox.Disposition{inbox.Withheld, inbox.Kept}, From: bob})
	same(t, "asked for", entryIDs(both), []string{"m1"})
}

func withheldReleased(t *testing.T, s inbox.Store) {
	befriend(t, s)
	noErr(t, s.UpdateContact(t.Context(), bob, func(c *inbox.Contact) error {
		c.Offer = &inbox.Offer{Keys: keysOf(2), At: start}
		return nil
	}))
	first := put(t, s, message(bob, "before", "x"), withheld(bob, "m1", 2), message(carol, "other", "x"), withheld(bob, "m2", 2))
	revs := back(t, s)
	hints := s.Watch(t.Context())
	n, err := s.ReleaseContact(t.Context(), bob, setOf(2), func(c *inbox.Contact) error {
		if c.Offer == nil {
			t.Error("the change does not see the offer")
		}
		c.Verified = at(tick)
		c.History = append(c.History, inbox.KeyEvent{At: at(tick), How: inbox.KeysVerified, Keys: setOf(2)})
		return accept(2)(c)
	})
	noErr(t, err)
	same(t, "released", n, 2)
	if !hinted(hints) {
		t.Error("no hint")
	}
	put(t, s, message(bob, "behind", "x"))
	es := list(t, s, inbox.Query{BySeq: true, From: bob, Dispositions: []inbox.Disposition{inbox.Pending}})
	same(t, "order", entryIDs(es), []string{"before", "m1", "m2", "behind"})
	if es[1].Seq != first[1].Seq || es[1].Rev <= revs[1].Rev || es[2].Rev <= es[1].Rev || es[3].Rev <= es[2].Rev {
		t.Errorf("revisions %d, %d, %d after %d", es[1].Rev, es[2].Rev, es[3].Rev, revs[1].Rev)
	}
	want := trusting(contact(bob, "bob"), 2)
	want.Verified, want.History = at(tick), []inbox.KeyEvent{{At: at(tick), How: inbox.KeysVerified, Keys: setOf(2)}}
	knows(t, s, want)
	stats, err := s.Stats(t.Context())
	noErr(t, err)
	same(t, "stats", []int{stats.Pending, stats.Withheld}, []int{5, 0})
	same(t, "again", release(t, s, bob, 2), 0)
	noErr(t, s.Handled(t.Context(), alice, es[1].Seq, inbox.Kept, letter(bob, "reply", "x")))
	noErr(t, s.Mark(t.Context(), alice, inbox.MarkShown, []int64{es[1].Seq}))
	same(t, "as any other", parcelNames(sent(t, s, inbox.SentQuery{})), []string{"reply:queued"})
}

func withheldSets(t *testing.T, s inbox.Store) {
	befriend(t, s)
	put(t, s, withheld(bob, "m1", 2), withheld(bob, "m2", 3), withheld(carol, "m1", 2), withheld(bob, "m3", 2))
	same(t, "released", release(t, s, bob, 2), 2)
	same(t, "withheld", entryIDs(back(t, s)), []string{"m2", "m1"})
	same(t, "released", release(t, s, bob, 4), 0)
	n, err := s.ReleaseContact(t.Context(), bob, [32]byte{}, func(c *inbox.Contact) error { c.Name = "robert"; return nil })
	if n != 0 || err != nil {
		t.Errorf("%d released under no keys, %v", n, err)
	}
	same(t, "released", release(t, s, bob, 3), 1)
	same(t, "withheld", entryIDs(back(t, s)), []string{"m1"})
	c, err := s.Contact(t.Context(), bob)
	noErr(t, err)
	same(t, "name", c.Name, "robert")
}

func withheldOwners(t *testing.T, s inbox.Store) {
	noErr(t, s.AddContact(t.Context(), trusting(contact(dora, "dora"), 1)))
	one, two := withheld(doraL, "m1", 2), withheld(dora, "m1", 2)
	two.Owner = carol
	same(t, "results", statuses(put(t, s, one, two)), []string{"kept back", "kept back"})
	same(t, "released", release(t, s, doraL, 2), 2)
	same(t, "entries", entryIDs(list(t, s, inbox.Query{From: dora})), []string{"m1", "m1"})
}

func withheldFails(t *testing.T, s inbox.Store) {
	befriend(t, s)
	put(t, s, withheld(bob, "m1", 2))
	failed := errors.New("no")
	for name, c := range map[string]struct {
		id     did.DID
		change func(*inbox.Contact) error
		want   error
	}{
		"the change's error": {bob, func(c *inbox.Contact) error { return errors.Join(accept(2)(c), failed) }, failed},
		"a bad name":         {bob, func(c *inbox.Contact) error { c.Name = "a b"; return accept(2)(c) }, inbox.ErrName},
		"a name in use":      {bob, func(c *inbox.Contact) error { c.Name = "Carol"; return accept(2)(c) }, inbox.ErrExists},
		"no contact":         {dora, accept(2), inbox.ErrNotFound},
	} {
		if n, err := s.ReleaseContact(t.Context(), c.id, setOf(2), c.change); !errors.Is(err, c.want) || n != 0 {
			t.Errorf("%s: %d released, err = %v, want %v", name, n, err, c.want)
		}
	}
	same(t, "withheld", entryIDs(back(t, s)), []string{"m1"})
	knows(t, s, trusting(contact(bob, "bob"), 1))
}

// What keys have proven that are not pinned is not released by mistake.
func withheldUntrusted(t *testing.T, s inbox.Store) {
	befriend(t, s)
	put(t, s, withheld(bob, "m1", 2))
	for name, change := range map[string]func(*inbox.Contact) error{
		"nothing":      func(*inbox.Contact) error { return nil },
		"other keys":   accept(3),
		"still offers": func(c *inbox.Contact) error { c.Offer = &inbox.Offer{Keys: keysOf(2), At: start}; return nil },
		"offered anew": func(c *inbox.Contact) error {
			*c = trusting(*c, 2)
			c.Offer = &inbox.Offer{Keys: keysOf(2), At: start}
			return nil
		},
	} {
		if n, err := s.ReleaseContact(t.Context(), bob, setOf(2), change); err == nil || n != 0 {
			t.Errorf("%s: %d released, err = %v", name, n, err)
		}
	}
	same(t, "withheld", entryIDs(back(t, s)), []string{"m1"})
	knows(t, s, trusting(contact(bob, "bob"), 1))
}

func withheldAgain(t *testing.T, s inbox.Store) {
	befriend(t, s)
	first := put(t, s, withheld(bob, "m1", 2), withheld(bob, "m1", 2))
	want := inbox.PutResult{Status: inbox.KeptBack, Seq: first[0].Seq}
	same(t, "in one call", first, []inbox.PutResult{want, want})
	other := withheld(bob, "m1", 2)
	other.Payload = []byte("y")
	before := back(t, s)
	got := put(t, s, withheld(bob, "m1", 2), withheld(bob, "m1", 3), other)
	same(t, "later", got, []inbox.PutResult{want, want, {Status: inbox.Conflict}})
	same(t, "entries", back(t, s), before)
	same(t, "released", release(t, s, bob, 2), 1)
	duplicate := inbox.PutResult{Status: inbox.Duplicate, Seq: first[0].Seq}
	same(t, "after release", put(t, s, withheld(bob, "m1", 3), message(bob, "m1", "x")), []inbox.PutResult{duplicate, duplicate})
	deleted := put(t, s, withheld(bob, "m2", 3))[0].Seq
	noErr(t, s.Delete(t.Context(), alice, deleted))
	got = put(t, s, withheld(bob, "m2", 3), message(bob, "m2", "x"))
	same(t, "deleted", got, []inbox.PutResult{{Status: inbox.Duplicate}, {Status: inbox.Duplicate}})
}

// Whoever has other keys of the sender cannot keep out what the sender says by using the name of it first.
func withheldSuperseded(t *testing.T, s inbox.Store) {
	befriend(t, s)
	put(t, s, withheld(bob, "m1", 2), withheld(bob, "m2", 2))
	got := put(t, s, message(bob, "m1", "what bob says"), message(bob, "m1", "what bob says"))
	same(t, "results", statuses(got), []string{"added", "duplicate"})
	same(t, "withheld", entryIDs(back(t, s)), []string{"m2"})
	es := list(t, s, inbox.Query{BySeq: true})
	if len(es) != 1 || string(es[0].Payload) != "what bob says" || es[0].Disposition != inbox.Pending || got[0].Proven {
		t.Errorf("entries %v, result %+v", es, got[0])
	}
	same(t, "from the others again", statuses(put(t, s, withheld(bob, "m1", 2))), []string{"conflict"})
	same(t, "released", release(t, s, bob, 2), 1)
}

// A message that was withheld, and is sent again by keys that are trusted, is as if it came only now.
func withheldProven(t *testing.T, s inbox.Store) {
	befriend(t, s)
	early := withheld(bob, "m1", 2)
	early.SenderKey, early.ThreadID = "offered#key", "t1"
	put(t, s, early, withheld(bob, "m2", 2))
	old := back(t, s)[0]
	late := message(bob, "m1", "x")
	late.Received, late.SenderKey, late.Answered, late.ThreadID, late.Kept = at(time.Hour), "pinned#key", true, "t2", true
	results := put(t, s, late, late)
	same(t, "results", results, []inbox.PutResult{{Status: inbox.Added, Seq: old.Seq, Proven: true}, {Status: inbox.Duplicate, Seq: old.Seq}})
	want := late.Entry
	es := list(t, s, inbox.Query{ThreadID: "t2"})
	want.Seq, want.Disposition, want.Rev = old.Seq, inbox.Kept, es[0].Rev
	same(t, "entry", es, []inbox.Entry{want})
	if want.Rev <= old.Rev {
		t.Errorf("revision %d after %d", want.Rev, old.Rev)
	}
	same(t, "of the other thread", list(t, s, inbox.Query{ThreadID: "t1"}), []inbox.Entry{})
	same(t, "released", release(t, s, bob, 2), 1)
	same(t, "found", entryIDs(list(t, s, inbox.Query{MessageID: "m1"})), []string{"m1"})
}

func withheldProvenBehind(t *testing.T, s inbox.Store) {
	befriend(t, s)
	put(t, s, withheld(bob, "m1", 2), message(bob, "m2", "x"))
	kept := message(bob, "m1", "x")
	kept.Kept = true
	same(t, "results", statuses(put(t, s, kept)), []string{"added"})
	pending := inbox.Query{BySeq: true, Dispositions: []inbox.Disposition{inbox.Pending}}
	same(t, "pending", entryIDs(list(t, s, pending)), []string{"m1", "m2"})
}
