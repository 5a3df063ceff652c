// Node puts two wallets together from their parts: keys, a DID, a store in memory, a libp2p transport and a
// messaging node. One echoes, the other talks to it. Programs that want a wallet as it is take package
// messaging/wallet instead, as examples/echo-bot does. Run it with
//
//	go run ./examples/node
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/basicmessage"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

// mux hands text messages to h. All others, such as the profiles with which people introduce themselves, are
// kept for the user: a handler must not fail on what it does not know, or what comes behind waits for it.
func mux(h messaging.HandlerFunc) *messaging.Mux {
	var m messaging.Mux
	m.Handle(basicmessage.Type, h)
	return &m
}

// echo is the bot. A message is settled together with its reply when the handler returns nil; when it
// fails it is called again later.
func echo(_ context.Context, re messaging.Replier, m *messaging.Received) error {
	text, err := basicmessage.Text(m.Message)
	if err != nil {
		return err
	}
	return re.Reply(basicmessage.New(m.Sender, text))
}

func run(ctx context.Context) (err error) {
	answers := make(chan string, 1)
	bot, err := newPeer(ctx, echo)
	if err != nil {
		return err
	}
	human, err := newPeer(ctx, func(_ context.Context, _ messaging.Replier, m *messaging.Received) error {
		text, err := basicmessage.Text(m.Message)
		answers <- text
		return err
	})
	if err != nil {
		return err
	}
	if err := errors.Join(bot.meet(ctx, human), human.meet(ctx, bot)); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 2)
	for _, p := range []*peer{bot, human} {
		go func() { ended <- errors.Join(p.node.Run(ctx), p.transport.Close()) }()
	}
	defer func() {
		stop()
		err = errors.Join(err, <-ended, <-ended)
	}()
	if err := human.node.Send(ctx, basicmessage.New(bot.self.DID.Canonical(), "is there anybody?")); err != nil {
		return err
	}
	select {
	case text := <-answers:
		fmt.Println("the bot says:", text)
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// meet makes a contact of another peer, as claiming an invitation does.
func (p *peer) meet(ctx context.Context, other *peer) error {
	if err := p.store.Learn(ctx, other.self.DID); err != nil {
		return err
	}
	return p.store.AddContact(ctx, inbox.Contact{
		DID: other.self.DID.Canonical(), Name: "friend", Pins: other.self.Document.Pins(), Addresses: other.transport.Addresses(),
	})
}
