// Echo-bot answers every text with the same text. It prints an invitation: claim it with parley add, and write.
//
//	go run ./examples/echo-bot FOLDER [MULTIADDR TO LISTEN ON]...
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/basicmessage"
	"github.com/parley-im/parley/messaging/wallet"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	w, err := wallet.Open(ctx, os.Args[1], wallet.Options{Create: true, Name: "echo", Listen: os.Args[2:]})
	if err != nil {
		log.Fatal(err)
	}
	w.Handle(basicmessage.Type, basicmessage.OnText(echo))
	link, err := w.Invite(ctx, wallet.Invitation{Multi: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(link)
	if err := errors.Join(w.Run(ctx), w.Close()); err != nil {
		log.Fatal(err)
	}
}

func echo(_ context.Context, re messaging.Replier, _ *messaging.Received, text string) error {
	return basicmessage.Reply(re, text)
}
