package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

func passphraseCommand(a *app) *cobra.Command {
	var file string
	var open bool
	cmd := &cobra.Command{
		Use:   "passphrase",
		Short: "Change the passphrase",
		Long: "Puts the wallet's keys under another passphrase. The keys stay the same, and so does your DID. Copies of " +
			"the old key file still open with the old passphrase.",
		Example: `parley passphrase
parley passphrase --passphrase-file old --new-passphrase-file new`,
		Args: takes(),
		RunE: a.do(func(ctx context.Context, _ []string) error {
			if open && file != "" {
				return badUsage("use one of the two", "--no-passphrase and --new-passphrase-file contradict each other")
			}
			return a.changePassphrase(ctx, file, open)
		}),
	}
	cmd.Flags().StringVar(&file, "new-passphrase-file", "", "file with the new passphrase (else you are asked)")
	cmd.Flags().BoolVar(&open, "no-passphrase", false, "leave the keys unprotected")
	return cmd
}

func (a *app) changePassphrase(ctx context.Context, file string, open bool) error {
	var old []byte
	need := access{own: true, unlocked: func(pass []byte) { old = pass }}
	// Held open meanwhile, the wallet cannot be used by anybody else, and the old passphrase is proved.
	return a.with(ctx, need, func(ctx context.Context, _ control.Wallet) error {
		var fresh []byte
		var err error
		switch {
		case file != "":
			fresh, err = readPassphrase(file)
		case !open:
			fresh, err = a.askTwice(ctx)
		}
		if err != nil {
			return err
		}
		if err := wallet.ChangePassphrase(a.home, old, fresh); err != nil {
			return err
		}
		if open {
			a.print.warn("the keys of this wallet are not protected any more: whoever can read " + a.home + " can be you")
		}
		return a.print.show(struct {
			V         int  `json:"v"`
			Protected bool `json:"protected"`
		}{control.Version, !open}, line{"the passphrase was changed"})
	})
}
