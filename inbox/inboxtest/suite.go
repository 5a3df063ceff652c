package inboxtest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// Run tests the driver whose empty store open returns. Each scenario has a store of its own, and
// closes it. Some scenarios run at the same time.
func Run(t *testing.T, open func(t *testing.T) inbox.Store) {
	t.Helper()
	groups := map[string]map[string]func(*testing.T, inbox.Store){
		"Put": putScenarios, "List": listScenarios, "Settle": handledScenarios, "Claim": claimScenarios,
		"Enqueue": enqueueScenarios, "Delivery": deliveryScenarios, "Retry": retryScenarios, "Sent": sentScenarios,
		"Contacts": contactScenarios, "Facts": factScenarios, "Store": storeScenarios, "Requests": requestScenarios,
		"Match": matchScenarios, "Receipts": receiptScenarios, "Keys": keyScenarios, "Withheld": withheldScenarios,
	}
	for group, scenarios := range groups {
		for name, scenario := range scenarios {
			t.Run(group+"/"+name, func(t *testing.T) {
				t.Parallel()
				scenario(t, opened(t, open))
			})
		}
	}
	t.Run("Property/Outbox", func(t *testing.T) { t.Parallel(); outboxProperty(t, open) })
	t.Run("Property/Requests", func(t *testing.T) { t.Parallel(); requestProperty(t, open) })
	t.Run("Property/Inbox", func(t *testing.T) { t.Parallel(); inboxProperty(t, open) })
}

func opened(t *testing.T, open func(t *testing.T) inbox.Store) inbox.Store {
	s := open(t)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// The people of the scenarios. dora's DID has a long form.
var (
	alice = did.MustParse("did:example:alice")
	bob   = did.MustParse("did:example:bob")
	carol = did.MustParse("did:example:carol")
	dora  = did.MustParse("did:peer:4zQmDora")
	doraL = did.MustParse("did:peer:4zQmDora:zDocument")
)

// start is when the scenarios begin; drivers keep times to the microsecond.
var start = time.Date(2026, 1, 2, 3, 4, 5, 678_901_000, time.UTC)

// tick is the least time that all drivers tell from none.
const tick = time.Microsecond

func at(d time.Duration) time.Time { return start.Add(d) }

// farTimes are times that a sender can claim.
var farTimes = []time.Time{
	{}, time.Unix(0, 0), time.Unix(-1, 999_999_000), time.Unix(math.MaxInt32+1, 0),
	time.Unix(1<<55, 0), time.Unix(-1<<40, 0),
}

// message is an arrival at alice.
func message(from did.DID, id, text string) inbox.Arrival {
	return inbox.Arrival{Entry: inbox.Entry{
		Owner: alice, From: from, MessageID: id, Type: "https://example.org/1.0/text", ThreadID: id,
		Payload: []byte(text), Created: at(-time.Minute), Received: start,
	}}
}

// letter is a parcel of alice.
func letter(to did.DID, id, text string) inbox.Parcel {
	return inbox.Parcel{
		Owner: alice, To: to, MessageID: id, Type: "https://example.org/1.0/text", ThreadID: id,
		Payload: []byte(text), Created: start,
	}
}

func contact(id did.DID, name string) inbox.Contact {
	return inbox.Contact{DID: id, Name: name, Added: start}
}

// same fails the test unless got and want are equal.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := diff(got, want); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

func diff(got, want any) string {
	return cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b did.DID) bool { return a == b }))
}

// noErr fails the test if err is not nil.
func noErr(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, s inbox.Store, as ...inbox.Arrival) []inbox.PutResult {
	t.Helper()
	results, err := s.Put(t.Context(), as...)
	noErr(t, err)
	return results
}

func statuses(results []inbox.PutResult) []string {
	names := make([]string, len(results))
	for i, r := range results {
		names[i] = r.Status.String()
	}
	return names
}

func list(t *testing.T, s inbox.Store, q inbox.Query) []inbox.Entry {
	t.Helper()
	es, err := s.List(t.Context(), q)
	noErr(t, err)
	return es
}

func entryIDs(es []inbox.Entry) []string {
	ids := make([]string, len(es))
	for i, e := range es {
		ids[i] = e.MessageID
	}
	return ids
}

func enqueue(t *testing.T, s inbox.Store, ps ...inbox.Parcel) []inbox.Parcel {
	t.Helper()
	kept, err := s.Enqueue(t.Context(), ps...)
	noErr(t, err)
	return kept
}

// lease is for how long the scenarios claim.
const lease = time.Minute

func claim(t *testing.T, s inbox.Store, now time.Time, l inbox.Limit) []inbox.Batch {
	t.Helper()
	bs, err := s.Claim(t.Context(), now, now.Add(lease), l)
	noErr(t, err)
	return bs
}

// claimOne claims and expects exactly one destination.
func claimOne(t *testing.T, s inbox.Store, now time.Time) inbox.Batch {
	t.Helper()
	bs := claim(t, s, now, inbox.Limit{})
	if len(bs) != 1 {
		t.Fatalf("claimed %d destinations, want 1", len(bs))
	}
	return bs[0]
}

func settle(t *testing.T, s inbox.Store, b inbox.Batch, now, next time.Time, outs ...inbox.Outcome) {
	t.Helper()
	noErr(t, s.Settle(t.Context(), b, outs, now, next))
}

func sent(t *testing.T, s inbox.Store, q inbox.SentQuery) []inbox.Parcel {
	t.Helper()
	ps, err := s.Sent(t.Context(), q)
	noErr(t, err)
	return ps
}

// parcelNames shows parcels as "id:state".
func parcelNames(ps []inbox.Parcel) []string {
	names := make([]string, len(ps))
	for i, p := range ps {
		names[i] = p.MessageID + ":" + p.State.String()
	}
	return names
}

// batchNames shows batches as "recipient id id …".
func batchNames(bs []inbox.Batch) []string {
	names := make([]string, len(bs))
	for i, b := range bs {
		names[i] = b.To.String()
		for _, p := range b.Parcels {
			names[i] += " " + p.MessageID
		}
	}
	return names
}

// due returns when the store says that Claim would find something, as an offset from start; ok is
// false if never.
func due(t *testing.T, s inbox.Store) (after time.Duration, ok bool) {
	t.Helper()
	when, ok, err := s.Due(t.Context())
	noErr(t, err)
	return max(when.Sub(start), 0), ok
}

func wantDue(t *testing.T, s inbox.Store, want time.Duration) {
	t.Helper()
	if got, ok := due(t, s); !ok || got != want {
		t.Fatalf("due after %v (%v), want %v", got, ok, want)
	}
}

// contents is all that a store says it holds.
type contents struct {
	Entries  []inbox.Entry
	Withheld []inbox.Entry
	Parcels  []inbox.Parcel
	Contacts []inbox.Contact
	Requests []inbox.Request
	Stats    inbox.Stats
	Due      time.Time
	Waits    bool
}

func holds(ctx context.Context, s inbox.Store) (c contents, err error) {
	var errs [7]error
	c.Entries, errs[0] = s.List(ctx, inbox.Query{BySeq: true, Limit: 1000})
	c.Parcels, errs[1] = s.Sent(ctx, inbox.SentQuery{BySeq: true, Limit: 1000})
	c.Contacts, errs[2] = s.Contacts(ctx)
	c.Stats, errs[3] = s.Stats(ctx)
	c.Due, c.Waits, errs[4] = s.Due(ctx)
	c.Requests, errs[5] = s.Requests(ctx)
	c.Withheld, errs[6] = s.List(ctx, inbox.Query{BySeq: true, Limit: 1000, Dispositions: []inbox.Disposition{inbox.Withheld}})
	for _, e := range errs {
		if e != nil {
			return c, e
		}
	}
	return c, nil
}

// ids returns n message ids.
func ids(prefix string, n int) []string {
	return slices.Collect(func(yield func(string) bool) {
		for i := range n {
			if !yield(fmt.Sprintf("%s%d", prefix, i)) {
				return
			}
		}
	})
}
