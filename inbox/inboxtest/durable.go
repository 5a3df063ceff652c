package inboxtest

import (
	"errors"
	"testing"
	"time"

	"github.com/parley-im/parley/inbox"
)

// RunDurable tests that what a driver holds outlives it. arrange returns a function that opens a
// store, the same one each time; the store is closed before it is opened again.
func RunDurable(t *testing.T, arrange func(t *testing.T) (open func() inbox.Store)) {
	t.Helper()
	for name, scenario := range map[string]func(*testing.T, func() inbox.Store){
		"keeps everything":             durableKeeps,
		"knows what was deleted":       durableDedupe,
		"never reuses a number":        durableNumbers,
		"keeps what was put off":       durableRetry,
		"goes on where a lease ended":  durableLease,
		"keeps claims and long forms":  durableFacts,
		"is the same after many turns": durableTurns,
		"releases what was withheld":   durableWithheld,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scenario(t, arrange(t))
		})
	}
}

// reopen closes the store and opens it again.
func reopen(t *testing.T, s inbox.Store, open func() inbox.Store) inbox.Store {
	t.Helper()
	noErr(t, s.Close())
	return open()
}

func durableKeeps(t *testing.T, open func() inbox.Store) {
	s := open()
	seqs := put(t, s, message(bob, "m1", "hello"), message(carol, "m2", "there"), claiming(carol, "m3", "i1", "carol"))
	noErr(t, s.Handled(t.Context(), alice, seqs[0].Seq, inbox.Kept, letter(bob, "r1", "re")))
	noErr(t, s.Mark(t.Context(), alice, inbox.MarkShown, []int64{seqs[0].Seq}))
	c := knownContact()
	c.DID, c.Name = bob, "bob"
	noErr(t, s.AddContact(t.Context(), c))
	put(t, s, withheld(bob, "w1", 2))
	hold(t, s, fullRequest(), inbox.Held)
	enqueue(t, s, letter(carol, "p1", "x"), letter(carol, "p2", "x"))
	settle(t, s, claim(t, s, start, inbox.Limit{Destinations: 1})[0], at(tick), at(time.Hour),
		inbox.Outcome{State: inbox.Sent, Path: "direct", Problem: "slow", RetryAt: at(time.Minute)})
	before, err := holds(t.Context(), s)
	noErr(t, err)
	s = reopen(t, s, open)
	after, err := holds(t.Context(), s)
	noErr(t, err)
	same(t, "contents", after, before)
	same(t, "one message", parcelNames(sent(t, s, inbox.SentQuery{MessageID: "p2"})), []string{"p2:queued"})
	same(t, "one entry", entryIDs(list(t, s, inbox.Query{MessageID: "m2"})), []string{"m2"})
	noErr(t, s.Close())
}

func durableDedupe(t *testing.T, open func() inbox.Store) {
	s := open()
	noErr(t, s.Delete(t.Context(), alice, put(t, s, message(bob, "m1", "x"))[0].Seq))
	s = reopen(t, s, open)
	same(t, "results", statuses(put(t, s, message(bob, "m1", "x"), message(bob, "m1", "y"))), []string{"duplicate", "conflict"})
	noErr(t, s.Close())
}

func durableNumbers(t *testing.T, open func() inbox.Store) {
	s := open()
	var last, rev int64
	for _, id := range ids("m", 3) {
		r := put(t, s, message(bob, id, "x"))[0]
		stats, err := s.Stats(t.Context())
		noErr(t, err)
		if r.Seq <= last || stats.Rev <= rev {
			t.Fatalf("seq %d after %d, rev %d after %d", r.Seq, last, stats.Rev, rev)
		}
		last, rev = r.Seq, stats.Rev
		noErr(t, s.Delete(t.Context(), alice, r.Seq))
		s = reopen(t, s, open)
	}
	noErr(t, s.Close())
}

func durableRetry(t *testing.T, open func() inbox.Store) {
	s := open()
	enqueue(t, s, letter(bob, "m1", "x"))
	settle(t, s, claimOne(t, s, start), at(tick), at(time.Hour))
	s = reopen(t, s, open)
	wantDue(t, s, time.Hour)
	b := claimOne(t, s, at(time.Hour))
	same(t, "failures", b.Failures, 1)
	s = reopen(t, s, open)
	noErr(t, s.Close())
}

func durableLease(t *testing.T, open func() inbox.Store) {
	s := open()
	enqueue(t, s, letter(bob, "m1", "x"))
	old := claimOne(t, s, start)
	s = reopen(t, s, open)
	b := claimOne(t, s, at(lease))
	if b.Lease == old.Lease {
		t.Error("a token was given twice")
	}
	if err := s.Settle(t.Context(), old, nil, at(lease), time.Time{}); !errors.Is(err, inbox.ErrLost) {
		t.Errorf("err = %v, want ErrLost", err)
	}
	noErr(t, s.Close())
}

func durableFacts(t *testing.T, open func() inbox.Store) {
	s := open()
	put(t, s, claiming(dora, "m1", "i1", "dora"))
	noErr(t, s.Learn(t.Context(), doraL))
	noErr(t, s.SetSetting(t.Context(), "port", []byte("4001")))
	s = reopen(t, s, open)
	by, err := s.Claimed(t.Context(), "i1")
	noErr(t, err)
	same(t, "claimed by", by, dora)
	long, err := s.LongForm(t.Context(), dora)
	noErr(t, err)
	same(t, "long form", long, doraL)
	value, err := s.Setting(t.Context(), "port")
	noErr(t, err)
	same(t, "setting", string(value), "4001")
	same(t, "claim", statuses(put(t, s, claiming(bob, "m1", "i1", "bob"))), []string{"invitation used"})
	noErr(t, s.Close())
}

func durableWithheld(t *testing.T, open func() inbox.Store) {
	s := open()
	noErr(t, s.AddContact(t.Context(), trusting(contact(bob, "bob"), 1)))
	put(t, s, withheld(bob, "m1", 2), withheld(bob, "m2", 3), withheld(bob, "m3", 2))
	s = reopen(t, s, open)
	same(t, "released", release(t, s, bob, 2), 2)
	s = reopen(t, s, open)
	same(t, "pending", entryIDs(list(t, s, inbox.Query{BySeq: true})), []string{"m1", "m3"})
	same(t, "withheld", entryIDs(back(t, s)), []string{"m2"})
	same(t, "again", statuses(put(t, s, withheld(bob, "m2", 3), withheld(bob, "m4", 2))), []string{"kept back", "added"})
	noErr(t, s.Close())
}

func durableTurns(t *testing.T, open func() inbox.Store) {
	var want []string
	for _, id := range ids("m", 8) {
		s := open()
		put(t, s, message(bob, id, "x"))
		want = append(want, id)
		same(t, "entries", entryIDs(list(t, s, inbox.Query{})), want)
		noErr(t, s.Close())
	}
}
