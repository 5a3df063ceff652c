package wallet_test

import (
	"context"
	"testing"

	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

// worker is a wallet at work that can be stopped before the test ends.
type worker struct {
	*wallet.Wallet
	stop func()
}

func work(t *testing.T, home string) *worker {
	t.Helper()
	w, err := wallet.Open(t.Context(), home, wallet.Options{Greet: -1}) // so that each meets whom the test says
	must(t, err)
	must(t, w.Listen(t.Context()))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return &worker{w, stop}
}

// meet makes two wallets each other's contacts.
func meet(t *testing.T, inviter, guest *worker) {
	t.Helper()
	inv, err := inviter.Invite(t.Context(), control.InviteRequest{})
	must(t, err)
	_, err = guest.Add(t.Context(), control.AddRequest{Link: inv.Link, Timeout: patience})
	must(t, err)
}

// tell sends a text and waits until it is delivered.
func tell(t *testing.T, w *worker, to, text string) {
	t.Helper()
	_, err := w.Send(t.Context(), control.SendRequest{To: to, Text: text, Wait: "delivered", Timeout: patience})
	must(t, err)
}

// hears waits until a text has come.
func hears(t *testing.T, w *worker, text string) {
	t.Helper()
	for after := int64(0); ; {
		ms, err := w.Receive(t.Context(), control.ReceiveRequest{After: after, All: true, Wait: patience})
		must(t, err)
		if len(ms) == 0 {
			t.Fatalf("%q has not come", text)
		}
		for _, m := range ms {
			if m.Content == text {
				return
			}
			after = m.Seq
		}
	}
}

func elsewhere(t *testing.T, w *worker) []string {
	t.Helper()
	s, err := w.Status(t.Context())
	must(t, err)
	return s.Elsewhere
}

// lifeSeenBy is what a wallet has seen of the life of a contact.
func lifeSeenBy(t *testing.T, w *worker, contact string) inbox.Life {
	t.Helper()
	cs, err := w.Store().Contacts(t.Context())
	must(t, err)
	for _, c := range cs {
		if c.Name == contact {
			return c.Life
		}
	}
	t.Fatalf("no contact %s", contact)
	return inbox.Life{}
}

// A backup in the middle of a talk: from the next message on the contact sees the later life, though a stream was
// open that had begun in the earlier one.
func TestBackupWhileTalking(t *testing.T) {
	v := newVault(t)
	alice, bob := work(t, folder(t, "alice")), work(t, folder(t, "bob"))
	meet(t, alice, bob)
	tell(t, alice, "bob", "before")
	tell(t, bob, "alice", "before")
	same(t, "before", lifeSeenBy(t, bob, "alice"), alice.Life())
	v.backup(t, alice.Wallet, "b1")
	tell(t, alice, "bob", "after")
	same(t, "after sending", lifeSeenBy(t, bob, "alice"), alice.Life())
	v.backup(t, alice.Wallet, "b2")
	tell(t, bob, "alice", "after")
	same(t, "after receiving", lifeSeenBy(t, bob, "alice"), alice.Life())
	same(t, "alice", elsewhere(t, alice), []string(nil))
	same(t, "bob", elsewhere(t, bob), []string(nil))
}

// The whole story: alice makes a backup and goes on; somewhere else it is restored. Both of her learn of each other
// from bob. Carol, whom nobody met since, has nothing to tell.
func TestRestoredAndUsedElsewhere(t *testing.T) {
	v, home := newVault(t), folder(t, "alice")
	alice, bob, carol := work(t, home), work(t, folder(t, "bob")), work(t, folder(t, "carol"))
	meet(t, alice, bob)
	meet(t, alice, carol)
	tell(t, alice, "bob", "before")
	tell(t, alice, "carol", "before")
	v.backup(t, alice.Wallet, "b")
	tell(t, alice, "bob", "after")
	alice.stop()

	restored := restore(t, v, "b", wallet.RestoreOptions{})
	twin := work(t, restored.Home)
	tell(t, twin, "carol", "restored")
	same(t, "after carol", elsewhere(t, twin), []string(nil))
	tell(t, twin, "bob", "restored")
	hears(t, bob, "restored")
	same(t, "the restored wallet", elsewhere(t, twin), []string{"bob"})
	news, err := twin.News(t.Context())
	must(t, err)
	same(t, "news", len(news), 1)
	twin.stop()

	alice = work(t, home)
	tell(t, alice, "bob", "again")
	same(t, "the old wallet", elsewhere(t, alice), []string{"bob"})
	alice.stop()

	// It is still known after a restart, and told no second time.
	twin = work(t, restored.Home)
	same(t, "after a restart", elsewhere(t, twin), []string{"bob"})
	news, err = twin.News(t.Context())
	must(t, err)
	same(t, "news", news, []string(nil))
	same(t, "bob himself", elsewhere(t, bob), []string(nil))
}

// The control: restored, and nobody went on elsewhere; what was queued when the backup was made arrives, once.
func TestRestoredAndNotUsedElsewhere(t *testing.T) {
	v, home := newVault(t), folder(t, "alice")
	alice, bobHome := work(t, home), folder(t, "bob")
	bob := work(t, bobHome)
	meet(t, alice, bob)
	tell(t, alice, "bob", "before")
	bob.stop()
	_, err := alice.Send(t.Context(), control.SendRequest{To: "bob", Text: "queued"})
	must(t, err)
	v.backup(t, alice.Wallet, "b")
	alice.stop()

	bob = work(t, bobHome)
	restored := restore(t, v, "b", wallet.RestoreOptions{})
	twin := work(t, restored.Home)
	tell(t, twin, "bob", "restored")
	hears(t, bob, "queued")
	hears(t, bob, "restored")
	tell(t, bob, "alice", "welcome back")
	hears(t, twin, "welcome back")
	for _, w := range []*worker{twin, bob} {
		same(t, "elsewhere", elsewhere(t, w), []string(nil))
	}
	twin.stop()
	// A restored wallet is restored from a backup of its own: what bob saw of the lives before is no news.
	w := open(t, restored.Home)
	v.backup(t, w, "b2")
	must(t, w.Close())
	third := work(t, restore(t, v, "b2", wallet.RestoreOptions{}).Home)
	tell(t, third, "bob", "restored twice")
	same(t, "restored twice", elsewhere(t, third), []string(nil))
}
