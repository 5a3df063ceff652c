package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

func pingCommand(a *app) *cobra.Command {
	var r control.PingRequest
	cmd := &cobra.Command{
		Use:     "ping NAME",
		Short:   "See whether a contact answers, and how fast",
		Long:    "Sends a trust ping and waits for the answer: sealed, proved and answered like a message, so it measures all of it.",
		Example: `parley ping alice`,
		Args:    takes("NAME"),
		RunE: a.do(func(ctx context.Context, args []string) error {
			if r.Timeout <= 0 {
				return badUsage("", "--timeout must be more than nothing")
			}
			r.To = args[0]
			return a.with(ctx, access{online: true}, func(ctx context.Context, w control.Wallet) error {
				waiting := a.print.progress("waiting for "+r.To, 0)
				pong, err := w.Ping(ctx, r)
				waiting.end()
				if err != nil {
					return err
				}
				return a.print.show(pong, line{name(pong.Name), " answered: ", pong.Path, ", ", fmt.Sprintf("%.1f ms", pong.MS)})
			})
		}),
	}
	cmd.Flags().DurationVar(&r.Timeout, "timeout", 10*time.Second, "how long to wait")
	return cmd
}
