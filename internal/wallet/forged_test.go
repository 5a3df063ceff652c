package wallet_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/receipts"
)

// contactOf makes somebody a contact of a wallet that runs, and the other way round.
func contactOf(t *testing.T, host *wallet.Wallet, name string) *wallet.Wallet {
	t.Helper()
	guest := run(t, folder(t, name))
	inv, err := host.Invite(t.Context(), control.InviteRequest{})
	must(t, err)
	_, err = guest.Add(t.Context(), control.AddRequest{Link: inv.Link, Timeout: patience})
	must(t, err)
	return guest
}

// outgoing is what a wallet has sent and how far each message has come.
func outgoing(t *testing.T, w *wallet.Wallet) map[string]string {
	t.Helper()
	ps, err := w.Store().Sent(t.Context(), inbox.SentQuery{BySeq: true, Limit: 1000})
	must(t, err)
	states := map[string]string{}
	for _, p := range ps {
		states[p.To.Short()+" "+p.MessageID] = fmt.Sprint(p.State, " at revision ", p.Rev)
	}
	return states
}

// barrier returns once everything that from has sent to the other was handled there: messages of one sender are
// handled in their order.
func barrier(t *testing.T, from *wallet.Wallet, to, text string, other *wallet.Wallet) {
	t.Helper()
	must(t, ignoreSent(from.Send(t.Context(), control.SendRequest{To: to, Text: text, Wait: "delivered", Timeout: patience})))
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		got, err := other.Receive(t.Context(), control.ReceiveRequest{All: true, Newest: true, Limit: 5, Wait: patience})
		must(t, err)
		for _, m := range got {
			if m.Content == text {
				return
			}
		}
		_, err = other.Changes(t.Context(), control.ChangesRequest{After: got[len(got)-1].Rev, Wait: time.Second})
		must(t, err)
	}
	t.Fatalf("%q never came", text)
}

func ignoreSent(_ control.Sent, err error) error { return err }

// Receipts count for messages that went to their very sender, and never backwards. Each row is one that must
// change nothing at all.
func TestReceiptsThatDoNotCount(t *testing.T) {
	alice := run(t, folder(t, "alice"))
	bob, carol := contactOf(t, alice, "bob"), contactOf(t, alice, "carol")
	ctx := t.Context()
	send := func(to string) string {
		s, err := alice.Send(ctx, control.SendRequest{To: to, Text: "hi", Wait: "delivered", Timeout: patience})
		must(t, err)
		return s.ID
	}
	delivered, read, carols := send("bob"), send("bob"), send("carol")
	id, carolID := alice.Identity().DID.Canonical(), carol.Identity().DID.Canonical()
	must(t, bob.Mark(ctx, control.MarkRequest{IDs: []string{read}, Acked: true}))
	barrier(t, bob, "alice", "read", alice)

	receipt := func(s receipts.State, ids ...string) *messaging.Message {
		return receipts.New(id, s, time.Now(), ids...)
	}
	raw := func(typ, body string) *messaging.Message {
		return &messaging.Message{Type: typ, To: []did.DID{id}, Body: jsontext.Value(body)}
	}
	beyond := make([]string, receipts.MaxReceipts, receipts.MaxReceipts+1)
	for i := range beyond {
		beyond[i] = fmt.Sprint("none-", i)
	}
	rows := []struct {
		name string
		from *wallet.Wallet
		m    *messaging.Message
	}{
		{"read twice", bob, receipt(receipts.Viewed, read)},
		{"received after read", bob, receipt(receipts.Received, read)},
		{"deleted after read", bob, receipt(receipts.Deleted, read)},
		{"received twice", bob, receipt(receipts.Received, delivered, delivered)},
		{"of a message to somebody else", bob, receipt(receipts.Viewed, carols)},
		{"of somebody else", carol, receipt(receipts.Viewed, delivered)},
		{"of a message that never was", bob, receipt(receipts.Viewed, "none")},
		{"of a message nearly so called", bob, receipt(receipts.Viewed, strings.ToLower(delivered), delivered[:25], delivered+" ")},
		{"of no message", bob, receipt(receipts.Viewed, "")},
		{"beyond the limit", bob, receipt(receipts.Viewed, append(beyond, delivered)...)},
		{"of an unknown state", bob, receipt("framed", delivered)},
		{"of a state in another case", bob, receipt("VIEWED", delivered)},
		{"malformed", bob, raw(receipts.Type, `{"receipts":[{"message_id":"`+delivered+`","state":"viewed"},7]}`)},
		{"no receipts", bob, raw(receipts.Type, `{"Receipts":[{"message_id":"`+delivered+`","state":"viewed"}]}`)},
		{"of another version", bob, raw("https://didcomm.org/receipts/2.0/message-receipts", `{"receipts":[{"message_id":"`+delivered+`","state":"viewed"}]}`)},
		{"a request", bob, raw(receipts.RequestType, `{"requested_receipts":[{"message_type":"`+delivered+`","states":["viewed"]}],"receipts":[{"message_id":"`+delivered+`","state":"viewed"}]}`)},
		{"an acknowledgement of what is read", bob, &messaging.Message{Type: messaging.EmptyType, To: []did.DID{id}, Ack: []string{read}}},
		{"an acknowledgement by somebody else", carol, &messaging.Message{Type: messaging.EmptyType, To: []did.DID{id}, Ack: []string{read, delivered}}},
	}
	for i, row := range rows {
		before := outgoing(t, alice)
		must(t, row.from.Queue(ctx, row.m))
		barrier(t, row.from, "alice", fmt.Sprint("row ", i), alice)
		if diff := cmp.Diff(before, outgoing(t, alice)); diff != "" {
			t.Errorf("%s: what was sent has changed:\n%s", row.name, diff)
		}
	}

	// What no wallet of ours would let through: a message that claims another sender than its envelope proved.
	forged := func(name string, from did.DID) {
		m := receipt(receipts.Viewed, carols)
		m.ID, m.From = "forged-"+name, carolID
		payload, err := m.Marshal()
		must(t, err)
		before := outgoing(t, alice)
		_, err = alice.Store().Put(ctx, inbox.Arrival{Entry: inbox.Entry{
			Owner: id, From: from, MessageID: m.ID, Type: m.Type, ThreadID: m.ID, Payload: payload, Received: time.Now(),
		}})
		must(t, err)
		barrier(t, bob, "alice", "after "+name, alice)
		if diff := cmp.Diff(before, outgoing(t, alice)); diff != "" {
			t.Errorf("claimed by %s to be of carol: what was sent has changed:\n%s", name, diff)
		}
	}
	forged("bob", bob.Identity().DID.Canonical())
	forged("nobody", did.DID{})

	// That the rows could have changed something: the same by the right one.
	must(t, bob.Queue(ctx, receipt(receipts.Viewed, delivered)))
	barrier(t, bob, "alice", "control", alice)
	s, err := alice.Sent(ctx, control.SentRequest{ID: delivered})
	if err != nil || len(s) != 1 || s[0].State != "read" {
		t.Errorf("a receipt that counts: %+v, %v", s, err)
	}
	// Receipts are not for people, and are answered by nobody.
	got, err := alice.Receive(ctx, control.ReceiveRequest{All: true, Limit: 1000})
	must(t, err)
	for _, m := range got {
		if messaging.SameType(m.Type, receipts.Type) {
			t.Errorf("a receipt is shown: %+v", m)
		}
	}
}
