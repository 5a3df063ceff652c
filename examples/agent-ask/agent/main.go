// Agent asks the owner of the house whether it may go on, and waits for the answer: question-answer 1.0. Start
// the owner first, and give the agent the invitation that it prints:
//
//	go run ./examples/agent-ask/agent FOLDER 'didcomm://invite?_oob=…' [MULTIADDR TO LISTEN ON]...
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/parley-im/parley/messaging/wallet"
)

func main() {
	if len(os.Args) < 3 {
		log.Fatal("usage: agent FOLDER INVITATION [LISTEN]...")
	}
	answer, err := ask(os.Args[1], os.Args[2], os.Args[3:])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the owner says:", answer)
}

func ask(dir, invitation string, listen []string) (answer string, err error) {
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Minute)
	defer stop()
	w, err := wallet.Open(ctx, dir, wallet.Options{Create: true, Name: "agent", Listen: listen})
	if err != nil {
		return "", err
	}
	ended := make(chan error)
	go func() { ended <- w.Run(ctx) }()
	if _, err = w.Add(ctx, invitation, "owner"); err == nil {
		answer, err = w.Ask(ctx, "owner", wallet.Question{Text: "May I restart the heating?", Responses: []string{"yes", "no"}})
	}
	stop()
	if failed := <-ended; err == nil {
		err = failed
	}
	if closed := w.Close(); err == nil {
		err = closed
	}
	return answer, err
}
