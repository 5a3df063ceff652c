package wallet_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
	"github.com/parley-im/parley/messaging/basicmessage"
	"github.com/parley-im/parley/messaging/trustping"
)

func verify(t *testing.T, w *wallet.Wallet, r control.VerifyRequest) control.Verification {
	t.Helper()
	v, err := w.Verify(t.Context(), r)
	must(t, err)
	return v
}

// causes are how a contact's keys were learnt and what happened since.
func causes(c control.Contact) (how []string) {
	for _, e := range c.History {
		how = append(how, e.How)
	}
	return how
}

// Both see the same number, whichever of the two asks and whatever DIDs they know each other by.
func TestVerifyIsTheSameOnBothSides(t *testing.T) {
	t.Parallel()
	pairs := map[string]func(t *testing.T) (alice, bob *wallet.Wallet){
		"did:peer": friends,
		"did:web": func(t *testing.T) (*wallet.Wallet, *wallet.Wallet) {
			_, alice, bob, _ := webFriends(t)
			return alice, bob
		},
	}
	for name, make := range pairs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			alice, bob := make(t)
			a, b := verify(t, alice, control.VerifyRequest{Name: "bob"}), verify(t, bob, control.VerifyRequest{Name: "alice"})
			same(t, "number", a.Number, b.Number)
			same(t, "words", a.Words, b.Words)
			same(t, "code", a.Code, b.Code)
			same(t, "groups and words", []int{len(a.Number), len(a.Words)}, []int{12, 18})
			same(t, "who", []string{a.DID, a.Ours}, []string{b.Ours, b.DID})
			if a.Keys == b.Keys || a.Keys == "" || a.Offer != nil || !a.Verified.IsZero() || a.Matched {
				t.Errorf("%+v", a)
			}
			same(t, "key set of the contact", contactNamed(t, alice, "bob").KeySet, a.Keys)

			v := verify(t, alice, control.VerifyRequest{Name: "bob", Scanned: b.Code})
			same(t, "matched, not verified", []bool{v.Matched, v.Verified.IsZero()}, []bool{true, true})
			v = verify(t, alice, control.VerifyRequest{Name: "bob", Scanned: b.Code, Confirm: true})
			c := contactNamed(t, alice, "bob")
			if v.Verified.IsZero() || !c.Verified.Equal(v.Verified) || causes(c)[len(c.History)-1] != "verified" {
				t.Errorf("confirmed: %+v, %+v", v, c)
			}
			same(t, "the other side", contactNamed(t, bob, "alice").Verified.IsZero(), true)
		})
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	alice, bob := friends(t)
	carol, _ := friends(t)
	foreign := verify(t, carol, control.VerifyRequest{Name: "bob"})
	ours := verify(t, bob, control.VerifyRequest{Name: "alice"})
	for name, test := range map[string]struct {
		r    control.VerifyRequest
		want string
	}{
		"a stranger":          {control.VerifyRequest{Name: "nobody"}, control.CodeUnknown},
		"the code of another": {control.VerifyRequest{Name: "bob", Scanned: foreign.Code, Confirm: true}, control.CodeTrust},
		"no code":             {control.VerifyRequest{Name: "bob", Scanned: "hello", Confirm: true}, control.CodeUsage},
		"a cut off code":      {control.VerifyRequest{Name: "bob", Scanned: ours.Code[:90], Confirm: true}, control.CodeUsage},
	} {
		_, err := alice.Verify(t.Context(), test.r)
		same(t, name, code(t, err), test.want)
	}
	same(t, "verified", contactNamed(t, alice, "bob").Verified.IsZero(), true)
	_, err := alice.AcceptKeys(t.Context(), "bob")
	same(t, "accepting what is not offered", code(t, err), control.CodeUsage)
}

// swapped are alice and bob after somebody else's keys have taken the place of alice's in her document; that one is
// mallory, who has bob as a contact by the way.
func swapped(t *testing.T, before func(alice, bob *wallet.Wallet)) (h *host, mallory, bob *wallet.Wallet, id string) {
	t.Helper()
	h, alice, bob, id := webFriends(t)
	before(alice, bob)
	leave(t, alice)
	mallory = runWith(t, folder(t, "mallory"), h.options())
	self, err := bob.Self(t.Context())
	must(t, err)
	_, err = mallory.Add(t.Context(), control.AddRequest{DID: self.LongDID, Addrs: self.Addrs, Name: "bob"})
	must(t, err)
	h.publish(t, mallory, id)
	forget(bob, id)
	return h, mallory, bob, id
}

// sendAs sends a text from a DID of the wallet's.
func sendAs(t *testing.T, w *wallet.Wallet, id string, to did.DID, text string) string {
	t.Helper()
	m := basicmessage.New(to, text)
	m.From = did.MustParse(id)
	must(t, w.Queue(t.Context(), m))
	return m.ID
}

func ownDID(t *testing.T, w *wallet.Wallet) did.DID {
	t.Helper()
	self, err := w.Self(t.Context())
	must(t, err)
	return did.MustParse(self.DID)
}

// until waits until something is true of what the store holds.
func until(t *testing.T, w *wallet.Wallet, what string, is func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	hint := w.Store().Watch(ctx)
	for !is() {
		if _, ok := <-hint; !ok {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// When the keys of a contact change, nothing is sent and nothing that comes is shown; once they are accepted both
// flow, in order, and nothing is lost.
func TestSwappedKeys(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	_, mallory, bob, id := swapped(t, func(alice, bob *wallet.Wallet) {
		verify(t, bob, control.VerifyRequest{Name: "alice", Confirm: true})
	})
	before := contactNamed(t, bob, "alice")
	sent, err := bob.Send(ctx, control.SendRequest{To: "alice", Text: "a secret", Wait: "delivered", Timeout: patience})
	same(t, "send", code(t, err), control.CodeTrust)
	same(t, "sent", sent, control.Sent{})
	c := contactNamed(t, bob, "alice")
	if c.Offer == nil || !c.Offer.WasVerified || !c.Verified.IsZero() || c.KeySet != before.KeySet || c.Offer.Pinned != before.KeySet {
		t.Fatalf("the contact: %+v", c)
	}
	var told *control.Error
	if !errors.As(err, &told) || told.Offer == nil {
		t.Fatalf("the error says nothing of keys: %v", err)
	}
	same(t, "message", told.Message, "alice's keys changed just now (was verified). Nothing was sent.")
	same(t, "fingerprints", []string{told.Offer.Pinned, told.Offer.Offered}, []string{c.Offer.Pinned, c.Offer.Offered})
	for name, ask := range map[string]func() error{
		"ask": func() error {
			_, err := bob.Ask(ctx, control.AskRequest{To: "alice", Text: "?", Responses: []string{"yes"}})
			return err
		},
		"ping":     func() error { _, err := bob.Ping(ctx, control.PingRequest{To: "alice"}); return err },
		"features": func() error { _, err := bob.Features(ctx, control.FeaturesRequest{To: "alice"}); return err },
		"text":     func() error { _, err := bob.QueueText(ctx, "alice", "a secret"); return err },
		"program": func() error {
			return bob.Queue(ctx, basicmessage.New(did.MustParse(id), "a secret"))
		},
	} {
		same(t, name, code(t, ask()), control.CodeTrust)
	}
	waiting, err := bob.Sent(ctx, control.SentRequest{To: "alice", Waiting: true})
	must(t, err)
	same(t, "waiting for the keys", len(waiting), 0)

	var ids []string
	for _, text := range []string{"one", "two", "three"} {
		ids = append(ids, sendAs(t, mallory, id, ownDID(t, bob), text))
	}
	withheld := func() int { return contactNamed(t, bob, "alice").Offer.Withheld }
	until(t, bob, "three withheld", func() bool { return withheld() == 3 })
	got, err := bob.Receive(ctx, control.ReceiveRequest{From: "alice"})
	must(t, err)
	same(t, "shown as hers", len(got), 0)
	status, err := bob.Status(ctx)
	must(t, err)
	same(t, "status", []any{status.Changed, status.Withheld, status.Unread}, []any{[]string{"alice"}, 3, 0})
	found, err := bob.Search(ctx, control.SearchRequest{Text: "two"})
	must(t, err)
	same(t, "found", len(found), 0)

	accepted, err := bob.AcceptKeys(ctx, "alice")
	must(t, err)
	same(t, "accepted", []any{accepted.Offer, accepted.KeySet, accepted.Verified.IsZero()}, []any{(*control.KeyOffer)(nil), c.Offer.Offered, true})
	same(t, "history", causes(accepted), []string{"added", "verified", "offered", "accepted"})
	until(t, bob, "the withheld arrive", func() bool {
		got, err = bob.Receive(ctx, control.ReceiveRequest{From: "alice"})
		must(t, err)
		return len(got) == 3
	})
	for i, m := range got {
		same(t, "message", m.ID, ids[i])
	}
	for _, m := range ids {
		if state, err := mallory.Reached(ctx, m, inbox.Delivered); err != nil || state != inbox.Delivered {
			t.Errorf("what the sender is told once it was let in: %v, %v", state, err)
		}
	}
	_, err = bob.Send(ctx, control.SendRequest{To: "alice", Text: "whoever you are", Wait: "sent", Timeout: patience})
	must(t, err)
}

// A message that was queued before the keys changed is not encrypted to the new ones, and whoever waits for it is told
// at once. It gets there when the keys are confirmed.
func TestSwappedWhileQueued(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var queued string
	_, mallory, bob, id := swapped(t, func(alice, bob *wallet.Wallet) {
		leave(t, alice) // what bob sends from here on waits
		var err error
		queued, err = bob.QueueText(ctx, "alice", "for alice's eyes")
		must(t, err)
	})
	must(t, bob.Store().Wake(ctx, did.MustParse(id), time.Now()))
	state, err := bob.Reached(ctx, queued, inbox.Delivered)
	same(t, "state", state, inbox.Queued)
	if code(t, err) != control.CodeTrust || !strings.Contains(err.Error(), "The message waits") {
		t.Errorf("waiting: %v", err)
	}
	offered := verify(t, bob, control.VerifyRequest{Name: "alice"})
	if offered.Offer == nil || offered.Keys != offered.Offer.Offered {
		t.Errorf("the number is not of what is offered: %+v", offered)
	}
	confirmed := verify(t, bob, control.VerifyRequest{Name: "alice", Confirm: true})
	if confirmed.Offer != nil || confirmed.Verified.IsZero() || !slices.Equal(confirmed.Number, offered.Number) {
		t.Errorf("confirmed: %+v", confirmed)
	}
	until(t, mallory, "the message comes", func() bool {
		requests, err := mallory.Requests(ctx)
		must(t, err)
		got, err := mallory.Receive(ctx, control.ReceiveRequest{From: "bob"})
		must(t, err)
		return len(requests) == 1 && requests[0].ID == queued || len(got) == 1 && got[0].ID == queued
	})
}

// Whoever waits for an answer is told as well that the keys have changed: a ping is taken back, a question waits.
func TestSwappedWhileAsking(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h, alice, bob, id := webFriends(t)
	leave(t, alice)
	asked, err := bob.Ask(ctx, control.AskRequest{To: "alice", Text: "is it you?", Responses: []string{"yes", "no"}})
	must(t, err)
	pinged, answered := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := bob.Ping(ctx, control.PingRequest{To: "alice", Timeout: patience})
		pinged <- err
	}()
	go func() {
		_, err := bob.Ask(ctx, control.AskRequest{ID: asked.ID, Timeout: patience})
		answered <- err
	}()
	pings := func(states ...inbox.State) int {
		ps, err := bob.Store().Sent(ctx, inbox.SentQuery{To: did.MustParse(id), States: states, Limit: 10})
		must(t, err)
		return len(slices.DeleteFunc(ps, func(p inbox.Parcel) bool { return p.Type != trustping.PingType }))
	}
	until(t, bob, "a ping queued", func() bool { return pings(inbox.Queued) == 1 })
	h.publish(t, runWith(t, folder(t, "mallory"), h.options()), id)
	forget(bob, id)
	must(t, bob.Store().Wake(ctx, did.MustParse(id), time.Now()))
	for what, test := range map[string]struct {
		ended <-chan error
		says  string
	}{"ping": {pinged, "Nothing was sent."}, "question": {answered, "The message waits"}} {
		err := <-test.ended
		if code(t, err) != control.CodeTrust || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", what, err, test.says)
		}
	}
	same(t, "pings that are still queued", pings(inbox.Queued), 0)
	same(t, "pings that were taken back", pings(inbox.Failed), 1)
}

// A new name is announced to everybody but those whose keys have changed.
func TestAnnounceAfterSwap(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	_, _, bob, id := swapped(t, func(_, _ *wallet.Wallet) {})
	_, err := bob.Send(ctx, control.SendRequest{To: "alice", Text: "x"})
	same(t, "send", code(t, err), control.CodeTrust)
	name := "robert"
	_, err = bob.ChangePreferences(ctx, control.PreferenceChange{Name: &name})
	must(t, err)
	ps, err := bob.Store().Sent(ctx, inbox.SentQuery{To: did.MustParse(id), States: []inbox.State{inbox.Queued}})
	must(t, err)
	same(t, "queued for alice", len(ps), 0)
}

// Keys that come back need no decision.
func TestSwappedBack(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var original control.WebDocument
	h, _, bob, id := swapped(t, func(alice, _ *wallet.Wallet) {
		original = webDocument(t, alice, contactNamed(t, alice, "bob").Ours, "/ip4/127.0.0.1/tcp/1")
	})
	_, err := bob.Send(ctx, control.SendRequest{To: "alice", Text: "x"})
	same(t, "while they are others", code(t, err), control.CodeTrust)
	h.put(original)
	forget(bob, id)
	_, err = bob.Send(ctx, control.SendRequest{To: "alice", Text: "x"})
	must(t, err)
	c := contactNamed(t, bob, "alice")
	same(t, "history", causes(c), []string{"added", "offered", "returned"})
	same(t, "offered", c.Offer != nil, false)
}

// Deciding is only possible about what was shown.
func TestKeysChangeAgain(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h, _, bob, id := swapped(t, func(_, bob *wallet.Wallet) {
		verify(t, bob, control.VerifyRequest{Name: "alice"})
	})
	swap := func() {
		h.publish(t, runWith(t, folder(t, "eve"), h.options()), id)
		forget(bob, id)
	}
	_, err := bob.Verify(ctx, control.VerifyRequest{Name: "alice", Confirm: true})
	same(t, "confirming what was shown before the keys changed", code(t, err), control.CodeTrust)
	shown := verify(t, bob, control.VerifyRequest{Name: "alice"})
	swap()
	refused, err := bob.Verify(ctx, control.VerifyRequest{Name: "alice", Confirm: true})
	same(t, "confirming what was shown before they changed again", code(t, err), control.CodeTrust)
	if refused.Keys == shown.Keys || refused.Keys == "" {
		t.Errorf("it comes with %+v", refused)
	}
	_, err = bob.AcceptKeys(ctx, "alice")
	same(t, "accepting them", code(t, err), control.CodeTrust)
	if !strings.Contains(err.Error(), "changed again since you looked") {
		t.Error(err)
	}
	verify(t, bob, control.VerifyRequest{Name: "alice"})
	_, err = bob.AcceptKeys(ctx, "alice")
	must(t, err)
	same(t, "history", causes(contactNamed(t, bob, "alice")), []string{"added", "offered", "offered", "accepted"})
}

// Who was told of other keys by a message that was not sent accepts those, and no others.
func TestKeysChangeAgainAfterAnError(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h, _, bob, id := swapped(t, func(_, bob *wallet.Wallet) { verify(t, bob, control.VerifyRequest{Name: "alice"}) })
	refused := func() {
		t.Helper()
		_, err := bob.Send(ctx, control.SendRequest{To: "alice", Text: "a secret"})
		same(t, "send", code(t, err), control.CodeTrust)
	}
	refused()
	h.publish(t, runWith(t, folder(t, "eve"), h.options()), id)
	forget(bob, id)
	_, err := bob.AcceptKeys(ctx, "alice")
	same(t, "accepting others", code(t, err), control.CodeTrust)
	refused()
	_, err = bob.AcceptKeys(ctx, "alice")
	must(t, err)
}

// Somebody who looked before there was an offer may accept it unseen; that is what accepting means.
func TestAcceptUnseen(t *testing.T) {
	t.Parallel()
	_, _, bob, _ := swapped(t, func(_, bob *wallet.Wallet) { verify(t, bob, control.VerifyRequest{Name: "alice"}) })
	c, err := bob.AcceptKeys(t.Context(), "alice")
	must(t, err)
	same(t, "history", causes(c), []string{"added", "offered", "accepted"})
}

// What was shown, what was decided and what waits outlive the process and come back with a backup.
func TestTrustIsKept(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h, mallory, bob, id := swapped(t, func(_, bob *wallet.Wallet) {
		verify(t, bob, control.VerifyRequest{Name: "alice", Confirm: true})
	})
	sendAs(t, mallory, id, ownDID(t, bob), "withheld")
	until(t, bob, "one withheld", func() bool {
		c := contactNamed(t, bob, "alice")
		return c.Offer != nil && c.Offer.Withheld == 1
	})
	want := contactNamed(t, bob, "alice")
	path := filepath.Join(t.TempDir(), "backup")
	_, err := bob.Backup(ctx, control.BackupRequest{Path: path, Passphrase: "pass"})
	must(t, err)
	leave(t, bob)
	b, err := wallet.OpenBackup(path, wallet.BackupKey{Passphrase: []byte("pass")})
	must(t, err)
	defer b.Close()
	restored := filepath.Join(t.TempDir(), "restored")
	_, err = wallet.Restore(ctx, restored, b, wallet.RestoreOptions{})
	must(t, err)
	back := runWith(t, restored, h.options())
	same(t, "contact", contactNamed(t, back, "alice"), want)
	_, err = back.Verify(ctx, control.VerifyRequest{Name: "alice", Confirm: true})
	same(t, "confirming what was never shown since", code(t, err), control.CodeTrust)
	_, err = back.AcceptKeys(ctx, "alice")
	must(t, err)
	until(t, back, "it arrives", func() bool {
		got, err := back.Receive(ctx, control.ReceiveRequest{From: "alice"})
		must(t, err)
		return len(got) == 1 && got[0].Content == "withheld"
	})
}

// Without its network a contact's keys can be compared as they are known.
func TestVerifyOffline(t *testing.T) {
	t.Parallel()
	h, _, bob, id := webFriends(t)
	before := verify(t, bob, control.VerifyRequest{Name: "alice"})
	h.server.Close()
	forget(bob, id)
	offline := verify(t, bob, control.VerifyRequest{Name: "alice"})
	same(t, "number", offline.Number, before.Number)
	if before.Unseen != "" || !strings.Contains(offline.Unseen, "fetch from") {
		t.Errorf("what could not be looked at: %q, before %q", offline.Unseen, before.Unseen)
	}
	must(t, bob.Store().UpdateContact(t.Context(), did.MustParse(id), func(c *inbox.Contact) error {
		c.Pins, c.Keys = nil, nil
		return nil
	}))
	_, err := bob.Verify(t.Context(), control.VerifyRequest{Name: "alice"})
	same(t, "without any keys", code(t, err), control.CodeNetwork)
}

// A contact of an earlier version without pins gets them when it is looked at.
func TestVerifyPins(t *testing.T) {
	t.Parallel()
	alice, bob := friends(t)
	before := verify(t, alice, control.VerifyRequest{Name: "bob"})
	must(t, alice.Store().UpdateContact(t.Context(), ownDID(t, bob), func(c *inbox.Contact) error {
		c.Pins, c.Keys, c.History = nil, nil, nil
		return nil
	}))
	same(t, "number", verify(t, alice, control.VerifyRequest{Name: "bob"}).Number, before.Number)
	same(t, "history", causes(contactNamed(t, alice, "bob")), []string{"first seen"})
}
