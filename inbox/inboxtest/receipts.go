package inboxtest

import (
	"errors"
	"testing"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// receiptScenarios are those of Mark with receipts.
var receiptScenarios = map[string]func(*testing.T, inbox.Store){
	"are queued with the mark":         receiptsQueued,
	"fail together with the mark":      receiptsFail,
	"are not queued twice":             receiptsAgain,
	"are queued for what is not there": receiptsUnknown,
}

func receiptsQueued(t *testing.T, s inbox.Store) {
	r := put(t, s, message(bob, "m1", "x"), message(carol, "m2", "x"), message(bob, "m3", "x"))
	hints := s.Watch(t.Context())
	seqs := []int64{r[0].Seq, r[1].Seq}
	noErr(t, s.Mark(t.Context(), alice, inbox.MarkShown, seqs, letter(bob, "r1", "viewed"), letter(carol, "r2", "viewed")))
	if !hinted(hints) {
		t.Error("no hint")
	}
	es := list(t, s, inbox.Query{BySeq: true})
	same(t, "shown", []bool{es[0].Shown, es[1].Shown, es[2].Shown}, []bool{true, true, false})
	same(t, "receipts", parcelNames(sent(t, s, inbox.SentQuery{BySeq: true})), []string{"r1:queued", "r2:queued"})
	same(t, "due", batchNames(claim(t, s, start, inbox.Limit{})), []string{"did:example:bob r1", "did:example:carol r2"})
}

func receiptsFail(t *testing.T, s inbox.Store) {
	seq := put(t, s, message(bob, "m1", "x"))[0].Seq
	enqueue(t, s, letter(bob, "r1", "viewed"))
	before, err := holds(t.Context(), s)
	noErr(t, err)
	large := letter(bob, "r3", "")
	large.Payload = make([]byte, inbox.MaxPayload+1)
	for name, c := range map[string]struct {
		last inbox.Parcel
		want error
	}{
		"another payload": {letter(bob, "r1", "other"), inbox.ErrConflict},
		"too large":       {large, inbox.ErrTooLarge},
		"to nobody":       {letter(did.DID{}, "r4", "viewed"), nil},
	} {
		err := s.Mark(t.Context(), alice, inbox.MarkAcked, []int64{seq}, letter(bob, "r2", "viewed"), c.last)
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: err = %v, want %v", name, err, c.want)
		}
		after, err := holds(t.Context(), s)
		noErr(t, err)
		same(t, name, after, before)
	}
	if err := s.Mark(t.Context(), alice, 0, []int64{seq}, letter(bob, "r5", "viewed")); err == nil {
		t.Error("a mark that is none was taken")
	}
	same(t, "receipts", parcelNames(sent(t, s, inbox.SentQuery{})), []string{"r1:queued"})
}

func receiptsAgain(t *testing.T, s inbox.Store) {
	seq := put(t, s, message(bob, "m1", "x"))[0].Seq
	for range 2 {
		noErr(t, s.Mark(t.Context(), alice, inbox.MarkAcked, []int64{seq}, letter(bob, "r1", "viewed")))
	}
	same(t, "receipts", parcelNames(sent(t, s, inbox.SentQuery{})), []string{"r1:queued"})
}

func receiptsUnknown(t *testing.T, s inbox.Store) {
	seq := put(t, s, message(bob, "m1", "x"))[0].Seq
	noErr(t, s.Mark(t.Context(), alice, inbox.MarkShown, []int64{seq + 1, -1}, letter(bob, "r1", "viewed")))
	noErr(t, s.Mark(t.Context(), alice, inbox.MarkShown, nil, letter(bob, "r2", "viewed")))
	same(t, "shown", list(t, s, inbox.Query{})[0].Shown, false)
	same(t, "receipts", parcelNames(sent(t, s, inbox.SentQuery{})), []string{"r1:queued", "r2:queued"})
}
