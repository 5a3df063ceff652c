package wallet_test

import (
	"testing"

	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
	"github.com/parley-im/parley/messaging/basicmessage"
	"github.com/parley-im/parley/messaging/receipts"
	"github.com/parley-im/parley/messaging/trustping"
	"github.com/parley-im/parley/messaging/userprofile"
)

func TestIsHousekeeping(t *testing.T) {
	t.Parallel()
	for typ, want := range map[string]bool{
		receipts.Type: true, receipts.RequestType: true, trustping.PingType: true, trustping.ResponseType: true,
		userprofile.Type: true, "https://didcomm.org/empty/1.0/empty": true,
		"https://didcomm.org/report-problem/2.0/problem-report": true, "https://didcomm.org/report_problem/2.7/problem-report": true,
		"https://didcomm.org/discover-features/2.0/queries": true,
		basicmessage.Type: false, "https://didcomm.org/questionanswer/1.0/question": false, "https://didcomm.org/receipts/2.0/message-receipts": false,
		"https://example.org/receipts/1.0/message-receipts": false, "": false, "/": false, "receipts": false,
	} {
		same(t, typ, wallet.IsHousekeeping(typ), want)
	}
}

func TestPayloadType(t *testing.T) {
	t.Parallel()
	for payload, want := range map[string]string{
		`{"id":"1","typ":"x","type":"https://a/b/1.0/c","body":{"type":"no"}}`: "https://a/b/1.0/c",
		`{"body":{"type":"no"},"type":"yes"}`:                                  "yes",
		`{"t\u0079pe":"yes"}`:                                                  "yes",
		`{"type":1}`:                                                           "", `{"id":"1"}`: "", `{}`: "", ``: "", `[]`: "", `"type"`: "", `{"a":`: "",
	} {
		same(t, payload, wallet.PayloadType([]byte(payload)), want)
	}
}

// What wallets say among themselves is in no list and no count of what the user has sent.
func TestHousekeepingIsNotShown(t *testing.T) {
	alice, bob := friends(t)
	ctx := t.Context()
	at, err := alice.Changes(ctx, control.ChangesRequest{})
	must(t, err)
	_, err = bob.Send(ctx, control.SendRequest{To: "alice", Text: "x"})
	must(t, err)
	must(t, alice.Mark(ctx, control.MarkRequest{Seqs: unread(t, alice, 1), Acked: true}))
	_, err = alice.Ping(ctx, control.PingRequest{To: "bob", Timeout: patience})
	must(t, err)
	hi, err := alice.Send(ctx, control.SendRequest{To: "bob", Text: "hi", Wait: "delivered", Timeout: patience})
	must(t, err)
	list, err := alice.Sent(ctx, control.SentRequest{Newest: true, Limit: 1})
	must(t, err)
	if len(list) != 1 || list[0].ID != hi.ID {
		t.Errorf("sent: %+v", list)
	}
	list, err = alice.Sent(ctx, control.SentRequest{})
	must(t, err)
	same(t, "sent in all", len(list), 1)
	list, err = bob.Sent(ctx, control.SentRequest{To: "alice"})
	must(t, err)
	same(t, "sent by bob, who was introduced", len(list), 1)
	stats, err := alice.Store().Stats(ctx)
	must(t, err)
	for at.Rev < stats.Rev {
		at, err = alice.Changes(ctx, control.ChangesRequest{After: at.Rev})
		must(t, err)
		for _, s := range at.Sent {
			same(t, "changed", s.ID, hi.ID)
		}
	}
}

func TestHousekeepingDoesNotCount(t *testing.T) {
	alice, seqs := mailbox(t, "bob", 2)
	ctx := t.Context()
	must(t, alice.Mark(ctx, control.MarkRequest{Seqs: seqs[:1], Acked: true}))
	s, err := alice.Send(ctx, control.SendRequest{To: "bob", Text: "x", Timeout: 0})
	must(t, err)
	counts := func(unread, waiting, failed int) {
		t.Helper()
		status, err := alice.Status(ctx)
		must(t, err)
		same(t, "unread, waiting, failed", []int{status.Unread, status.Waiting, status.Failed}, []int{unread, waiting, failed})
	}
	counts(1, 1, 0)
	must(t, alice.Mark(ctx, control.MarkRequest{Seqs: seqs, Acked: true}))
	counts(0, 1, 0)
	ps, err := alice.Store().Sent(ctx, inbox.SentQuery{})
	must(t, err)
	same(t, "parcels", len(ps), 3)
	for _, p := range ps {
		_, err := alice.Cancel(ctx, p.MessageID)
		must(t, err)
	}
	counts(0, 0, 1)
	byID, err := alice.Sent(ctx, control.SentRequest{ID: ps[0].MessageID})
	must(t, err)
	if len(byID) != 1 || byID[0].ID == s.ID {
		t.Errorf("a receipt by its id: %+v", byID)
	}
}
