package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

// exportPage is how many messages of each direction an export holds at once.
const exportPage = 200

// exporter is one run of export.
type exporter struct {
	format, output string
	force          bool
}

func exportCommand(a *app) *cobra.Command {
	var e exporter
	cmd := &cobra.Command{
		Use:   "export NAME",
		Short: "Write a whole conversation as JSON lines or Markdown",
		Long: "Writes every message to and from a contact, in order, to stdout or a file. jsonl has one object per " +
			"message: those of parley recv --json and parley outbox --json with a direction. md is for reading: what " +
			"was written in a message stays text there, it makes no headings, links or code. Times are in UTC.",
		Example: `parley export alice > alice.jsonl
parley export alice --format md --output alice.md`,
		Args: takes("NAME"),
		RunE: a.do(func(ctx context.Context, args []string) error {
			if e.format != "jsonl" && e.format != "md" {
				return badUsage("--format jsonl or --format md", "--format cannot be %q", e.format)
			}
			return a.with(ctx, access{}, func(ctx context.Context, w control.Wallet) error {
				return a.export(ctx, w, args[0], e)
			})
		}),
	}
	f := cmd.Flags()
	f.StringVar(&e.format, "format", "jsonl", "jsonl or md")
	f.StringVarP(&e.output, "output", "o", "", "write to this `FILE`, whole or not at all")
	f.BoolVar(&e.force, "force", false, "replace the file if it is there")
	return cmd
}

// export writes the conversation to where e says.
func (a *app) export(ctx context.Context, w control.Wallet, who string, e exporter) error {
	with, err := lookUp(ctx, w, who)
	if err != nil {
		return err
	}
	busy := a.print.progress("exporting "+with.Name, 0)
	defer busy.end()
	if e.output == "" {
		out := bufio.NewWriter(a.print.out)
		_, err := a.writeConversation(ctx, w, with, e.format, out)
		busy.end()
		if err := join(err, out.Flush()); err != nil {
			return err
		}
		return a.warnMissing(ctx, w)
	}
	n := 0
	err = writeWhole(e.output, e.force, func(out io.Writer) (err error) {
		n, err = a.writeConversation(ctx, w, with, e.format, out)
		return err
	})
	busy.end()
	if err == nil {
		err = a.warnMissing(ctx, w)
	}
	if err != nil {
		return err
	}
	return a.print.show(struct {
		V        int    `json:"v"`
		Path     string `json:"path"`
		Messages int    `json:"messages"`
	}{control.Version, e.output, n}, line{"wrote ", n, " messages to ", e.output})
}

// warnMissing says that there are damaged rows: lists of messages pass over them, so that the rest can be read.
func (a *app) warnMissing(ctx context.Context, w control.Wallet) error {
	busy := a.print.progress("looking for what cannot be read", 0)
	c, err := w.Check(ctx)
	busy.end()
	if err == nil && len(c.Damaged) > 0 {
		a.print.warn(counted(len(c.Damaged), "row") + " of the database cannot be read, so messages may be missing: parley doctor")
	}
	return err
}

// writeConversation writes all messages and returns how many they were.
func (a *app) writeConversation(ctx context.Context, w control.Wallet, with control.Contact, format string, out io.Writer) (n int, err error) {
	write := a.jsonLines(out)
	if format == "md" {
		if write, err = a.markdown(out, with); err != nil {
			return 0, err
		}
	}
	err = conversation(ctx, w, with, func(s said) error {
		n++
		return write(s)
	})
	return n, err
}

// said is one message of a conversation: one of the two is set. At orders it.
type said struct {
	received *control.Message
	sent     *control.Sent
	at       time.Time
}

// conversation calls do with every message of and to a contact. Each direction comes in its own order, which
// numbers keep; between the two the clock decides, which never goes back within one.
func conversation(ctx context.Context, w control.Wallet, with control.Contact, do func(said) error) error {
	theirs := &pages[control.Message]{
		load: func(after int64) ([]control.Message, error) {
			return w.Receive(ctx, control.ReceiveRequest{From: with.DID, All: true, After: after, Limit: exportPage})
		},
		key: func(m control.Message) (int64, time.Time) { return m.Seq, m.Received },
	}
	ours := &pages[control.Sent]{
		load: func(after int64) ([]control.Sent, error) {
			return w.Sent(ctx, control.SentRequest{To: with.DID, After: after, Limit: exportPage})
		},
		key: func(s control.Sent) (int64, time.Time) { return s.Seq, s.Created },
	}
	for {
		m, err := theirs.peek()
		if err != nil {
			return err
		}
		s, err := ours.peek()
		if err != nil {
			return err
		}
		switch {
		case m == nil && s == nil:
			return nil
		case s == nil || m != nil && !ours.at.Before(theirs.at):
			err = do(said{received: theirs.take(), at: theirs.at})
		default:
			err = do(said{sent: ours.take(), at: ours.at})
		}
		if err != nil {
			return err
		}
	}
}

// pages reads a long list page by page.
type pages[T any] struct {
	load func(after int64) ([]T, error)
	key  func(T) (seq int64, at time.Time)

	page  []T
	after int64
	ended bool
	at    time.Time // of the next one, or of one before it that came later
}

// errStuck ends an export that would never end.
var errStuck = errors.New("the messages come again and again: is the daemon of another version? see parley version")

// peek returns the next one, nil at the end.
func (p *pages[T]) peek() (*T, error) {
	if len(p.page) == 0 && !p.ended {
		page, err := p.load(p.after)
		if err != nil {
			return nil, err
		}
		p.page, p.ended = page, len(page) == 0
		if !p.ended {
			last, _ := p.key(page[len(page)-1])
			if last <= p.after {
				return nil, errStuck
			}
			p.after = last
		}
	}
	if len(p.page) == 0 {
		return nil, nil
	}
	if _, at := p.key(p.page[0]); at.After(p.at) {
		p.at = at
	}
	return &p.page[0], nil
}

// take returns the one that peek returned, and goes on.
func (p *pages[T]) take() *T {
	next := p.page[0]
	p.page = p.page[1:]
	return &next
}

// jsonLines writes each message as one JSON object. What a terminal would obey is escaped in it.
func (a *app) jsonLines(out io.Writer) func(said) error {
	return func(s said) error {
		if s.received != nil {
			return a.print.object(out, struct {
				Direction string `json:"direction"`
				control.Message
			}{"received", *s.received})
		}
		return a.print.object(out, struct {
			Direction string `json:"direction"`
			control.Sent
		}{"sent", *s.sent})
	}
}
