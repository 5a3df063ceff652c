package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/crypto/keyfile"
	"github.com/parley-im/parley/internal/wallet"
)

func restoreCommand(a *app) *cobra.Command {
	var r restoring
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make a wallet from a backup",
		Long: "Makes the wallet that a backup holds, after reading all of it. Its keys are protected as parley init does, " +
			"whatever protected them before. A wallet that is there already is never touched without --force, which moves " +
			"it into a folder beside. What was queued when the backup was made is sent again; nobody gets it twice.\n\n" +
			"Use one wallet of a kind: if the old one went on after the backup was made, its contacts notice and parley says " +
			"so. Restore only backups of your own: whoever made one knows all that is in it.",
		Example: `parley restore alice.parley
parley restore alice.parley --identity key.txt --profile alice
parley restore alice.parley --protect keyring --force`,
		Args: takes("FILE"),
		RunE: a.do(func(ctx context.Context, args []string) error {
			return a.restore(ctx, args[0], r)
		}),
	}
	f := cmd.Flags()
	f.StringVar(&r.key.Identities, "identity", "", "`FILE` with identities of age, for a backup that is for recipients")
	f.StringVar(&r.passphraseFile, "backup-passphrase-file", "", "`FILE` with its passphrase (or PARLEY_BACKUP_PASSPHRASE)")
	f.StringVar(&r.protect, "protect", "", "what protects the keys: keyring, passphrase or none")
	f.BoolVar(&r.open, "no-passphrase", false, "the same as --protect none")
	f.BoolVar(&r.options.Force, "force", false, "move the wallet that is there aside")
	return cmd
}

// restoring is what the flags of restore say.
type restoring struct {
	key                     wallet.BackupKey
	passphraseFile, protect string
	open                    bool
	options                 wallet.RestoreOptions
}

func (a *app) restore(ctx context.Context, path string, r restoring) error {
	kind, err := parseKind(r.protect, r.open)
	if err != nil {
		return err
	}
	if wallet.Exists(a.home) && !r.options.Force { // before anybody is asked for a passphrase
		return badUsage("choose another folder with --home, or a --profile; --force moves what is there aside",
			"there is a wallet in %s already; nothing was changed", a.home)
	}
	b, err := a.openBackup(ctx, path, r)
	if err != nil {
		return err
	}
	defer func() { _ = b.Close() }()
	p, err := a.firstProtection(ctx, kind)
	if err != nil {
		return err
	}
	r.options.Passphrase, r.options.Ring = p.Passphrase, p.Ring
	busy := a.print.progress("restoring and reading the wallet", 0)
	defer busy.end()
	done, err := wallet.Restore(ctx, a.home, b, r.options)
	busy.end()
	if errors.Is(err, wallet.ErrLocked) {
		return a.inUse(ctx)
	}
	if err != nil {
		return err
	}
	return a.showRestored(done, p.Kind())
}

// openBackup opens the backup with the identities or the passphrase, which is asked for.
func (a *app) openBackup(ctx context.Context, path string, r restoring) (*wallet.BackupFile, error) {
	if r.key.Identities == "" {
		scrypt, err := wallet.BackupNeedsPassphrase(path)
		if err != nil {
			return nil, err
		}
		if !scrypt {
			return nil, badUsage("--identity FILE", "%s is for a recipient and opens with its identity", path)
		}
		r.key.Passphrase, err = a.backupPassphrase(ctx, r.passphraseFile, func(ctx context.Context) ([]byte, error) {
			return a.askPassphrase(ctx, "Passphrase of the backup:")
		})
		if err != nil {
			return nil, err
		}
	}
	busy := a.print.progress("opening the backup", 0)
	defer busy.end()
	return wallet.OpenBackup(path, r.key)
}

// inUse is the error of a wallet that another process has.
func (a *app) inUse(ctx context.Context) error {
	daemon, err := a.daemon(ctx)
	if err != nil || daemon == nil {
		return errBusy
	}
	_ = daemon.Close()
	return a.occupied(ctx)
}

func (a *app) showRestored(r wallet.Restored, kind keyfile.Kind) error {
	a.tellProtection(kind)
	lines := []line{
		{faint("name  "), name(r.Name)},
		{faint("did   "), r.DID},
		{faint("home  "), r.Home},
		{faint("of    "), r.Created.Format(time.RFC3339), ", ", r.Rows, " rows, all of them read"},
	}
	if r.Replaced != "" {
		lines = append(lines, line{faint("old   "), "the wallet that was there is in ", r.Replaced})
	}
	if err := a.print.show(r, lines...); err != nil {
		return err
	}
	a.print.note(faint("If the wallet went on elsewhere after that time, what was said there is not here, and parley status will say so."))
	return nil
}
