package wallet_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
	"github.com/parley-im/parley/messaging/outofband"
)

// visit opens a wallet and puts it to work without greeting anybody, as short commands do, until leave is
// called.
func visit(t *testing.T, home string) (w *wallet.Wallet, leave func()) {
	t.Helper()
	w, err := wallet.Open(t.Context(), home, wallet.Options{Greet: -1})
	must(t, err)
	must(t, w.Listen(t.Context()))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	left := false
	leave = func() {
		if left {
			return
		}
		left = true
		cancel()
		must(t, <-done)
		must(t, w.Close())
	}
	t.Cleanup(leave)
	return w, leave
}

// delivered waits until everything that the wallet has sent is settled and returns the states.
func delivered(t *testing.T, w *wallet.Wallet) (states []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	at, err := w.Changes(ctx, control.ChangesRequest{})
	for {
		must(t, err)
		waiting, err2 := w.Sent(ctx, control.SentRequest{Waiting: true})
		must(t, err2)
		if len(waiting) == 0 {
			break
		}
		at, err = w.Changes(ctx, control.ChangesRequest{After: at.Rev, Wait: patience})
	}
	all, err := w.Sent(t.Context(), control.SentRequest{})
	must(t, err)
	for _, s := range all {
		states = append(states, s.State)
	}
	return states
}

// Bob accepts an invitation and writes while Alice is away. When she comes back she has it all: what was said
// right after the introduction is not a stranger's.
func TestAddAndSendWhileAway(t *testing.T) {
	ha, hb := folder(t, "alice"), folder(t, "bob")
	alice, leave := visit(t, ha)
	inv, err := alice.Invite(t.Context(), control.InviteRequest{})
	must(t, err)
	leave()
	bob, _ := visit(t, hb)
	c, err := bob.Add(t.Context(), control.AddRequest{Link: inv.Link, Timeout: 10 * time.Millisecond})
	if err != nil || !c.Pending {
		t.Fatalf("%+v, %v", c, err)
	}
	for i := range 3 {
		_, err = bob.Send(t.Context(), control.SendRequest{To: "alice", Text: fmt.Sprint("hi ", i)})
		must(t, err)
	}
	alice, _ = visit(t, ha)
	same(t, "states", delivered(t, bob), []string{"delivered", "delivered", "delivered"})
	var texts []string
	for after := int64(0); len(texts) < 3; {
		got, err := alice.Receive(t.Context(), control.ReceiveRequest{From: "bob", After: after, Wait: patience})
		if err != nil || len(got) == 0 {
			t.Fatal(texts, err)
		}
		for _, m := range got {
			texts, after = append(texts, m.Content), m.Seq
		}
	}
	same(t, "texts", texts, []string{"hi 0", "hi 1", "hi 2"})
}

// A command that sends to somebody who was away for long, and is back, gets through at once: the pauses of
// earlier failures do not count for it.
func TestSendInPause(t *testing.T) {
	ha, hb := folder(t, "alice"), folder(t, "bob")
	alice, leaveA := visit(t, ha)
	bob, leaveB := visit(t, hb)
	inv, err := alice.Invite(t.Context(), control.InviteRequest{})
	must(t, err)
	_, err = bob.Add(t.Context(), control.AddRequest{Link: inv.Link, Timeout: patience})
	must(t, err)
	leaveA()
	ps, err := bob.Send(t.Context(), control.SendRequest{To: "alice", Text: "are you there?", Timeout: 100 * time.Millisecond})
	if err != nil || ps.State != "queued" {
		t.Fatalf("%+v, %v", ps, err)
	}
	leaveB()
	putOff(t, hb, time.Hour)
	visit(t, ha)
	bob, _ = visit(t, hb)
	ps, err = bob.Send(t.Context(), control.SendRequest{To: "alice", Text: "are you back?", Timeout: patience})
	if err != nil || ps.State != "delivered" {
		t.Errorf("%+v, %v", ps, err)
	}
}

// putOff has everything that waits in a wallet's outbox pause, as after many failures.
func putOff(t *testing.T, home string, pause time.Duration) {
	t.Helper()
	w, err := wallet.Open(t.Context(), home, wallet.Options{})
	must(t, err)
	now := time.Now()
	s := w.Store()
	must(t, s.Wake(t.Context(), wallet.Nobody, now))
	bs, err := s.Claim(t.Context(), now, now.Add(time.Minute), inbox.Limit{})
	must(t, err)
	same(t, "destinations that wait", len(bs), 1)
	must(t, s.Settle(t.Context(), bs[0], nil, now, now.Add(pause)))
	must(t, w.Close())
}

// An Add that was killed before it had introduced us is completed when the wallet runs next.
func TestAddCutShort(t *testing.T) {
	alice := run(t, folder(t, "alice"))
	hb := folder(t, "bob")
	inv, err := alice.Invite(t.Context(), control.InviteRequest{})
	must(t, err)
	w := open(t, hb)
	must(t, w.AddOnly(t.Context(), inv.Link))
	must(t, w.Close())
	bob, _ := visit(t, hb)
	sent, err := bob.Send(t.Context(), control.SendRequest{To: "alice", Text: "hi", Timeout: patience})
	if err != nil || sent.State != "delivered" {
		t.Errorf("%+v, %v", sent, err)
	}
}

// Changes that are not for the user are passed over without waiting.
func TestChangesPassOverProtocols(t *testing.T) {
	alice, bob := friends(t)
	at, err := alice.Changes(t.Context(), control.ChangesRequest{})
	must(t, err)
	_, err = bob.Ping(t.Context(), control.PingRequest{To: "alice", Timeout: patience})
	must(t, err)
	_, err = alice.Send(t.Context(), control.SendRequest{To: "bob", Text: "x", Wait: "delivered", Timeout: patience})
	must(t, err)
	for seen := false; !seen; {
		ch, err := alice.Changes(t.Context(), control.ChangesRequest{After: at.Rev})
		must(t, err)
		if len(ch.Sent)+len(ch.Received) == 0 {
			t.Fatal("the message that was delivered is passed over")
		}
		for _, s := range ch.Sent {
			seen = seen || s.Content == "x" && s.State == "delivered"
		}
		at = ch
	}
}

// An introduction that cannot be made now, because the inviter's keys have changed or the user has blocked it, does
// not keep the wallet from opening; and whoever adds it learns why.
func TestOpensWithoutIntroduction(t *testing.T) {
	t.Parallel()
	ctx, h := t.Context(), newHost(t)
	invitation := func() string {
		inv, err := outofband.NewIssuer([32]byte{}).Issue(outofband.Invitation{From: did.MustParse(h.id("carol")), Expires: time.Now().Add(time.Hour)})
		must(t, err)
		link, err := inv.Link()
		must(t, err)
		return link
	}
	carol := runWith(t, folder(t, "carol"), h.options())
	h.publish(t, carol, h.id("carol"))
	leave(t, carol)
	home := folder(t, "bob")
	bob := openWith(t, home, h.options())
	_, err := bob.Add(ctx, control.AddRequest{Link: invitation(), Name: "carol"})
	must(t, err)
	h.publish(t, runWith(t, folder(t, "mallory"), h.options()), h.id("carol"))
	forget(bob, h.id("carol"))
	_, err = bob.Send(ctx, control.SendRequest{To: "carol", Text: "hi"})
	same(t, "sent", code(t, err), control.CodeTrust)
	_, err = bob.Add(ctx, control.AddRequest{Link: invitation(), Name: "carol"})
	same(t, "added again", code(t, err), control.CodeTrust)
	leave(t, bob)
	bob = openWith(t, home, h.options())
	blocked := true
	_, err = bob.ChangeContact(ctx, "carol", control.ContactChange{Blocked: &blocked})
	must(t, err)
	_, err = bob.Add(ctx, control.AddRequest{Link: invitation(), Name: "carol"})
	same(t, "added though blocked", code(t, err), control.CodeTrust)
	leave(t, bob)
	openWith(t, home, h.options())
}
