package inboxtest

import (
	"errors"
	"testing"
	"time"

	"github.com/parley-im/parley/inbox"
)

// forget: settled parcels go, with their message once it has no other; all others stay, and so do the counts.
func forget(t *testing.T, s inbox.Store) {
	both := letter(bob, "m1", "x")
	second := both
	second.To = carol
	enqueue(t, s, both, second, letter(bob, "m2", "x"), letter(bob, "m3", "x"))
	all := sent(t, s, inbox.SentQuery{BySeq: true})
	settle(t, s, claimOf(t, s, bob), at(tick), time.Time{}, inbox.Outcome{State: inbox.Delivered}, inbox.Outcome{State: inbox.Failed})
	seqs := []int64{all[0].Seq, all[1].Seq, all[2].Seq, all[3].Seq, 4711, -1}
	noErr(t, s.Forget(t.Context(), carol, seqs...)) // nothing is hers
	same(t, "after another's", len(sent(t, s, inbox.SentQuery{})), 4)
	noErr(t, s.Forget(t.Context(), alice, seqs...))
	noErr(t, s.Forget(t.Context(), alice, seqs...))
	same(t, "left", parcelNames(sent(t, s, inbox.SentQuery{BySeq: true})), []string{"m1:queued", "m3:queued"})
	stats, err := s.Stats(t.Context())
	noErr(t, err)
	same(t, "waiting", []int{stats.Waiting, stats.Failed}, []int{2, 0})
	// The message of the parcel that is left is known; the other may be queued anew, with another payload.
	if _, err := s.Enqueue(t.Context(), letter(carol, "m1", "y")); !errors.Is(err, inbox.ErrConflict) {
		t.Errorf("another payload for a message that is still known: %v", err)
	}
	enqueue(t, s, letter(bob, "m2", "y"))
	same(t, "anew", parcelNames(sent(t, s, inbox.SentQuery{MessageID: "m2"})), []string{"m2:queued"})
	if err := s.Forget(t.Context(), alice, make([]int64, inbox.MaxSeqs+1)...); !errors.Is(err, inbox.ErrTooLarge) {
		t.Errorf("too many at once: %v", err)
	}
}

// claimOf claims what is due for bob, leaving others be.
func claimOf(t *testing.T, s inbox.Store, to any) inbox.Batch {
	t.Helper()
	for _, b := range claim(t, s, start, inbox.Limit{}) {
		if b.To == to {
			return b
		}
	}
	t.Fatal("nothing is due")
	return inbox.Batch{}
}
