package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/parley-im/parley/internal/control"
)

// Options are how to run the demo.
type Options struct {
	// JSON prints one object per step. Plain prints no colours and rewrites no line; Words besides has words
	// instead of symbols. Quiet prints nothing: the error says it all.
	JSON, Plain, Words, Quiet bool
	// Out is where the steps are printed; the zero value is no place.
	Out io.Writer
	// Log takes what the wallets log; nil: nothing.
	Log *slog.Logger
}

// limit is how long the demo may take; it takes a second or two.
const limit = 60 * time.Second

// story is the demo under way.
type story struct {
	stage
	alice, bob *actor
	thread     string
}

// Run plays the demo. It returns nil only if each step was done and checked.
func Run(ctx context.Context, o Options) (err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	dir, err := os.MkdirTemp("", "parley-demo-")
	if err != nil {
		return fmt.Errorf("make a temporary folder: %w", err)
	}
	s := &story{stage: newStage(o)}
	s.alice, s.bob = newActor("alice", dir, o.Log), newActor("bob", dir, o.Log)
	defer func() {
		err = errors.Join(err, s.alice.leave(), s.bob.leave(), os.RemoveAll(dir))
	}()
	s.open()
	for _, step := range []step{
		{"wallets", "Two wallets are made: a key file, a database, a DID each", s.wallets},
		{"invitation", "Alice invites, Bob accepts: each becomes the other's contact", s.invitation},
		{"resolve", "Each resolves the other's DID document", s.resolve},
		{"verify", "Each proves its DID to the other over libp2p", s.verify},
		{"compare", "Both see the same safety number, which people compare", s.compare},
		{"message", "Alice writes to Bob", s.message},
		{"reply", "Bob answers in the same thread", s.reply},
		{"offline", "Bob closes his wallet and is gone", s.offline},
		{"queue", "Alice writes three messages that nobody can take", s.queue},
		{"reopen", "Alice closes her wallet, too, and opens it again", s.reopen},
		{"return", "Bob comes back", s.comeBack},
		{"arrived", "The three have arrived, once each and in order", s.arrived},
	} {
		if err := s.play(ctx, step); err != nil {
			return err
		}
	}
	return s.done()
}

// expect returns an error unless ok.
func expect(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// send sends a text and expects it to reach a state.
func (s *story) send(ctx context.Context, from *actor, to, text, state string, timeout time.Duration) (control.Sent, error) {
	r := control.SendRequest{To: to, Text: text, Thread: s.thread, Timeout: timeout}
	sent, err := from.wallet.Send(ctx, r)
	if err != nil {
		return sent, err
	}
	if err := expect(sent.State == state, "the message is %s instead of %s: %s", sent.State, state, sent.Problem); err != nil {
		return sent, err
	}
	s.say("%s%s%s  “%s”  %s%s", from.name, s.symbol(" → ", " to "), to, text, s.tick(sent.State), sent.State)
	return sent, nil
}

// tick is the mark of a state, if there are marks.
func (s *stage) tick(state string) string {
	if state == "delivered" {
		return s.symbol("✓ ", "")
	}
	return s.symbol("⧖ ", "")
}
