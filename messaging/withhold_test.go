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
	"github.com/parley-im/parley/messaging/outofband"
)

// Messages by keys that nothing justifies are written down and shown to nobody; nothing is said of them. When the user
// accepts the keys they arrive, once and in order, those behind them too, and the sender is told.
func TestWithheldThenAccepted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHosts(t)
		h.bob.Node.Receipt = receipt
		var handled []string
		h.bob.Mux.Handle(lineType, messaging.HandlerFunc(func(_ context.Context, re messaging.Replier, m *messaging.Received) error {
			handled = append(handled, m.ID)
			re.Keep()
			return nil
		}))
		h.net.Duplicate(2)
		start(t, h.bob)
		start(t, h.carol)
		send(t, h.carol, line(h.bob.DID(), "0"))
		time.Sleep(time.Minute)
		h.net.Cut("carol")
		h.swap() // it is she who has new keys now: mallory is her new wallet
		start(t, h.mallory)
		for i := range 3 {
			m := line(h.bob.DID(), fmt.Sprint(i+1))
			m.PleaseAck = []string{""}
			send(t, h.mallory, m)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		same(t, "withheld", received(t, h.bob, inbox.Withheld), []string{"1", "2", "3"})
		same(t, "handled", handled, []string{"0"})
		same(t, "told", told(t, h.bob), []string(nil))
		same(t, "sender", states(t, h.mallory), map[string]string{"1": "sent", "2": "sent", "3": "sent"})
		es, err := h.bob.Store.List(t.Context(), inbox.Query{})
		if err != nil || len(es) != 1 || es[0].MessageID != "0" {
			t.Errorf("listed %d entries, %v", len(es), err)
		}
		same(t, "released", h.release(t), 3)
		send(t, h.mallory, line(h.bob.DID(), "4"))
		time.Sleep(time.Hour)
		synctest.Wait()
		same(t, "handled", handled, []string{"0", "1", "2", "3", "4"})
		same(t, "kept", received(t, h.bob, inbox.Kept), []string{"0", "1", "2", "3", "4"})
		same(t, "told", told(t, h.bob), []string{"message-receipts [1]", "message-receipts [2]", "message-receipts [3]"})
		for id, state := range states(t, h.mallory) {
			same(t, "sender of "+id, state, "delivered")
		}
		same(t, "receipts that came", len(received(t, h.mallory, inbox.Kept)), 3)
		same(t, "history", h.history(t), "invited carol, offered mallory, accepted mallory")
	})
}

// A node that begins when keys were offered already notices that they are accepted.
func TestWithheldSurvivesRestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHosts(t)
		h.swap()
		stop := h.bob.Start(t.Context())
		time.Sleep(time.Second)
		same(t, "first", accept(t, h.bob, carol, h.by(t, h.mallory, "1", ""))[0], held())
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		h.bob.Restart()
		h.bob.Node.Greet = -1
		other := third(t, &pair{net: h.net, bob: h.bob}, "other") // whose message is behind it
		start(t, h.bob)
		same(t, "behind", accept(t, h.bob, did.DID{}, forge{from: other, to: h.bob}.seal(t, plain("2", fromTo(other, h.bob))))[0], accepted())
		time.Sleep(time.Second)
		same(t, "arrived", received(t, h.bob, inbox.Kept), []string{"2"})
		h.release(t)
		time.Sleep(time.Second)
		same(t, "released", received(t, h.bob, inbox.Kept), []string{"1", "2"})
	})
}

// A document that keeps a trusted key beside a new one has changed as well: it does not matter which of them proves a
// message.
func TestKeyBesideTheTrusted(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	keys := map[string]crypto.PublicKey{}
	for _, m := range h.carol.Identity.Document.Methods() {
		keys[m.ID.Fragment] = m.Key
	}
	key, err := crypto.GenerateKey(crypto.X25519)
	if err != nil {
		t.Fatal(err)
	}
	keys["new"] = key.Public()
	wider, err := messagingtest.HostedDocument(carol, []string{"mem:carol"}, keys)
	if err != nil {
		t.Fatal(err)
	}
	h.net.Publish(wider)
	same(t, "by the trusted key", accept(t, h.bob, did.DID{}, h.by(t, h.carol, "1", ""))[0], held())
	same(t, "offer", h.contact(t).Offer.KeySet(), inbox.KeySet(wider.Pins()))
	same(t, "withheld", received(t, h.bob, inbox.Withheld), []string{"1"})
}

// What her friend sends by trusted keys while another document stands in the place of hers does not open. It is not
// refused, and arrives when hers is back; what was withheld meanwhile stays so.
func TestFriendWaitsWhileSwapped(t *testing.T) {
	t.Parallel()
	for name, prefix := range map[string]string{"the same key ids": "key", "other key ids": "other"} {
		synctest.Test(t, func(t *testing.T) {
			h := newHosts(t)
			if err := h.mallory.Rekey(prefix); err != nil {
				t.Fatal(err)
			}
			h.swap()
			same(t, name+": her first", accept(t, h.bob, did.DID{}, h.by(t, h.carol, "1", ""))[0],
				messaging.Verdict{Kind: messaging.Busy, Code: messaging.CodeBusy, After: time.Minute})
			same(t, name+": history", h.history(t), "invited carol, offered mallory")
			same(t, name+": the other's", accept(t, h.bob, did.DID{}, h.by(t, h.mallory, "m", ""))[0], held())
			same(t, name+": garbage", accept(t, h.bob, did.DID{}, flip(h.by(t, h.mallory, "g", "")))[0].Kind, messaging.Busy)
			h.back()
			same(t, name+": her second", accept(t, h.bob, did.DID{}, h.by(t, h.carol, "1", ""))[0], accepted())
			same(t, name+": the other's, again", accept(t, h.bob, did.DID{}, h.by(t, h.mallory, "m", ""))[0].Kind, messaging.Busy)
			same(t, name+": arrived", received(t, h.bob, inbox.Pending), []string{"1"})
			same(t, name+": withheld", received(t, h.bob, inbox.Withheld), []string{"m"})
			same(t, name+": refused", h.bob.Node.Refused(), map[string]int64(nil))
		})
	}
}

// Of one contact only so much is withheld. What is more is put off, for all behind it too, and arrives after the rest.
func TestWithheldIsBounded(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	h.swap()
	var flood [][]byte
	for i := range inbox.MaxWithheld + 3 {
		flood = append(flood, h.by(t, h.mallory, fmt.Sprint(i), ""))
	}
	verdicts := accept(t, h.bob, carol, flood...)
	for i, v := range verdicts {
		want := held()
		if i >= inbox.MaxWithheld {
			want = messaging.Verdict{Kind: messaging.Busy, Code: messaging.CodeBusy, After: time.Hour}
		}
		same(t, fmt.Sprint(i), v, want)
	}
	same(t, "one that is withheld already", accept(t, h.bob, carol, flood[7])[0], held())
	same(t, "withheld", len(received(t, h.bob, inbox.Withheld)), inbox.MaxWithheld)
	h.release(t)
	same(t, "behind", accept(t, h.bob, carol, flood[inbox.MaxWithheld:]...), []messaging.Verdict{accepted(), accepted(), accepted()})
	var want []string
	for i := range flood {
		want = append(want, fmt.Sprint(i))
	}
	same(t, "arrived", received(t, h.bob, inbox.Pending), want)
}

// A message for which there is no room stops those behind it, though they are smaller.
func TestNothingPassesWhatHasNoRoom(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	h.swap()
	body := func(kib int) string { return fmt.Sprintf(`,"filler":%q`, strings.Repeat("x", kib<<10)) }
	full := inbox.MaxWithheldBytes >> 10 / 300
	for i := range full {
		same(t, "large", accept(t, h.bob, carol, h.by(t, h.mallory, fmt.Sprint(i), body(300)))[0], held())
	}
	verdicts := accept(t, h.bob, carol, h.by(t, h.mallory, "before", ""), h.by(t, h.mallory, "large", body(300)), h.by(t, h.mallory, "small", ""))
	same(t, "before", verdicts[0], held())
	same(t, "large", verdicts[1].Kind, messaging.Busy)
	same(t, "small", verdicts[2].Kind, messaging.Busy)
	same(t, "withheld", len(received(t, h.bob, inbox.Withheld)), full+1)
}

// A contact that is blocked is refused as before, whatever its keys are.
func TestBlockedContactWithOtherKeys(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	h.swap()
	h.change(t, func(c *inbox.Contact) { c.Blocked = true })
	same(t, "message", accept(t, h.bob, did.DID{}, h.by(t, h.mallory, "1", ""))[0], refused(messaging.CodeStranger))
	var r *messaging.Refusal
	if _, err := h.bob.Node.Admit(t.Context(), carol, nil); !errors.As(err, &r) || r.Code != messaging.CodeStranger {
		t.Errorf("admitted: %v", err)
	}
	h.bob.Node.Met(t.Context(), messaging.Peer{DID: carol, Document: h.mallory.Identity.Document})
	if h.contact(t).Offer != nil || len(received(t, h.bob, inbox.Withheld)) > 0 {
		t.Error("something of a blocked contact was kept")
	}
}

// unwilling commits nothing for a while, as a full disk does.
type unwilling struct {
	messaging.Store
	put, release int // calls from now on that fail
}

var errDisk = errors.New("the disk is full")

func (u *unwilling) Put(ctx context.Context, as ...inbox.Arrival) ([]inbox.PutResult, error) {
	if u.put--; u.put == 0 {
		return nil, errDisk
	}
	return u.Store.Put(ctx, as...)
}

func (u *unwilling) ReleaseContact(ctx context.Context, id did.DID, set [32]byte, f func(*inbox.Contact) error) (int, error) {
	if u.release--; u.release == 0 {
		return 0, errDisk
	}
	return u.Store.ReleaseContact(ctx, id, set, f)
}

// Nothing is answered that was not committed, when the store fails in the middle of what is withheld.
func TestWithheldWithoutCommit(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	h.swap()
	h.bob.Node.Store = &unwilling{Store: h.bob.Store, put: 2}
	sealed := [][]byte{h.by(t, h.mallory, "1", ""), h.by(t, h.mallory, "2", ""), h.by(t, h.mallory, "3", "")}
	busy := messaging.Verdict{Kind: messaging.Busy, Code: messaging.CodeBusy}
	same(t, "at first", accept(t, h.bob, carol, sealed...), []messaging.Verdict{held(), busy, busy})
	same(t, "withheld", received(t, h.bob, inbox.Withheld), []string{"1"})
	same(t, "again", accept(t, h.bob, carol, sealed...), []messaging.Verdict{held(), held(), held()})
	same(t, "withheld", received(t, h.bob, inbox.Withheld), []string{"1", "2", "3"})
}

// What is withheld and comes again after it has expired was in time.
func TestWithheldAndExpired(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHosts(t)
		h.swap()
		sealed := h.by(t, h.mallory, "1", fmt.Sprintf(`,"expires_time":%d`, time.Now().Add(time.Minute).Unix()))
		same(t, "in time", accept(t, h.bob, carol, sealed)[0], held())
		time.Sleep(time.Hour)
		same(t, "later", accept(t, h.bob, carol, sealed)[0], held())
		late := h.by(t, h.mallory, "2", fmt.Sprintf(`,"expires_time":%d`, time.Now().Add(-time.Minute).Unix()))
		same(t, "too late", accept(t, h.bob, carol, late)[0], refused(messaging.CodeExpired))
	})
}

// A message that is withheld uses up no invitation.
func TestWithheldClaimsNothing(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	issuer := outofband.NewIssuer([32]byte{7})
	h.bob.Node.Invitations = issuer
	now := time.Now().Truncate(time.Second).UTC()
	inv, err := issuer.Issue(outofband.Invitation{From: h.bob.Identity.DID, Created: now, Expires: now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	h.swap()
	same(t, "verdict", accept(t, h.bob, carol, h.by(t, h.mallory, "1", fmt.Sprintf(`,"pthid":%q`, inv.ID)))[0], held())
	if who, err := h.bob.Store.Claimed(t.Context(), inv.ID); !errors.Is(err, inbox.ErrNotFound) {
		t.Errorf("claimed by %s, %v", who, err)
	}
}

// Whoever greets by swapped keys, or answers a greeting, takes over nothing of the contact and learns nothing.
func TestGreetingBySwappedKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHosts(t)
		alive(h.bob, 1, 1)
		_, theirs := alive(h.mallory, 9, 9)
		h.change(t, func(c *inbox.Contact) {
			c.Addresses, c.PeerRecord, c.Life, c.Seen = []string{"mem:carol"}, []byte("r"), lifeOf(3, 3), time.Now()
		})
		before := h.contact(t)
		before.Seen = before.Seen.Truncate(time.Second)
		start(t, h.bob)
		start(t, h.mallory)
		send(t, h.bob, line(carol, "for carol")) // waits: she is away
		time.Sleep(time.Minute)
		h.swap()
		send(t, h.mallory, line(h.bob.DID(), "hello"))
		time.Sleep(time.Hour)
		c := h.contact(t)
		same(t, "addresses", c.Addresses, before.Addresses)
		same(t, "record", string(c.PeerRecord), "r")
		same(t, "life", c.Life, before.Life)
		same(t, "seen", c.Seen.Truncate(time.Second), before.Seen)
		same(t, "withheld", received(t, h.bob, inbox.Withheld), []string{"hello"})
		same(t, "for carol", states(t, h.bob), map[string]string{"for carol": "queued"})
		same(t, "what they heard of themselves", theirs.String(), "")
		b, err := h.mallory.Store.Contact(t.Context(), h.bob.DID())
		if err != nil || b.Life != (inbox.Life{}) || len(b.Addresses) > 0 {
			t.Errorf("they have learnt the life %v and the addresses %v, %v", b.Life, b.Addresses, err)
		}
	})
}

// A contact whose keys have changed is not greeted when the node begins.
func TestNoGreetingWhileOffered(t *testing.T) {
	t.Parallel()
	for name, swapped := range map[string]bool{"her own keys": false, "an offer": true} {
		synctest.Test(t, func(t *testing.T) {
			h := newHosts(t)
			if swapped {
				h.swap()
				_ = h.bob.Node.CheckKeys(t.Context(), carol)
			}
			tap := &lifeTap{Transport: h.bob.Transport}
			h.bob.Node.Transports, h.bob.Node.Greet = []messaging.Transport{tap}, 0
			asked := h.net.Asked()
			start(t, h.bob)
			time.Sleep(time.Minute)
			same(t, name, len(tap.all()) == 0, swapped)
			same(t, name+": not even resolved", h.net.Asked() == asked, swapped)
		})
	}
}

// A handler's answer to what came before the change waits like all that was queued.
func TestReplyWaitsWhileOffered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHosts(t)
		calls := 0
		h.bob.Mux.Handle(lineType, messaging.HandlerFunc(func(_ context.Context, re messaging.Replier, m *messaging.Received) error {
			calls++
			return re.Reply(&messaging.Message{ID: "answer", Type: "https://example.org/chat/1.0/answer"})
		}))
		same(t, "question", accept(t, h.bob, carol, h.by(t, h.carol, "1", ""))[0], accepted())
		h.swap()
		if err := h.bob.Node.CheckKeys(t.Context(), carol); err == nil {
			t.Fatal("the swap was not noticed")
		}
		start(t, h.bob)
		start(t, h.carol)
		time.Sleep(time.Minute)
		synctest.Wait()
		same(t, "calls", calls, 1)
		same(t, "while offered", states(t, h.bob), map[string]string{"answer": "queued"})
		h.back()
		time.Sleep(10 * time.Minute)
		same(t, "at last", states(t, h.bob), map[string]string{"answer": "delivered"})
	})
}

// A friend's message is not refused because this time nobody may be asked about its method.
func TestFriendOfMethodThatIsOff(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	documents := h.bob.Node.Resolver
	h.bob.Node.Resolver = did.Methods{}
	sealed := h.by(t, h.carol, "1", "")
	same(t, "off", accept(t, h.bob, carol, sealed)[0], messaging.Verdict{Kind: messaging.Busy, Code: messaging.CodeBusy})
	h.bob.Node.Resolver = documents
	same(t, "on", accept(t, h.bob, carol, sealed)[0], accepted())
}
