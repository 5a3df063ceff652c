package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

func requestsCommand(a *app) *cobra.Command {
	list := func(ctx context.Context, _ []string) error {
		return a.with(ctx, access{}, func(ctx context.Context, w control.Wallet) error {
			all, err := w.Requests(ctx)
			if err != nil {
				return err
			}
			return a.showRequests(all)
		})
	}
	cmd := &cobra.Command{
		Use:   "requests",
		Short: "See who wants to talk to you, and decide",
		Long: "Lists the first messages of strangers, oldest first. Each waits until you accept its sender, who then is " +
			"a contact and whose message is there for parley recv, or block it, which forgets the message and takes no " +
			"more; the sender does not learn which. Nobody can wait with more than one message, and after 30 days " +
			"it is forgotten. REF is the DID, its short form, or a unique prefix.",
		Example: `parley requests
parley requests accept 4zQmd8 --as dora
parley requests block did:peer:4zQmXf…k3Pq`,
		SuggestionsMinimumDistance: 2,
		Args:                       subcommandOnly,
		RunE:                       a.do(list),
	}
	cmd.AddCommand(
		&cobra.Command{Use: "list", Short: "List who waits", Args: takes(), RunE: a.do(list), Example: "parley requests list --json"},
		a.settleCommand("accept", "Make a contact of a stranger, and take the message", false),
		a.settleCommand("block", "Forget the message of a stranger, and take no more", true),
	)
	return cmd
}

// toldTime is how long accepting somebody waits for it to learn that.
const toldTime = 3 * time.Second

// settleCommand is the command that accepts or blocks a stranger.
func (a *app) settleCommand(verb, short string, block bool) *cobra.Command {
	r := control.RequestDecision{Block: block, Timeout: toldTime}
	cmd := &cobra.Command{
		Use: verb + " REF...", Short: short, Args: takesSome("REF"), Example: "parley requests " + verb + " 4zQmd8",
		RunE: a.do(func(ctx context.Context, args []string) error {
			if r.Name != "" && len(args) > 1 {
				return badUsage("settle them one by one", "--as names one stranger only")
			}
			// Somebody accepted is told at once if it is there.
			return a.with(ctx, access{online: !block, lax: true}, func(ctx context.Context, w control.Wallet) error {
				for _, r.From = range args {
					c, err := w.SettleRequest(ctx, r)
					if err != nil {
						return err
					}
					if err := a.showSettled(c); err != nil {
						return err
					}
				}
				return nil
			})
		}),
	}
	cmd.Flags().StringVar(&r.Name, "as", "", "what you call them")
	return cmd
}

func (a *app) showSettled(c control.Contact) error {
	done, next := "accepted ", "Their message: parley recv. To answer: parley send "+c.Name+" TEXT"
	if c.Blocked {
		done, next = "blocked ", "To take messages from them after all: parley contacts unblock "+c.Name
	}
	if err := a.print.show(c, line{done, name(c.Name), "  ", faint(c.DID)}); err != nil {
		return err
	}
	a.print.note(faint(next))
	return nil
}

func (a *app) showRequests(all []control.Request) error {
	if len(all) == 0 {
		a.print.note("Nobody waits.")
	}
	for _, r := range all {
		l := line{r.Received, " ", name(r.Short)}
		if r.DisplayName != "" {
			l = append(l, faint(" calls itself "), excerpt(r.DisplayName, 40))
		}
		if r.DisplayName == "" || r.Content != "" {
			text := r.Content
			if text == "" {
				text = other(control.Message{Type: r.Type, Body: r.Body})
			}
			l = append(l, ": ", excerpt(text, 60))
		}
		if err := a.print.show(r, l); err != nil {
			return err
		}
	}
	if len(all) > 0 {
		a.print.note(faint("parley requests accept " + all[0].Short + " --as NAME, or parley requests block " + all[0].Short))
	}
	return nil
}

// requestsEvery is how often those who stay look whether somebody new waits.
const requestsEvery = 5 * time.Second

// knocks tells the user of strangers who wait, once each time that there are more. The zero value is ready.
type knocks struct{ told int }

// look tells of strangers who wait. That it cannot be told is no reason to fail.
func (k *knocks) look(ctx context.Context, w control.Wallet, p *printer) {
	present, err := w.Changes(ctx, control.ChangesRequest{})
	if err == nil {
		k.count(present.Requests, p)
	}
}

// count tells of n strangers who wait, if they are more than before.
func (k *knocks) count(n int, p *printer) {
	if n > k.told {
		p.note(waitingRequests(n))
	}
	k.told = n
}

// follow looks again and again until ctx ends.
func (k *knocks) follow(ctx context.Context, w control.Wallet, p *printer) {
	t := time.NewTicker(requestsEvery)
	defer t.Stop()
	for ctx.Err() == nil {
		k.look(ctx, w, p)
		select {
		case <-ctx.Done():
		case <-t.C:
		}
	}
}

// waitingRequests says how many strangers wait, and what to do.
func waitingRequests(n int) string {
	if n == 1 {
		return "1 request waits: parley requests"
	}
	return fmt.Sprintf("%d requests wait: parley requests", n)
}
