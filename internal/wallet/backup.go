package wallet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"

	"github.com/parley-im/parley/inbox/sqlite"
	"github.com/parley-im/parley/internal/control"
)

// Backup writes the wallet into one encrypted file, see archive.go, and reads it again from the disk to be sure: each
// row of the copy is opened before, and the written file is decrypted to its end after. With a passphrase the
// passphrase does that; for recipients, whose identities are not here, the file's own key does, so that only the few
// bytes that wrap that key for each of them stay unproved.
//
// The file appears under its name when all of that is done, or not at all; what a kill leaves of it is hidden beside
// it, encrypted, and removed by the next backup to that name. Errors that the user can do something about are
// *control.Error. One backup is made at a time, while everything else goes on.
func (w *Wallet) Backup(ctx context.Context, r control.BackupRequest) (out control.Backup, err error) {
	s, err := newBackupSealer(r)
	if err != nil {
		return out, err
	}
	if err := w.checkTarget(r.Path, r.Force); err != nil {
		return out, err
	}
	if !w.backingUp.TryLock() {
		return out, &control.Error{Code: control.CodeQuota, Message: "another backup of this wallet is under way", Hint: "try again when it is done"}
	}
	defer w.backingUp.Unlock()
	if err := clearFolder(copyPath(w.home)); err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(copyPath(w.home))) }()
	m, keys, err := w.copyAll(ctx)
	if err != nil {
		return out, explainBackup(r.Path, err)
	}
	size, err := WriteFile(r.Path, r.Force, func(f *os.File) error {
		if err := s.write(ctx, f, m, keys, databasePath(copyPath(w.home))); err != nil {
			return err
		}
		return s.verify(ctx, f, m)
	})
	if err != nil {
		return out, explainBackup(r.Path, err)
	}
	w.noteBackup(ctx, m.Created)
	return control.Backup{V: control.Version, Path: r.Path, Bytes: size, Rows: m.Rows, Created: m.Created}, nil
}

// checkTarget refuses what cannot become a backup, before any work.
func (w *Wallet) checkTarget(path string, force bool) error {
	bad := func(hint, format string, args ...any) error {
		return &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf(format, args...), Hint: hint}
	}
	if !filepath.IsAbs(path) {
		return bad("", "%q is not an absolute path", path)
	}
	dir, err := os.Stat(filepath.Dir(path))
	if err != nil || !dir.IsDir() {
		return bad("make it first", "there is no folder %s", filepath.Dir(path))
	}
	if home, err := os.Stat(w.home); err == nil && os.SameFile(home, dir) {
		return bad("choose another folder, on another disk at best", "a backup in the wallet's own folder is lost together with it")
	}
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return bad("", "look at %s: %v", path, err)
	case !info.Mode().IsRegular():
		return bad("choose another name", "%s is there and no regular file; nothing was changed", path)
	case !force:
		return bad("choose another name, or replace it with --force", "there is a file %s already; nothing was changed", path)
	}
	return nil
}

// copyAll makes the copy of the database in the wallet's folder and opens every row of it. The wallet moves on first,
// see life.go.
func (w *Wallet) copyAll(ctx context.Context) (m manifest, keys []byte, err error) {
	left, err := w.lives.depart(ctx, w.store)
	if err != nil {
		return m, nil, err
	}
	w.transport.Refresh() // streams that began in the life before would go on in it
	path := databasePath(copyPath(w.home))
	if err := w.db.Backup(ctx, path); err != nil {
		return m, nil, fmt.Errorf("copy the database: %w", err)
	}
	rows, err := w.settleCopy(ctx, path, left)
	if err != nil {
		return m, nil, err
	}
	if keys, err = w.keys.Unprotected(); err != nil {
		return m, nil, err
	}
	m = manifest{Parley: archiveMagic, V: archiveVersion, Created: now(), DID: w.ids.preferred().DID.Canonical(), Name: w.ownName(),
		Rows: rows, Life: left.life, Keys: partOf(keys)}
	m.DB, err = measure(ctx, path)
	return m, keys, err
}

// settleCopy gives the copy the life that it is of, and reads all of it. It returns how many rows there are.
func (w *Wallet) settleCopy(ctx context.Context, path string, b biography) (rows int, err error) {
	db, err := sqlite.Open(ctx, path, sqlite.Options{Subkey: w.keys.Subkey, Log: w.log})
	if err != nil {
		return 0, fmt.Errorf("open the copy of the database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close(), noLog(path)) }()
	if err := saveSetting(ctx, db, lifeSetting, b); err != nil {
		return 0, err
	}
	report, err := db.Check(ctx)
	return report.Rows, errors.Join(err, report.Err())
}

// noLog makes sure that a closed database is one file.
func noLog(path string) error {
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		return fmt.Errorf("a part of %s is still in its log", path)
	}
	return nil
}

// measure reads a file to its end.
func measure(ctx context.Context, path string) (part, error) {
	f, err := os.Open(path)
	if err != nil {
		return part{}, err
	}
	m := newMeter()
	_, err = io.Copy(m, ctxReader{ctx, f})
	return m.part(), errors.Join(err, f.Close())
}

// backupWorkFactor is scrypt's cost, 2^18, which takes about a second and 256 MiB; age's own default. A variable for
// tests, which make many.
var backupWorkFactor = 18

// backupSealer encrypts backups, and decrypts them again.
type backupSealer struct {
	recipients []age.Recipient
	identity   func() (age.Identity, error) // once it has encrypted
}

// newBackupSealer reads whom the request is for.
func newBackupSealer(r control.BackupRequest) (*backupSealer, error) {
	switch {
	case r.Passphrase != "" && len(r.Recipients) > 0:
		return nil, &control.Error{Code: control.CodeUsage, Message: "a backup is for a passphrase or for recipients, not for both"}
	case r.Passphrase != "":
		to, err := age.NewScryptRecipient(r.Passphrase)
		if err != nil {
			return nil, err
		}
		to.SetWorkFactor(backupWorkFactor)
		return &backupSealer{recipients: []age.Recipient{to}, identity: func() (age.Identity, error) {
			return age.NewScryptIdentity(r.Passphrase)
		}}, nil
	case len(r.Recipients) == 0:
		return nil, &control.Error{Code: control.CodeUsage, Message: "a backup needs a passphrase or a recipient",
			Hint: "set PARLEY_BACKUP_PASSPHRASE, or use --recipient age1…"}
	}
	s := &backupSealer{}
	var key []byte
	for _, text := range r.Recipients {
		to, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil || len(to) != 1 {
			return nil, &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf("what begins with %.8q is no recipient of age", text), // all of it might be a secret
				Hint: "it starts with age1, and age-keygen makes one"}
		}
		s.recipients = append(s.recipients, witness{to[0], &key})
	}
	s.identity = func() (age.Identity, error) { return age.NewInjectedFileKeyIdentity(key), nil }
	return s, nil
}

// witness is a recipient who remembers the key of the file that it was given.
type witness struct {
	age.Recipient
	key *[]byte
}

// WrapWithLabels implements age.RecipientWithLabels.
func (w witness) WrapWithLabels(fileKey []byte) ([]*age.Stanza, []string, error) {
	*w.key = append([]byte(nil), fileKey...)
	if r, ok := w.Recipient.(age.RecipientWithLabels); ok {
		return r.WrapWithLabels(fileKey)
	}
	s, err := w.Recipient.Wrap(fileKey)
	return s, nil, err
}

// write encrypts the backup into f and syncs it.
func (s *backupSealer) write(ctx context.Context, f *os.File, m manifest, keys []byte, database string) error {
	db, err := os.Open(database)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	out, err := age.Encrypt(f, s.recipients...)
	if err != nil {
		if errors.As(err, new(*fs.PathError)) {
			return err // the disk's fault
		}
		return &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf("cannot encrypt for these recipients: %v", err)}
	}
	if err := writeArchive(out, m, keys, ctxReader{ctx, db}); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return f.Sync()
}

// verify decrypts what f holds on the disk and compares it with what was meant.
func (s *backupSealer) verify(ctx context.Context, f *os.File, m manifest) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	identity, err := s.identity()
	if err != nil {
		return err
	}
	plain, err := age.Decrypt(f, identity)
	if err != nil {
		return fmt.Errorf("what was written does not open: %w", err)
	}
	a, err := readArchive(ctxReader{ctx, plain})
	if err != nil {
		return fmt.Errorf("what was written does not read: %w", err)
	}
	if a.Keys != m.Keys || a.DB != m.DB || a.DID != m.DID || a.Life != m.Life {
		return errors.New("what was written is not what was meant")
	}
	if err := a.database(ctx, io.Discard); err != nil {
		return fmt.Errorf("what was written does not read: %w", err)
	}
	return nil
}

// explainBackup says what came of a backup that failed.
func explainBackup(path string, err error) error {
	var known *control.Error
	if errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	return &control.Error{Code: control.CodeUnexpected, Message: fmt.Sprintf("no backup was written to %s: %v", path, err),
		Hint: "the wallet itself goes on; parley doctor finds out whether its disk is well"}
}
