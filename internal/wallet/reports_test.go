package wallet_test

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/discoverfeatures"
	"github.com/parley-im/parley/messaging/receipts"
	"github.com/parley-im/parley/messaging/reportproblem"
	"github.com/parley-im/parley/messaging/userprofile"
)

// What a protocol of the wallet cannot read is reported once to the contact who wrote it, who is shown the report
// and does not answer it.
func TestReportsOfProblems(t *testing.T) {
	alice, bob := friends(t)
	ctx := t.Context()
	id := alice.Identity().DID.Canonical()
	bad := func(typ, body string) *messaging.Message {
		return &messaging.Message{ID: messaging.NewID(), Type: typ, To: []did.DID{id}, Body: jsontext.Value(body)}
	}
	for _, m := range []*messaging.Message{
		bad(discoverfeatures.QueriesType, `{"queries":7}`), bad(userprofile.Type, `{"profile":"me"}`),
	} {
		must(t, bob.Queue(ctx, m))
		got := next(t, bob)
		text, err := reportproblem.Text(&messaging.Message{Type: got.Type, ParentThreadID: "-", Body: jsontext.Value(got.Body)})
		if err != nil || text != "Bad message." || got.FromName != "alice" {
			t.Errorf("%s is answered by %+v: %q, %v", m.Type, got, text, err)
		}
		must(t, bob.Mark(ctx, control.MarkRequest{Seqs: []int64{got.Seq}, Acked: true}))
	}
	for _, m := range []*messaging.Message{
		bad(receipts.Type, `{"receipts":7}`), bad(reportproblem.Type, `{"code":7}`), bad(messaging.EmptyType, `{"x":7}`),
	} {
		must(t, bob.Queue(ctx, m))
	}
	barrier(t, bob, "alice", "to alice", alice)
	barrier(t, alice, "bob", "back", bob)
	all, err := bob.Receive(ctx, control.ReceiveRequest{All: true, Limit: 100})
	must(t, err)
	same(t, "what bob has received", len(all), 3)
}
