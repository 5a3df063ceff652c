package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

const (
	followWait = time.Minute     // of one long poll
	ackTime    = 5 * time.Second // to note that a message was shown, even when we are to end
)

// receiver is one run of recv.
type receiver struct {
	from    string
	limit   int
	timeout time.Duration
	follow  bool
	manual  bool
	save    string // the folder for files; empty: they are not saved

	print *printer
	knock knocks
	shown int

	// Kept for manual only, where messages stay unacked: how far they have been followed, and which are shown. A
	// message comes again when it is marked, and one may come late that arrived before others.
	rev  int64
	seen map[int64]bool // by Seq
}

func recvCommand(a *app) *cobra.Command {
	r := &receiver{}
	var ack string
	var cmd *cobra.Command
	cmd = &cobra.Command{
		Use:   "recv",
		Short: "Show what has arrived, and wait for more",
		Long: "Prints messages that are not done with, oldest first, and listens for more until its time is over. Each is " +
			"done with once its line is written; with --ack manual only when parley ack says so, and until then it comes " +
			"again. Either way whoever sent it learns that it was read when it is shown, as far as parley receipts allows.",
		Example: `parley recv
parley recv --follow --json
parley recv --limit 1 --timeout 1m --from alice
parley recv --ack manual --json
parley recv --save ~/Downloads`,
		Args: takes(),
		RunE: a.do(func(ctx context.Context, _ []string) error {
			switch {
			case ack != "auto" && ack != "manual":
				return badUsage("--ack auto or --ack manual", "--ack cannot be %q", ack)
			case r.follow && cmd.Flags().Changed("timeout"):
				return badUsage("leave one of them out", "--follow has no --timeout: it goes on until interrupted")
			case r.limit < 0 || r.timeout < 0:
				return badUsage("", "--limit and --timeout must not be negative")
			}
			if err := checkFolder(r.save); err != nil {
				return err
			}
			r.manual, r.print = ack == "manual", a.print
			return a.recv(ctx, r)
		}),
	}
	f := cmd.Flags()
	f.BoolVarP(&r.follow, "follow", "f", false, "go on until interrupted")
	f.StringVar(&ack, "ack", "auto", "auto, or manual: parley ack says what is done with")
	f.DurationVar(&r.timeout, "timeout", 10*time.Second, "how long to listen; 0 shows what is there")
	f.IntVar(&r.limit, "limit", 0, "end after this many")
	f.StringVar(&r.from, "from", "", "only those of this contact")
	f.StringVar(&r.save, "save", "", "save the files that come along in this `DIR`")
	return cmd
}

// recv runs r. With --follow it survives the end of a daemon: it then takes the wallet itself.
func (a *app) recv(ctx context.Context, r *receiver) error {
	need := access{online: true, serve: true, greet: true}
	for {
		err := a.with(ctx, need, r.run)
		var e *control.Error
		if r.follow && errors.As(err, &e) && e.Code == control.CodeNoDaemon && !errors.Is(err, errBusy) {
			continue
		}
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			return nil // to be interrupted is how it ends
		}
		return err
	}
}

// run shows messages until the time or the limit is reached.
func (r *receiver) run(ctx context.Context, w control.Wallet) error {
	deadline := time.Now().Add(r.timeout)
	for {
		r.knock.look(ctx, w, r.print)
		wait := followWait
		if !r.follow {
			wait = max(0, time.Until(deadline))
		}
		q := control.ReceiveRequest{From: r.from, ByRev: r.manual, AfterRev: r.rev, Wait: wait, Limit: listLimit}
		if r.limit > 0 && !r.manual {
			q.Limit = min(q.Limit, r.limit-r.shown)
		}
		page, err := w.Receive(ctx, q)
		if err != nil {
			return err
		}
		got := len(page)
		page = r.unseen(page)
		if err := r.show(ctx, w, page); err != nil {
			return err
		}
		if r.limit > 0 && r.shown >= r.limit || got == 0 && wait == 0 {
			return nil
		}
	}
}

// unseen leaves of a page that is followed by revision what was not shown before, in the order of arrival.
func (r *receiver) unseen(page []control.Message) []control.Message {
	if !r.manual {
		return page
	}
	for _, m := range page {
		r.rev = max(r.rev, m.Rev)
	}
	page = slices.DeleteFunc(page, func(m control.Message) bool { return r.seen[m.Seq] })
	slices.SortFunc(page, func(a, b control.Message) int { return cmp.Compare(a.Seq, b.Seq) })
	if r.limit > 0 {
		page = page[:min(len(page), r.limit-r.shown)]
	}
	return page
}

// show writes messages and only then says that they were shown, those that could be written: all at once, so
// that their sender gets one receipt for them.
func (r *receiver) show(ctx context.Context, w control.Wallet, page []control.Message) (err error) {
	var seqs []int64
	for _, m := range page {
		if err = r.message(m); err != nil {
			break
		}
		r.shown++
		if r.manual {
			if r.seen == nil {
				r.seen = map[int64]bool{}
			}
			r.seen[m.Seq] = true
		}
		seqs = append(seqs, m.Seq)
	}
	if len(seqs) == 0 {
		return err
	}
	// Interrupted now, the messages would be shown again.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ackTime)
	defer cancel()
	return join(w.Mark(ctx, control.MarkRequest{Seqs: seqs, Acked: !r.manual}), err)
}

// message saves the files of a message and writes it.
func (r *receiver) message(m control.Message) error {
	if r.save == "" || len(m.Files) == 0 {
		if err := r.print.message(m, r.manual); err != nil || len(m.Files) == 0 {
			return err
		}
		r.print.note(faint("To keep " + counted(len(m.Files), "file") + ": parley save " + shellWord(m.ID)))
		return nil
	}
	paths, err := saveFiles(r.save, m.Files)
	if err != nil {
		return err
	}
	if err := r.print.message(m, r.manual); err != nil {
		return err
	}
	for _, path := range paths {
		r.print.note(faint("saved " + path))
	}
	return nil
}

// aimedAnswer names the wallet in the command at the end of a question, and leaves what was asked as it is.
func (p *printer) aimedAnswer(text string) string {
	i := max(0, strings.LastIndex(text, " parley answer "))
	return text[:i] + p.aimed(text[i:])
}

// message writes a received message, with its id if the user is to name it.
func (p *printer) message(m control.Message, withID bool) error {
	text := any(body(m.Content))
	if m.Content == "" {
		text = faint(p.aimedAnswer(other(m)))
	}
	l := line{m.Received, " "}
	if withID {
		l = append(l, faint(m.ID), " ")
	}
	return p.show(m, append(append(l, name(m.FromName), ": ", text), fileParts(m.Files)...))
}

func ackCommand(a *app) *cobra.Command {
	var from string
	cmd := &cobra.Command{
		Use:   "ack ID...",
		Short: "Say that messages are done with",
		Long:  "Marks messages of parley recv --ack manual as done, so that they are not shown again.",
		Example: `parley recv --ack manual --json
parley ack 6ZZXYWQ2JXH3VQ5MPL7AVXCGTA`,
		Args: takesSome("ID"),
		RunE: a.do(func(ctx context.Context, args []string) error {
			return a.with(ctx, access{}, func(ctx context.Context, w control.Wallet) error {
				if err := w.Mark(ctx, control.MarkRequest{IDs: args, From: from, Acked: true}); err != nil {
					return err
				}
				return a.print.show(struct {
					V     int      `json:"v"`
					Acked []string `json:"acked"`
				}{control.Version, args}, line{"done: ", len(args)})
			})
		}),
	}
	cmd.Flags().StringVar(&from, "from", "", "of this contact, where two have sent one with that id")
	return cmd
}
