package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

func answerCommand(a *app) *cobra.Command {
	var r control.AnswerRequest
	cmd := &cobra.Command{
		Use:   "answer ID RESPONSE",
		Short: "Answer a question that was asked",
		Long: "Chooses one of the answers of a question, which parley recv shows with its ID. As much of the ID and of " +
			"the answer as fits only one is enough. A question is answered once.",
		Example: `parley answer 6ZZXYWQ2 yes`,
		Args:    takes("ID", "RESPONSE"),
		RunE: a.do(func(ctx context.Context, args []string) error {
			if r.Timeout < 0 {
				return badUsage("", "--timeout must not be negative")
			}
			r.ID, r.Response = args[0], args[1]
			return a.with(ctx, access{online: true, lax: true}, func(ctx context.Context, w control.Wallet) error {
				s, err := w.AnswerQuestion(ctx, r)
				if s.ID == "" {
					return err
				}
				return join(a.showSent(s), err, undone(s))
			})
		}),
	}
	cmd.Flags().DurationVar(&r.Timeout, "timeout", 10*time.Second, "how long to try before going on")
	return cmd
}
