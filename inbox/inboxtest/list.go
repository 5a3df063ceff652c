package inboxtest

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

var listScenarios = map[string]func(*testing.T, inbox.Store){
	"selects by each field":             listSelects,
	"finds messages and threads":        listIDs,
	"orders by rev, seq and backwards":  listOrders,
	"bounds the number":                 listLimit,
	"bounds the bytes":                  listBytes,
	"lets a follower miss nothing":      listFollow,
	"gives copies":                      listCopies,
	"shares one sequence with parcels":  listSharedRev,
	"finds nothing where there is none": listNothing,
}

func listSelects(t *testing.T, s inbox.Store) {
	m3 := message(carol, "m3", "x")
	m3.ThreadID = "m1"
	m4 := message(bob, "m4", "x")
	m4.Owner = carol
	seqs := put(t, s, message(bob, "m1", "x"), message(bob, "m2", "x"), m3, m4)
	noErr(t, s.Handled(t.Context(), alice, seqs[0].Seq, inbox.Kept))
	noErr(t, s.Handled(t.Context(), alice, seqs[1].Seq, inbox.Consumed))
	noErr(t, s.Mark(t.Context(), alice, inbox.MarkAcked, []int64{seqs[1].Seq}))
	for name, c := range map[string]struct {
		q    inbox.Query
		want []string
	}{
		"all":          {inbox.Query{}, []string{"m1", "m2", "m3", "m4"}},
		"owner":        {inbox.Query{Owner: carol}, []string{"m4"}},
		"from":         {inbox.Query{From: bob}, []string{"m1", "m2", "m4"}},
		"both":         {inbox.Query{Owner: alice, From: bob}, []string{"m1", "m2"}},
		"id":           {inbox.Query{MessageID: "m2"}, []string{"m2"}},
		"thread":       {inbox.Query{ThreadID: "m1"}, []string{"m1", "m3"}},
		"kept":         {inbox.Query{Dispositions: []inbox.Disposition{inbox.Kept}}, []string{"m1"}},
		"pending":      {inbox.Query{Dispositions: []inbox.Disposition{inbox.Pending}}, []string{"m3", "m4"}},
		"two":          {inbox.Query{Dispositions: []inbox.Disposition{inbox.Kept, inbox.Consumed}}, []string{"m1", "m2"}},
		"unacked":      {inbox.Query{Unacked: true}, []string{"m1", "m3", "m4"}},
		"unread":       {inbox.Query{Unacked: true, Dispositions: []inbox.Disposition{inbox.Kept}}, []string{"m1"}},
		"after seq":    {inbox.Query{AfterSeq: seqs[1].Seq}, []string{"m3", "m4"}},
		"all together": {inbox.Query{Owner: alice, From: bob, ThreadID: "m1", Unacked: true, AfterRev: 1}, []string{"m1"}},
		"nothing":      {inbox.Query{Owner: bob}, []string{}},
	} {
		c.q.BySeq = true
		same(t, name, entryIDs(list(t, s, c.q)), c.want)
	}
}

// listIDs has every kind of message: one that begins its thread or not, one from somebody or nobody, one
// that is deleted.
func listIDs(t *testing.T, s inbox.Store) {
	in := func(a inbox.Arrival, thread string) inbox.Arrival {
		a.ThreadID = thread
		return a
	}
	seqs := put(t, s, message(bob, "m1", "1"), in(message(carol, "m2", "2"), "m1"), message(carol, "m1", "3"),
		message(did.DID{}, "m1", "4"), in(message(did.DID{}, "m3", "5"), "m1"), in(message(bob, "m4", "6"), "t"),
		in(message(bob, "m5", "7"), ""), message(bob, "", "8"), in(message(dora, "t", "9"), "m1"), in(message(dora, "m1", "10"), "m1"))
	noErr(t, s.Delete(t.Context(), alice, seqs[9].Seq))
	for name, c := range map[string]struct {
		q    inbox.Query
		want string
	}{
		"id":                    {inbox.Query{MessageID: "m1"}, "134"},
		"id of somebody":        {inbox.Query{MessageID: "m1", From: carol}, "3"},
		"id of an owner":        {inbox.Query{MessageID: "m1", Owner: alice}, "134"},
		"id of another owner":   {inbox.Query{MessageID: "m1", Owner: bob}, ""},
		"id of nobody":          {inbox.Query{MessageID: "m3"}, "5"},
		"unknown id":            {inbox.Query{MessageID: "m"}, ""},
		"thread":                {inbox.Query{ThreadID: "m1"}, "123459"},
		"thread of somebody":    {inbox.Query{ThreadID: "m1", From: carol}, "23"},
		"thread without root":   {inbox.Query{ThreadID: "t"}, "6"},
		"thread of one":         {inbox.Query{ThreadID: "m5"}, ""},
		"thread and id":         {inbox.Query{ThreadID: "m1", MessageID: "m2"}, "2"},
		"thread and another id": {inbox.Query{ThreadID: "t", MessageID: "m2"}, ""},
	} {
		for _, bySeq := range []bool{false, true} {
			c.q.BySeq = bySeq
			got := ""
			for _, e := range list(t, s, c.q) {
				got += string(e.Payload)
			}
			same(t, name, got, c.want)
		}
	}
}

func listOrders(t *testing.T, s inbox.Store) {
	seqs := put(t, s, message(bob, "m1", "x"), message(bob, "m2", "x"), message(bob, "m3", "x"))
	noErr(t, s.Mark(t.Context(), alice, inbox.MarkShown, []int64{seqs[0].Seq}))
	same(t, "rev", entryIDs(list(t, s, inbox.Query{})), []string{"m2", "m3", "m1"})
	same(t, "rev, newest", entryIDs(list(t, s, inbox.Query{Newest: true})), []string{"m1", "m3", "m2"})
	same(t, "seq", entryIDs(list(t, s, inbox.Query{BySeq: true})), []string{"m1", "m2", "m3"})
	same(t, "seq, newest", entryIDs(list(t, s, inbox.Query{BySeq: true, Newest: true, Limit: 2})), []string{"m3", "m2"})
}

func listLimit(t *testing.T, s inbox.Store) {
	var as []inbox.Arrival
	for _, id := range ids("m", 1003) {
		as = append(as, message(bob, id, id))
	}
	put(t, s, as...)
	for limit, want := range map[int]int{0: 100, -1: 100, 1: 1, 250: 250, 1000: 1000, 1001: 1000, 1 << 40: 1000} {
		if got := len(list(t, s, inbox.Query{Limit: limit})); got != want {
			t.Errorf("limit %d gives %d entries, want %d", limit, got, want)
		}
	}
}

func listBytes(t *testing.T, s inbox.Store) {
	for i, id := range ids("m", 18) {
		m := message(bob, id, "")
		m.Payload = bytes.Repeat([]byte{byte(i)}, inbox.MaxPayload)
		put(t, s, m)
	}
	first := list(t, s, inbox.Query{})
	same(t, "first", len(first), 16)
	rest := list(t, s, inbox.Query{AfterRev: first[15].Rev})
	same(t, "rest", entryIDs(rest), []string{"m16", "m17"})
}

// listFollow changes entries while somebody follows them by rev with a small limit.
func listFollow(t *testing.T, s inbox.Store) {
	last := make(map[string]inbox.Entry)
	var rev int64
	follow := func() {
		for {
			es := list(t, s, inbox.Query{AfterRev: rev, Limit: 2})
			if len(es) == 0 {
				return
			}
			for _, e := range es {
				if e.Rev <= rev {
					t.Fatalf("rev %d after %d", e.Rev, rev)
				}
				rev, last[e.MessageID] = e.Rev, e
			}
		}
	}
	seqs := make(map[string]int64)
	for _, id := range ids("m", 5) {
		seqs[id] = put(t, s, message(bob, id, "x"))[0].Seq
	}
	follow()
	noErr(t, s.Mark(t.Context(), alice, inbox.MarkAcked, []int64{seqs["m1"]}))
	noErr(t, s.Handled(t.Context(), alice, seqs["m0"], inbox.Kept))
	follow()
	if e := last["m1"]; !e.Acked || !e.Shown {
		t.Error("the follower missed a mark")
	}
	if last["m0"].Disposition != inbox.Kept {
		t.Error("the follower missed that an entry was handled")
	}
	stats, err := s.Stats(t.Context())
	noErr(t, err)
	same(t, "newest rev", rev, stats.Rev)
}

func listCopies(t *testing.T, s inbox.Store) {
	m := message(bob, "m1", "hello")
	put(t, s, m)
	m.Payload[0] = 'J'
	got := list(t, s, inbox.Query{})
	same(t, "payload", string(got[0].Payload), "hello")
	got[0].Payload[0] = 'J'
	same(t, "payload", string(list(t, s, inbox.Query{})[0].Payload), "hello")
}

func listSharedRev(t *testing.T, s inbox.Store) {
	seq := put(t, s, message(bob, "m1", "x"))[0].Seq
	enqueue(t, s, letter(bob, "p1", "x"), letter(bob, "p2", "x"))
	noErr(t, s.Mark(t.Context(), alice, inbox.MarkShown, []int64{seq}))
	b := claimOne(t, s, start)
	settle(t, s, b, start, at(tick), inbox.Outcome{State: inbox.Queued}, inbox.Outcome{State: inbox.Sent})
	var revs []int64
	for _, e := range list(t, s, inbox.Query{}) {
		revs = append(revs, e.Rev)
	}
	for _, p := range sent(t, s, inbox.SentQuery{}) {
		revs = append(revs, p.Rev)
	}
	if !slices.IsSorted(revs) || len(slices.Compact(revs)) != 3 {
		t.Errorf("revisions %v, want those of the parcels behind that of the entry", revs)
	}
}

func listNothing(t *testing.T, s inbox.Store) {
	same(t, "entries", list(t, s, inbox.Query{Owner: alice}), []inbox.Entry{})
	same(t, "parcels", sent(t, s, inbox.SentQuery{Owner: alice}), []inbox.Parcel{})
	same(t, "batches", claim(t, s, start, inbox.Limit{}), []inbox.Batch{})
	if _, ok := due(t, s); ok {
		t.Error("an empty store is due")
	}
}

var handledScenarios = map[string]func(*testing.T, inbox.Store){
	"queues the replies in the same step": handledReplies,
	"settles once":                        handledOnce,
	"changes nothing when a reply fails":  handledFails,
	"refuses what is not there":           handledMissing,
	"marks":                               marks,
	"deletes for good":                    deletes,
}

func handledReplies(t *testing.T, s inbox.Store) {
	seqs := put(t, s, message(bob, "m1", "x"), message(bob, "m2", "x"))
	noErr(t, s.Handled(t.Context(), alice, seqs[0].Seq, inbox.Consumed, letter(bob, "r1", "re"), letter(carol, "r1", "re")))
	es := list(t, s, inbox.Query{BySeq: true})
	same(t, "disposition", es[0].Disposition, inbox.Consumed)
	same(t, "the other", es[1].Disposition, inbox.Pending)
	same(t, "replies", parcelNames(sent(t, s, inbox.SentQuery{})), []string{"r1:queued", "r1:queued"})
	same(t, "due", len(claim(t, s, start, inbox.Limit{})), 2)
}

func handledOnce(t *testing.T, s inbox.Store) {
	seq := put(t, s, message(bob, "m1", "x"))[0].Seq
	noErr(t, s.Handled(t.Context(), alice, seq, inbox.Kept, letter(bob, "r1", "re")))
	before := list(t, s, inbox.Query{})
	noErr(t, s.Handled(t.Context(), alice, seq, inbox.Rejected, letter(bob, "r2", "again"), letter(bob, "r1", "other")))
	same(t, "entry", list(t, s, inbox.Query{}), before)
	same(t, "replies", parcelNames(sent(t, s, inbox.SentQuery{})), []string{"r1:queued"})
}

func handledFails(t *testing.T, s inbox.Store) {
	seq := put(t, s, message(bob, "m1", "x"))[0].Seq
	enqueue(t, s, letter(bob, "r1", "re"))
	err := s.Handled(t.Context(), alice, seq, inbox.Kept, letter(bob, "r0", "new"), letter(bob, "r1", "another"))
	if !errors.Is(err, inbox.ErrConflict) {
		t.Fatalf("err = %v, want ErrConflict", err)
	}
	same(t, "entry", list(t, s, inbox.Query{})[0].Disposition, inbox.Pending)
	same(t, "replies", parcelNames(sent(t, s, inbox.SentQuery{})), []string{"r1:queued"})
	for _, d := range []inbox.Disposition{0, inbox.Pending, inbox.Rejected + 1} {
		if err := s.Handled(t.Context(), alice, seq, d); err == nil {
			t.Errorf("disposition %d was taken", d)
		}
	}
}

func handledMissing(t *testing.T, s inbox.Store) {
	seq := put(t, s, message(bob, "m1", "x"))[0].Seq
	for name, c := range map[string]struct {
		owner did.DID
		seq   int64
	}{"seq": {alice, seq + 1}, "owner": {bob, seq}, "zero": {alice, 0}} {
		if err := s.Handled(t.Context(), c.owner, c.seq, inbox.Kept, letter(bob, "r1", "x")); !errors.Is(err, inbox.ErrNotFound) {
			t.Errorf("%s: err = %v, want ErrNotFound", name, err)
		}
	}
	same(t, "replies", sent(t, s, inbox.SentQuery{}), []inbox.Parcel{})
}

func marks(t *testing.T, s inbox.Store) {
	seqs := put(t, s, message(bob, "m1", "x"), message(bob, "m2", "x"))
	one, two := seqs[0].Seq, seqs[1].Seq
	noErr(t, s.Mark(t.Context(), alice, inbox.MarkShown, []int64{one, 12345, -1}))
	noErr(t, s.Mark(t.Context(), alice, inbox.MarkAcked, []int64{two}))
	noErr(t, s.Mark(t.Context(), bob, inbox.MarkAcked, []int64{one}))
	es := list(t, s, inbox.Query{BySeq: true})
	if !es[0].Shown || es[0].Acked || !es[1].Shown || !es[1].Acked {
		t.Fatalf("shown %v acked %v, shown %v acked %v", es[0].Shown, es[0].Acked, es[1].Shown, es[1].Acked)
	}
	noErr(t, s.Mark(t.Context(), alice, inbox.MarkShown, []int64{one, two}))
	noErr(t, s.Mark(t.Context(), alice, inbox.MarkAcked, []int64{two, two}))
	same(t, "marking again", list(t, s, inbox.Query{BySeq: true}), es)
	noErr(t, s.Mark(t.Context(), alice, inbox.MarkAcked, []int64{one}))
	if e := list(t, s, inbox.Query{BySeq: true})[0]; !e.Acked || e.Rev <= es[1].Rev || e.Disposition != inbox.Pending {
		t.Errorf("acked %v, rev %d after %d, %v", e.Acked, e.Rev, es[1].Rev, e.Disposition)
	}
	if err := s.Mark(t.Context(), alice, 0, []int64{one}); err == nil {
		t.Error("a mark that is none was taken")
	}
}

func deletes(t *testing.T, s inbox.Store) {
	seqs := put(t, s, message(bob, "m1", "x"), message(bob, "m2", "x"), message(bob, "m3", "x"))
	noErr(t, s.Delete(t.Context(), bob, seqs[2].Seq))
	noErr(t, s.Delete(t.Context(), alice, seqs[0].Seq, seqs[1].Seq, 999))
	noErr(t, s.Delete(t.Context(), alice, seqs[0].Seq))
	same(t, "entries", entryIDs(list(t, s, inbox.Query{})), []string{"m3"})
	if err := s.Handled(t.Context(), alice, seqs[0].Seq, inbox.Kept); !errors.Is(err, inbox.ErrNotFound) {
		t.Errorf("err = %v, want ErrNotFound", err)
	}
}
