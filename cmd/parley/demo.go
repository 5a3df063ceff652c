package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/cmd/parley/internal/demo"
)

func demoCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Watch two wallets meet and talk on this machine",
		Long: "Makes two real wallets in a temporary folder. They meet, verify each other and talk; one goes away, the " +
			"other is closed and opened again, and nothing is lost. Each step is checked; your own wallet is not touched.",
		Example: `parley demo
parley demo --json`,
		Args: takes(),
		RunE: a.do(func(ctx context.Context, _ []string) error {
			return demo.Run(ctx, demo.Options{
				JSON: a.json, Words: a.plain, Plain: !a.print.outColour, Quiet: a.quiet, Out: a.out,
			})
		}),
	}
}
