// Wallet-chat opens two wallets in one program: Alice invites, Bob accepts, and each says something.
//
//	go run ./examples/wallet-chat
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/basicmessage"
	"github.com/parley-im/parley/messaging/wallet"
)

func main() {
	dir, err := os.MkdirTemp("", "wallet-chat-")
	if err == nil {
		err = errors.Join(chat(dir), os.RemoveAll(dir))
	}
	if err != nil {
		log.Fatal(err)
	}
}

func chat(dir string) error {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	running, ctx := errgroup.WithContext(ctx)
	defer running.Wait()
	defer stop()
	open := func(name string) (*wallet.Wallet, error) {
		w, err := wallet.Open(ctx, filepath.Join(dir, name), wallet.Options{
			Create: true, Name: name, Listen: []string{"/ip4/127.0.0.1/udp/0/quic-v1"},
		})
		if err != nil {
			return nil, err
		}
		w.Handle(basicmessage.Type, basicmessage.OnText(func(_ context.Context, _ messaging.Replier, _ *messaging.Received, text string) error {
			fmt.Printf("%s reads: %s\n", name, text)
			return nil
		}))
		running.Go(func() error { return errors.Join(w.Run(ctx), w.Close()) })
		return w, nil
	}
	alice, err := open("alice")
	if err != nil {
		return err
	}
	bob, err := open("bob")
	if err != nil {
		return err
	}
	link, err := alice.Invite(ctx, wallet.Invitation{})
	if err != nil {
		return err
	}
	if _, err := bob.Add(ctx, link, "alice"); err != nil {
		return err
	}
	return errors.Join(say(ctx, bob, "alice", "Hi Alice!"), say(ctx, alice, "bob", "Hi Bob, how are you?"))
}

// say sends a text and waits until its recipient has read it.
func say(ctx context.Context, w *wallet.Wallet, to, text string) error {
	id, err := w.Text(ctx, to, text)
	if err != nil {
		return err
	}
	state, err := w.Await(ctx, id, inbox.Read)
	fmt.Printf("the message to %s is %s\n", to, state)
	return err
}
