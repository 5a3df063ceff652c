package inboxtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/parley-im/parley/inbox"
)

var matchScenarios = map[string]func(*testing.T, inbox.Store){
	"selects entries by payload":     matchEntries,
	"selects parcels by payload":     matchParcels,
	"selects entries by number":      matchSeqs,
	"selects parcels behind a seq":   matchAfterSeq,
	"keeps order and limit":          matchLimit,
	"bounds the bytes of what it is": matchBytes,
	"sees each payload whole":        matchPayloads,
	"ends with the context":          matchContext,
}

// has matches payloads with the text in them.
func has(text string) func([]byte) bool {
	return func(payload []byte) bool { return bytes.Contains(payload, []byte(text)) }
}

func matchEntries(t *testing.T, s inbox.Store) {
	seqs := put(t, s, message(bob, "m1", "a cat"), message(bob, "m2", "a dog"), message(carol, "m3", "cats"), message(carol, "m4", "cat?"))
	noErr(t, s.Handled(t.Context(), alice, seqs[0].Seq, inbox.Kept))
	noErr(t, s.Handled(t.Context(), alice, seqs[2].Seq, inbox.Kept))
	for name, c := range map[string]struct {
		q    inbox.Query
		want []string
	}{
		"all":     {inbox.Query{Match: has("cat")}, []string{"m1", "m3", "m4"}},
		"from":    {inbox.Query{Match: has("cat"), From: carol}, []string{"m3", "m4"}},
		"kept":    {inbox.Query{Match: has("cat"), Dispositions: []inbox.Disposition{inbox.Kept}}, []string{"m1", "m3"}},
		"after":   {inbox.Query{Match: has("cat"), AfterSeq: seqs[0].Seq}, []string{"m3", "m4"}},
		"numbers": {inbox.Query{Match: has("cat"), Seqs: []int64{seqs[1].Seq, seqs[3].Seq}}, []string{"m4"}},
		"nothing": {inbox.Query{Match: has("cow")}, []string{}},
		"no one":  {inbox.Query{Match: has("cat"), Owner: bob}, []string{}},
	} {
		c.q.BySeq = true
		same(t, name, entryIDs(list(t, s, c.q)), c.want)
	}
	same(t, "whole", list(t, s, inbox.Query{Match: has("cat")}), slices.DeleteFunc(list(t, s, inbox.Query{}),
		func(e inbox.Entry) bool { return e.MessageID == "m2" }))
}

func matchParcels(t *testing.T, s inbox.Store) {
	enqueue(t, s, letter(bob, "m1", "a cat"), letter(carol, "m1", "a cat"), letter(bob, "m2", "a dog"), letter(carol, "m3", "cats"))
	_, err := s.Advance(t.Context(), alice, bob, []string{"m1"}, inbox.Delivered, at(tick))
	noErr(t, err)
	for name, c := range map[string]struct {
		q    inbox.SentQuery
		want []string
	}{
		"all":     {inbox.SentQuery{Match: has("cat")}, []string{"m1:delivered", "m1:queued", "m3:queued"}},
		"to":      {inbox.SentQuery{Match: has("cat"), To: carol}, []string{"m1:queued", "m3:queued"}},
		"state":   {inbox.SentQuery{Match: has("cat"), States: []inbox.State{inbox.Delivered}}, []string{"m1:delivered"}},
		"nothing": {inbox.SentQuery{Match: has("cow")}, []string{}},
	} {
		c.q.BySeq = true
		same(t, name, parcelNames(sent(t, s, c.q)), c.want)
	}
	same(t, "whole", sent(t, s, inbox.SentQuery{Match: has("cat")}), slices.DeleteFunc(sent(t, s, inbox.SentQuery{}),
		func(p inbox.Parcel) bool { return p.MessageID == "m2" }))
}

func matchSeqs(t *testing.T, s inbox.Store) {
	var as []inbox.Arrival
	for _, id := range ids("m", 5) {
		as = append(as, message(bob, id, id))
	}
	r := put(t, s, as...)
	some := []int64{r[3].Seq, r[1].Seq, r[3].Seq, -1, 1 << 40}
	for name, c := range map[string]struct {
		q    inbox.Query
		want []string
	}{
		"in their order": {inbox.Query{Seqs: some, BySeq: true}, []string{"m1", "m3"}},
		"backwards":      {inbox.Query{Seqs: some, BySeq: true, Newest: true}, []string{"m3", "m1"}},
		"by rev":         {inbox.Query{Seqs: some}, []string{"m1", "m3"}},
		"limit":          {inbox.Query{Seqs: some, BySeq: true, Limit: 1}, []string{"m1"}},
		"another owner":  {inbox.Query{Seqs: some, Owner: carol}, []string{}},
		"unknown":        {inbox.Query{Seqs: []int64{0}}, []string{}},
		"no numbers":     {inbox.Query{Seqs: []int64{}, BySeq: true, Limit: 2}, []string{"m0", "m1"}},
	} {
		same(t, name, entryIDs(list(t, s, c.q)), c.want)
	}
	full := make([]int64, inbox.MaxSeqs)
	full[999] = r[2].Seq
	same(t, "as many as may be", entryIDs(list(t, s, inbox.Query{Seqs: full})), []string{"m2"})
	if _, err := s.List(t.Context(), inbox.Query{Seqs: append(full, 1)}); !errors.Is(err, inbox.ErrTooLarge) {
		t.Errorf("err = %v, want ErrTooLarge", err)
	}
}

func matchAfterSeq(t *testing.T, s inbox.Store) {
	for _, id := range ids("m", 4) {
		enqueue(t, s, letter(bob, id, id))
	}
	all := sent(t, s, inbox.SentQuery{BySeq: true})
	_, err := s.Advance(t.Context(), alice, bob, []string{"m0"}, inbox.Sent, start)
	noErr(t, err)
	q := inbox.SentQuery{AfterSeq: all[1].Seq}
	same(t, "by rev", parcelNames(sent(t, s, q)), []string{"m2:queued", "m3:queued"})
	q.Newest, q.BySeq, q.Limit = true, true, 1
	same(t, "newest", parcelNames(sent(t, s, q)), []string{"m3:queued"})
	q.AfterSeq = all[3].Seq
	same(t, "behind the last", parcelNames(sent(t, s, q)), []string{})
}

// matchLimit has more rows than any driver reads at a time.
func matchLimit(t *testing.T, s inbox.Store) {
	const n = 3000
	var as []inbox.Arrival
	var ps []inbox.Parcel
	for i, id := range ids("m", n) {
		as = append(as, message(bob, id, fmt.Sprintf("n%d.", i%100)))
		ps = append(ps, letter(bob, id, fmt.Sprintf("n%d.", i%100)))
	}
	put(t, s, as...)
	enqueue(t, s, ps...)
	var want []string
	for i := 7; i < n; i += 100 {
		want = append(want, fmt.Sprintf("m%d", i))
	}
	back := slices.Clone(want)
	slices.Reverse(back)
	for name, c := range map[string]struct {
		newest bool
		limit  int
		want   []string
	}{
		"all": {false, 0, want}, "some": {false, 5, want[:5]}, "one": {false, 1, want[:1]},
		"newest": {true, 0, back}, "newest some": {true, 11, back[:11]}, "newest one": {true, 1, back[:1]},
	} {
		for _, bySeq := range []bool{false, true} {
			es := list(t, s, inbox.Query{Match: has("n7."), BySeq: bySeq, Newest: c.newest, Limit: c.limit})
			same(t, name, entryIDs(es), c.want)
			var got []string
			for _, p := range sent(t, s, inbox.SentQuery{Match: has("n7."), BySeq: bySeq, Newest: c.newest, Limit: c.limit}) {
				got = append(got, p.MessageID)
			}
			same(t, name, got, c.want)
		}
	}
	same(t, "at most a full result", len(list(t, s, inbox.Query{Match: has("n"), Limit: 5000})), 1000)
}

func matchBytes(t *testing.T, s inbox.Store) {
	for i, id := range ids("m", 20) {
		m := message(bob, id, "")
		m.Payload = bytes.Repeat([]byte{byte('a' + i%10)}, inbox.MaxPayload)
		put(t, s, m)
	}
	match := func(payload []byte) bool { return payload[0] != 'b' }
	first := list(t, s, inbox.Query{BySeq: true, Match: match})
	same(t, "first", len(first), 16)
	same(t, "last of them", first[15].MessageID, "m17")
	rest := list(t, s, inbox.Query{BySeq: true, Match: match, AfterSeq: first[15].Seq})
	same(t, "rest", entryIDs(rest), []string{"m18", "m19"})
}

func matchPayloads(t *testing.T, s inbox.Store) {
	const n = 700
	var as []inbox.Arrival
	for _, id := range ids("m", n) {
		as = append(as, message(bob, id, "payload of "+id))
	}
	put(t, s, as...)
	var wrong atomic.Int32
	es := list(t, s, inbox.Query{BySeq: true, Limit: 1000, Match: func(payload []byte) bool {
		var i int
		if _, err := fmt.Sscanf(string(payload), "payload of m%d", &i); err != nil {
			wrong.Add(1)
		}
		return i%2 == 0
	}})
	same(t, "strange payloads", int(wrong.Load()), 0)
	same(t, "entries", len(es), n/2)
	for i, e := range es {
		same(t, "payload", string(e.Payload), fmt.Sprintf("payload of m%d", 2*i))
	}
}

func matchContext(t *testing.T, s inbox.Store) {
	put(t, s, message(bob, "m1", "x"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.List(ctx, inbox.Query{Match: has("x")})
	_, err2 := s.Sent(ctx, inbox.SentQuery{Match: has("x")})
	if !errors.Is(err, context.Canceled) || !errors.Is(err2, context.Canceled) {
		t.Errorf("err = %v and %v, want context.Canceled", err, err2)
	}
	same(t, "afterwards", entryIDs(list(t, s, inbox.Query{Match: has("x")})), []string{"m1"})
}
