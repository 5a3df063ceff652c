package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

func featuresCommand(a *app) *cobra.Command {
	var r control.FeaturesRequest
	cmd := &cobra.Command{
		Use:   "features NAME [MATCH]",
		Short: "See what the wallet of a contact can do",
		Long: "Asks the wallet of a contact for its features that match: exactly, or as far as the * at the end of MATCH. " +
			"Without MATCH it asks for all protocols. What is not told need not be missing.",
		Example: `parley features alice
parley features alice "https://didcomm.org/questionanswer/1.*"
parley features alice --type header`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				return nil
			}
			return takes("NAME")(cmd, args)
		},
		RunE: a.do(func(ctx context.Context, args []string) error {
			if r.Timeout <= 0 {
				return badUsage("", "--timeout must be more than nothing")
			}
			if r.To = args[0]; len(args) == 2 {
				r.Match = args[1]
			}
			return a.with(ctx, access{online: true}, func(ctx context.Context, w control.Wallet) error {
				waiting := a.print.progress("waiting for "+r.To, 0)
				f, err := w.Features(ctx, r)
				waiting.end()
				if err != nil {
					return err
				}
				return a.showFeatures(f)
			})
		}),
	}
	f := cmd.Flags()
	f.StringVar(&r.Type, "type", "", "protocol (default), header, goal-code, gov-fw, …")
	f.DurationVar(&r.Timeout, "timeout", 10*time.Second, "how long to wait")
	return cmd
}

func (a *app) showFeatures(f control.Features) error {
	var lines []line
	for _, one := range f.Features {
		l := line{one.ID}
		if len(one.Roles) > 0 {
			l = append(l, faint("  "+strings.Join(one.Roles, ", ")))
		}
		lines = append(lines, l)
	}
	if len(lines) == 0 {
		a.print.note(name(f.Name), " tells of nothing that fits")
	}
	return a.print.show(f, lines...)
}
