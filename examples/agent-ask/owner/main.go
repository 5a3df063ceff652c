// Owner prints an invitation, shows the questions of whoever claims it, and answers with what is typed:
// question-answer 1.0. Run it with
//
//	go run ./examples/agent-ask/owner FOLDER [MULTIADDR TO LISTEN ON]...
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/questionanswer"
	"github.com/parley-im/parley/messaging/wallet"
)

func main() {
	if len(os.Args) < 2 {
		log.Fatal("usage: owner FOLDER [LISTEN]...")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	w, err := wallet.Open(ctx, os.Args[1], wallet.Options{Create: true, Name: "owner", Listen: os.Args[2:]})
	if err != nil {
		log.Fatal(err)
	}
	o := owner{typed: bufio.NewScanner(os.Stdin)}
	w.Handle(questionanswer.QuestionType, messaging.HandlerFunc(o.question))
	link, err := w.Invite(ctx, wallet.Invitation{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(link)
	if err := errors.Join(w.Run(ctx), w.Close()); err != nil {
		log.Fatal(err)
	}
}

// owner is the person at the keyboard.
type owner struct{ typed *bufio.Scanner }

// question shows a question until one of its answers has been typed.
func (o owner) question(_ context.Context, re messaging.Replier, m *messaging.Received) error {
	q, err := questionanswer.Parse(m.Message)
	if err != nil {
		return nil // asking again would not mend it
	}
	fmt.Printf("%s [%s]\n", q.Text, strings.Join(q.Responses, "/"))
	for o.typed.Scan() {
		if slices.Contains(q.Responses, o.typed.Text()) {
			return re.Reply(questionanswer.Answer(m.Sender, m.Message, o.typed.Text()))
		}
		fmt.Printf("please type one of: %s\n", strings.Join(q.Responses, ", "))
	}
	return errors.New("nobody is there to answer")
}
