package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

const (
	history    = 10               // messages of before that a chat begins with
	lastWait   = 10 * time.Second // for what was typed last to be delivered
	maxUnread  = 1000
	chatPrompt = "> "
)

func chatCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "chat NAME",
		Short: "Talk with a contact, line by line",
		Long: "Shows the last messages, then sends each line that you type and shows what arrives. Ctrl-D ends it. In a " +
			"pipe it sends the lines of stdin and ends once they are delivered, or after 10 seconds.",
		Example: `parley chat alice
seq 3 | parley chat alice`,
		Args: takes("NAME"),
		RunE: a.do(func(ctx context.Context, args []string) error {
			need := access{online: true, serve: true, greet: true}
			err := a.with(ctx, need, func(ctx context.Context, w control.Wallet) error {
				return a.chat(ctx, w, args[0])
			})
			if ctx.Err() != nil && errors.Is(err, context.Canceled) {
				return nil
			}
			return err
		}),
	}
}

// chat is a conversation on the screen.
type chat struct {
	wallet  control.Wallet
	with    control.Contact
	print   *printer
	restore func() // gives the terminal back

	mu     sync.Mutex
	seen   map[int64]bool  // received messages on the screen; guarded by mu
	states map[string]mark // what was last shown of a sent message; guarded by mu
	news   chan struct{}   // holds a hint when states has changed
}

// mark is what is shown of a sent message: its state, and whether there is a problem.
type mark struct {
	state   string
	problem bool
}

// settled reports whether nothing more will happen to the message.
func (m mark) settled() bool {
	return slices.Contains([]string{"delivered", "read", "failed", "expired"}, m.state)
}

func (a *app) chat(ctx context.Context, w control.Wallet, who string) error {
	with, err := lookUp(ctx, w, who)
	if err != nil {
		return err
	}
	lines, p, restore, err := a.lines(ctx)
	if err != nil {
		return err
	}
	defer restore()
	c := &chat{wallet: w, with: with, print: p, restore: restore, seen: map[int64]bool{}, states: map[string]mark{}, news: make(chan struct{}, 1)}
	present, err := w.Changes(ctx, control.ChangesRequest{})
	if err != nil {
		return err
	}
	p.note(faint("Talking with "), name(with.Name), faint(". Ctrl-D ends it."))
	if err := c.past(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	followed := make(chan struct{})
	go func() {
		defer close(followed)
		cancel(c.follow(ctx, present.Rev))
	}()
	err = c.send(ctx, lines)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	cancel(nil)
	<-followed
	return err
}

// past shows the last messages of both, and all that were not shown before.
func (c *chat) past(ctx context.Context) error {
	unread, err := c.wallet.Receive(ctx, control.ReceiveRequest{From: c.with.DID, Limit: maxUnread})
	if err != nil {
		return err
	}
	received, err := c.wallet.Receive(ctx, control.ReceiveRequest{From: c.with.DID, All: true, Newest: true, Limit: history})
	if err != nil {
		return err
	}
	sent, err := c.wallet.Sent(ctx, control.SentRequest{To: c.with.DID, Newest: true, Limit: history})
	if err != nil {
		return err
	}
	type item struct {
		at   time.Time
		show func() error
	}
	var items []item
	theirs := append(received, unread...)
	slices.SortFunc(theirs, func(a, b control.Message) int { return cmp.Compare(a.Seq, b.Seq) })
	var at time.Time
	for _, m := range theirs {
		if m.Received.After(at) {
			at = m.Received // the clock may have gone back: what came later is not shown earlier
		}
		items = append(items, item{at, func() error { return c.received(ctx, m) }})
	}
	for _, s := range sent {
		if s.Content != "" {
			items = append(items, item{s.Created, func() error { return c.ours(s) }})
		}
	}
	slices.SortStableFunc(items, func(a, b item) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	for _, i := range items {
		if err := i.show(); err != nil {
			return err
		}
	}
	return nil
}

// received shows a message of theirs, once, and says that it was shown.
func (c *chat) received(ctx context.Context, m control.Message) error {
	c.mu.Lock()
	before := c.seen[m.Seq]
	c.seen[m.Seq] = true
	c.mu.Unlock()
	if before {
		return nil
	}
	if err := c.print.message(m, false); err != nil || m.Acked {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ackTime)
	defer cancel()
	return c.wallet.Mark(ctx, control.MarkRequest{Seqs: []int64{m.Seq}, Acked: true})
}

// ours shows a message of ours of before.
func (c *chat) ours(s control.Sent) error {
	c.mu.Lock()
	c.states[s.ID] = mark{s.State, s.Problem != ""}
	c.mu.Unlock()
	return c.print.show(s, append(line{s.Created, " ", faint("you"), ": ", body(s.Content), "  "}, c.print.state(s.State)...))
}

// send sends the lines until they end, and then waits for a while until they are delivered.
func (c *chat) send(ctx context.Context, lines <-chan typed) error {
	var ids []string
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case l, more := <-lines:
			if !more {
				c.restore() // so that Ctrl-C works while it waits
				return c.linger(ctx, ids)
			}
			if l.err != nil {
				return fmt.Errorf("read what to send: %w", l.err)
			}
			s, err := c.wallet.Send(ctx, control.SendRequest{To: c.with.DID, Text: l.text})
			if err != nil {
				return err
			}
			ids = append(ids, s.ID)
		}
	}
}

// linger waits until the messages are settled, for a while.
func (c *chat) linger(ctx context.Context, ids []string) error {
	ctx, cancel := context.WithTimeout(ctx, lastWait)
	defer cancel()
	if ids = c.unsettled(ids); len(ids) > 0 && c.print.outTerminal {
		c.print.note(faint("Delivering what you wrote last. Ctrl-C leaves at once: it is kept."))
	}
	for {
		if ids = c.unsettled(ids); len(ids) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return ctx.Err()
			}
			c.print.note(len(ids), " not delivered yet; kept, and sent when both are online: parley outbox")
			return nil
		case <-c.news:
		}
	}
}

// unsettled returns ids, whose array it reuses, without those that are settled.
func (c *chat) unsettled(ids []string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(ids, func(id string) bool { return c.states[id].settled() })
}

// follow shows what changes after rev until ctx ends.
func (c *chat) follow(ctx context.Context, rev int64) error {
	for {
		ch, err := c.wallet.Changes(ctx, control.ChangesRequest{After: rev, Wait: followWait})
		if err != nil {
			return err
		}
		for _, m := range ch.Received {
			if m.From == c.with.DID && !m.Acked {
				if err := c.received(ctx, m); err != nil {
					return err
				}
			}
		}
		for _, s := range ch.Sent {
			if s.To == c.with.DID && s.Content != "" {
				if err := c.progress(s); err != nil {
					return err
				}
			}
		}
		rev = ch.Rev
	}
}

// progress shows what became of a message of ours, if that is news.
func (c *chat) progress(s control.Sent) error {
	now := mark{s.State, s.Problem != ""}
	c.mu.Lock()
	before := c.states[s.ID]
	c.states[s.ID] = now
	c.mu.Unlock()
	select {
	case c.news <- struct{}{}:
	default:
	}
	if now == before || s.State == "queued" && (!now.problem || before.problem) {
		return nil
	}
	l := append(line{"      "}, c.print.state(s.State)...)
	l = append(l, faint(": "+excerpt(s.Content, 40)))
	if s.Problem != "" {
		l = append(l, faint(" ("+excerpt(s.Problem, 60)+")"))
	}
	return c.print.show(s, l)
}
