package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

func askCommand(a *app) *cobra.Command {
	var r control.AskRequest
	var expires time.Duration
	var cmd *cobra.Command
	cmd = &cobra.Command{
		Use:   "ask NAME TEXT RESPONSE...",
		Short: "Ask a question with the answers to choose from",
		Long: "Asks a contact a question, waits for the answer and prints it. If none comes in time (exit code 8) the " +
			"question stays asked: parley ask --id ID waits on, and parley recv shows an answer that comes later. " +
			"They answer with parley answer, or with any other wallet that speaks questionanswer 1.0.",
		Example: `parley ask alice "Lunch?" yes no
parley ask alice "Deploy 1.4?" yes no --detail "3 commits" --timeout 10m
parley ask --id 6ZZXYWQ2`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case r.ID != "" && len(args) > 0:
				return usage(cmd, "--id takes no %s: that question is asked already", "NAME and TEXT")
			case r.ID == "" && len(args) < 2:
				return takes("NAME", "TEXT")(cmd, args)
			case r.ID == "" && len(args) == 2:
				return usage(cmd, "missing RESPONSE: write the answers to choose from after the question")
			}
			return nil
		},
		RunE: a.do(func(ctx context.Context, args []string) error {
			switch {
			case r.Timeout < 0:
				return badUsage("", "--timeout must not be negative")
			case cmd.Flags().Changed("expires") && expires <= 0:
				return badUsage("", "--expires must be more than nothing")
			}
			if r.ID == "" {
				r.To, r.Text, r.Responses = args[0], args[1], args[2:]
			}
			if expires > 0 {
				r.Expires = time.Now().Add(expires)
			}
			return a.ask(ctx, r)
		}),
	}
	f := cmd.Flags()
	f.StringVar(&r.Detail, "detail", "", "fine print of the question")
	f.DurationVar(&r.Timeout, "timeout", time.Minute, "how long to wait; 0 asks and goes on")
	f.DurationVar(&expires, "expires", 0, "how long it can be answered; default: always")
	f.StringVar(&r.ID, "id", "", "wait for the answer to the question with this `ID`")
	f.BoolVar(&r.Signed, "signed", false, "demand a signed answer: not possible yet")
	return cmd
}

// ask shows the answer, or that there is none yet.
func (a *app) ask(ctx context.Context, r control.AskRequest) error {
	return a.with(ctx, access{online: true, lax: true}, func(ctx context.Context, w control.Wallet) error {
		waiting := a.print.progress("waiting for the answer", 0)
		asked, err := w.Ask(ctx, r)
		waiting.end()
		if asked.ID == "" || err != nil && !a.json {
			return err // a script must not take what is no response for one
		}
		l := line{asked.Response}
		if asked.Response == "" {
			l = append(a.print.state(asked.State), " for ", name(asked.ToName), ", not answered yet: ", faint(asked.ID))
		}
		return join(a.print.show(asked, l), err)
	})
}
