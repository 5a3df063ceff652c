package messaging_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/messagingtest"
)

// widen has carol's document list a key beside hers.
func (h *hosts) widen(t *testing.T) {
	t.Helper()
	keys := map[string]crypto.PublicKey{"new": mustKey(t).Public()}
	for _, m := range h.carol.Identity.Document.Methods() {
		keys[m.ID.Fragment] = m.Key
	}
	doc, err := messagingtest.HostedDocument(carol, []string{"mem:carol"}, keys)
	if err != nil {
		t.Fatal(err)
	}
	h.net.Publish(doc)
}

// What was withheld and comes again by trusted keys is handled at once, each time, though its place in the order was
// passed long ago.
func TestWithheldComesAgainTrusted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHosts(t)
		h.widen(t)
		start(t, h.bob)
		sealed := [][]byte{h.by(t, h.carol, "1", ""), h.by(t, h.carol, "2", "")}
		same(t, "at first", accept(t, h.bob, did.DID{}, sealed...), []messaging.Verdict{held(), held()})
		other := third(t, &pair{net: h.net, bob: h.bob}, "other")
		same(t, "behind", accept(t, h.bob, did.DID{}, forge{from: other, to: h.bob}.seal(t, plain("3", fromTo(other, h.bob))))[0], accepted())
		time.Sleep(time.Second)
		h.back()
		want := []string{"3"}
		for i, id := range []string{"1", "2"} {
			time.Sleep(time.Minute)
			same(t, "again", accept(t, h.bob, did.DID{}, sealed[i])[0], accepted())
			time.Sleep(time.Minute)
			want = append(want[:i], id, "3")
			same(t, "kept", received(t, h.bob, inbox.Kept), want)
		}
	})
}

// A document that was fetched before other keys were accepted, and is judged after, undoes nothing.
func TestLateSightUndoesNothing(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	h.swap()
	if err := h.bob.Node.CheckKeys(t.Context(), carol); !errors.Is(err, messaging.ErrKeysChanged) {
		t.Fatal(err)
	}
	h.release(t)
	h.change(t, func(c *inbox.Contact) { c.Verified = time.Now() })
	verified, history := h.contact(t).Verified, h.history(t)
	h.bob.Node.Met(t.Context(), messaging.Peer{DID: carol, Document: h.carol.Identity.Document, Addresses: []string{"/ip4/192.0.2.1/tcp/1"}})
	same(t, "history", h.history(t), history)
	c := h.contact(t)
	same(t, "verified", c.Verified, verified)
	same(t, "addresses", len(c.Addresses), 0)
	same(t, "offers nothing", c.Offer == nil, true)
}
