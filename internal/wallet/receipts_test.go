package wallet_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/basicmessage"
	"github.com/parley-im/parley/messaging/receipts"
	"github.com/parley-im/parley/messaging/reportproblem"
)

// told returns what the wallet has ever told by receipts, one list for each message of them.
func told(t *testing.T, w *wallet.Wallet) (all [][]receipts.Receipt) {
	t.Helper()
	ps, err := w.Store().Sent(t.Context(), inbox.SentQuery{BySeq: true, Limit: 1000})
	must(t, err)
	for _, p := range ps {
		if p.Type != receipts.Type {
			continue
		}
		m, err := messaging.ParseMessage(p.Payload)
		must(t, err)
		rs, err := receipts.Parse(m)
		must(t, err)
		all = append(all, rs)
	}
	return all
}

// ids returns the ids that receipts are about; they must all say that the message was viewed.
func ids(t *testing.T, all [][]receipts.Receipt) (list []string) {
	t.Helper()
	for _, rs := range all {
		for _, r := range rs {
			if r.State != receipts.Viewed {
				t.Errorf("a receipt says %s", r.State)
			}
			list = append(list, r.ID)
		}
	}
	return list
}

// unread waits until the wallet has so many messages that nobody has acked, and returns their numbers.
func unread(t *testing.T, w *wallet.Wallet, count int) (seqs []int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for after := int64(0); len(seqs) < count; {
		ms, err := w.Receive(ctx, control.ReceiveRequest{After: after, Wait: patience})
		must(t, err)
		if len(ms) == 0 {
			t.Fatalf("%d of %d messages have come", len(seqs), count)
		}
		for _, m := range ms {
			seqs, after = append(seqs, m.Seq), m.Seq
		}
	}
	return seqs
}

// comes waits until a message has come as far as want.
func comes(t *testing.T, w *wallet.Wallet, id string, want inbox.State) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if s, err := w.Reached(ctx, id, want); err != nil || s != want {
		t.Fatalf("the message is %s, want %s: %v", s, want, err)
	}
}

func TestViewedOnce(t *testing.T) {
	alice, bob := friends(t)
	ctx := t.Context()
	var sent []string
	for i := range 3 {
		s, err := bob.Send(ctx, control.SendRequest{To: "alice", Text: fmt.Sprint(i), Wait: "delivered", Timeout: patience})
		must(t, err)
		sent = append(sent, s.ID)
	}
	seqs := unread(t, alice, 3)
	must(t, alice.Mark(ctx, control.MarkRequest{Seqs: seqs[:2]}))
	must(t, alice.Mark(ctx, control.MarkRequest{Seqs: seqs[:2]}))
	must(t, alice.Mark(ctx, control.MarkRequest{Seqs: seqs, Acked: true}))
	must(t, alice.Mark(ctx, control.MarkRequest{IDs: sent, Acked: true}))
	same(t, "told", ids(t, told(t, alice)), sent)
	same(t, "messages with receipts", len(told(t, alice)), 2)
	for _, id := range sent {
		comes(t, bob, id, inbox.Read)
	}
	same(t, "bob answers a receipt", len(told(t, bob)), 0)
}

// Marks at the same time do not tell twice.
func TestViewedOnceAtOnce(t *testing.T) {
	alice, seqs := mailbox(t, "bob", 50)
	errs := make(chan error)
	for range 8 {
		go func() { errs <- alice.Mark(context.Background(), control.MarkRequest{Seqs: seqs, Acked: true}) }()
	}
	for range 8 {
		must(t, <-errs)
	}
	same(t, "receipts", len(ids(t, told(t, alice))), 50)
}

func TestReceiptLevels(t *testing.T) {
	alice, bob := friends(t)
	ctx := t.Context()
	for _, test := range []struct {
		wallet, contact string
		viewed          bool
	}{
		{"all", "default", true}, {"received", "default", false}, {"none", "default", false},
		{"none", "all", true}, {"received", "all", true}, {"all", "none", false}, {"all", "received", false},
	} {
		_, err := alice.ChangePreferences(ctx, control.PreferenceChange{Receipts: &test.wallet})
		must(t, err)
		c, err := alice.ChangeContact(ctx, "bob", control.ContactChange{Receipts: test.contact})
		must(t, err)
		if want := strings.TrimPrefix(test.contact, "default"); c.Receipts != want {
			t.Errorf("the contact is told %q, want %q", c.Receipts, want)
		}
		_, err = bob.Send(ctx, control.SendRequest{To: "alice", Text: "x", Wait: "delivered", Timeout: patience})
		must(t, err)
		before := len(told(t, alice))
		must(t, alice.Mark(ctx, control.MarkRequest{Seqs: unread(t, alice, 1), Acked: true}))
		same(t, fmt.Sprintf("receipts of %s for %s", test.wallet, test.contact), len(told(t, alice)) > before, test.viewed)
	}
	_, err := alice.ChangeContact(ctx, "bob", control.ContactChange{Receipts: "some"})
	same(t, "no level", code(t, err), control.CodeUsage)
}

// What tells that a message was received follows the same levels.
func TestReceivedReceipt(t *testing.T) {
	alice := open(t, folder(t, "alice"))
	m := &messaging.Received{Message: &messaging.Message{ID: "1", Type: basicmessage.Type}, Sender: did.MustParse("did:example:bob")}
	for _, test := range []struct {
		wallet  string
		contact inbox.ReceiptLevel
		want    bool
	}{
		{"all", inbox.ReceiptsDefault, true}, {"received", inbox.ReceiptsDefault, true}, {"none", inbox.ReceiptsDefault, false},
		{"none", inbox.ReceiptsReceived, true}, {"all", inbox.ReceiptsNone, false}, {"none", inbox.ReceiptsAll, true},
	} {
		_, err := alice.ChangePreferences(t.Context(), control.PreferenceChange{Receipts: &test.wallet})
		must(t, err)
		got := alice.Node().Receipt(m, inbox.Contact{DID: m.Sender, Receipts: test.contact})
		if same(t, fmt.Sprint("a receipt for ", test), got != nil, test.want); got == nil {
			continue
		}
		rs, err := receipts.Parse(got)
		must(t, err)
		if len(rs) != 1 || rs[0].ID != "1" || rs[0].State != receipts.Received || !got.To[0].Same(m.Sender) {
			t.Errorf("%+v to %v", rs, got.To)
		}
	}
}

// mailbox makes a wallet that is not at work, with a contact of this name and so many messages from it.
func mailbox(t *testing.T, contact string, count int) (*wallet.Wallet, []int64) {
	t.Helper()
	w := open(t, folder(t, "alice"))
	return w, fill(t, w, contact, basicmessage.Type, count)
}

// fill adds a contact and has so many messages from it in the inbox.
func fill(t *testing.T, w *wallet.Wallet, contact, typ string, count int) []int64 {
	t.Helper()
	from := did.MustParse("did:example:" + contact)
	must(t, w.Store().AddContact(t.Context(), inbox.Contact{DID: from, Name: contact, Added: time.Now()}))
	return deposit(t, w, from, typ, count)
}

// deposit has messages of somebody kept for the user.
func deposit(t *testing.T, w *wallet.Wallet, from did.DID, typ string, count int) (seqs []int64) {
	t.Helper()
	ctx, owner := t.Context(), w.Identity().DID
	var as []inbox.Arrival
	for i := range count {
		m := &messaging.Message{ID: fmt.Sprintf("%s-%d", typ, i), Type: typ, From: from}
		payload, err := m.Marshal()
		must(t, err)
		as = append(as, inbox.Arrival{Entry: inbox.Entry{
			Owner: owner, From: from, MessageID: m.ID, Type: typ, ThreadID: m.ID, Payload: payload, Received: time.Now(),
		}})
	}
	rs, err := w.Store().Put(ctx, as...)
	must(t, err)
	for _, r := range rs {
		must(t, w.Store().Handled(ctx, owner, r.Seq, inbox.Kept))
		seqs = append(seqs, r.Seq)
	}
	return seqs
}

func TestReceiptsBatch(t *testing.T) {
	alice, seqs := mailbox(t, "bob", 300)
	seqs = append(seqs, fill(t, alice, "carol", basicmessage.Type, 1)...)
	must(t, alice.Mark(t.Context(), control.MarkRequest{Seqs: seqs, Acked: true}))
	all := told(t, alice)
	var sizes []int
	for _, rs := range all {
		sizes = append(sizes, len(rs))
	}
	same(t, "receipts in each message", sizes, []int{256, 44, 1})
	list := ids(t, all[:2])
	slices.Sort(list)
	same(t, "messages told of", len(slices.Compact(list)), 300)
}

// More entries than one query can select are marked all the same, and so are numbers that are given twice or
// are those of nothing.
func TestMarkMany(t *testing.T) {
	alice, seqs := mailbox(t, "bob", 1100)
	must(t, alice.Mark(t.Context(), control.MarkRequest{Seqs: append(append(slices.Clone(seqs), seqs[:50]...), 1<<40), Acked: true}))
	same(t, "receipts", len(ids(t, told(t, alice))), 1100)
	left, err := alice.Receive(t.Context(), control.ReceiveRequest{})
	must(t, err)
	same(t, "left unread", len(left), 0)
}

// Nobody is told of what is not of a contact, and of what wallets say among themselves.
func TestNotTold(t *testing.T) {
	alice, seqs := mailbox(t, "blocked", 1)
	ctx := t.Context()
	yes := true
	_, err := alice.ChangeContact(ctx, "blocked", control.ContactChange{Blocked: &yes})
	must(t, err)
	seqs = append(seqs, fill(t, alice, "removed", basicmessage.Type, 1)...)
	_, err = alice.RemoveContact(ctx, "removed")
	must(t, err)
	seqs = append(seqs, deposit(t, alice, wallet.Nobody, basicmessage.Type, 1)...)
	seqs = append(seqs, fill(t, alice, "bob", reportproblem.Type, 1)...)
	must(t, alice.Mark(ctx, control.MarkRequest{Seqs: seqs}))
	same(t, "told", len(told(t, alice)), 0)
	es, err := alice.Store().List(ctx, inbox.Query{Seqs: seqs})
	must(t, err)
	for _, e := range es {
		same(t, "shown "+e.From.String(), e.Shown, true)
	}
	same(t, "entries", len(es), 4)
}

// frail is a store whose Mark fails, and that takes receipts by Mark alone.
type frail struct {
	inbox.Store
	fail func(receipts []inbox.Parcel) error
	t    *testing.T
}

func (s *frail) Mark(ctx context.Context, owner did.DID, m inbox.Mark, seqs []int64, receipts ...inbox.Parcel) error {
	if err := s.fail(receipts); err != nil {
		return err
	}
	return s.Store.Mark(ctx, owner, m, seqs, receipts...)
}

func (s *frail) Enqueue(context.Context, ...inbox.Parcel) ([]inbox.Parcel, error) {
	s.t.Error("a receipt is queued in a step of its own")
	return nil, nil
}

// Receipts are queued in one step with the mark: neither is there without the other, and a mark that is set
// again after a failure tells once.
func TestMarkIsOneStep(t *testing.T) {
	alice, seqs := mailbox(t, "bob", 2)
	store, broken := alice.Store(), errors.New("the disk is full")
	steps := 0
	alice.SetStore(&frail{Store: store, t: t, fail: func(receipts []inbox.Parcel) error {
		if steps++; steps == 1 {
			return broken
		}
		same(t, "receipts in the step", len(receipts), 1)
		return nil
	}})
	if err := alice.Mark(t.Context(), control.MarkRequest{Seqs: seqs}); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	es, err := store.List(t.Context(), inbox.Query{Seqs: seqs})
	must(t, err)
	same(t, "shown after the failure", es[0].Shown || es[1].Shown, false)
	same(t, "told after the failure", len(told(t, alice)), 0)
	must(t, alice.Mark(t.Context(), control.MarkRequest{Seqs: seqs}))
	same(t, "steps", steps, 2)
	same(t, "told", len(ids(t, told(t, alice))), 2)
}

// A contact for whom too much waits gets no receipts; its messages are marked all the same.
func TestMarkWhenFull(t *testing.T) {
	alice, seqs := mailbox(t, "bob", 1)
	alice.SetStore(&frail{Store: alice.Store(), t: t, fail: func(receipts []inbox.Parcel) error {
		if len(receipts) > 0 {
			return inbox.ErrFull
		}
		return nil
	}})
	must(t, alice.Mark(t.Context(), control.MarkRequest{Seqs: seqs, Acked: true}))
	left, err := alice.Receive(t.Context(), control.ReceiveRequest{})
	must(t, err)
	same(t, "left unread", len(left), 0)
}

func TestWaitRead(t *testing.T) {
	alice, bob := friends(t)
	ctx := t.Context()
	sent := make(chan control.Sent, 1)
	go func() {
		s, err := bob.Send(ctx, control.SendRequest{To: "alice", Text: "x", Wait: "read", Timeout: patience})
		if err != nil {
			t.Error(err)
		}
		sent <- s
	}()
	must(t, alice.Mark(ctx, control.MarkRequest{Seqs: unread(t, alice, 1), Acked: true}))
	same(t, "state", (<-sent).State, "read")

	none := "none"
	_, err := alice.ChangePreferences(ctx, control.PreferenceChange{Receipts: &none})
	must(t, err)
	s, err := bob.Send(ctx, control.SendRequest{To: "alice", Text: "y", Wait: "delivered", Timeout: patience})
	must(t, err)
	must(t, alice.Mark(ctx, control.MarkRequest{Seqs: unread(t, alice, 1), Acked: true}))
	s, err = bob.Send(ctx, control.SendRequest{To: "alice", Text: "z", Wait: "read", Timeout: 2 * time.Second})
	same(t, "waiting in vain", code(t, err), control.CodeTimeout)
	same(t, "state", s.State, "delivered")
	if !strings.Contains(err.Error(), "may not send read receipts") {
		t.Errorf("the error does not say why: %v", err)
	}
}

// A program that has dealt with a message tells so whom a reader would tell.
func TestReadReceipt(t *testing.T) {
	alice, _ := mailbox(t, "bob", 0)
	fill(t, alice, "eve", basicmessage.Type, 0)
	fill(t, alice, "carol", basicmessage.Type, 0)
	ctx, yes := t.Context(), true
	_, err := alice.ChangeContact(ctx, "eve", control.ContactChange{Blocked: &yes})
	must(t, err)
	_, err = alice.ChangeContact(ctx, "carol", control.ContactChange{Receipts: "received"})
	must(t, err)
	for _, test := range []struct {
		from, typ string
		want      bool
	}{
		{"did:example:bob", basicmessage.Type, true}, {"did:example:bob", reportproblem.Type, false}, {"did:example:eve", basicmessage.Type, false},
		{"did:example:carol", basicmessage.Type, false}, {"did:example:nobody", basicmessage.Type, false},
	} {
		from := did.MustParse(test.from)
		got, err := alice.ReadReceipt(ctx, &messaging.Received{Message: &messaging.Message{ID: "1", Type: test.typ}, Sender: from})
		must(t, err)
		same(t, fmt.Sprint("a receipt for ", test), got != nil, test.want)
		if got == nil {
			continue
		}
		rs, err := receipts.Parse(got)
		must(t, err)
		if len(rs) != 1 || rs[0].ID != "1" || rs[0].State != receipts.Viewed || !got.To[0].Same(from) {
			t.Errorf("%+v to %v", rs, got.To)
		}
	}
}
