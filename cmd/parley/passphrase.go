package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/crypto/keyfile"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

func passphraseCommand(a *app) *cobra.Command {
	var file, protect string
	var open bool
	cmd := &cobra.Command{
		Use:   "passphrase",
		Short: "Change the passphrase, or what else protects the keys",
		Long: "Puts the wallet's keys under another passphrase, under the keyring of this computer, or under nothing. The " +
			"keys stay the same, and so does your DID. Copies of the old key file still open with the old passphrase; " +
			"copies of one that was under the keyring do not.",
		Example: `parley passphrase
parley passphrase --passphrase-file old --new-passphrase-file new
parley passphrase --protect keyring`,
		Args: takes(),
		RunE: a.do(func(ctx context.Context, _ []string) error {
			kind, err := newKind(protect, file, open)
			if err != nil {
				return err
			}
			return a.changeProtection(ctx, kind, file)
		}),
	}
	cmd.Flags().StringVar(&file, "new-passphrase-file", "", "file with the new passphrase (else you are asked)")
	cmd.Flags().StringVar(&protect, "protect", "", "keyring, passphrase (the default) or none")
	cmd.Flags().BoolVar(&open, "no-passphrase", false, "the same as --protect none")
	return cmd
}

// newKind is what the flags say the keys shall be under.
func newKind(protect, file string, open bool) (keyfile.Kind, error) {
	kind, err := parseKind(protect, open)
	switch {
	case err != nil:
		return "", err
	case kind == "":
		return keyfile.Passphrase, nil
	case file != "" && kind != keyfile.Passphrase:
		return "", badUsage("use one of the two", "--protect %s and --new-passphrase-file contradict each other", kind)
	}
	return kind, nil
}

func (a *app) changeProtection(ctx context.Context, kind keyfile.Kind, file string) error {
	old := keyfile.Protection{Ring: a.ring()}
	need := access{own: true, unlocked: func(pass []byte) { old.Passphrase = pass }}
	// Held open meanwhile, the wallet cannot be used by anybody else, and the old passphrase is proved.
	return a.with(ctx, need, func(ctx context.Context, _ control.Wallet) error {
		fresh, err := a.newProtection(ctx, kind, file)
		if err != nil {
			return err
		}
		if err := wallet.ChangeProtection(ctx, a.home, old, fresh); err != nil {
			return err
		}
		told := "the passphrase was changed"
		switch kind {
		case keyfile.Keyring:
			told = "the keys are under the keyring of this computer now"
		case keyfile.None:
			told = "the keys are under nothing now"
			a.print.warn("the keys of this wallet are not protected any more: whoever can read " + a.home + " can be you")
		}
		return a.print.show(struct {
			V         int          `json:"v"`
			Protected bool         `json:"protected"`
			KeyStore  keyfile.Kind `json:"key_store"`
		}{control.Version, kind == keyfile.Passphrase, kind}, line{told})
	})
}

// newProtection is what the keys shall be under: a passphrase is read from the file or asked for.
func (a *app) newProtection(ctx context.Context, kind keyfile.Kind, file string) (p keyfile.Protection, err error) {
	switch kind {
	case keyfile.Keyring:
		p.Ring, err = a.demandRing()
	case keyfile.Passphrase:
		if file != "" {
			p.Passphrase, err = readPassphrase(file)
		} else {
			p.Passphrase, err = a.askTwice(ctx, "Choose the new passphrase:")
		}
	}
	return p, err
}
