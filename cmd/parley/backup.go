package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

const backupPassphraseHint = "set PARLEY_BACKUP_PASSPHRASE, or use --backup-passphrase-file FILE"

func backupCommand(a *app) *cobra.Command {
	var r control.BackupRequest
	var file string
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write the whole wallet into one encrypted file",
		Long: "Writes keys, contacts and messages into one file of age, under a passphrase of its own or for recipients of " +
			"age, and reads it again to be sure. It opens on any machine with parley restore, whatever protects the keys " +
			"here. It is written whole or not at all, and works while a daemon runs. Whoever opens it can be you.",
		Example: `parley backup /media/stick/alice.parley
parley backup alice.parley --backup-passphrase-file ~/.secret
parley backup alice.parley --recipient age1…`,
		Args: takes("FILE"),
		RunE: a.do(func(ctx context.Context, args []string) error {
			r.Path = args[0]
			return a.backup(ctx, r, file)
		}),
	}
	f := cmd.Flags()
	f.StringArrayVar(&r.Recipients, "recipient", nil, "`age1…` who can open it instead of a passphrase; repeatable")
	f.StringVar(&file, "backup-passphrase-file", "", "`FILE` with its passphrase (or PARLEY_BACKUP_PASSPHRASE)")
	f.BoolVar(&r.Force, "force", false, "replace the file if it is there")
	return cmd
}

func (a *app) backup(ctx context.Context, r control.BackupRequest, file string) (err error) {
	if len(r.Recipients) > 0 && file != "" {
		return badUsage("use one of the two", "--recipient and --backup-passphrase-file contradict each other")
	}
	if r.Path, err = filepath.Abs(r.Path); err != nil {
		return badUsage("", "%v", err)
	}
	if _, err := os.Lstat(r.Path); err == nil && !r.Force { // before anybody is asked for a passphrase
		return badUsage("choose another name, or replace it with --force", "there is a file %s already; nothing was changed", r.Path)
	}
	if len(r.Recipients) == 0 {
		pass, err := a.backupPassphrase(ctx, file, func(ctx context.Context) ([]byte, error) {
			return a.askTwice(ctx, "Choose a passphrase for the backup:")
		})
		if err != nil {
			return err
		}
		r.Passphrase = string(pass)
	}
	return a.with(ctx, access{}, func(ctx context.Context, w control.Wallet) error {
		busy := a.print.progress("writing and reading the backup", 0)
		defer busy.end()
		b, err := w.Backup(ctx, r)
		busy.end()
		if err != nil {
			return err
		}
		return a.print.show(b, line{"wrote ", b.Path, ": ", size(b.Bytes), ", ", b.Rows, " rows, all of them read again"})
	})
}

// backupPassphrase is the passphrase of a backup: given, or asked for.
func (a *app) backupPassphrase(ctx context.Context, file string, ask func(context.Context) ([]byte, error)) ([]byte, error) {
	if file != "" {
		return readPassphrase(file)
	}
	if env := os.Getenv("PARLEY_BACKUP_PASSPHRASE"); env != "" {
		return []byte(env), nil
	}
	pass, err := ask(ctx)
	var known *control.Error
	if errors.As(err, &known) && known.Hint == passphraseHint {
		known.Message, known.Hint = "the backup needs a passphrase of its own, and there is nobody to ask for it", backupPassphraseHint
	}
	return pass, err
}
