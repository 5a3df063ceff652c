package inboxtest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

var enqueueScenarios = map[string]func(*testing.T, inbox.Store){
	"keeps every field":                       enqueueKeeps,
	"passes over what is queued":              enqueueAgain,
	"refuses another payload under one id":    enqueueConflict,
	"takes both forms of a DID as one":        enqueueForms,
	"refuses what is incomplete or too large": enqueueBad,
	"bounds a destination":                    enqueueFull,
	"forgets what is settled":                 forget,
}

func enqueueKeeps(t *testing.T, s inbox.Store) {
	p := inbox.Parcel{
		Owner: alice, To: bob, MessageID: "m1", Type: "t", ThreadID: "th", Payload: []byte("hello\x00"),
		Created: start.In(time.FixedZone("X", 3600)), Expires: at(time.Hour),
		Seq: 7, Rev: 7, State: inbox.Delivered, Attempts: 3, Path: "p", Problem: "q", Updated: at(time.Hour),
	}
	q := p
	q.To, q.Expires = carol, time.Time{}
	enqueue(t, s, p, q)
	got := sent(t, s, inbox.SentQuery{})
	want := []inbox.Parcel{p, q}
	for i := range want {
		want[i].Seq, want[i].Rev, want[i].State, want[i].Attempts = got[i].Seq, got[i].Rev, inbox.Queued, 0
		want[i].Path, want[i].Problem, want[i].Created, want[i].Updated = "", "", start, start
	}
	same(t, "parcels", got, want)
	for i, b := range claim(t, s, start, inbox.Limit{}) {
		same(t, "batch", b, inbox.Batch{Owner: alice, To: want[i].To, Parcels: want[i : i+1], Lease: b.Lease})
	}
	if got[0].Seq < 1 || got[1].Seq <= got[0].Seq || got[1].Rev <= got[0].Rev {
		t.Errorf("seqs %d %d, revs %d %d", got[0].Seq, got[1].Seq, got[0].Rev, got[1].Rev)
	}
}

func enqueueAgain(t *testing.T, s inbox.Store) {
	p := letter(bob, "m1", "x")
	kept := enqueue(t, s, p, p)
	same(t, "kept", kept, append(sent(t, s, inbox.SentQuery{}), sent(t, s, inbox.SentQuery{})...))
	b := claimOne(t, s, start)
	settle(t, s, b, at(tick), time.Time{}, inbox.Outcome{State: inbox.Delivered})
	before := sent(t, s, inbox.SentQuery{})
	same(t, "kept before", enqueue(t, s, p), before)
	same(t, "parcels", sent(t, s, inbox.SentQuery{}), before)
	same(t, "states", parcelNames(before), []string{"m1:delivered"})
	enqueue(t, s, letter(carol, "m1", "x"), letter(bob, "m2", "x"))
	same(t, "new ones", len(sent(t, s, inbox.SentQuery{})), 3)
}

func enqueueConflict(t *testing.T, s inbox.Store) {
	enqueue(t, s, letter(bob, "m1", "x"))
	for name, ps := range map[string][]inbox.Parcel{
		"same recipient":     {letter(carol, "m2", "x"), letter(bob, "m1", "y")},
		"another recipient":  {letter(carol, "m1", "y")},
		"within one call":    {letter(bob, "m3", "x"), letter(bob, "m3", "y")},
		"a prefix":           {letter(bob, "m1", "")},
		"a longer one":       {letter(bob, "m1", "xx")},
		"within one, others": {letter(bob, "m3", "x"), letter(carol, "m3", "y")},
	} {
		if _, err := s.Enqueue(t.Context(), ps...); !errors.Is(err, inbox.ErrConflict) {
			t.Errorf("%s: err = %v, want ErrConflict", name, err)
		}
	}
	same(t, "parcels", parcelNames(sent(t, s, inbox.SentQuery{})), []string{"m1:queued"})
	other := letter(bob, "m1", "y")
	other.Owner = carol
	enqueue(t, s, other)
}

func enqueueForms(t *testing.T, s inbox.Store) {
	long := letter(doraL, "m1", "x")
	long.Owner = doraL
	short := letter(dora, "m1", "x")
	short.Owner = dora
	enqueue(t, s, long, short)
	same(t, "parcels", len(sent(t, s, inbox.SentQuery{Owner: doraL, To: doraL})), 1)
	b := claimOne(t, s, start)
	if b.Owner != dora || b.To != dora || b.Parcels[0].Owner != dora || b.Parcels[0].To != dora {
		t.Errorf("batch from %v to %v", b.Owner, b.To)
	}
	b.Owner, b.To = doraL, doraL
	settle(t, s, b, at(tick), at(time.Hour), inbox.Outcome{State: inbox.Sent})
	noErr(t, s.Wake(t.Context(), doraL, at(2*tick)))
	n, err := s.Advance(t.Context(), doraL, doraL, []string{"m1"}, inbox.Relayed, at(3*tick))
	noErr(t, err)
	same(t, "advanced", n, 1)
	wantDue(t, s, 2*tick)
}

func enqueueBad(t *testing.T, s inbox.Store) {
	full := letter(bob, "m1", "")
	full.Payload = bytes.Repeat([]byte("x"), inbox.MaxPayload)
	enqueue(t, s, full)
	large := letter(bob, "m2", "")
	large.Payload = append(bytes.Clone(full.Payload), 'x')
	if _, err := s.Enqueue(t.Context(), large); !errors.Is(err, inbox.ErrTooLarge) {
		t.Errorf("err = %v, want ErrTooLarge", err)
	}
	for name, spoil := range map[string]func(*inbox.Parcel){
		"owner": func(p *inbox.Parcel) { p.Owner = did.DID{} },
		"to":    func(p *inbox.Parcel) { p.To = did.DID{} },
		"id":    func(p *inbox.Parcel) { p.MessageID = "" },
	} {
		p := letter(bob, "m3", "x")
		spoil(&p)
		if _, err := s.Enqueue(t.Context(), letter(bob, "m4", "x"), p); err == nil {
			t.Errorf("a parcel without %s was taken", name)
		}
	}
	same(t, "parcels", parcelNames(sent(t, s, inbox.SentQuery{})), []string{"m1:queued"})
}

func enqueueFull(t *testing.T, s inbox.Store) {
	if testing.Short() {
		t.Skip("queues 100,000 parcels; not with -short")
	}
	const chunk = 10_000
	for done := 0; done < inbox.MaxQueued; done += chunk {
		ps := make([]inbox.Parcel, chunk)
		for i := range ps {
			ps[i] = letter(bob, fmt.Sprintf("m%d", done+i), "x")
		}
		enqueue(t, s, ps...)
	}
	if _, err := s.Enqueue(t.Context(), letter(carol, "more", "x"), letter(bob, "more", "x")); !errors.Is(err, inbox.ErrFull) {
		t.Fatalf("err = %v, want ErrFull", err)
	}
	seq := put(t, s, message(bob, "m1", "x"))[0].Seq
	err := s.Mark(t.Context(), alice, inbox.MarkAcked, []int64{seq}, letter(carol, "more", "x"), letter(bob, "more", "x"))
	if !errors.Is(err, inbox.ErrFull) {
		t.Fatalf("mark: err = %v, want ErrFull", err)
	}
	if e := list(t, s, inbox.Query{})[0]; e.Shown || e.Acked {
		t.Error("the entry is marked, though its receipts were not queued")
	}
	same(t, "nothing of the calls", sent(t, s, inbox.SentQuery{MessageID: "more"}), []inbox.Parcel{})
	enqueue(t, s, letter(bob, "m0", "x"), letter(carol, "more", "x")) // queued already, and another destination
	n, err := s.Advance(t.Context(), alice, bob, []string{"m7"}, inbox.Delivered, start)
	noErr(t, err)
	same(t, "advanced", n, 1)
	enqueue(t, s, letter(bob, "more", "x"))
	if _, err := s.Enqueue(t.Context(), letter(bob, "most", "x")); !errors.Is(err, inbox.ErrFull) {
		t.Fatalf("err = %v, want ErrFull", err)
	}
}

var sentScenarios = map[string]func(*testing.T, inbox.Store){
	"selects by each field":            sentSelects,
	"finds messages and threads":       sentIDs,
	"orders by rev, seq and backwards": sentOrders,
	"bounds number and bytes":          sentBounds,
	"gives copies":                     sentCopies,
}

func sentSelects(t *testing.T, s inbox.Store) {
	p3 := letter(carol, "m3", "x")
	p3.ThreadID = "m1"
	p4 := letter(bob, "m4", "x")
	p4.Owner = carol
	enqueue(t, s, letter(bob, "m1", "x"), letter(bob, "m2", "x"), p3, p4)
	_, err := s.Advance(t.Context(), alice, bob, []string{"m1"}, inbox.Delivered, start)
	noErr(t, err)
	_, err = s.Advance(t.Context(), alice, bob, []string{"m2"}, inbox.Relayed, start)
	noErr(t, err)
	for name, c := range map[string]struct {
		q    inbox.SentQuery
		want []string
	}{
		"all":     {inbox.SentQuery{}, []string{"m1:delivered", "m2:relayed", "m3:queued", "m4:queued"}},
		"owner":   {inbox.SentQuery{Owner: carol}, []string{"m4:queued"}},
		"to":      {inbox.SentQuery{To: carol}, []string{"m3:queued"}},
		"both":    {inbox.SentQuery{Owner: alice, To: bob}, []string{"m1:delivered", "m2:relayed"}},
		"id":      {inbox.SentQuery{MessageID: "m2"}, []string{"m2:relayed"}},
		"thread":  {inbox.SentQuery{ThreadID: "m1"}, []string{"m1:delivered", "m3:queued"}},
		"state":   {inbox.SentQuery{States: []inbox.State{inbox.Queued}}, []string{"m3:queued", "m4:queued"}},
		"states":  {inbox.SentQuery{States: []inbox.State{inbox.Relayed, inbox.Delivered}}, []string{"m1:delivered", "m2:relayed"}},
		"after":   {inbox.SentQuery{AfterRev: 4}, []string{"m1:delivered", "m2:relayed"}},
		"nothing": {inbox.SentQuery{Owner: bob}, []string{}},
		"each":    {inbox.SentQuery{Owner: alice, To: bob, ThreadID: "m2", States: []inbox.State{inbox.Relayed}}, []string{"m2:relayed"}},
	} {
		c.q.BySeq = true
		same(t, name, parcelNames(sent(t, s, c.q)), c.want)
	}
}

func sentIDs(t *testing.T, s inbox.Store) {
	same(t, "nothing was ever sent", sent(t, s, inbox.SentQuery{MessageID: "m1"}), []inbox.Parcel{})
	in := func(owner did.DID, p inbox.Parcel, thread string) inbox.Parcel {
		p.Owner, p.ThreadID = owner, thread
		return p
	}
	enqueue(t, s, letter(bob, "m1", "1"), letter(carol, "m1", "1"), in(alice, letter(bob, "m2", "2"), "m1"),
		in(carol, letter(bob, "m1", "3"), "m1"), in(doraL, letter(bob, "m3", "4"), "m1"), in(alice, letter(bob, "m4", "5"), "t"))
	for name, c := range map[string]struct {
		q    inbox.SentQuery
		want string
	}{
		"id":                  {inbox.SentQuery{MessageID: "m1"}, "113"},
		"id to somebody":      {inbox.SentQuery{MessageID: "m1", To: bob}, "13"},
		"id of an owner":      {inbox.SentQuery{MessageID: "m1", Owner: carol}, "3"},
		"id of another owner": {inbox.SentQuery{MessageID: "m1", Owner: dora}, ""},
		"unknown id":          {inbox.SentQuery{MessageID: "t"}, ""},
		"thread":              {inbox.SentQuery{ThreadID: "m1"}, "11234"},
		"thread of an owner":  {inbox.SentQuery{ThreadID: "m1", Owner: doraL}, "4"},
		"thread without root": {inbox.SentQuery{ThreadID: "t"}, "5"},
		"thread of one":       {inbox.SentQuery{ThreadID: "m4"}, ""},
		"thread and id":       {inbox.SentQuery{ThreadID: "m1", MessageID: "m2"}, "2"},
	} {
		for _, bySeq := range []bool{false, true} {
			c.q.BySeq = bySeq
			got := ""
			for _, p := range sent(t, s, c.q) {
				got += string(p.Payload)
			}
			same(t, name, got, c.want)
		}
	}
}

func sentOrders(t *testing.T, s inbox.Store) {
	enqueue(t, s, letter(bob, "m1", "x"), letter(bob, "m2", "x"), letter(bob, "m3", "x"))
	_, err := s.Advance(t.Context(), alice, bob, []string{"m1"}, inbox.Sent, start)
	noErr(t, err)
	same(t, "rev", parcelNames(sent(t, s, inbox.SentQuery{})), []string{"m2:queued", "m3:queued", "m1:sent"})
	same(t, "rev, newest", parcelNames(sent(t, s, inbox.SentQuery{Newest: true, Limit: 2})), []string{"m1:sent", "m3:queued"})
	same(t, "seq", parcelNames(sent(t, s, inbox.SentQuery{BySeq: true})), []string{"m1:sent", "m2:queued", "m3:queued"})
	same(t, "seq, newest", parcelNames(sent(t, s, inbox.SentQuery{BySeq: true, Newest: true, Limit: 1})), []string{"m3:queued"})
}

func sentBounds(t *testing.T, s inbox.Store) {
	for _, id := range ids("m", 17) {
		p := letter(bob, id, "")
		p.Payload = bytes.Repeat([]byte("x"), inbox.MaxPayload)
		enqueue(t, s, p)
	}
	first := sent(t, s, inbox.SentQuery{})
	same(t, "first", len(first), 16)
	same(t, "rest", len(sent(t, s, inbox.SentQuery{AfterRev: first[15].Rev})), 1)
	var ps []inbox.Parcel
	for _, id := range ids("n", 120) {
		ps = append(ps, letter(carol, id, "x"))
	}
	enqueue(t, s, ps...)
	same(t, "default limit", len(sent(t, s, inbox.SentQuery{To: carol})), 100)
	same(t, "larger limit", len(sent(t, s, inbox.SentQuery{To: carol, Limit: 5000})), 120)
}

func sentCopies(t *testing.T, s inbox.Store) {
	p := letter(bob, "m1", "hello")
	enqueue(t, s, p)
	p.Payload[0] = 'J'
	got := sent(t, s, inbox.SentQuery{})
	same(t, "payload", string(got[0].Payload), "hello")
	got[0].Payload[0] = 'J'
	b := claimOne(t, s, start)
	same(t, "payload", string(b.Parcels[0].Payload), "hello")
	b.Parcels[0].Payload[0] = 'J'
	same(t, "payload", string(sent(t, s, inbox.SentQuery{})[0].Payload), "hello")
}
