package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/crypto/keyfile"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

func initCommand(a *app) *cobra.Command {
	var o wallet.CreateOptions
	var protect string
	var open bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make a wallet",
		Long: "Makes a wallet: its keys, its DID, and a port of its own. The keys are under the keyring of this " +
			"computer where one answers, else under a passphrase; --protect chooses. PARLEY_KEYRING=off leaves the " +
			"keyring alone. A wallet that is there already is never touched.",
		Example: `parley init
parley init --name alice
parley init --profile work --passphrase-file ~/.secret
parley init --protect passphrase`,
		Args: takes(),
		RunE: a.do(func(ctx context.Context, _ []string) error {
			kind, err := parseKind(protect, open)
			if err != nil {
				return err
			}
			return a.makeWallet(ctx, o, kind)
		}),
	}
	f := cmd.Flags()
	f.StringVar(&o.Name, "name", "", "what you call yourself to others (your login name)")
	f.StringArrayVar(&o.Listen, "listen", nil, "multiaddr to listen on instead of a free port that is kept; repeatable")
	f.StringVar(&protect, "protect", "", "what protects the keys: keyring, passphrase or none")
	f.BoolVar(&open, "no-passphrase", false, "the same as --protect none")
	return cmd
}

func (a *app) makeWallet(ctx context.Context, o wallet.CreateOptions, kind keyfile.Kind) error {
	if !wallet.Exists(a.home) { // else the answer would be a question for a new passphrase
		p, err := a.firstProtection(ctx, kind)
		if err != nil {
			return err
		}
		o.Passphrase, o.Ring, kind = p.Passphrase, p.Ring, p.Kind()
	}
	self, err := wallet.Create(ctx, a.home, o)
	if err != nil {
		return err
	}
	a.tellProtection(kind)
	if err := a.showSelf(self); err != nil {
		return err
	}
	a.print.note(faint("Next: parley invite, or add a friend who has sent you a link: parley add LINK"))
	return nil
}

// tellProtection says how the keys of a new wallet are protected, where that is not what the user typed.
func (a *app) tellProtection(kind keyfile.Kind) {
	switch kind {
	case keyfile.None:
		a.print.warn("the keys of this wallet are not protected: whoever can read " + a.home + " can be you")
	case keyfile.Keyring:
		a.print.note(faint("The keys are under the keyring of this computer. For the day when it is gone: parley backup FILE"))
	}
}

func (a *app) showSelf(self control.Self) error {
	lines := []line{{faint("name  "), name(self.Name)}, {faint("did   "), self.DID}}
	for _, other := range self.Also {
		lines = append(lines, line{faint("also  "), other})
	}
	return a.print.show(self, append(lines, line{faint("peer  "), self.PeerID})...)
}
