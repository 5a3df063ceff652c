package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

func idCommand(a *app) *cobra.Command {
	var code bool
	cmd := &cobra.Command{
		Use:   "id",
		Short: "Show who you are",
		Long: "Shows the wallet's DID, the name by which it introduces itself, and its libp2p peer. To be added by " +
			"somebody, make an invitation: parley invite.",
		Example: `parley id
parley id --json
parley id --qr`,
		Args: takes(),
		RunE: a.do(func(ctx context.Context, _ []string) error {
			return a.with(ctx, access{}, func(ctx context.Context, w control.Wallet) error {
				self, err := w.Self(ctx)
				if err != nil {
					return err
				}
				if code && !a.json {
					// The long form carries the document: whoever scans it can resolve it.
					if err := a.showQR(self.LongDID); err != nil {
						return err
					}
				}
				return a.showSelf(self)
			})
		}),
	}
	cmd.Flags().BoolVar(&code, "qr", false, "show the DID as a QR code, too")
	return cmd
}
