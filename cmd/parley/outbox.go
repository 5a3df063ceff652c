package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

// listLimit is how many messages a list shows unless told otherwise.
const listLimit = 100

func outboxCommand(a *app) *cobra.Command {
	r := control.SentRequest{Newest: true}
	var all bool
	cmd := &cobra.Command{
		Use:   "outbox",
		Short: "See what has not been delivered yet",
		Long:  "Lists the messages that wait for delivery, oldest first; with --all also those that are done.",
		Example: `parley outbox
parley outbox --all --to alice --json`,
		Args: takes(),
		RunE: a.do(func(ctx context.Context, _ []string) error {
			if r.Limit < 0 {
				return badUsage("", "--limit must not be negative")
			}
			r.Waiting = !all
			return a.with(ctx, access{}, func(ctx context.Context, w control.Wallet) error {
				list, err := w.Sent(ctx, r)
				if err != nil {
					return err
				}
				return a.showOutbox(list)
			})
		}),
	}
	f := cmd.Flags()
	f.BoolVar(&all, "all", false, "show delivered and failed messages, too")
	f.StringVar(&r.To, "to", "", "only those to this contact")
	f.IntVar(&r.Limit, "limit", listLimit, "at most this many, the newest")
	return cmd
}

func (a *app) showOutbox(list []control.Sent) error {
	if len(list) == 0 {
		a.print.note("Nothing is waiting.")
	}
	for _, s := range list {
		text := s.Content
		if text == "" {
			text = other(control.Message{Type: s.Type, Body: s.Body})
		}
		l := append(line{s.Created, " ", faint(s.ID), "  "}, a.print.state(s.State)...)
		l = append(append(l, "  ", name(s.ToName), ": ", excerpt(text, 60)), fileParts(s.Files)...)
		if s.Problem != "" {
			l = append(l, faint("  ("+excerpt(s.Problem, 80)+")"))
		}
		if err := a.print.show(s, l); err != nil {
			return err
		}
	}
	return nil
}

func cancelCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "cancel ID",
		Short:   "Take a queued message back",
		Long:    "Gives up a message that is still queued. What has left cannot be taken back.",
		Example: `parley cancel 6ZZXYWQ2JXH3VQ5MPL7AVXCGTA`,
		Args:    takes("ID"),
		RunE: a.do(func(ctx context.Context, args []string) error {
			return a.with(ctx, access{}, func(ctx context.Context, w control.Wallet) error {
				s, err := w.Cancel(ctx, args[0])
				if err != nil {
					return err
				}
				return a.print.show(s, line{"cancelled: ", name(s.ToName), ": ", excerpt(s.Content, 60)})
			})
		}),
	}
}
