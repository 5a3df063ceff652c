package inboxtest

import (
	"bytes"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

var putScenarios = map[string]func(*testing.T, inbox.Store){
	"keeps every field":                         putKeepsFields,
	"keeps the times that senders claim":        putKeepsTimes,
	"knows a duplicate":                         putDuplicate,
	"refuses another payload under one id":      putConflict,
	"tells owners and senders apart":            putOwnersApart,
	"knows an anonymous message by its payload": putAnonymous,
	"takes both forms of a DID as one":          putForms,
	"remembers what was deleted":                putDeleted,
	"takes a full payload and no larger one":    putSizes,
	"refuses an arrival without owner":          putNoOwner,
	"numbers without gaps or reuse":             putNumbers,
	"settles what is only to be kept":           putKept,
	"lets nothing pass what is pending":         putBehindPending,
	"is one step":                               putOneStep,
	"counts one of many at once":                putRace,
}

func putKeepsFields(t *testing.T, s inbox.Store) {
	a := inbox.Arrival{Entry: inbox.Entry{
		Owner: alice, From: bob, MessageID: "m1", Type: "t", ThreadID: "th", Payload: []byte("hello\x00\xff"),
		SenderKey: "did:example:bob#1", SignerKey: "did:example:bob#2", Misaddressed: true, Answered: true,
		Created: at(-time.Hour), Expires: at(time.Hour), Received: start.In(time.FixedZone("X", 3600)),
		Seq: 99, Rev: 99, Disposition: inbox.Consumed, Shown: true, Acked: true,
	}}
	results := put(t, s, a)
	same(t, "results", results, []inbox.PutResult{{Status: inbox.Added, Seq: results[0].Seq}})
	want := a.Entry
	want.Received, want.Seq, want.Disposition, want.Shown, want.Acked = start, results[0].Seq, inbox.Pending, false, false
	got := list(t, s, inbox.Query{})
	want.Rev = got[0].Rev
	same(t, "entry", got, []inbox.Entry{want})
	if want.Seq < 1 || want.Rev < 1 || got[0].Received.Location() != time.UTC {
		t.Fatalf("seq %d, rev %d, received in %v", want.Seq, want.Rev, got[0].Received.Location())
	}
}

func putKeepsTimes(t *testing.T, s inbox.Store) {
	for i, claimed := range farTimes {
		a := message(bob, strconv.Itoa(i), "x")
		a.Created, a.Expires = claimed, claimed
		put(t, s, a)
		got := list(t, s, inbox.Query{MessageID: strconv.Itoa(i)})[0]
		if !got.Created.Equal(claimed) || !got.Expires.Equal(claimed) || got.Created.IsZero() != claimed.IsZero() {
			t.Errorf("created %v, expires %v, want %v", got.Created, got.Expires, claimed)
		}
	}
}

func putDuplicate(t *testing.T, s inbox.Store) {
	m := message(bob, "m1", "hello")
	first := put(t, s, m, m, message(bob, "m2", "hello"))
	same(t, "one call", statuses(first), []string{"added", "duplicate", "added"})
	again := m
	again.Received, again.SenderKey, again.Answered = at(time.Hour), "another#key", true
	second := put(t, s, again)
	same(t, "second call", second, []inbox.PutResult{{Status: inbox.Duplicate, Seq: first[0].Seq}})
	if first[1].Seq != first[0].Seq {
		t.Errorf("the duplicate has seq %d, want that of its entry, %d", first[1].Seq, first[0].Seq)
	}
	es := list(t, s, inbox.Query{})
	same(t, "entries", entryIDs(es), []string{"m1", "m2"})
	if es[0].SenderKey != "" || !es[0].Received.Equal(start) {
		t.Error("a duplicate changed the entry")
	}
}

func putConflict(t *testing.T, s inbox.Store) {
	put(t, s, message(bob, "m1", "hello"))
	before := list(t, s, inbox.Query{})
	got := put(t, s, message(bob, "m1", "good bye"), message(bob, "m1", "hello"))
	same(t, "results", got, []inbox.PutResult{{Status: inbox.Conflict}, {Status: inbox.Duplicate, Seq: before[0].Seq}})
	same(t, "entries", list(t, s, inbox.Query{}), before)
}

func putOwnersApart(t *testing.T, s inbox.Store) {
	toCarol := message(bob, "m1", "hello")
	toCarol.Owner = carol
	got := put(t, s, message(bob, "m1", "hello"), message(carol, "m1", "other"), toCarol)
	same(t, "results", statuses(got), []string{"added", "added", "added"})
}

func putAnonymous(t *testing.T, s inbox.Store) {
	nobody := did.DID{}
	elsewhere := message(nobody, "m1", "hello")
	elsewhere.Owner = carol
	got := put(t, s, message(nobody, "m1", "hello"), message(nobody, "m1", "hello"),
		message(nobody, "m1", "other"), elsewhere, message(bob, "m1", "hello"))
	same(t, "results", statuses(got), []string{"added", "duplicate", "added", "added", "added"})
	if es := list(t, s, inbox.Query{}); !es[0].From.IsZero() {
		t.Errorf("an anonymous entry is from %v", es[0].From)
	}
}

func putForms(t *testing.T, s inbox.Store) {
	long := message(doraL, "m1", "hello")
	long.Owner, long.Long = doraL, doraL
	short := message(dora, "m1", "hello")
	short.Owner = dora
	same(t, "results", statuses(put(t, s, long, short)), []string{"added", "duplicate"})
	for _, form := range []did.DID{dora, doraL} {
		es := list(t, s, inbox.Query{Owner: form, From: form})
		if len(es) != 1 || es[0].Owner != dora || es[0].From != dora {
			t.Fatalf("%d entries for %v", len(es), form)
		}
		noErr(t, s.Mark(t.Context(), form, inbox.MarkShown, []int64{es[0].Seq}))
		long, err := s.LongForm(t.Context(), form)
		noErr(t, err)
		same(t, "long form", long, doraL)
	}
}

func putDeleted(t *testing.T, s inbox.Store) {
	m := message(bob, "m1", "hello")
	nobody := message(did.DID{}, "m1", "psst")
	for _, r := range put(t, s, m, nobody) {
		noErr(t, s.Delete(t.Context(), alice, r.Seq))
	}
	got := put(t, s, m, nobody, message(bob, "m1", "other"))
	same(t, "results", got, []inbox.PutResult{{Status: inbox.Duplicate}, {Status: inbox.Duplicate}, {Status: inbox.Conflict}})
	same(t, "entries", list(t, s, inbox.Query{}), []inbox.Entry(nil))
}

func putSizes(t *testing.T, s inbox.Store) {
	m := message(bob, "m1", "")
	m.Payload = bytes.Repeat([]byte("x"), inbox.MaxPayload)
	same(t, "full", statuses(put(t, s, m)), []string{"added"})
	same(t, "payload", len(list(t, s, inbox.Query{})[0].Payload), inbox.MaxPayload)
	m.MessageID, m.Payload = "m2", append(m.Payload, 'x')
	if _, err := s.Put(t.Context(), message(bob, "m3", "small"), m); !errors.Is(err, inbox.ErrTooLarge) {
		t.Fatalf("err = %v, want ErrTooLarge", err)
	}
	same(t, "entries", entryIDs(list(t, s, inbox.Query{})), []string{"m1"})
	empty := message(bob, "m4", "")
	same(t, "empty", statuses(put(t, s, empty, empty)), []string{"added", "duplicate"})
}

func putNoOwner(t *testing.T, s inbox.Store) {
	m := message(bob, "m1", "hello")
	m.Owner = did.DID{}
	if _, err := s.Put(t.Context(), m); err == nil {
		t.Error("an arrival without owner was taken")
	}
	m = message(did.DID{}, "m1", "hello")
	m.Claim = &inbox.Claim{Invitation: "i", Contact: inbox.Contact{Name: "ghost"}}
	if _, err := s.Put(t.Context(), m); err == nil {
		t.Error("an anonymous claim was taken")
	}
}

func putNumbers(t *testing.T, s inbox.Store) {
	var last, lastRev int64
	for i, id := range ids("m", 6) {
		r := put(t, s, message(bob, id, "x"), message(bob, id, "x"))[0]
		e := list(t, s, inbox.Query{MessageID: id})[0]
		if r.Seq <= last || e.Rev <= lastRev {
			t.Fatalf("entry %d has seq %d after %d, rev %d after %d", i, r.Seq, last, e.Rev, lastRev)
		}
		last, lastRev = r.Seq, e.Rev
		noErr(t, s.Delete(t.Context(), alice, r.Seq)) // the number of the newest must not come back
	}
}

func putOneStep(t *testing.T, s inbox.Store) {
	bad := message(bob, "m2", "x")
	bad.Owner = did.DID{}
	if _, err := s.Put(t.Context(), message(bob, "m1", "x"), bad); err == nil {
		t.Fatal("no error")
	}
	same(t, "entries", list(t, s, inbox.Query{}), []inbox.Entry(nil))
	same(t, "retry", statuses(put(t, s, message(bob, "m1", "x"))), []string{"added"})
	same(t, "none", put(t, s), []inbox.PutResult{})
}

func putKept(t *testing.T, s inbox.Store) {
	kept := message(carol, "kept", "x")
	kept.Kept = true
	results := put(t, s, message(bob, "pending", "x"), kept, kept)
	same(t, "statuses", statuses(results), []string{"added", "added", "duplicate"})
	same(t, "kept", entryIDs(list(t, s, inbox.Query{Dispositions: []inbox.Disposition{inbox.Kept}})), []string{"kept"})
	same(t, "pending", entryIDs(list(t, s, inbox.Query{Dispositions: []inbox.Disposition{inbox.Pending}})), []string{"pending"})
	stats, err := s.Stats(t.Context())
	noErr(t, err)
	if stats.Pending != 1 || stats.Unread != 1 {
		t.Errorf("%d pending and %d unread, want one of each", stats.Pending, stats.Unread)
	}
	noErr(t, s.Handled(t.Context(), alice, results[1].Seq, inbox.Rejected))
	same(t, "after", entryIDs(list(t, s, inbox.Query{Dispositions: []inbox.Disposition{inbox.Kept}})), []string{"kept"})
}

// What is only to be kept does not come before what its sender had sent before, and waits for nobody else.
func putBehindPending(t *testing.T, s inbox.Store) {
	settled := func() []string {
		return entryIDs(list(t, s, inbox.Query{Dispositions: []inbox.Disposition{inbox.Kept}, BySeq: true}))
	}
	arrival := func(from did.DID, id string, kept bool) inbox.Arrival {
		a := message(from, id, "x")
		a.Kept = kept
		return a
	}
	results := put(t, s, arrival(bob, "m1", true), arrival(bob, "m2", false), arrival(bob, "m3", true), arrival(carol, "m4", true))
	same(t, "in one call", settled(), []string{"m1", "m4"})
	put(t, s, arrival(bob, "m5", true))
	same(t, "in another", settled(), []string{"m1", "m4"})
	for i, seq := range []int64{results[1].Seq, results[2].Seq, results[2].Seq + 2} {
		put(t, s, arrival(carol, "of carol "+strconv.Itoa(i), true), arrival(bob, "of bob "+strconv.Itoa(i), true))
		noErr(t, s.Handled(t.Context(), alice, seq, inbox.Consumed))
	}
	same(t, "of carol", settled(), []string{"m1", "m4", "of carol 0", "of carol 1", "of carol 2"})
	for _, e := range list(t, s, inbox.Query{Dispositions: []inbox.Disposition{inbox.Pending}, BySeq: true}) {
		noErr(t, s.Handled(t.Context(), alice, e.Seq, inbox.Consumed))
	}
	put(t, s, arrival(bob, "m6", true))
	same(t, "behind nothing", settled(), []string{"m1", "m4", "of carol 0", "of carol 1", "of carol 2", "m6"})
}

// putRace has many callers put the same messages at once.
func putRace(t *testing.T, s inbox.Store) {
	const callers, messages = 8, 25
	var mu sync.Mutex
	added := make(map[string]int)
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for _, id := range ids("m", messages) {
				results, err := s.Put(t.Context(), message(bob, id, "x"))
				if err != nil {
					t.Error(err)
					return
				}
				if results[0].Status == inbox.Added {
					mu.Lock()
					added[id]++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	for _, id := range ids("m", messages) {
		if added[id] != 1 {
			t.Errorf("%s was added %d times", id, added[id])
		}
	}
	same(t, "entries", len(list(t, s, inbox.Query{})), messages)
}
