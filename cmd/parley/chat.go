package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

const lastWait = 10 * time.Second // for what was typed last to be delivered

func chatCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "chat [NAME]",
		Short: "Talk with a contact, line by line",
		Long: "Shows the last messages, then sends each line that you type and shows what arrives. What becomes of yours stands " +
			"beside them: ⧖ queued, ↑ held by a relay, ✓ delivered, ✓✓ read. /help lists what else you can type, Ctrl-D ends " +
			"it. Without NAME it asks whom, or takes the only contact.\n\n" +
			"In a pipe it sends the lines of stdin, each as it is, and ends once they are delivered, or after 10 seconds.",
		Example: `parley chat alice
seq 3 | parley chat alice
parley chat alice --json < questions.txt`,
		Args:              atMostOne("NAME"),
		ValidArgsFunction: a.completeArgs([]string{"NAME"}),
		RunE: a.do(func(ctx context.Context, args []string) error {
			need := access{online: true, serve: true, greet: true}
			err := a.with(ctx, need, func(ctx context.Context, w control.Wallet) error {
				return a.chat(ctx, w, args)
			})
			if ctx.Err() != nil && errors.Is(err, context.Canceled) {
				return nil
			}
			return err
		}),
	}
}

// atMostOne accepts no argument or one.
func atMostOne(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return takes(name)(cmd, args)
	}
}

// chat is a conversation on the screen. One goroutine has it; others hand it what happens.
type chat struct {
	wallet  control.Wallet
	with    control.Contact
	print   *printer
	display *display // nil where nothing is typed on the screen
	person  bool     // somebody types at a terminal
	restore func()   // gives the terminal back
	began   time.Time

	seen   map[int64]bool  // received messages on the screen
	states map[string]mark // what was last shown of a sent message
	mine   []string        // ids of what was typed and is not settled yet
	past   past
	day    string // of what was shown last
	asked  string // id of the newest question of theirs that is open
	// answered is when the last answer to a question was given, by its thread.
	answered map[string]time.Time
	away     bool // it was said that they cannot be reached
	aside    aside
}

// mark is what is shown of a sent message: its state, and whether there is a problem.
type mark struct {
	state   string
	problem bool
}

func markOf(s control.Sent) mark { return mark{s.State, s.Problem != ""} }

// settled reports whether nothing more will happen to the message that one could wait for.
func (m mark) settled() bool {
	return slices.Contains([]string{"delivered", "read", "failed", "expired"}, m.state)
}

// chat runs one conversation with whom args name.
func (a *app) chat(ctx context.Context, w control.Wallet, args []string) error {
	with, err := a.choose(ctx, w, args)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in, err := a.lines(ctx)
	if err != nil {
		return err
	}
	defer in.restore()
	defer in.rescue()
	c := &chat{
		wallet: w, with: with, print: a.print, display: in.display, person: in.person, restore: in.restore,
		began: a.print.now(), seen: map[int64]bool{}, states: map[string]mark{}, answered: map[string]time.Time{},
	}
	return c.talk(ctx, in)
}

// talk runs the conversation until its lines or ctx end.
func (c *chat) talk(ctx context.Context, in source) error {
	present, err := c.wallet.Changes(ctx, control.ChangesRequest{})
	if err != nil {
		return err
	}
	if err := c.begin(ctx); err != nil {
		return err
	}
	if c.display != nil {
		c.strangers(present.Requests)
	}
	ctx, cancel := context.WithCancel(ctx)
	changes, followed := make(chan update), make(chan struct{})
	defer func() { cancel(); <-followed }()
	go func() {
		defer close(followed)
		defer in.rescue()
		c.follow(ctx, present.Rev, changes)
	}()
	return c.run(ctx, in.lines, changes, c.greet(ctx, in.rescue))
}

// begin says with whom one talks, and shows the last messages.
func (c *chat) begin(ctx context.Context) error {
	end := ". Ctrl-D ends it."
	if c.display != nil {
		end = ". /help for more, Ctrl-D ends it."
	}
	c.note(faint("Talking with "), name(c.with.Name), faint(end))
	if err := c.recent(ctx); err != nil {
		return err
	}
	switch {
	case c.with.Blocked:
		c.remark(c.with.Name, " is blocked: parley contacts unblock ", c.with.Name)
	case c.with.Offer != nil:
		c.warnOfKeys()
	case c.with.Pending:
		c.remark(c.with.Name, " has not accepted yet: what you write waits until then")
	}
	return nil
}

// errQuit is what /quit wants: the end of the lines.
var errQuit = errors.New("quit")

// update is what the wallet says has changed, or why it cannot.
type update struct {
	control.Changes
	err error
}

// follow hands on what changes after rev until ctx ends or that fails.
func (c *chat) follow(ctx context.Context, rev int64, to chan<- update) {
	for {
		ch, err := c.wallet.Changes(ctx, control.ChangesRequest{After: rev, Wait: followWait})
		select {
		case to <- update{ch, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
		rev = ch.Rev
	}
}

// run is the conversation: it ends with its lines, once what was typed is delivered, or for a while not.
func (c *chat) run(ctx context.Context, lines <-chan typed, changes <-chan update, greeted <-chan string) error {
	tick := time.NewTicker(requestsEvery)
	defer tick.Stop()
	var late <-chan time.Time
	for lines != nil || len(c.mine) > 0 {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case l, more := <-lines:
			if more {
				err = c.typed(ctx, l)
				break
			}
			lines, late = nil, time.After(lastWait)
			c.leave()
		case u := <-changes:
			if u.err != nil {
				return u.err
			}
			err = c.changed(ctx, u.Changes)
		case text := <-greeted:
			if text == keysAsked {
				c.lookAtKeys(ctx)
				break
			}
			c.remark(text)
		case <-tick.C:
			c.lookForStrangers(ctx)
			c.lookAtKeys(ctx)
		case <-late:
			return c.undelivered()
		}
		switch {
		case errors.Is(err, errLeave):
			c.restore()
			c.display = nil
			return c.undelivered()
		case errors.Is(err, errQuit):
			lines, late = nil, time.After(lastWait)
			c.leave()
		case err != nil:
			return err
		}
	}
	return nil
}

// leave gives the terminal back, so that Ctrl-C works while the last messages are waited for.
func (c *chat) leave() {
	c.restore()
	typed := c.display != nil
	c.display = nil
	if len(c.mine) > 0 && typed {
		c.print.note(faint("Delivering what you wrote last. Ctrl-C leaves at once: it is kept."))
	}
}

func (c *chat) undelivered() error {
	if len(c.mine) > 0 {
		c.print.note(len(c.mine), " not delivered yet; kept, and sent when both are online: parley outbox")
	}
	return nil
}

// typed does what a line asks for.
func (c *chat) typed(ctx context.Context, l typed) error {
	switch {
	case errors.Is(l.err, errLeave):
		return l.err
	case l.err != nil:
		return fmt.Errorf("read what to send: %w", l.err)
	case strings.TrimSpace(l.text) == "":
		return nil
	case c.person:
		return c.command(ctx, l.text)
	}
	return c.send(ctx, l.text)
}

// changed shows what has changed.
func (c *chat) changed(ctx context.Context, ch control.Changes) error {
	var theirs []control.Message
	for _, m := range ch.Received {
		switch {
		case m.From != c.with.DID:
			c.aside.add(m, c.began)
		case !c.seen[m.Seq] && (!m.Acked || m.Seq > c.past.newest):
			c.seen[m.Seq] = true
			theirs = append(theirs, m)
		}
	}
	if err := c.received(ctx, theirs); err != nil {
		return err
	}
	var ours []control.Sent
	for _, s := range ch.Sent {
		if s.To == c.with.DID {
			ours = append(ours, s)
		}
	}
	if err := c.progress(ours); err != nil {
		return err
	}
	c.elsewhere()
	return nil
}
