package inboxtest

import (
	"testing"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

var retryScenarios = map[string]func(*testing.T, inbox.Store){
	"puts off the destination":          retryDestination,
	"counts failures in a row":          retryFailures,
	"puts off a parcel alone":           retryParcel,
	"tries no more what is done":        retryDone,
	"wakes":                             retryWakes,
	"wakes all":                         retryWakesAll,
	"keeps order behind what is stuck":  retryOrder,
	"says when the first of all is due": retryFirst,
	"honours a wake during a try":       retryWakeDuringTry,
	"honours the earliest wake":         retryEarliestWake,
	"forgets a wake that was heard":     retryWakeHeard,
	"forgets a wake of a lost lease":    retryWakeOfLostLease,
}

func retryDestination(t *testing.T, s inbox.Store) {
	enqueue(t, s, letter(bob, "m1", "x"))
	settle(t, s, claimOne(t, s, start), at(tick), at(time.Hour))
	enqueue(t, s, letter(bob, "m2", "x"))
	wantDue(t, s, time.Hour)
	same(t, "early", claim(t, s, at(time.Hour-time.Microsecond), inbox.Limit{}), []inbox.Batch{})
	b := claimOne(t, s, at(time.Hour))
	same(t, "batch", batchNames([]inbox.Batch{b}), []string{"did:example:bob m1 m2"})
}

func retryFailures(t *testing.T, s inbox.Store) {
	enqueue(t, s, letter(bob, "m1", "x"))
	for want := range 3 {
		b := claimOne(t, s, start)
		same(t, "failures", b.Failures, want)
		settle(t, s, b, start, at(-time.Second))
	}
	settle(t, s, claimOne(t, s, start), start, time.Time{})
	same(t, "after reaching it", claimOne(t, s, start).Failures, 0)
	same(t, "a lease that ran out", claimOne(t, s, at(lease)).Failures, 0)
}

func retryParcel(t *testing.T, s inbox.Store) {
	enqueue(t, s, letter(bob, "m1", "x"), letter(bob, "m2", "x"), letter(bob, "m3", "x"))
	settle(t, s, claimOne(t, s, start), at(tick), time.Time{},
		inbox.Outcome{State: inbox.Sent, RetryAt: at(time.Hour)},
		inbox.Outcome{State: inbox.Queued},
		inbox.Outcome{State: inbox.Queued, RetryAt: at(time.Minute)})
	wantDue(t, s, 0)
	b := claimOne(t, s, at(2*tick))
	same(t, "batch", batchNames([]inbox.Batch{b}), []string{"did:example:bob m2"})
	settle(t, s, b, at(2*tick), at(time.Second), inbox.Outcome{State: inbox.Delivered})
	wantDue(t, s, time.Minute)
	b = claimOne(t, s, at(time.Minute))
	same(t, "batch", batchNames([]inbox.Batch{b}), []string{"did:example:bob m3"})
	settle(t, s, b, at(time.Minute), time.Time{}, inbox.Outcome{State: inbox.Queued})
	same(t, "order", batchNames(claim(t, s, at(time.Hour), inbox.Limit{})), []string{"did:example:bob m1 m3"})
}

func retryDone(t *testing.T, s inbox.Store) {
	enqueue(t, s, letter(bob, "m1", "x"), letter(bob, "m2", "x"))
	settle(t, s, claimOne(t, s, start), at(tick), time.Time{},
		inbox.Outcome{State: inbox.Relayed, Done: true, RetryAt: at(2 * tick)}, inbox.Outcome{State: inbox.Expired})
	if _, ok := due(t, s); ok {
		t.Error("what is done is due")
	}
	same(t, "batches", claim(t, s, at(time.Hour), inbox.Limit{}), []inbox.Batch{})
	stats, err := s.Stats(t.Context())
	noErr(t, err)
	same(t, "stats", stats, inbox.Stats{Waiting: 1, Failed: 1, Rev: stats.Rev})
	enqueue(t, s, letter(bob, "m3", "x"))
	same(t, "behind it", batchNames(claim(t, s, at(tick), inbox.Limit{})), []string{"did:example:bob m3"})
}

func retryWakes(t *testing.T, s inbox.Store) {
	ofCarol := letter(bob, "m2", "x")
	ofCarol.Owner = carol
	enqueue(t, s, letter(bob, "m1", "x"), ofCarol, letter(carol, "m3", "x"))
	for _, b := range claim(t, s, start, inbox.Limit{}) {
		settle(t, s, b, at(tick), at(time.Hour))
	}
	noErr(t, s.Wake(t.Context(), bob, at(time.Minute)))
	wantDue(t, s, time.Minute)
	bs := claim(t, s, at(time.Minute), inbox.Limit{})
	same(t, "batches", batchNames(bs), []string{"did:example:bob m1", "did:example:bob m2"})
	same(t, "failures are kept", bs[0].Failures, 1)
	noErr(t, s.Wake(t.Context(), bob, at(time.Minute)))
	same(t, "leases are kept", claim(t, s, at(time.Minute), inbox.Limit{}), []inbox.Batch{})
	noErr(t, s.Wake(t.Context(), dora, at(time.Minute)))
	same(t, "the others", batchNames(claim(t, s, at(time.Hour), inbox.Limit{Destinations: 1})), []string{"did:example:carol m3"})
}

func retryWakesAll(t *testing.T, s inbox.Store) {
	enqueue(t, s, letter(bob, "m1", "x"), letter(carol, "m2", "x"))
	for _, b := range claim(t, s, start, inbox.Limit{}) {
		settle(t, s, b, at(tick), at(time.Hour))
	}
	noErr(t, s.Wake(t.Context(), did.DID{}, at(time.Minute)))
	same(t, "batches", batchNames(claim(t, s, at(time.Minute), inbox.Limit{})), []string{"did:example:bob m1", "did:example:carol m2"})
}

func retryOrder(t *testing.T, s inbox.Store) {
	enqueue(t, s, letter(bob, "m1", "x"), letter(bob, "m2", "x"))
	b := claim(t, s, start, inbox.Limit{Parcels: 1})[0]
	settle(t, s, b, at(tick), at(time.Second), inbox.Outcome{State: inbox.Queued, Problem: "unreachable"})
	same(t, "m2 waits", claim(t, s, at(2*tick), inbox.Limit{}), []inbox.Batch{})
	same(t, "m1 is first", batchNames(claim(t, s, at(time.Second), inbox.Limit{})), []string{"did:example:bob m1 m2"})
}

func retryFirst(t *testing.T, s inbox.Store) {
	enqueue(t, s, letter(bob, "m1", "x"), letter(carol, "m2", "x"))
	for i, b := range claim(t, s, start, inbox.Limit{}) {
		settle(t, s, b, at(tick), at(time.Duration(3-i)*time.Hour))
	}
	wantDue(t, s, 2*time.Hour)
	n, err := s.Advance(t.Context(), alice, carol, []string{"m2"}, inbox.Read, at(2*tick))
	noErr(t, err)
	same(t, "advanced", n, 1)
	wantDue(t, s, 3*time.Hour)
	n, err = s.Cancel(t.Context(), alice, "m1", at(2*tick))
	noErr(t, err)
	same(t, "cancelled", n, 1)
	if _, ok := due(t, s); ok {
		t.Error("an empty outbox is due")
	}
}

// Somebody who comes back while a try fails need not wait for the pause after it.
func retryWakeDuringTry(t *testing.T, s inbox.Store) {
	enqueue(t, s, letter(bob, "m1", "x"), letter(carol, "m2", "x"))
	bs := claim(t, s, start, inbox.Limit{})
	noErr(t, s.Wake(t.Context(), bob, at(tick)))
	wantDue(t, s, lease)
	same(t, "leases are kept", claim(t, s, at(tick), inbox.Limit{}), []inbox.Batch{})
	for _, b := range bs {
		settle(t, s, b, at(2*tick), at(time.Hour))
	}
	wantDue(t, s, tick)
	again := claim(t, s, at(2*tick), inbox.Limit{})
	same(t, "batches", batchNames(again), []string{"did:example:bob m1"})
	same(t, "failures are kept", again[0].Failures, 1)
}

func retryEarliestWake(t *testing.T, s inbox.Store) {
	enqueue(t, s, letter(bob, "m1", "x"))
	b := claimOne(t, s, start)
	noErr(t, s.Wake(t.Context(), bob, at(2*time.Minute)))
	noErr(t, s.Wake(t.Context(), bob, at(time.Minute)))
	noErr(t, s.Wake(t.Context(), did.DID{}, at(3*time.Minute)))
	settle(t, s, b, at(2*tick), at(time.Hour))
	wantDue(t, s, time.Minute)
	settle(t, s, claimOne(t, s, at(time.Minute)), at(time.Minute), at(time.Hour))
	wantDue(t, s, time.Hour)
	b = claimOne(t, s, at(time.Hour))
	noErr(t, s.Wake(t.Context(), bob, at(3*time.Hour)))
	settle(t, s, b, at(time.Hour), at(2*time.Hour))
	wantDue(t, s, 2*time.Hour)
}

// A wake does not outlast the try that it came in, whatever came of that.
func retryWakeHeard(t *testing.T, s inbox.Store) {
	enqueue(t, s, letter(bob, "m1", "x"))
	b := claimOne(t, s, start)
	noErr(t, s.Wake(t.Context(), bob, at(tick)))
	settle(t, s, b, at(2*tick), time.Time{}, inbox.Outcome{State: inbox.Queued, RetryAt: at(time.Minute)})
	wantDue(t, s, time.Minute)
	settle(t, s, claimOne(t, s, at(time.Minute)), at(time.Minute), at(time.Hour))
	wantDue(t, s, time.Hour)
}

func retryWakeOfLostLease(t *testing.T, s inbox.Store) {
	enqueue(t, s, letter(bob, "m1", "x"))
	claimOne(t, s, start)
	noErr(t, s.Wake(t.Context(), bob, at(tick)))
	settle(t, s, claimOne(t, s, at(lease)), at(lease), at(time.Hour))
	wantDue(t, s, time.Hour)
}
