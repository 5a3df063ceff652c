package inboxtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/parley-im/parley/inbox"
)

var storeScenarios = map[string]func(*testing.T, inbox.Store){
	"counts":                         storeStats,
	"hints at changes":               storeWatch,
	"holds a hint back for nobody":   storeWatchHolds,
	"hints at nothing without cause": storeWatchQuiet,
	"refuses work once closed":       storeClosed,
	"does nothing for who is gone":   storeContext,
	"serves many at once":            storeMany,
}

func storeStats(t *testing.T, s inbox.Store) {
	seqs := put(t, s, message(bob, "m1", "x"), message(bob, "m2", "x"), message(bob, "m3", "x"), message(bob, "m4", "x"))
	noErr(t, s.Handled(t.Context(), alice, seqs[0].Seq, inbox.Kept))
	noErr(t, s.Handled(t.Context(), alice, seqs[1].Seq, inbox.Kept))
	noErr(t, s.Handled(t.Context(), alice, seqs[2].Seq, inbox.Consumed))
	noErr(t, s.Mark(t.Context(), alice, inbox.MarkAcked, []int64{seqs[0].Seq}))
	for i, id := range ids("p", 7) {
		enqueue(t, s, letter(bob, id, "x"))
		_, err := s.Advance(t.Context(), alice, bob, []string{id}, inbox.State(i+1), start)
		noErr(t, err)
	}
	noErr(t, s.AddContact(t.Context(), inbox.Contact{DID: bob, Name: "bob"}))
	put(t, s, withheld(bob, "w1", 2), withheld(bob, "w2", 3))
	hold(t, s, asking(carol, "m1", "x"), inbox.Held)
	hold(t, s, asking(dora, "m1", "x"), inbox.Held)
	got, err := s.Stats(t.Context())
	noErr(t, err)
	newest := list(t, s, inbox.Query{MessageID: "w2", Dispositions: []inbox.Disposition{inbox.Withheld}})[0].Rev
	same(t, "stats", got, inbox.Stats{Pending: 1, Unread: 1, Withheld: 2, Waiting: 3, Failed: 2, Contacts: 1, Requests: 2, Rev: newest})
}

// hinted reports whether a hint comes; drivers leave it before the call that causes it returns.
func hinted(hints <-chan struct{}) bool {
	select {
	case _, ok := <-hints:
		return ok
	default:
		return false
	}
}

func storeWatch(t *testing.T, s inbox.Store) {
	hints := s.Watch(t.Context())
	var seq int64
	var b inbox.Batch
	for _, step := range []struct {
		name string
		do   func()
	}{
		{"put", func() { seq = put(t, s, message(bob, "m1", "x"))[0].Seq }},
		{"mark", func() { noErr(t, s.Mark(t.Context(), alice, inbox.MarkShown, []int64{seq})) }},
		{"handled", func() { noErr(t, s.Handled(t.Context(), alice, seq, inbox.Kept)) }},
		{"enqueue", func() { enqueue(t, s, letter(bob, "m1", "x")) }},
		{"settle", func() {
			b = claimOne(t, s, start)
			settle(t, s, b, start, at(time.Hour), inbox.Outcome{State: inbox.Sent})
		}},
		{"advance", func() {
			_, err := s.Advance(t.Context(), alice, bob, []string{"m1"}, inbox.Delivered, start)
			noErr(t, err)
		}},
		{"delete", func() { noErr(t, s.Delete(t.Context(), alice, seq)) }},
	} {
		step.do()
		if !hinted(hints) {
			t.Errorf("no hint after %s", step.name)
		}
	}
}

func storeWatchHolds(t *testing.T, s inbox.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	slow, other := s.Watch(ctx), s.Watch(t.Context())
	for _, id := range ids("m", 5) {
		put(t, s, message(bob, id, "x"))
	}
	if !hinted(slow) || hinted(slow) || !hinted(other) {
		t.Error("each watcher wants one hint for all that has happened")
	}
	cancel()
	if _, ok := <-slow; ok {
		t.Error("the channel of an ended context is not closed")
	}
	put(t, s, message(bob, "more", "x"))
	if !hinted(other) {
		t.Error("the other watcher got no hint")
	}
	if _, ok := <-s.Watch(ctx); ok {
		t.Error("watching with an ended context gives an open channel")
	}
}

// storeWatchQuiet keeps a follower who marks what it has seen from waking itself for ever.
func storeWatchQuiet(t *testing.T, s inbox.Store) {
	m := message(bob, "m1", "x")
	seq := put(t, s, m)[0].Seq
	noErr(t, s.Mark(t.Context(), alice, inbox.MarkShown, []int64{seq}))
	enqueue(t, s, letter(bob, "m1", "x"))
	hints := s.Watch(t.Context())
	put(t, s, m)
	noErr(t, s.Mark(t.Context(), alice, inbox.MarkShown, []int64{seq}))
	enqueue(t, s, letter(bob, "m1", "x"))
	claim(t, s, start, inbox.Limit{})
	noErr(t, s.Delete(t.Context(), alice, seq+1))
	if hinted(hints) {
		t.Error("a hint, though nothing has changed")
	}
}

func storeClosed(t *testing.T, s inbox.Store) {
	put(t, s, message(bob, "m1", "x"))
	hints := s.Watch(t.Context())
	noErr(t, s.Close())
	noErr(t, s.Close())
	if _, ok := <-hints; ok {
		t.Error("the channel of a closed store is not closed")
	}
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"Put":            func() error { _, err := s.Put(ctx, message(bob, "m2", "x")); return err },
		"List":           func() error { _, err := s.List(ctx, inbox.Query{}); return err },
		"Handled":        func() error { return s.Handled(ctx, alice, 1, inbox.Kept) },
		"Mark":           func() error { return s.Mark(ctx, alice, inbox.MarkShown, []int64{1}) },
		"Delete":         func() error { return s.Delete(ctx, alice, 1) },
		"Enqueue":        func() error { _, err := s.Enqueue(ctx, letter(bob, "m2", "x")); return err },
		"Claim":          func() error { _, err := s.Claim(ctx, start, at(tick), inbox.Limit{}); return err },
		"Settle":         func() error { return s.Settle(ctx, inbox.Batch{}, nil, start, start) },
		"Due":            func() error { _, _, err := s.Due(ctx); return err },
		"Wake":           func() error { return s.Wake(ctx, bob, start) },
		"Advance":        func() error { _, err := s.Advance(ctx, alice, bob, nil, inbox.Read, start); return err },
		"Cancel":         func() error { _, err := s.Cancel(ctx, alice, "m1", start); return err },
		"Sent":           func() error { _, err := s.Sent(ctx, inbox.SentQuery{}); return err },
		"AddContact":     func() error { return s.AddContact(ctx, contact(bob, "bob")) },
		"Contact":        func() error { _, err := s.Contact(ctx, bob); return err },
		"Contacts":       func() error { _, err := s.Contacts(ctx); return err },
		"UpdateContact":  func() error { return s.UpdateContact(ctx, bob, nil) },
		"RemoveContact":  func() error { return s.RemoveContact(ctx, bob) },
		"ReleaseContact": func() error { _, err := s.ReleaseContact(ctx, bob, setOf(1), nil); return err },
		"Claimed":        func() error { _, err := s.Claimed(ctx, "i"); return err },
		"Learn":          func() error { return s.Learn(ctx, doraL) },
		"LongForm":       func() error { _, err := s.LongForm(ctx, dora); return err },
		"Setting":        func() error { _, err := s.Setting(ctx, "x"); return err },
		"SetSetting":     func() error { return s.SetSetting(ctx, "x", nil) },
		"Hold":           func() error { _, err := s.Hold(ctx, asking(bob, "m1", "x")); return err },
		"Requests":       func() error { _, err := s.Requests(ctx); return err },
		"AcceptRequest":  func() error { _, err := s.AcceptRequest(ctx, bob, contact(bob, "bob"), start); return err },
		"DropRequest":    func() error { return s.DropRequest(ctx, bob) },
		"Stats":          func() error { _, err := s.Stats(ctx); return err },
	} {
		if err := call(); !errors.Is(err, inbox.ErrClosed) {
			t.Errorf("%s: err = %v, want ErrClosed", name, err)
		}
	}
}

func storeContext(t *testing.T, s inbox.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Put(ctx, message(bob, "m1", "x")); !errors.Is(err, context.Canceled) {
		t.Errorf("put: err = %v, want context.Canceled", err)
	}
	if _, err := s.List(ctx, inbox.Query{}); !errors.Is(err, context.Canceled) {
		t.Errorf("list: err = %v, want context.Canceled", err)
	}
	same(t, "entries", list(t, s, inbox.Query{}), []inbox.Entry{})
}

// storeMany reads and writes at the same time, and then looks whether everything is there once.
func storeMany(t *testing.T, s inbox.Store) {
	const callers, each = 6, 20
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := range each {
				id := fmt.Sprintf("m%d-%d", c, i)
				if _, err := s.Put(t.Context(), message(bob, id, "x")); err != nil {
					t.Error(err)
				}
				if _, err := s.Enqueue(t.Context(), letter(bob, id, "x"), letter(carol, id, "x")); err != nil {
					t.Error(err)
				}
				es, err := s.List(t.Context(), inbox.Query{MessageID: id})
				if err != nil || len(es) != 1 {
					t.Errorf("%s: %d entries, err %v: a caller must see what it has put", id, len(es), err)
				}
				if _, err := s.Sent(t.Context(), inbox.SentQuery{Newest: true, Limit: 3}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got, err := holds(t.Context(), s)
	noErr(t, err)
	revs := make(map[int64]bool)
	for _, e := range got.Entries {
		revs[e.Rev] = true
	}
	for _, p := range got.Parcels {
		revs[p.Rev] = true
	}
	if len(got.Entries) != callers*each || len(got.Parcels) != 2*callers*each || len(revs) != 3*callers*each {
		t.Errorf("%d entries, %d parcels, %d revisions", len(got.Entries), len(got.Parcels), len(revs))
	}
}
