package wallet_test

import (
	"testing"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging/basicmessage"
)

// TestMarkOfOneSender: an id is unique for its sender only, so somebody who has learnt the id of another's message
// and sends one under it does not get that acked unseen.
func TestMarkOfOneSender(t *testing.T) {
	alice, _ := friends(t)
	ctx := t.Context()
	bob, err := alice.Contacts(ctx)
	must(t, err)
	until(t, alice, "bob's introduction is dealt with", func() bool { // what is kept would wait behind it
		stats, err := alice.Store().Stats(ctx)
		must(t, err)
		return stats.Pending == 0
	})
	for _, from := range []did.DID{did.MustParse(bob[0].DID), did.MustParse("did:example:mallory")} {
		_, err := alice.Store().Put(ctx, inbox.Arrival{Kept: true, Entry: inbox.Entry{
			Owner: alice.Identity().DID, From: from, MessageID: "same", Type: basicmessage.Type, ThreadID: "same", Payload: []byte(from.String()),
		}})
		must(t, err)
	}
	unacked := func() int {
		es, err := alice.Store().List(ctx, inbox.Query{MessageID: "same", Unacked: true})
		must(t, err)
		return len(es)
	}
	err = alice.Mark(ctx, control.MarkRequest{IDs: []string{"same"}, Acked: true})
	same(t, "two have used it", code(t, err), control.CodeUsage)
	same(t, "left", unacked(), 2)
	must(t, alice.Mark(ctx, control.MarkRequest{IDs: []string{"same"}, From: bob[0].Name, Acked: true}))
	same(t, "left of the other", unacked(), 1)
	err = alice.Mark(ctx, control.MarkRequest{IDs: []string{"same"}, From: "nobody", Acked: true})
	same(t, "of nobody", code(t, err), control.CodeUnknown)
}
