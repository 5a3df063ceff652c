package inboxtest

import (
	"bytes"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

var deliveryScenarios = map[string]func(*testing.T, inbox.Store){
	"hands out first in first out":          claimOrder,
	"bounds a claim":                        claimBounds,
	"lets nobody starve":                    claimFair,
	"leases":                                claimLeases,
	"loses a lease that was claimed again":  claimLost,
	"leases to one of many at once":         claimOnce,
	"records outcomes":                      settleRecords,
	"records the first outcomes":            settleSome,
	"refuses a batch that is not the lease": settleBad,
	"lets states only advance":              settleAdvances,
	"advances by receipt":                   advances,
	"cancels":                               cancels,
}

func claimOrder(t *testing.T, s inbox.Store) {
	enqueue(t, s, letter(bob, "m1", "x"), letter(carol, "m2", "x"), letter(bob, "m3", "x"))
	enqueue(t, s, letter(bob, "m0", "x"))
	bs := claim(t, s, start, inbox.Limit{})
	same(t, "batches", batchNames(bs), []string{"did:example:bob m1 m3 m0", "did:example:carol m2"})
	if bs[0].Lease == bs[1].Lease || bs[0].Lease == 0 {
		t.Errorf("leases %d and %d", bs[0].Lease, bs[1].Lease)
	}
}

func claimBounds(t *testing.T, s inbox.Store) {
	to := func(i string) did.DID { return did.MustParse("did:example:to" + i) }
	for i := range 20 {
		enqueue(t, s, letter(to(string(rune('a'+i))), "m", "x"))
	}
	same(t, "default destinations", len(claim(t, s, start, inbox.Limit{})), 16)
	same(t, "the rest", len(claim(t, s, start, inbox.Limit{Destinations: 3})), 3)
	same(t, "the last", len(claim(t, s, start, inbox.Limit{Destinations: 3})), 1)

	var ps []inbox.Parcel
	for _, id := range ids("n", 70) {
		p := letter(bob, id, "")
		p.Payload = bytes.Repeat([]byte("x"), 1000)
		ps = append(ps, p)
	}
	enqueue(t, s, ps...)
	for _, c := range []struct {
		limit inbox.Limit
		want  int
	}{
		{inbox.Limit{}, 64}, {inbox.Limit{Parcels: 5}, 5}, {inbox.Limit{Parcels: 100}, 70},
		{inbox.Limit{Bytes: 3000}, 3}, {inbox.Limit{Bytes: 3999}, 3}, {inbox.Limit{Bytes: 1}, 1},
	} {
		bs := claim(t, s, start, c.limit)
		if len(bs) != 1 || len(bs[0].Parcels) != c.want {
			t.Errorf("limit %+v gives %v", c.limit, batchNames(bs))
		}
		settle(t, s, bs[0], start, time.Time{})
	}
	if _, err := s.Claim(t.Context(), start, start, inbox.Limit{}); err == nil {
		t.Error("a lease that is over at once was given")
	}
}

// claimFair has one destination that is always due and others.
func claimFair(t *testing.T, s inbox.Store) {
	enqueue(t, s, letter(bob, "b1", "x"), letter(bob, "b2", "x"), letter(carol, "c1", "x"), letter(carol, "c2", "x"))
	var order []string
	for range 4 {
		bs := claim(t, s, start, inbox.Limit{Destinations: 1, Parcels: 1})
		order = append(order, batchNames(bs)...)
		settle(t, s, bs[0], start, time.Time{}, inbox.Outcome{State: inbox.Delivered})
	}
	same(t, "order", order, []string{
		"did:example:bob b1", "did:example:carol c1", "did:example:bob b2", "did:example:carol c2",
	})
}

func claimLeases(t *testing.T, s inbox.Store) {
	enqueue(t, s, letter(bob, "m1", "x"))
	wantDue(t, s, 0)
	b := claimOne(t, s, start)
	wantDue(t, s, lease)
	enqueue(t, s, letter(bob, "m2", "x"))
	same(t, "within the lease", claim(t, s, at(lease-time.Microsecond), inbox.Limit{}), []inbox.Batch{})
	again := claimOne(t, s, at(lease))
	same(t, "after the lease", batchNames([]inbox.Batch{again}), []string{"did:example:bob m1 m2"})
	if again.Lease == b.Lease {
		t.Error("two leases have one token")
	}
	settle(t, s, again, at(lease), time.Time{})
	wantDue(t, s, 0)
}

func claimLost(t *testing.T, s inbox.Store) {
	enqueue(t, s, letter(bob, "m1", "x"))
	slow := claimOne(t, s, start)
	fast := claimOne(t, s, at(lease))
	before := sent(t, s, inbox.SentQuery{})
	delivered := []inbox.Outcome{{State: inbox.Delivered}}
	if err := s.Settle(t.Context(), slow, delivered, at(lease), time.Time{}); !errors.Is(err, inbox.ErrLost) {
		t.Fatalf("err = %v, want ErrLost", err)
	}
	same(t, "parcels", sent(t, s, inbox.SentQuery{}), before)
	settle(t, s, fast, at(3*lease), time.Time{}, delivered...) // late, but nobody has claimed it since
	if err := s.Settle(t.Context(), fast, delivered, at(3*lease), time.Time{}); !errors.Is(err, inbox.ErrLost) {
		t.Fatalf("settling again: err = %v, want ErrLost", err)
	}
	same(t, "attempts", sent(t, s, inbox.SentQuery{})[0].Attempts, 1)
	nowhere := inbox.Batch{Owner: bob, To: alice, Lease: fast.Lease}
	if err := s.Settle(t.Context(), nowhere, nil, start, time.Time{}); !errors.Is(err, inbox.ErrLost) {
		t.Errorf("unknown destination: err = %v, want ErrLost", err)
	}
}

func claimOnce(t *testing.T, s inbox.Store) {
	for _, id := range ids("to", 6) {
		enqueue(t, s, letter(did.MustParse("did:example:"+id), id, "x"))
	}
	var mu sync.Mutex
	got := make(map[string]int)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			bs, err := s.Claim(t.Context(), start, at(lease), inbox.Limit{Destinations: 2})
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, b := range bs {
				got[b.To.String()]++
			}
		})
	}
	wg.Wait()
	for to, n := range got {
		if n != 1 {
			t.Errorf("%s was leased %d times", to, n)
		}
	}
	same(t, "destinations", len(got), 6)
}

func settleRecords(t *testing.T, s inbox.Store) {
	enqueue(t, s, letter(bob, "m1", "x"), letter(bob, "m2", "x"), letter(bob, "m3", "x"))
	before := sent(t, s, inbox.SentQuery{})
	b := claimOne(t, s, start)
	settle(t, s, b, at(time.Second), time.Time{},
		inbox.Outcome{State: inbox.Delivered, Path: "direct"},
		inbox.Outcome{State: inbox.Queued, Problem: "refused for now", RetryAt: at(time.Hour)},
		inbox.Outcome{State: inbox.Failed, Path: "direct", Problem: "too large"})
	want := before
	got := sent(t, s, inbox.SentQuery{BySeq: true})
	for i := range want {
		if got[i].Rev <= before[2].Rev {
			t.Errorf("parcel %d has rev %d", i, got[i].Rev)
		}
		want[i].Rev, want[i].Attempts = got[i].Rev, 1
	}
	want[0].State, want[0].Path, want[0].Updated = inbox.Delivered, "direct", at(time.Second)
	want[1].Problem = "refused for now"
	want[2].State, want[2].Path, want[2].Problem, want[2].Updated = inbox.Failed, "direct", "too large", at(time.Second)
	same(t, "parcels", got, want)
	wantDue(t, s, time.Hour)
}

func settleSome(t *testing.T, s inbox.Store) {
	enqueue(t, s, letter(bob, "m1", "x"), letter(bob, "m2", "x"))
	b := claimOne(t, s, start)
	settle(t, s, b, at(tick), at(time.Minute), inbox.Outcome{State: inbox.Sent})
	got := sent(t, s, inbox.SentQuery{BySeq: true})
	same(t, "parcels", parcelNames(got), []string{"m1:sent", "m2:queued"})
	same(t, "attempts", got[1].Attempts, 0)
	same(t, "revision", got[1].Rev, b.Parcels[1].Rev)
}

func settleBad(t *testing.T, s inbox.Store) {
	enqueue(t, s, letter(bob, "m1", "x"), letter(carol, "m2", "x"))
	bs := claim(t, s, start, inbox.Limit{})
	if err := s.Settle(t.Context(), bs[0], make([]inbox.Outcome, 2), start, time.Time{}); err == nil {
		t.Error("more outcomes than parcels were taken")
	}
	before := sent(t, s, inbox.SentQuery{})
	forged := bs[0]
	forged.Parcels = bs[1].Parcels
	if err := s.Settle(t.Context(), forged, []inbox.Outcome{{State: inbox.Read}}, start, time.Time{}); err == nil {
		t.Error("a parcel of another destination was settled")
	}
	same(t, "parcels", sent(t, s, inbox.SentQuery{}), before)
	settle(t, s, bs[0], start, time.Time{}, inbox.Outcome{State: inbox.Delivered})
}

// settleAdvances tries every pair of a state and an outcome.
func settleAdvances(t *testing.T, s inbox.Store) {
	var counts inbox.Stats
	for from := inbox.Queued; from <= inbox.Read; from++ {
		for to := inbox.State(0); to <= inbox.Read+1; to++ {
			peer := did.MustParse("did:example:" + from.String() + to.String() + string(rune('a'+to)))
			enqueue(t, s, letter(peer, "m", "x"))
			b := claimOne(t, s, start)
			n, err := s.Advance(t.Context(), alice, peer, []string{"m"}, from, at(time.Second))
			noErr(t, err)
			same(t, "advanced", n == 1, from > inbox.Queued)
			before := sent(t, s, inbox.SentQuery{To: peer})[0]
			settle(t, s, b, at(time.Minute), time.Time{}, inbox.Outcome{State: to, Path: "path", Done: true})
			want := before
			switch {
			case to > from && to <= inbox.Read:
				want.State, want.Updated = to, at(time.Minute)
				fallthrough
			case !from.Settled():
				want.Path, want.Attempts = "path", 1
			}
			got := sent(t, s, inbox.SentQuery{To: peer})[0]
			if (got.Rev > before.Rev) != (want.Attempts == 1) {
				t.Errorf("%v to %v: rev %d after %d", from, to, got.Rev, before.Rev)
			}
			want.Rev = got.Rev
			same(t, from.String()+" to "+to.String(), got, want)
			switch {
			case !got.State.Settled():
				counts.Waiting++
			case got.State < inbox.Delivered:
				counts.Failed++
			}
		}
	}
	stats, err := s.Stats(t.Context())
	noErr(t, err)
	counts.Rev = stats.Rev
	same(t, "stats", stats, counts)
	if _, ok := due(t, s); ok {
		t.Error("what is done is due")
	}
}

func advances(t *testing.T, s inbox.Store) {
	enqueue(t, s, letter(bob, "m1", "x"), letter(bob, "m2", "x"), letter(bob, "m3", "x"), letter(carol, "m1", "x"))
	b := claim(t, s, start, inbox.Limit{Destinations: 1})[0]
	settle(t, s, b, at(tick), time.Time{}, inbox.Outcome{State: inbox.Sent, Path: "p2p", Problem: "no answer", RetryAt: at(time.Hour)})
	n, err := s.Advance(t.Context(), alice, bob, []string{"m1", "m3", "m1", "unknown"}, inbox.Delivered, at(time.Minute))
	noErr(t, err)
	same(t, "advanced", n, 2)
	got := sent(t, s, inbox.SentQuery{BySeq: true})
	same(t, "parcels", parcelNames(got), []string{"m1:delivered", "m2:queued", "m3:delivered", "m1:queued"})
	if p := got[0]; p.Path != "p2p" || p.Problem != "" || !p.Updated.Equal(at(time.Minute)) || p.Attempts != 1 {
		t.Errorf("path %q, problem %q, updated %v, attempts %d", p.Path, p.Problem, p.Updated, p.Attempts)
	}
	for _, c := range []struct {
		owner, to did.DID
		state     inbox.State
	}{{alice, bob, inbox.Relayed}, {alice, dora, inbox.Read}, {bob, bob, inbox.Read}, {alice, bob, inbox.Delivered}} {
		n, err := s.Advance(t.Context(), c.owner, c.to, []string{"m1"}, c.state, at(time.Hour))
		noErr(t, err)
		same(t, "not advanced", n, 0)
	}
	same(t, "parcels", sent(t, s, inbox.SentQuery{BySeq: true}), got)
	same(t, "still due", batchNames(claim(t, s, at(time.Hour), inbox.Limit{})), []string{"did:example:carol m1", "did:example:bob m2"})
}

func cancels(t *testing.T, s inbox.Store) {
	enqueue(t, s, letter(bob, "m1", "x"), letter(bob, "m2", "x"), letter(carol, "m2", "x"), letter(bob, "m3", "x"))
	b := claim(t, s, start, inbox.Limit{Destinations: 1, Parcels: 2})[0]
	cancel := func(owner did.DID, id string, now time.Time) int {
		n, err := s.Cancel(t.Context(), owner, id, now)
		noErr(t, err)
		return n
	}
	same(t, "under a lease", cancel(alice, "m1", at(tick)), 0)
	same(t, "one of two under a lease", cancel(alice, "m2", at(tick)), 1)
	same(t, "behind the lease", cancel(alice, "m3", at(tick)), 1)
	for _, c := range []struct {
		owner did.DID
		id    string
	}{{alice, "m4"}, {bob, "m1"}} {
		if _, err := s.Cancel(t.Context(), c.owner, c.id, start); !errors.Is(err, inbox.ErrNotFound) {
			t.Errorf("err = %v, want ErrNotFound", err)
		}
	}
	settle(t, s, b, at(2*tick), at(time.Hour), inbox.Outcome{State: inbox.Sent})
	same(t, "no longer queued", cancel(alice, "m1", at(3*tick)), 0)
	same(t, "after the lease", cancel(alice, "m2", at(3*tick)), 1)
	same(t, "again", cancel(alice, "m2", at(3*tick)), 0)
	got := sent(t, s, inbox.SentQuery{BySeq: true})
	same(t, "parcels", parcelNames(got), []string{"m1:sent", "m2:failed", "m2:failed", "m3:failed"})
	if p := got[1]; p.Problem != "cancelled" || !p.Updated.Equal(at(3*tick)) {
		t.Errorf("problem %q, updated %v", p.Problem, p.Updated)
	}
	n, err := s.Advance(t.Context(), alice, bob, []string{"m2"}, inbox.Delivered, at(4*tick))
	noErr(t, err)
	same(t, "a proof corrects it", n, 1)
}
