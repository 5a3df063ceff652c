package wallet_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
	"github.com/parley-im/parley/messaging"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/ipfs/go-log/writer.(*MirrorWriter).logRoutine"))
}

// patience is how long a test waits for what takes milliseconds, before it fails.
const patience = 30 * time.Second

// folder makes a wallet that listens on loopback and returns where it is.
func folder(t *testing.T, name string) string {
	t.Helper()
	home := filepath.Join(t.TempDir(), name)
	listen, err := wallet.FreeAddrs(t.Context(), "/ip4/127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wallet.Create(t.Context(), home, wallet.CreateOptions{Name: name, Listen: listen}); err != nil {
		t.Fatal(err)
	}
	return home
}

// open opens a wallet and closes it when the test ends; run puts it to work as well.
func open(t *testing.T, home string) *wallet.Wallet {
	t.Helper()
	return openWith(t, home, wallet.Options{})
}

func openWith(t *testing.T, home string, o wallet.Options) *wallet.Wallet {
	t.Helper()
	w, err := wallet.Open(t.Context(), home, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func run(t *testing.T, home string) *wallet.Wallet {
	t.Helper()
	return runWith(t, home, wallet.Options{})
}

func runWith(t *testing.T, home string, o wallet.Options) *wallet.Wallet {
	t.Helper()
	w := openWith(t, home, o)
	if err := w.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	running.Store(w, stop)
	t.Cleanup(stop)
	return w
}

// running ends what runWith has begun.
var running sync.Map // *wallet.Wallet → func()

// leave ends and closes a wallet that is at work before its test ends.
func leave(t *testing.T, w *wallet.Wallet) {
	t.Helper()
	if stop, ok := running.LoadAndDelete(w); ok {
		stop.(func())()
	}
	must(t, w.Close())
}

// code returns the code of a *control.Error, and "" for nil; any other error fails the test.
func code(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *control.Error
	if !errors.As(err, &e) {
		t.Fatalf("not an error for users: %v", err)
	}
	if e.Message == "" {
		t.Errorf("error %q says nothing", e.Code)
	}
	return e.Code
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// friends makes two wallets at work that are each other's contacts.
func friends(t *testing.T) (alice, bob *wallet.Wallet) {
	t.Helper()
	alice, bob = run(t, folder(t, "alice")), run(t, folder(t, "bob"))
	inv, err := alice.Invite(t.Context(), control.InviteRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bob.Add(t.Context(), control.AddRequest{Link: inv.Link, Timeout: patience}); err != nil {
		t.Fatal(err)
	}
	return alice, bob
}

func TestCreateRefusesOverWallet(t *testing.T) {
	home := folder(t, "alice")
	before := read(t, filepath.Join(home, "keys"))
	_, err := wallet.Create(t.Context(), home, wallet.CreateOptions{})
	same(t, "code", code(t, err), control.CodeUsage)
	same(t, "key file", read(t, filepath.Join(home, "keys")), before)
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A wallet whose making was cut short is none; making it again removes what was left.
func TestCreateCutShort(t *testing.T) {
	home := folder(t, "alice")
	must(t, os.Rename(filepath.Join(home, "keys"), filepath.Join(home, "keys.unfinished")))
	if wallet.Exists(home) {
		t.Error("an unfinished wallet exists")
	}
	_, err := wallet.Open(t.Context(), home, wallet.Options{})
	same(t, "open", code(t, err), control.CodeUsage)
	again, err := wallet.Create(t.Context(), home, wallet.CreateOptions{Name: "again"})
	must(t, err)
	self, err := open(t, home).Self(t.Context())
	must(t, err)
	same(t, "DID", self.DID, again.DID)
	if _, err := os.Lstat(filepath.Join(home, "keys.unfinished")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the unfinished key file is still there: %v", err)
	}
}

// What could not be mended later is refused before anything is made.
func TestCreateRefuses(t *testing.T) {
	for name, o := range map[string]wallet.CreateOptions{
		"a bad name": {Name: "two words"}, "no multiaddr": {Listen: []string{"foo"}}, "not a form we have": {Listen: []string{"/ip4/127.0.0.1/udp/1"}},
	} {
		home := filepath.Join(t.TempDir(), "w")
		_, err := wallet.Create(t.Context(), home, o)
		same(t, name, code(t, err), control.CodeUsage)
		if _, err := os.Stat(home); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: left something", name)
		}
	}
	home := folder(t, "orphan")
	must(t, os.Remove(filepath.Join(home, "keys")))
	before := read(t, filepath.Join(home, "wallet.db"))
	_, err := wallet.Create(t.Context(), home, wallet.CreateOptions{})
	same(t, "over a database", code(t, err), control.CodeUsage)
	same(t, "database", read(t, filepath.Join(home, "wallet.db")) == before, true)
	same(t, "a wallet", wallet.Exists(home), false)
	_, err = wallet.Open(t.Context(), folder(t, "alice"), wallet.Options{Listen: []string{"foo"}})
	same(t, "opened with no multiaddr", code(t, err), control.CodeUsage)
}

func TestOpenErrors(t *testing.T) {
	tests := []struct {
		name string
		harm func(t *testing.T, home string)
		want string
	}{
		{"no wallet", func(t *testing.T, home string) { must(t, os.RemoveAll(home)) }, control.CodeUsage},
		{"no database", func(t *testing.T, home string) { must(t, os.Remove(filepath.Join(home, "wallet.db"))) }, control.CodeUnexpected},
		{"key file damaged", func(t *testing.T, home string) {
			must(t, os.WriteFile(filepath.Join(home, "keys"), []byte("no keys"), 0o600))
		}, control.CodeUnexpected},
		{"key file readable by others", func(t *testing.T, home string) { must(t, os.Chmod(filepath.Join(home, "keys"), 0o644)) }, control.CodeTrust},
		{"folder readable by others", func(t *testing.T, home string) { must(t, os.Chmod(home, 0o755)) }, control.CodeTrust},
		{"database is no database", func(t *testing.T, home string) {
			must(t, os.Remove(filepath.Join(home, "wallet.db")))
			must(t, os.WriteFile(filepath.Join(home, "wallet.db"), []byte(strings.Repeat("no database ", 1000)), 0o600))
		}, control.CodeUnexpected},
		{"database of a newer version", func(t *testing.T, home string) {
			path := filepath.Join(home, "wallet.db")
			b := []byte(read(t, path))
			b[63] = 99 // the user version in the header of a SQLite file
			must(t, os.WriteFile(path, b, 0o600))
		}, control.CodeUsage},
		{"database of another wallet", func(t *testing.T, home string) {
			other := folder(t, "other")
			must(t, os.Rename(filepath.Join(other, "wallet.db"), filepath.Join(home, "wallet.db")))
		}, control.CodeUnexpected},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			home := folder(t, "alice")
			test.harm(t, home)
			_, err := wallet.Open(t.Context(), home, wallet.Options{})
			same(t, "code", code(t, err), test.want)
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestPassphrase(t *testing.T) {
	home := filepath.Join(t.TempDir(), "w")
	if _, err := wallet.Create(t.Context(), home, wallet.CreateOptions{Passphrase: []byte("right")}); err != nil {
		t.Fatal(err)
	}
	if needs, err := wallet.NeedsPassphrase(home); err != nil || !needs {
		t.Errorf("needs a passphrase: %v, %v", needs, err)
	}
	for _, wrong := range []string{"", "wrong"} {
		_, err := wallet.Open(t.Context(), home, wallet.Options{Passphrase: []byte(wrong)})
		same(t, "code with "+wrong, code(t, err), control.CodeTrust)
	}
	same(t, "change with a wrong one", code(t, wallet.ChangeProtection(t.Context(), home, under("wrong"), under("new"))), control.CodeTrust)
	must(t, wallet.ChangeProtection(t.Context(), home, under("right"), under("")))
	w := open(t, home)
	status, err := w.Status(t.Context())
	if err != nil || status.Protected {
		t.Errorf("after removing the passphrase: %+v, %v", status, err)
	}
}

// One owner at a time; the lock goes with its holder.
func TestLock(t *testing.T) {
	home := folder(t, "alice")
	w := open(t, home)
	if _, err := wallet.Open(t.Context(), home, wallet.Options{}); !errors.Is(err, wallet.ErrLocked) {
		t.Errorf("a second owner: %v", err)
	}
	must(t, w.Close())
	must(t, w.Close())
	open(t, home)
}

func TestSocketPath(t *testing.T) {
	short := wallet.SocketPath("/home/a/.local/share/parley")
	same(t, "short", short, "/home/a/.local/share/parley/parley.sock")
	t.Setenv("XDG_RUNTIME_DIR", "/run/user/1")
	long, other := wallet.SocketPath("/"+strings.Repeat("a", 120)), wallet.SocketPath("/"+strings.Repeat("b", 120))
	if len(long) > 100 || filepath.Dir(long) != "/run/user/1" || long == other {
		t.Errorf("long: %s and %s", long, other)
	}
}

func TestNames(t *testing.T) {
	alice, bob := friends(t)
	cs, err := bob.Contacts(t.Context())
	if err != nil || len(cs) != 1 || cs[0].Name != "alice" || cs[0].Pending {
		t.Fatalf("%+v, %v", cs, err)
	}
	for who, want := range map[string]string{
		"alice": "", "ALICE": "", "al": "", cs[0].DID: "", "": control.CodeUnknown, "bob": control.CodeUnknown,
		"did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK": control.CodeUnknown,
	} {
		_, err := bob.Sent(t.Context(), control.SentRequest{To: who})
		if who == "" {
			continue // selects all
		}
		same(t, "find "+who, code(t, err), want)
	}
	_, err = bob.ChangeContact(t.Context(), "alice", control.ContactChange{Name: "bad name"})
	same(t, "a bad name", code(t, err), control.CodeUsage)
	c, err := bob.ChangeContact(t.Context(), "alice", control.ContactChange{Name: "Ali"})
	if err != nil || c.Name != "Ali" {
		t.Errorf("%+v, %v", c, err)
	}
	carol := run(t, folder(t, "alina"))
	inv, err := carol.Invite(t.Context(), control.InviteRequest{Multi: true})
	must(t, err)
	_, err = bob.Add(t.Context(), control.AddRequest{Link: inv.Link, Timeout: patience, Name: "ali"})
	same(t, "a name that is taken", code(t, err), control.CodeUsage)
	_, err = bob.Add(t.Context(), control.AddRequest{Link: inv.Link, Timeout: patience})
	must(t, err)
	_, err = bob.Send(t.Context(), control.SendRequest{To: "a", Text: "who?"})
	same(t, "an ambiguous prefix", code(t, err), control.CodeUsage)
	if _, err := bob.RemoveContact(t.Context(), "alin"); err != nil {
		t.Error(err)
	}
	_ = alice
}

func TestInvitationErrors(t *testing.T) {
	alice, bob := run(t, folder(t, "alice")), run(t, folder(t, "bob"))
	carol := run(t, folder(t, "carol"))
	ctx := t.Context()
	once, err := alice.Invite(ctx, control.InviteRequest{Expires: time.Hour})
	must(t, err)
	add := func(w *wallet.Wallet, link string) string {
		t.Helper()
		_, err := w.Add(ctx, control.AddRequest{Link: link, Timeout: patience})
		return code(t, err)
	}
	same(t, "our own", add(alice, once.Link), control.CodeUsage)
	same(t, "no link", add(bob, "https://example.org/"), control.CodeUsage)
	same(t, "cut off", add(bob, once.Link[:len(once.Link)-9]), control.CodeUsage)
	same(t, "first", add(bob, "  "+once.Link+"\n"), "")
	same(t, "again by the same", add(bob, once.Link), control.CodeUsage)
	same(t, "second", add(carol, once.Link), control.CodeTrust)
	cs, err := carol.Contacts(ctx)
	if err != nil || len(cs) != 0 {
		t.Errorf("the refused claim left %+v, %v", cs, err)
	}
	for _, d := range []time.Duration{-time.Second, time.Millisecond, 400 * 24 * time.Hour} {
		_, err := alice.Invite(ctx, control.InviteRequest{Expires: d})
		same(t, d.String(), code(t, err), control.CodeUsage)
	}
}

func TestTalk(t *testing.T) {
	alice, bob := friends(t)
	ctx := t.Context()
	sent, err := bob.Send(ctx, control.SendRequest{To: "alice", Text: "hello", Wait: "delivered", Timeout: patience})
	if err != nil || sent.State != "delivered" || sent.ToName != "alice" || sent.Content != "hello" {
		t.Fatalf("%+v, %v", sent, err)
	}
	got, err := alice.Receive(ctx, control.ReceiveRequest{Wait: patience})
	if err != nil || len(got) != 1 || got[0].Content != "hello" || got[0].FromName != "bob" || got[0].ID != sent.ID {
		t.Fatalf("%+v, %v", got, err)
	}
	again, err := alice.Receive(ctx, control.ReceiveRequest{})
	same(t, "before the ack", len(again), 1)
	must(t, err)
	must(t, alice.Mark(ctx, control.MarkRequest{IDs: []string{sent.ID}, Acked: true}))
	again, err = alice.Receive(ctx, control.ReceiveRequest{})
	same(t, "after the ack", len(again), 0)
	must(t, err)
	all, err := alice.Receive(ctx, control.ReceiveRequest{All: true, From: "bob", Newest: true})
	same(t, "all", len(all), 1)
	must(t, err)
	same(t, "ack of nothing", code(t, alice.Mark(ctx, control.MarkRequest{IDs: []string{"none"}, Acked: true})), control.CodeUnknown)
	pong, err := alice.Ping(ctx, control.PingRequest{To: "bob", Timeout: patience})
	if err != nil || pong.Path != "direct" || pong.MS <= 0 {
		t.Errorf("%+v, %v", pong, err)
	}
	_, err = alice.Send(ctx, control.SendRequest{To: "bob", Text: strings.Repeat("x", messaging.MaxPlaintext)})
	same(t, "too large", code(t, err), control.CodeQuota)
	_, err = alice.Send(ctx, control.SendRequest{To: "bob", Text: "x", Wait: "eternity"})
	same(t, "a bad wait", code(t, err), control.CodeUsage)
}

// Without anybody to take it a message stays queued, can be cancelled once, and says so.
func TestQueueAndCancel(t *testing.T) {
	alice, bob := friends(t)
	ctx := t.Context()
	yes := true
	_, err := bob.ChangeContact(ctx, "alice", control.ContactChange{Blocked: &yes})
	must(t, err)
	_, err = bob.Send(ctx, control.SendRequest{To: "alice", Text: "x"})
	same(t, "to a blocked contact", code(t, err), control.CodeTrust)
	refused, err := alice.Send(ctx, control.SendRequest{To: "bob", Text: "x", Timeout: patience})
	if err != nil || refused.State != "failed" || refused.Problem == "" {
		t.Errorf("by a blocked contact: %+v, %v", refused, err)
	}
	status, err := bob.Status(ctx)
	must(t, err)
	if status.Refused[messaging.CodeStranger] == 0 {
		t.Errorf("refusals are not counted: %+v", status)
	}
	_, err = alice.Cancel(ctx, refused.ID)
	same(t, "cancel what has failed", code(t, err), control.CodeUsage)
	_, err = alice.Cancel(ctx, "none")
	same(t, "cancel nothing", code(t, err), control.CodeUnknown)

	idle := open(t, folder(t, "idle")) // does not run: what it sends stays queued
	inv, err := alice.Invite(ctx, control.InviteRequest{})
	must(t, err)
	c, err := idle.Add(ctx, control.AddRequest{Link: inv.Link, Timeout: 10 * time.Millisecond})
	if err != nil || !c.Pending {
		t.Errorf("%+v, %v", c, err)
	}
	queued, err := idle.Send(ctx, control.SendRequest{To: c.Name, Text: "x", Wait: "delivered", Timeout: 10 * time.Millisecond})
	same(t, "state", queued.State, "queued")
	same(t, "waiting in vain", code(t, err), control.CodeTimeout)
	next, err := idle.Send(ctx, control.SendRequest{To: c.Name, Text: "y"})
	must(t, err)
	kept, err := idle.Sent(ctx, control.SentRequest{ID: next.ID})
	must(t, err)
	same(t, "what Send says without waiting", []control.Sent{next}, kept)
	_, err = idle.Cancel(ctx, next.ID)
	must(t, err)
	waiting, err := idle.Sent(ctx, control.SentRequest{Waiting: true})
	same(t, "waiting, the introduction apart", len(waiting), 1)
	must(t, err)
	gone, err := idle.Cancel(ctx, queued.ID)
	if err != nil || gone.State != "failed" {
		t.Errorf("%+v, %v", gone, err)
	}
	_, err = idle.Ping(ctx, control.PingRequest{To: c.Name, Timeout: 10 * time.Millisecond})
	same(t, "a ping without an answer", code(t, err), control.CodeNetwork)
}

// Changes resumes without a gap, whatever the size of its steps.
func TestChanges(t *testing.T) {
	alice, bob := friends(t)
	ctx := t.Context()
	at, err := alice.Changes(ctx, control.ChangesRequest{})
	must(t, err)
	if len(at.Received)+len(at.Sent) > 0 {
		t.Errorf("the beginning has changes: %+v", at)
	}
	const count = 20
	for range count {
		if _, err := bob.Send(ctx, control.SendRequest{To: "alice", Text: "x"}); err != nil {
			t.Fatal(err)
		}
		if _, err := alice.Send(ctx, control.SendRequest{To: "bob", Text: "y"}); err != nil {
			t.Fatal(err)
		}
	}
	received, delivered := map[int64]bool{}, map[string]bool{}
	for len(received) < count || len(delivered) < count {
		before := at.Rev
		at, err = alice.Changes(ctx, control.ChangesRequest{After: before, Wait: patience})
		must(t, err)
		if at.Rev == before {
			t.Fatalf("stuck at %d: %d received, %d delivered", at.Rev, len(received), len(delivered))
		}
		for _, m := range at.Received {
			received[m.Seq] = true
		}
		for _, s := range at.Sent {
			if s.State == "delivered" {
				delivered[s.ID] = true
			}
		}
	}
}
