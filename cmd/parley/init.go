package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

func initCommand(a *app) *cobra.Command {
	var o wallet.CreateOptions
	var open bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make a wallet",
		Long: "Makes a wallet: its keys under a passphrase, its DID, and a port of its own. A wallet that is there " +
			"already is never touched.",
		Example: `parley init
parley init --name alice
parley init --profile work --passphrase-file ~/.secret`,
		Args: takes(),
		RunE: a.do(func(ctx context.Context, _ []string) error {
			return a.makeWallet(ctx, o, open)
		}),
	}
	f := cmd.Flags()
	f.StringVar(&o.Name, "name", "", "what you call yourself to others (your login name)")
	f.StringArrayVar(&o.Listen, "listen", nil, "multiaddr to listen on; repeatable")
	f.BoolVar(&open, "no-passphrase", false, "leave the keys open to whoever reads the file")
	return cmd
}

func (a *app) makeWallet(ctx context.Context, o wallet.CreateOptions, open bool) error {
	if !wallet.Exists(a.home) { // else the answer would be a question for a new passphrase
		var err error
		if o.Passphrase, err = a.firstPassphrase(ctx, open); err != nil {
			return err
		}
	}
	self, err := wallet.Create(ctx, a.home, o)
	if err != nil {
		return err
	}
	if open {
		a.print.warn("the keys of this wallet are not protected: whoever can read " + a.home + " can be you")
	}
	if err := a.showSelf(self); err != nil {
		return err
	}
	a.print.note(faint("Next: parley invite, or add a friend who has sent you a link: parley add LINK"))
	return nil
}

// firstPassphrase returns the passphrase of a new wallet, none if it is to be open.
func (a *app) firstPassphrase(ctx context.Context, open bool) ([]byte, error) {
	if !open {
		return a.newPassphrase(ctx)
	}
	if a.passphraseFile != "" {
		return nil, badUsage("use one of the two", "--no-passphrase and --passphrase-file contradict each other")
	}
	return nil, nil
}

func (a *app) showSelf(self control.Self) error {
	return a.print.show(self,
		line{faint("name  "), name(self.Name)},
		line{faint("did   "), self.DID},
		line{faint("peer  "), self.PeerID},
	)
}
