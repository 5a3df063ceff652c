package messaging_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/messagingtest"
)

var carol = did.MustParse("did:example:carol")

// hosts is bob, and carol, whose DID is hosted: whoever has her host can swap her document. mallory is somebody with
// her DID and keys of his own, at an endpoint of his own.
type hosts struct {
	net                 *messagingtest.Network
	bob, carol, mallory *messagingtest.Party
}

func newHosts(t *testing.T) *hosts {
	t.Helper()
	h := &hosts{net: &messagingtest.Network{}}
	var err1, err2, err3 error
	h.bob, err1 = h.net.NewParty("bob")
	h.carol, err2 = h.net.NewHosted(carol, "carol", "key")
	h.mallory, err3 = h.net.NewHosted(carol, "mallory", "key") // the ids of his keys are hers
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	h.net.Publish(h.carol.Identity.Document)
	if err := messagingtest.Befriend(t.Context(), h.bob, h.carol); err != nil {
		t.Fatal(err)
	}
	if err := h.mallory.Store.AddContact(t.Context(), inbox.Contact{DID: h.bob.DID(), Name: "bob", Confirmed: true}); err != nil {
		t.Fatal(err)
	}
	if err := h.mallory.Store.Learn(t.Context(), h.bob.Identity.DID); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*messagingtest.Party{h.bob, h.carol, h.mallory} {
		p.Node.Greet = -1
	}
	return h
}

// swap puts mallory's document in the place of carol's, and back puts hers there again.
func (h *hosts) swap() { h.net.Publish(h.mallory.Identity.Document) }
func (h *hosts) back() { h.net.Publish(h.carol.Identity.Document) }

// contact is what bob knows of carol.
func (h *hosts) contact(t *testing.T) inbox.Contact {
	t.Helper()
	c, err := h.bob.Store.Contact(t.Context(), carol)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (h *hosts) change(t *testing.T, f func(*inbox.Contact)) {
	t.Helper()
	if err := h.bob.Store.UpdateContact(t.Context(), carol, func(c *inbox.Contact) error { f(c); return nil }); err != nil {
		t.Fatal(err)
	}
}

// release accepts what carol's document offers, as the wallet does when its user says so.
func (h *hosts) release(t *testing.T) int {
	t.Helper()
	set := h.contact(t).Offer.KeySet()
	n, err := h.bob.Store.ReleaseContact(t.Context(), carol, set, func(c *inbox.Contact) error {
		c.Keys, c.Pins, c.Offer = c.Offer.Keys, inbox.Fingerprints(c.Offer.Keys), nil
		c.History = append(c.History, inbox.KeyEvent{At: time.Now(), How: inbox.KeysAccepted, Keys: set})
		return nil
	})
	if err == nil {
		err = h.bob.Store.Wake(t.Context(), carol, time.Now())
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// history is how bob has learnt carol's keys, with the names of whose they are.
func (h *hosts) history(t *testing.T) string {
	t.Helper()
	names := map[[32]byte]string{setOf(h.carol): "carol", setOf(h.mallory): "mallory"}
	var events []string
	for _, e := range h.contact(t).History {
		events = append(events, e.How.String()+" "+names[e.Keys])
	}
	return strings.Join(events, ", ")
}

func setOf(p *messagingtest.Party) [32]byte { return inbox.KeySet(p.Identity.Document.Pins()) }

// by seals a message of a party that has carol's DID to bob.
func (h *hosts) by(t *testing.T, p *messagingtest.Party, id, members string) []byte {
	t.Helper()
	return forge{from: p, to: h.bob}.seal(t, plain(id, fromTo(p, h.bob)+members))
}

func held() messaging.Verdict { return messaging.Verdict{Kind: messaging.Held} }

// Keys that are swapped before something is sent: it is said before anything is queued, with both fingerprints.
func TestSwapBeforeSending(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	h.change(t, func(c *inbox.Contact) { c.Verified = time.Now() })
	if err := h.bob.Node.CheckKeys(t.Context(), carol); err != nil {
		t.Fatalf("before: %v", err)
	}
	h.swap()
	err := h.bob.Node.CheckKeys(t.Context(), carol)
	var changed *messaging.KeysChangedError
	if !errors.As(err, &changed) || !errors.Is(err, messaging.ErrKeysChanged) {
		t.Fatalf("checked: %v", err)
	}
	since := changed.Since
	same(t, "error", *changed, messaging.KeysChangedError{
		Contact: "carol", Pinned: setOf(h.carol), Offered: setOf(h.mallory), Since: since, WasVerified: true,
	})
	for _, part := range []string{
		"carol's keys", "was verified", fmt.Sprintf("%x", changed.Pinned[:2]) + " " + fmt.Sprintf("%x", changed.Pinned[2:4]),
		fmt.Sprintf("%x", changed.Offered[14:16]), since.UTC().Format(time.DateOnly),
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	if strings.Contains(err.Error(), fmt.Sprintf("%x", changed.Offered[16:18])) {
		t.Errorf("%q has more of a fingerprint than a person compares", err)
	}
	if ps, err := h.bob.Node.Queue(t.Context(), line(carol, "1")); !errors.Is(err, messaging.ErrKeysChanged) || ps != nil {
		t.Errorf("queue: %v, %v", ps, err)
	}
	same(t, "queued", states(t, h.bob), map[string]string{})
	c := h.contact(t)
	if c.Offer == nil || c.Offer.KeySet() != setOf(h.mallory) || !c.Offer.WasVerified || !c.Verified.IsZero() || inbox.KeySet(c.Pins) != setOf(h.carol) {
		t.Errorf("contact %+v", c)
	}
	h.net.HostsDown(true)
	if err := h.bob.Node.CheckKeys(t.Context(), carol); !errors.As(err, &changed) || !changed.Since.Equal(since) {
		t.Errorf("while the host is down: %v", err)
	}
	h.net.HostsDown(false)
	h.back()
	if err := h.bob.Node.CheckKeys(t.Context(), carol); err != nil {
		t.Errorf("with her keys again: %v", err)
	}
	same(t, "history", h.history(t), "invited carol, offered mallory, returned carol")
	if c := h.contact(t); c.Offer != nil || !c.Verified.IsZero() {
		t.Errorf("with her keys again: %+v, verified %v", c.Offer, c.Verified)
	}
}

// CheckKeys says nothing of those whose keys cannot have changed, or of whom nothing can be known now.
func TestCheckKeysSaysNothing(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	alice, err := h.net.NewParty("alice")
	if err != nil {
		t.Fatal(err)
	}
	if err := messagingtest.Befriend(t.Context(), h.bob, alice); err != nil {
		t.Fatal(err)
	}
	asked := h.net.Asked()
	for name, id := range map[string]did.DID{
		"a contact of an offline method": alice.DID(), "nobody": did.MustParse("did:example:nobody"),
	} {
		if err := h.bob.Node.CheckKeys(t.Context(), id); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	same(t, "questions to hosts", h.net.Asked(), asked)
	h.net.HostsDown(true)
	if err := h.bob.Node.CheckKeys(t.Context(), carol); err != nil {
		t.Errorf("a host that is down: %v", err)
	}
	h.net.HostsDown(false)
	h.swap()
	h.change(t, func(c *inbox.Contact) { c.Blocked = true })
	if err := h.bob.Node.CheckKeys(t.Context(), carol); err != nil || h.contact(t).Offer != nil {
		t.Errorf("a blocked contact: %v", err)
	}
	if err := h.bob.Store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := h.bob.Node.CheckKeys(t.Context(), carol); !errors.Is(err, inbox.ErrClosed) {
		t.Errorf("a closed store: %v", err)
	}
}

// slow is a resolver that takes its time, and longer than anybody waits.
type slow struct{ did.Resolver }

func (slow) Resolve(ctx context.Context, _ did.DID) (*did.Document, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestCheckKeysDoesNotWaitLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHosts(t)
		h.bob.Node.Resolver = slow{}
		began := time.Now()
		if err := h.bob.Node.CheckKeys(t.Context(), carol); err != nil || time.Since(began) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// Keys that are swapped between queueing and delivery: everything waits, nothing goes to the other, and when her keys
// are back it arrives, once and in order.
func TestSwapBetweenQueueAndDelivery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHosts(t)
		for i := range 3 {
			send(t, h.bob, line(carol, fmt.Sprint(i)))
		}
		h.swap()
		start(t, h.bob)
		start(t, h.carol)
		start(t, h.mallory)
		time.Sleep(time.Hour)
		ps, err := h.bob.Store.Sent(t.Context(), inbox.SentQuery{BySeq: true})
		if err != nil || len(ps) != 3 || !strings.Contains(ps[0].Problem, "carol's keys have changed") {
			t.Errorf("%+v, %v", ps, err)
		}
		same(t, "while swapped", states(t, h.bob), map[string]string{"0": "queued", "1": "queued", "2": "queued"})
		h.back()
		time.Sleep(10 * time.Minute)
		same(t, "carol", received(t, h.carol, inbox.Kept), []string{"0", "1", "2"})
		same(t, "mallory", received(t, h.mallory, inbox.Kept), []string(nil))
		same(t, "history", h.history(t), "invited carol, offered mallory, returned carol")
	})
}

// Keys that are swapped while messages go back and forth. What is on its way goes to her or waits; nobody else is told
// that it was there, and nothing of it is lost when she is back.
func TestSwapWhileStreaming(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHosts(t)
		h.net.Latency(30 * time.Millisecond)
		start(t, h.bob)
		start(t, h.carol)
		start(t, h.mallory)
		var toCarol, toBob []string
		for i := range 60 {
			id := fmt.Sprint(i)
			switch i {
			case 20:
				h.swap()
			case 40:
				h.back()
			}
			err := h.bob.Node.CheckKeys(t.Context(), carol)
			if err == nil {
				err = h.bob.Node.Send(t.Context(), line(carol, id))
			}
			if err == nil {
				toCarol = append(toCarol, id)
			} else if !errors.Is(err, messaging.ErrKeysChanged) {
				t.Fatal(err)
			}
			send(t, h.carol, line(h.bob.DID(), id))
			toBob = append(toBob, id)
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(time.Hour)
		same(t, "carol", received(t, h.carol, inbox.Kept), toCarol)
		same(t, "bob", received(t, h.bob, inbox.Kept), toBob)
		same(t, "mallory", received(t, h.mallory, inbox.Kept), []string(nil))
		same(t, "queued", len(toCarol), 40)
		for id, state := range states(t, h.bob) {
			same(t, id, state, "delivered")
		}
	})
}

// Whoever takes over a contact's host and place after its document was judged, and before the greeting, proves itself
// by keys that were not meant: it is told and given nothing, neither by a delivery nor by a greeting.
func TestSwapBetweenJudgingAndGreeting(t *testing.T) {
	t.Parallel()
	for name, message := range map[string]bool{"a delivery": true, "a greeting": false} {
		synctest.Test(t, func(t *testing.T) {
			h := newHosts(t)
			alive(h.bob, 1, 1)
			h.cached(t)
			h.bob.Transport.Resolver = h.bob.Resolver // sees the swap, which the node does not yet
			taker, err := h.net.NewHosted(carol, "carol", "key")
			if err != nil {
				t.Fatal(err)
			}
			if err := taker.Store.AddContact(t.Context(), inbox.Contact{DID: h.bob.DID(), Name: "bob"}); err != nil {
				t.Fatal(err)
			}
			h.net.Publish(taker.Identity.Document)
			taker.Node.Greet = -1
			start(t, taker)
			synctest.Wait()
			if message {
				send(t, h.bob, line(carol, "1"))
			} else {
				h.bob.Node.Greet = 0
			}
			start(t, h.bob)
			time.Sleep(time.Hour)
			b, err := taker.Store.Contact(t.Context(), h.bob.DID())
			if err != nil || len(b.Addresses) > 0 || b.Life != (inbox.Life{}) {
				t.Errorf("%s: it has learnt %v and %v, %v", name, b.Addresses, b.Life, err)
			}
			if message {
				same(t, name+": state", states(t, h.bob), map[string]string{"1": "queued"})
				same(t, name+": noticed", h.contact(t).Offer.KeySet(), setOf(taker))
			}
		})
	}
}

// While an offer stands nothing is sent by a document of before it either, which a cache may still hold.
func TestOldSightSendsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHosts(t)
		send(t, h.bob, line(carol, "1"))
		h.swap()
		_ = h.bob.Node.CheckKeys(t.Context(), carol)
		h.bob.Node.Resolver = &flickering{h.bob.Resolver, h.carol.Identity.Document, 0}
		s := &scripted{reply: func(d messaging.Delivery, _ int) ([]messaging.Result, error) { return delivered(len(d.Envelopes)), nil }}
		h.bob.Node.Transports = []messaging.Transport{reaching{s}}
		start(t, h.bob)
		time.Sleep(time.Hour)
		same(t, "state", states(t, h.bob), map[string]string{"1": "queued"})
		same(t, "tries", s.String(), "")
	})
}

// flickering answers with an old document every other time.
type flickering struct {
	did.Resolver
	old   *did.Document
	calls int
}

func (f *flickering) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	if id != f.old.ID() {
		return f.Resolver.Resolve(ctx, id)
	}
	if f.calls++; f.calls%2 == 1 {
		return f.old, nil
	}
	return f.Resolver.Resolve(ctx, id)
}

// What waits moves as soon as the keys are good again, not when the pause of many failures is over.
func TestTrustMovesWhatWaits(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]func(h *hosts) (*did.Document, *messagingtest.Party){
		"her keys are back": func(h *hosts) (*did.Document, *messagingtest.Party) { return h.carol.Identity.Document, h.carol },
		"the log proves the others": func(h *hosts) (*did.Document, *messagingtest.Party) {
			return h.mallory.Identity.Document.WithVersion("1-a"), h.mallory
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := newHosts(t)
			h.bob.Node.Retry = messaging.Retry{First: time.Hour, Max: time.Hour}
			send(t, h.bob, line(carol, "1"))
			h.swap()
			doc, owner := good(h)
			start(t, h.bob)
			start(t, owner)
			time.Sleep(10 * time.Minute)
			h.net.Publish(doc)
			if err := h.bob.Node.CheckKeys(t.Context(), carol); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			same(t, name, states(t, h.bob), map[string]string{"1": "delivered"})
		})
	}
}

// A sight that was had before the swap says nothing of today: the offer stands, though what it proves is good.
func TestOldSightDoesNotEndAnOffer(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	h.swap()
	if err := h.bob.Node.CheckKeys(t.Context(), carol); err == nil {
		t.Fatal("the swap was not noticed")
	}
	h.bob.Node.Met(t.Context(), messaging.Peer{DID: carol, Document: h.carol.Identity.Document, Addresses: []string{"mem:carol"}})
	same(t, "history", h.history(t), "invited carol, offered mallory")
	if h.contact(t).Offer == nil {
		t.Error("the offer is gone")
	}
}

// What the history says when keys go to and fro: each offer with its time, one of the same set not twice in a row, and
// another set takes the place of the first.
func TestOffersInTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHosts(t)
		other, err := h.net.NewHosted(carol, "other", "key")
		if err != nil {
			t.Fatal(err)
		}
		h.change(t, func(c *inbox.Contact) { c.Verified = time.Now() })
		look := func(doc *did.Document) *inbox.Offer {
			h.net.Publish(doc)
			time.Sleep(time.Hour)
			_ = h.bob.Node.CheckKeys(t.Context(), carol)
			return h.contact(t).Offer
		}
		first := look(h.mallory.Identity.Document)
		again := look(h.mallory.Identity.Document)
		if !again.At.Equal(first.At) {
			t.Errorf("the same offer was seen first at %v, then at %v", first.At, again.At)
		}
		second := look(other.Identity.Document)
		if second.KeySet() != setOf(other) || !second.At.After(first.At) || !second.WasVerified {
			t.Errorf("another offer: %+v", second)
		}
		look(h.carol.Identity.Document)
		third := look(h.mallory.Identity.Document)
		if third.WasVerified || !third.At.After(second.At) {
			t.Errorf("after her return: %+v", third)
		}
		same(t, "history", h.history(t), "invited carol, offered mallory, offered , returned carol, offered mallory")
	})
}

// A document that lists no keys says nothing, and never that there are none to trust.
func TestDocumentWithoutKeys(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	empty, err := messagingtest.HostedDocument(carol, []string{"mem:carol"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	h.net.Publish(empty)
	if err := h.bob.Node.CheckKeys(t.Context(), carol); err != nil {
		t.Errorf("checked: %v", err)
	}
	h.bob.Node.Met(t.Context(), messaging.Peer{DID: carol, Document: empty, Addresses: []string{"mem:x"}})
	c := h.contact(t)
	if c.Offer != nil || inbox.KeySet(c.Pins) != setOf(h.carol) || len(c.Addresses) > 0 {
		t.Errorf("%+v", c)
	}
}

// Keys are pinned when they are first seen, with what is said of them, and filled in where only pins were kept.
func TestFirstSight(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	h.change(t, func(c *inbox.Contact) { c.Pins, c.Keys, c.History = nil, nil, nil })
	if err := h.bob.Node.CheckKeys(t.Context(), carol); err != nil {
		t.Fatal(err)
	}
	keys := h.carol.Identity.Document.PinKeys()
	c := h.contact(t)
	same(t, "history", h.history(t), "first seen carol")
	same(t, "pins", c.Pins, h.carol.Identity.Document.Pins())
	same(t, "keys", fmt.Sprint(c.Keys), fmt.Sprint(keys))
	h.change(t, func(c *inbox.Contact) { c.Keys = nil })
	if err := h.bob.Node.CheckKeys(t.Context(), carol); err != nil {
		t.Fatal(err)
	}
	same(t, "keys, filled in", fmt.Sprint(h.contact(t).Keys), fmt.Sprint(keys))
	writes := &updates{Store: h.bob.Store}
	h.bob.Node.Store = writes
	for range 3 {
		if err := h.bob.Node.CheckKeys(t.Context(), carol); err != nil {
			t.Fatal(err)
		}
		same(t, "accepted", accept(t, h.bob, did.DID{}, h.by(t, h.carol, messaging.NewID(), ""))[0], accepted())
	}
	same(t, "writes where nothing is new", writes.n, 0)
}

// What the verified log of a method says of keys needs nobody's consent; what is older than it, or other than it was,
// is not believed.
func TestVersions(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		seen, shown string
		swapped     bool
		want        string // the history behind the first
		version     string // that is remembered then
		fails       error  // of CheckKeys
	}{
		"the same":                     {seen: "2-b", shown: "2-b", version: "2-b"},
		"newer, the same keys":         {seen: "2-b", shown: "10-c", version: "10-c"},
		"the first":                    {shown: "1-a", version: "1-a"},
		"newer, other keys":            {seen: "2-b", shown: "10-c", swapped: true, want: ", logged mallory", version: "10-c"},
		"first of a log, other keys":   {shown: "1-a", swapped: true, want: ", logged mallory", version: "1-a"},
		"older":                        {seen: "10-c", shown: "2-b", version: "10-c"},
		"older, other keys":            {seen: "10-c", shown: "2-b", swapped: true, version: "10-c"},
		"rewritten":                    {seen: "2-b", shown: "2-x", version: "2-b"},
		"rewritten, other keys":        {seen: "2-b", shown: "2-x", swapped: true, version: "2-b"},
		"no log any more":              {seen: "2-b", version: "2-b"},
		"no log any more, other keys":  {seen: "2-b", swapped: true, want: ", offered mallory", version: "2-b", fails: messaging.ErrKeysChanged},
		"the same entry, other keys":   {seen: "2-b", shown: "2-b", swapped: true, want: ", offered mallory", version: "2-b", fails: messaging.ErrKeysChanged},
		"not a number, and it was one": {seen: "2-b", shown: "x-b", swapped: true, version: "2-b"},
	} {
		h := newHosts(t)
		h.change(t, func(c *inbox.Contact) { c.Version, c.Verified = tc.seen, time.Now() })
		doc := h.carol.Identity.Document
		if tc.swapped {
			doc = h.mallory.Identity.Document
		}
		h.net.Publish(doc.WithVersion(tc.shown))
		if err := h.bob.Node.CheckKeys(t.Context(), carol); !errors.Is(err, tc.fails) {
			t.Errorf("%s: %v", name, err)
		}
		same(t, name+": history", h.history(t), "invited carol"+tc.want)
		c := h.contact(t)
		same(t, name+": version", c.Version, tc.version)
		same(t, name+": verified", c.Verified.IsZero(), tc.want != "")
	}
}

// A stale or rewritten answer delays what is sent and what arrives, and loses none of it.
func TestStaleAnswersDelay(t *testing.T) {
	t.Parallel()
	for name, shown := range map[string]string{"stale": "2-b", "rewritten": "3-x"} {
		synctest.Test(t, func(t *testing.T) {
			h := newHosts(t)
			good := h.carol.Identity.Document.WithVersion("3-c")
			h.net.Publish(good)
			h.change(t, func(c *inbox.Contact) { c.Version = "3-c" })
			h.net.Publish(h.carol.Identity.Document.WithVersion(shown))
			start(t, h.bob)
			start(t, h.carol)
			send(t, h.bob, line(carol, "to carol"))
			send(t, h.carol, line(h.bob.DID(), "to bob"))
			time.Sleep(time.Hour)
			same(t, name+": bob", received(t, h.bob, inbox.Kept), []string(nil))
			same(t, name+": carol", received(t, h.carol, inbox.Kept), []string(nil))
			if name == "rewritten" {
				ps, err := h.bob.Store.Sent(t.Context(), inbox.SentQuery{})
				if err != nil || len(ps) != 1 || !strings.Contains(ps[0].Problem, did.ErrRewritten.Error()) {
					t.Errorf("%+v, %v", ps, err)
				}
			}
			h.net.Publish(good)
			time.Sleep(time.Hour)
			same(t, name+": bob", received(t, h.bob, inbox.Kept), []string{"to bob"})
			same(t, name+": carol", received(t, h.carol, inbox.Kept), []string{"to carol"})
		})
	}
}

// What was withheld under keys that the log proves later is released with them, in order.
func TestLogReleases(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHosts(t)
		start(t, h.bob)
		h.swap()
		same(t, "by other keys", accept(t, h.bob, did.DID{}, h.by(t, h.mallory, "1", ""), h.by(t, h.mallory, "2", "")),
			[]messaging.Verdict{held(), held()})
		h.back() // a host that is behind answers in between
		same(t, "by hers", accept(t, h.bob, did.DID{}, h.by(t, h.carol, "3", ""))[0], accepted())
		time.Sleep(time.Minute)
		same(t, "before", received(t, h.bob, inbox.Kept), []string{"3"})
		h.net.Publish(h.mallory.Identity.Document.WithVersion("2-b"))
		if err := h.bob.Node.CheckKeys(t.Context(), carol); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		same(t, "after", received(t, h.bob, inbox.Kept), []string{"1", "2", "3"})
		same(t, "history", h.history(t), "invited carol, offered mallory, returned carol, logged mallory")
	})
}

// Keys of a did:peer follow from it. A contact whose pins are others was not met with this DID.
func TestOfflineMethodsAreComparedAlone(t *testing.T) {
	t.Parallel()
	p := mustPair(t)
	key, err := crypto.GenerateKey(crypto.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	err = p.alice.Store.UpdateContact(t.Context(), p.bob.DID(), func(c *inbox.Contact) error {
		c.Keys = []crypto.PublicKey{key.Public()}
		c.Pins = inbox.Fingerprints(c.Keys)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.alice.Node.CheckKeys(t.Context(), p.bob.DID()); err != nil {
		t.Errorf("checked before the document was seen: %v", err)
	}
	p.alice.Node.Met(t.Context(), messaging.Peer{DID: p.bob.Identity.DID, Document: p.bob.Identity.Document, Addresses: []string{"x"}})
	if err := p.alice.Node.CheckKeys(t.Context(), p.bob.DID()); !errors.Is(err, messaging.ErrKeysChanged) {
		t.Errorf("checked: %v", err)
	}
	if a, err := p.alice.Node.Admit(t.Context(), p.bob.DID(), nil); err != nil || !a.Doubtful {
		t.Errorf("admitted as %+v, %v", a, err)
	}
	c, err := p.alice.Store.Contact(t.Context(), p.bob.DID())
	if err != nil || len(c.Addresses) > 0 {
		t.Errorf("addresses %v, %v", c.Addresses, err)
	}
}

// A change that goes and comes again does not hide from the user that the keys were verified that it replaces.
func TestFlippingHidesNoVerification(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	h.change(t, func(c *inbox.Contact) {
		c.Verified = time.Now()
		c.Note(inbox.KeysVerified, setOf(h.carol), c.Verified)
	})
	for range 3 {
		h.swap()
		var changed *messaging.KeysChangedError
		if err := h.bob.Node.CheckKeys(t.Context(), carol); !errors.As(err, &changed) || !changed.WasVerified {
			t.Errorf("swapped: %v", err)
		}
		same(t, "verified", h.contact(t).Verified.IsZero(), true)
		h.back()
		if err := h.bob.Node.CheckKeys(t.Context(), carol); err != nil {
			t.Error(err)
		}
	}
	h.swap()
	_ = h.bob.Node.CheckKeys(t.Context(), carol)
	h.release(t)
	h.back()
	var changed *messaging.KeysChangedError
	if err := h.bob.Node.CheckKeys(t.Context(), carol); !errors.As(err, &changed) || changed.WasVerified {
		t.Errorf("of keys that nobody verified: %v", err)
	}
}
