package wallet

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/inbox/memory"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/basicmessage"
	"github.com/parley-im/parley/messaging/receipts"
	"github.com/parley-im/parley/messaging/reportproblem"
	"github.com/parley-im/parley/messaging/trustping"
	"github.com/parley-im/parley/messaging/userprofile"
)

var (
	tidyOwner = did.MustParse("did:example:alice")
	tidyPeer  = did.MustParse("did:example:bob")
	// tidySecond is another DID of the owner's wallet.
	tidySecond = did.MustParse("did:example:alice2")
	tidyStart  = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
)

func tidyWallet(t *testing.T) *Wallet {
	t.Helper()
	w := &Wallet{store: memory.Open(), log: slog.New(slog.DiscardHandler)}
	w.ids.put(messaging.Identity{DID: tidyOwner})
	w.ids.put(messaging.Identity{DID: tidySecond})
	return w
}

// arrives commits an entry, and settles it unless it stays pending.
func arrives(t *testing.T, w *Wallet, id, typ string, d inbox.Disposition) inbox.Arrival {
	t.Helper()
	return arrivesFor(t, w, tidyOwner, id, typ, d)
}

func arrivesFor(t *testing.T, w *Wallet, owner did.DID, id, typ string, d inbox.Disposition) inbox.Arrival {
	t.Helper()
	a := inbox.Arrival{Entry: inbox.Entry{Owner: owner, From: tidyPeer, MessageID: id, Type: typ, ThreadID: id, Payload: []byte(id), Received: tidyStart}}
	r, err := w.store.Put(t.Context(), a)
	if err == nil && d != inbox.Pending {
		err = w.store.Handled(t.Context(), owner, r[0].Seq, d)
	}
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// all tidies up until nothing more is found.
func (t *tidy) all(tb testing.TB, w *Wallet, now time.Time) {
	tb.Helper()
	for range 100 {
		more, err := w.tidyUp(tb.Context(), t, now)
		if err != nil {
			tb.Fatal(err)
		}
		if !more {
			return
		}
	}
	tb.Fatal("tidying up does not end")
}

func TestTidyReceived(t *testing.T) {
	t.Parallel()
	w := tidyWallet(t)
	ping := arrives(t, w, "ping", trustping.PingType, inbox.Consumed)
	arrivesFor(t, w, tidySecond, "ping-to-another-did", trustping.PingType, inbox.Consumed)
	arrives(t, w, "text-kept", basicmessage.Type, inbox.Kept)
	arrives(t, w, "text-of-a-program", basicmessage.Type, inbox.Consumed)
	arrives(t, w, "problem", reportproblem.Type, inbox.Kept)
	arrives(t, w, "rejected", userprofile.Type, inbox.Rejected)
	arrives(t, w, "profile", userprofile.Type, inbox.Pending)
	var state tidy
	left := func() (ids []string) {
		state.all(t, w, tidyStart)
		es, err := w.store.List(t.Context(), inbox.Query{BySeq: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range es {
			ids = append(ids, e.MessageID)
		}
		return ids
	}
	want := []string{"text-kept", "text-of-a-program", "problem", "rejected", "profile"}
	if got := left(); !slices.Equal(got, want) {
		t.Errorf("left: %v, want %v", got, want)
	}
	es, err := w.store.List(t.Context(), inbox.Query{MessageID: "profile"})
	if err == nil {
		err = w.store.Handled(t.Context(), tidyOwner, es[0].Seq, inbox.Consumed)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := left(); !slices.Equal(got, want[:4]) {
		t.Errorf("left, once the profile is dealt with: %v, want %v", got, want[:4])
	}
	if r, err := w.store.Put(t.Context(), ping); err != nil || r[0].Status != inbox.Duplicate {
		t.Errorf("what was cleared away comes again: %+v, %v, want a duplicate", r, err)
	}
}

func TestTidySent(t *testing.T) {
	t.Parallel()
	w := tidyWallet(t)
	body := func(typ string) []byte { return []byte(`{"type":"` + typ + `"}`) }
	sent := func(owner did.DID, id, typ string) error {
		_, err := w.store.Enqueue(t.Context(), inbox.Parcel{Owner: owner, To: tidyPeer, MessageID: id, Type: typ, ThreadID: id, Payload: body(typ), Created: tidyStart})
		if err == nil && id != "waiting" {
			_, err = w.store.Advance(t.Context(), owner, tidyPeer, []string{id}, inbox.Delivered, tidyStart)
		}
		return err
	}
	if err := sent(tidySecond, "of-another-did", receipts.Type); err != nil {
		t.Fatal(err)
	}
	for id, typ := range map[string]string{
		"ping": trustping.PingType, "receipt": receipts.Type, "text": basicmessage.Type, introductionPrefix + "1-x": userprofile.Type,
		"waiting": receipts.Type,
	} {
		if err := sent(tidyOwner, id, typ); err != nil {
			t.Fatal(err)
		}
	}
	var state tidy
	left := func(now time.Time) (ids []string) {
		state.all(t, w, now)
		ps, err := w.store.Sent(t.Context(), inbox.SentQuery{})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range ps {
			ids = append(ids, p.MessageID)
		}
		slices.Sort(ids)
		return ids
	}
	if got := left(tidyStart.Add(tidyAge - time.Second)); len(got) != 6 {
		t.Errorf("left before their time: %v", got)
	}
	want := []string{introductionPrefix + "1-x", "text", "waiting"}
	if got := left(tidyStart.Add(tidyAge)); !slices.Equal(got, want) {
		t.Errorf("left: %v, want %v", got, want)
	}
	_, err := w.store.Advance(t.Context(), tidyOwner, tidyPeer, []string{"waiting"}, inbox.Delivered, tidyStart.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if got := left(tidyStart.Add(2 * time.Hour)); !slices.Equal(got, want[:2]) {
		t.Errorf("left, once all has been delivered: %v, want %v", got, want[:2])
	}
}
