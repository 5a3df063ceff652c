package wallet_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	inner "github.com/parley-im/parley/internal/wallet"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/basicmessage"
	"github.com/parley-im/parley/messaging/wallet"
)

// loopback keeps tests off all other interfaces.
var loopback = []string{"/ip4/127.0.0.1/udp/0/quic-v1"}

func within(t *testing.T) context.Context {
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(stop)
	return ctx
}

func open(t *testing.T, dir, name string) *wallet.Wallet {
	t.Helper()
	w, err := wallet.Open(within(t), dir, wallet.Options{Create: true, Name: name, Listen: loopback})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("close %s: %v", name, err)
		}
	})
	return w
}

// run runs the wallet until the test ends.
func run(t *testing.T, w *wallet.Wallet) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})
}

// friends are two running wallets, each the other's contact; prepare is called before they run.
func friends(t *testing.T, prepare func(alice, bob *wallet.Wallet)) (alice, bob *wallet.Wallet) {
	t.Helper()
	alice, bob = open(t, filepath.Join(t.TempDir(), "a"), "alice"), open(t, filepath.Join(t.TempDir(), "b"), "bob")
	prepare(alice, bob)
	run(t, alice)
	run(t, bob)
	link, err := alice.Invite(within(t), wallet.Invitation{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bob.Add(within(t), link, ""); err != nil {
		t.Fatal(err)
	}
	return alice, bob
}

func TestConversation(t *testing.T) {
	t.Parallel()
	heard := make(chan string, 10)
	var failures atomic.Int32
	_, bob := friends(t, func(alice, bob *wallet.Wallet) {
		alice.Handle(basicmessage.Type, basicmessage.OnText(
			func(_ context.Context, re messaging.Replier, m *messaging.Received, text string) error {
				if failures.Add(1) == 1 {
					return errors.New("not now")
				}
				return basicmessage.Reply(re, text+" yourself")
			}))
		bob.Handle(basicmessage.Type, basicmessage.OnText(
			func(_ context.Context, _ messaging.Replier, m *messaging.Received, text string) error {
				heard <- m.Sender.String() + " " + text
				return nil
			}))
	})
	contacts, err := bob.Contacts(within(t))
	if err != nil || len(contacts) != 1 || contacts[0].Name != "alice" {
		t.Fatalf("contacts: %+v, %v", contacts, err)
	}
	id, err := bob.Text(within(t), "al", "hello")
	if err != nil {
		t.Fatal(err)
	}
	if state, err := bob.Await(within(t), id, inbox.Delivered); err != nil || state < inbox.Delivered {
		t.Errorf("await delivered: %s, %v", state, err)
	}
	select {
	case got := <-heard:
		if want := contacts[0].DID.String() + " hello yourself"; got != want {
			t.Errorf("heard %q, want %q", got, want)
		}
	case <-within(t).Done():
		t.Fatal("no answer")
	}
	if state, err := bob.Await(within(t), id, inbox.Read); err != nil || state != inbox.Read {
		t.Errorf("await read: %s, %v: the handler has dealt with it", state, err)
	}
}

// TestKeptForTheUser: what a handler keeps waits for parley recv, which asks the running program.
func TestKeptForTheUser(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a")
	alice, bob := open(t, dir, "alice"), open(t, filepath.Join(t.TempDir(), "b"), "bob")
	alice.Handle(basicmessage.Protocol, messaging.KeepHandler)
	run(t, alice)
	run(t, bob)
	link, err := alice.Invite(within(t), wallet.Invitation{Expires: time.Hour, Multi: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bob.Add(within(t), link, "friend"); err != nil {
		t.Fatal(err)
	}
	m := &messaging.Message{Type: "https://example.org/weather/1.0/report", To: []did.DID{alice.DID()}}
	if err := bob.Send(within(t), m); err != nil {
		t.Fatal(err)
	}
	id, err := bob.Text(within(t), "friend", "for later")
	if err != nil {
		t.Fatal(err)
	}
	c := control.NewClient(inner.SocketPath(dir))
	defer c.Close()
	got := map[string]string{}
	for after := int64(0); len(got) < 2; {
		page, err := c.Receive(within(t), control.ReceiveRequest{After: after, Wait: 10 * time.Second})
		if err != nil || len(page) == 0 {
			t.Fatalf("receive: %v, %v after %v", page, err, got)
		}
		for _, r := range page {
			got[r.ID], after = r.Type, r.Seq
		}
	}
	if got[m.ID] != m.Type || got[id] != basicmessage.Type {
		t.Errorf("kept %v, want %s and %s", got, m.ID, id)
	}
	if state, _ := bob.Await(within(t), id, inbox.Delivered); state != inbox.Delivered {
		t.Errorf("kept and not read is %s, want delivered", state)
	}
}

func TestOpenFailures(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "w")
	is := func(what string, err, kind error) {
		t.Helper()
		var known *wallet.Error
		if !errors.Is(err, kind) || !errors.As(err, &known) || known.Text == "" {
			t.Errorf("%s: %v, want an *Error of the kind %q", what, err, kind)
		}
	}
	_, err := wallet.Open(t.Context(), dir, wallet.Options{})
	is("no wallet", err, wallet.ErrMissing)
	_, err = wallet.Open(t.Context(), "", wallet.Options{Create: true})
	is("no folder", err, wallet.ErrUsage)
	_, err = wallet.Open(t.Context(), dir, wallet.Options{Create: true, Name: "not a name"})
	is("bad name", err, wallet.ErrUsage)
	w, err := wallet.Open(t.Context(), dir, wallet.Options{Create: true, Passphrase: []byte("secret"), Listen: loopback})
	if err != nil {
		t.Fatal(err)
	}
	_, err = wallet.Open(t.Context(), dir, wallet.Options{Passphrase: []byte("secret")})
	is("open twice", err, wallet.ErrInUse)
	for range 2 {
		if err := w.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	_, err = wallet.Open(t.Context(), dir, wallet.Options{Passphrase: []byte("wrong")})
	is("wrong passphrase", err, wallet.ErrTrust)
}

func TestTalkFailures(t *testing.T) {
	t.Parallel()
	alice, bob := friends(t, func(_, _ *wallet.Wallet) {})
	if _, err := bob.Text(within(t), "nobody", "x"); !errors.Is(err, wallet.ErrUnknown) {
		t.Errorf("text to nobody: %v", err)
	}
	if _, err := bob.Add(within(t), "didcomm://nothing", "x"); !errors.Is(err, wallet.ErrUsage) {
		t.Errorf("add of no link: %v", err)
	}
	if _, err := bob.Await(within(t), "no-such-id", inbox.Delivered); !errors.Is(err, wallet.ErrUnknown) {
		t.Errorf("await of nothing: %v", err)
	}
	id, err := bob.Text(within(t), alice.DID().String(), "unread")
	if err != nil {
		t.Fatal(err)
	}
	if state, err := bob.Await(within(t), id, inbox.Delivered); err != nil || state != inbox.Delivered {
		t.Fatalf("await delivered: %s, %v", state, err)
	}
	soon, stop := context.WithTimeout(t.Context(), time.Millisecond)
	defer stop()
	if state, err := bob.Await(soon, id, inbox.Read); !errors.Is(err, wallet.ErrTimeout) || state != inbox.Delivered {
		t.Errorf("await read of what nobody has read: %s, %v", state, err)
	}
	defer func() {
		if recover() == nil {
			t.Error("Handle after Run did not panic")
		}
	}()
	bob.Handle(basicmessage.Type, messaging.KeepHandler)
}
