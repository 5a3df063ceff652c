package wallet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"filippo.io/age"

	"github.com/parley-im/parley/crypto/keyfile"
	"github.com/parley-im/parley/internal/control"
)

const (
	maxAgeHeader    = 1 << 20 // bytes of a backup before its content
	maxIdentityFile = 1 << 20
	// maxWorkFactor is the most work that a backup's passphrase may cost: 2^20, some four seconds and 1 GiB.
	maxWorkFactor = 20
)

// BackupKey is what opens a backup: the passphrase, or a file with identities of age, one per line.
type BackupKey struct {
	Passphrase []byte
	Identities string
}

// BackupFile is a backup that was opened and is about to be restored. The caller closes it.
type BackupFile struct {
	path    string
	file    *os.File
	archive *archive
}

// BackupNeedsPassphrase reports whether a backup is for a passphrase, else it is for recipients.
func BackupNeedsPassphrase(path string) (bool, error) {
	f, err := openBackupFile(path)
	if err != nil {
		return false, err
	}
	header, err := age.ExtractHeader(io.LimitReader(f, maxAgeHeader))
	if err := errors.Join(err, f.Close()); err != nil {
		return false, badBackup(path, err)
	}
	return bytes.Contains(header, []byte("\n-> scrypt ")), nil
}

func openBackupFile(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &control.Error{Code: control.CodeUsage, Message: "open the backup: " + err.Error()}
	}
	return f, nil
}

// OpenBackup opens a backup and proves that the key is right; the database in it is read by Restore. Errors for the
// user: CodeUsage for no such file or identities, CodeTrust for a key that does not open it, CodeUnexpected for
// what is damaged or no backup. A backup may come from anybody: the work and the memory that it asks for are bounded.
func OpenBackup(path string, key BackupKey) (*BackupFile, error) {
	identities, err := key.identities()
	if err != nil {
		return nil, err
	}
	if scrypt, err := BackupNeedsPassphrase(path); err != nil {
		return nil, err
	} else if scrypt != (key.Identities == "") {
		return nil, wrongKind(path, scrypt)
	}
	f, err := openBackupFile(path)
	if err != nil {
		return nil, err
	}
	b := &BackupFile{path: path, file: f}
	plain, err := age.Decrypt(f, identities...)
	if err == nil {
		b.archive, err = readArchive(plain)
	}
	if err != nil {
		return nil, errors.Join(key.explain(path, err), f.Close())
	}
	return b, nil
}

func (k BackupKey) identities() ([]age.Identity, error) {
	if k.Identities == "" {
		id, err := age.NewScryptIdentity(string(k.Passphrase))
		if err != nil {
			return nil, &control.Error{Code: control.CodeUsage, Message: "a backup opens with its passphrase or with --identity FILE"}
		}
		id.SetMaxWorkFactor(maxWorkFactor)
		return []age.Identity{id}, nil
	}
	f, err := os.Open(k.Identities)
	if err != nil {
		return nil, &control.Error{Code: control.CodeUsage, Message: "read the identities: " + err.Error()}
	}
	ids, err := age.ParseIdentities(io.LimitReader(f, maxIdentityFile))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, &control.Error{Code: control.CodeUsage, Message: k.Identities + " holds no identities of age: " + err.Error(),
			Hint: "each line starts with AGE-SECRET-KEY-1"}
	}
	return ids, nil
}

// wrongKind is the error of a key of the kind that the backup is not for.
func wrongKind(path string, scrypt bool) error {
	if scrypt {
		return &control.Error{Code: control.CodeUsage, Message: path + " opens with a passphrase", Hint: "leave --identity out"}
	}
	return &control.Error{Code: control.CodeUsage, Message: path + " is for a recipient and opens with its identity", Hint: "--identity FILE"}
}

// explain says what it means that a backup did not open.
func (k BackupKey) explain(path string, err error) error {
	if !errors.Is(err, age.ErrIncorrectIdentity) {
		return badBackup(path, err)
	}
	if k.Identities == "" {
		return &control.Error{Code: control.CodeTrust, Message: "the passphrase does not open " + path + "; nothing was changed",
			Hint: "it is the one that the backup was made with, which need not be the wallet's"}
	}
	return &control.Error{Code: control.CodeTrust, Message: "no identity in " + k.Identities + " opens " + path + "; nothing was changed"}
}

// Close closes the file.
func (b *BackupFile) Close() error { return b.file.Close() }

// RestoreOptions are how to restore.
type RestoreOptions struct {
	// Passphrase and Ring protect the keys of the restored wallet, as in CreateOptions.
	Passphrase []byte
	Ring       keyfile.Ring
	// Force moves a wallet that is in the way into a folder beside.
	Force bool
}

func (o RestoreOptions) protection() keyfile.Protection {
	return keyfile.Protection{Passphrase: o.Passphrase, Ring: o.Ring}
}

// Restored is a wallet that was restored.
type Restored struct {
	V    int    `json:"v"`
	DID  string `json:"did"`
	Name string `json:"name"`
	Home string `json:"home"`
	Rows int    `json:"rows"`
	// Created is when the backup was made.
	Created time.Time `json:"created"`
	// Replaced is the folder where the wallet is that was in the way; empty: there was none.
	Replaced string `json:"replaced,omitempty"`
}

// Restore makes the wallet in home from a backup. It is built and checked in a folder of its own, which one rename
// makes the wallet: until then everything is as it was, and from then on Open finishes what a kill cut short. It
// begins a life of its own, see life.go. What was queued when the backup was made is delivered again; who had
// it already says so.
//
// It returns an error that wraps ErrLocked while another process has the wallet, and *control.Error for what the
// user can mend.
func Restore(ctx context.Context, home string, b *BackupFile, o RestoreOptions) (r Restored, err error) {
	undo, err := ensureHome(home)
	if err != nil {
		return r, err
	}
	defer func() {
		if err != nil && !Exists(home) {
			undo()
		}
	}()
	held, err := lock(home)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, held.Close()) }()
	if err := makeRoom(ctx, home, o); err != nil {
		return r, err
	}
	if err := b.build(ctx, restoringPath(home), o.protection()); err != nil {
		return r, errors.Join(err, dropUnfinished(ctx, restoringPath(home), o.Ring))
	}
	if err := os.Rename(restoringPath(home), restoredPath(home)); err != nil {
		return r, errors.Join(fmt.Errorf("restore: %w", err), dropUnfinished(ctx, restoringPath(home), o.Ring))
	}
	replaced, err := settle(ctx, home, o.Ring)
	m := b.archive.manifest
	return Restored{V: control.Version, DID: m.DID.String(), Name: m.Name, Home: home, Rows: m.Rows, Created: m.Created, Replaced: replaced}, err
}

// ensureHome makes the wallet's folder if there is none; undo then removes it again.
func ensureHome(home string) (undo func(), err error) {
	info, err := os.Stat(home)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(home, 0o700); err != nil {
			return nil, fmt.Errorf("make the wallet's folder: %w", err)
		}
		return func() {
			_ = os.Remove(lockPath(home))
			_ = os.Remove(home) // which fails if there is something in it
		}, nil
	case err != nil:
		return nil, err
	case info.Mode().Perm()&0o077 != 0:
		return nil, explain(home, keyfile.ErrMode{Path: home, Mode: info.Mode().Perm(), Want: 0o700})
	}
	return func() {}, nil
}

// makeRoom refuses to restore over a wallet without force, and removes what was never finished.
func makeRoom(ctx context.Context, home string, o RestoreOptions) error {
	if !o.Force {
		var known *control.Error
		err := vacate(ctx, home, o.Ring)
		if errors.As(err, &known) {
			known.Hint = "choose another folder with --home, or a --profile; --force moves what is there aside"
		}
		return err
	}
	if _, err := settle(ctx, home, o.Ring); err != nil {
		return err
	}
	if !Exists(home) && isThere(unfinishedPath(home)) {
		return sweep(ctx, home, o.Ring)
	}
	return nil
}

// build makes the wallet in a new folder and reads all of it.
func (b *BackupFile) build(ctx context.Context, dir string, p keyfile.Protection) (err error) {
	if err := clearFolder(dir); err != nil {
		return err
	}
	w := &Wallet{home: dir, log: slog.New(slog.DiscardHandler)}
	if err := b.unpack(ctx, databasePath(dir)); err != nil {
		return err
	}
	// The keys last: asking a keyring for nothing is a nuisance.
	if w.keys, err = keyfile.Import(ctx, keysPath(dir), b.archive.keys, p); err != nil {
		return b.explain(dir, err)
	}
	err = w.revive(ctx)
	if err := errors.Join(err, w.Close(), noLog(databasePath(dir))); err != nil {
		return b.explain(dir, err)
	}
	if err := syncFile(databasePath(dir)); err != nil {
		return err
	}
	return syncFolder(dir)
}

// unpack writes the database.
func (b *BackupFile) unpack(ctx context.Context, path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = b.archive.database(ctx, f)
	if closed := f.Close(); closed != nil {
		return closed
	}
	var disk *fs.PathError
	if err == nil || errors.As(err, &disk) || errors.Is(err, context.Canceled) {
		return err
	}
	return badBackup(b.path, err)
}

// revive opens what was unpacked, proves that it is a wallet and whole, and begins its new life.
func (w *Wallet) revive(ctx context.Context) (err error) {
	if err := w.openStore(ctx, databasePath(w.home)); err != nil {
		return err
	}
	report, err := w.db.Check(ctx)
	if err := errors.Join(err, report.Err()); err != nil {
		return err
	}
	if w.resolver, err = w.newResolver(Options{}); err != nil {
		return err
	}
	if _, err := w.resume(ctx); err != nil {
		return err
	}
	return w.lives.revive(ctx, w.store, now())
}

// explain is the error of a backup that opens and yet holds no wallet.
func (b *BackupFile) explain(dir string, err error) error {
	switch {
	case errors.Is(err, keyfile.ErrRing):
		return explain(dir, err)
	case errors.Is(err, context.Canceled):
		return err
	}
	return badBackup(b.path, err)
}
