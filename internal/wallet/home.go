package wallet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/parley-im/parley/crypto/keyfile"
	"github.com/parley-im/parley/internal/control"
)

// ErrLocked means that another process owns the wallet at the moment.
var ErrLocked = errors.New("the wallet is in use by another parley process")

// maxSocketPath is what fits a Unix socket address on every system that we run on.
const maxSocketPath = 100

func keysPath(home string) string { return filepath.Join(home, "keys") }

// unfinishedPath is where the key file of a wallet is while the wallet is being made.
func unfinishedPath(home string) string { return keysPath(home) + ".unfinished" }

func databasePath(home string) string { return filepath.Join(home, "wallet.db") }
func lockPath(home string) string     { return filepath.Join(home, "lock") }

// SocketPath is where the owner of the wallet in home serves the local API: in the folder itself, or,
// where that path is over 100 bytes, in the user's runtime directory.
func SocketPath(home string) string {
	path := filepath.Join(home, "parley.sock")
	if len(path) <= maxSocketPath {
		return path
	}
	sum := sha256.Sum256([]byte(home))
	return filepath.Join(runtimeDir(), "parley-"+hex.EncodeToString(sum[:8])+".sock")
}

// runtimeDir is the user's folder for sockets. Whether it is the user's alone is checked by control.Listen,
// which also says so if it could not be made.
func runtimeDir() string {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		return dir
	}
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("parley-%d", os.Getuid()))
	_ = os.Mkdir(dir, 0o700)
	return dir
}

// Folders within the wallet's own for what is under way. Only who has the lock touches them.
func copyPath(home string) string      { return filepath.Join(home, "backup.unfinished") }
func restoringPath(home string) string { return filepath.Join(home, "restore.unfinished") }

// restoredPath is a wallet that was restored in full and is about to take its place, see settle.
func restoredPath(home string) string { return filepath.Join(home, "restore.ready") }

// currentKeys is the key file of the wallet in home: that of one that was restored counts from the moment when it is
// complete.
func currentKeys(home string) string {
	if path := keysPath(restoredPath(home)); isThere(path) {
		return path
	}
	return keysPath(home)
}

func isThere(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// Exists reports whether there is a wallet in home.
func Exists(home string) bool { return isThere(currentKeys(home)) }

// KeyStore returns what protects the keys of the wallet in home.
func KeyStore(home string) (keyfile.Kind, error) {
	kind, err := keyfile.KindOf(currentKeys(home))
	return kind, explain(home, err)
}

// NeedsPassphrase reports whether the wallet's keys are under a passphrase.
func NeedsPassphrase(home string) (bool, error) {
	kind, err := KeyStore(home)
	return kind == keyfile.Passphrase, err
}

// unprotected reports whether the wallet's keys are known to need no passphrase.
func unprotected(home string) bool {
	kind, err := keyfile.KindOf(currentKeys(home))
	return err == nil && kind != keyfile.Passphrase
}

// ChangeProtection puts the wallet's keys under another passphrase or another kind of protection. The keys stay the
// same. The caller has the wallet open meanwhile, so that nobody else changes it.
func ChangeProtection(ctx context.Context, home string, old, new keyfile.Protection) error {
	return explain(home, keyfile.Change(ctx, keysPath(home), old, new))
}

// lock takes the wallet's flock, or returns ErrLocked. The lock ends with the process at the latest.
func lock(home string) (*os.File, error) {
	f, err := os.OpenFile(lockPath(home), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the wallet's lock: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		_ = f.Close()
		return nil, ErrLocked
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock the wallet: %w", err)
	}
	return f, nil
}

// explain turns the errors of opening a wallet into ones that say what to do.
func explain(home string, err error) error {
	var mode keyfile.ErrMode
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return &control.Error{Code: control.CodeUsage, Message: "there is no wallet in " + home, Hint: "parley init"}
	case errors.Is(err, keyfile.ErrPassphrase) && unprotected(home):
		return &control.Error{Code: control.CodeTrust, Message: "a passphrase was given, but this wallet has none; nothing was done",
			Hint: "if that is right, unset PARLEY_PASSPHRASE; if not, somebody has put another key file in place of yours"}
	case errors.Is(err, keyfile.ErrPassphrase):
		return &control.Error{Code: control.CodeTrust, Message: "the passphrase is missing or wrong; nothing was changed",
			Hint: "set PARLEY_PASSPHRASE or use --passphrase-file"}
	case errors.Is(err, keyfile.ErrDamaged):
		return &control.Error{Code: control.CodeUnexpected,
			Message: fmt.Sprintf("the key file %s is damaged: %v", keysPath(home), err),
			Hint:    "restore that file from a copy, or the wallet with parley restore FILE; nothing was changed"}
	case errors.Is(err, keyfile.ErrEntry):
		return &control.Error{Code: control.CodeTrust,
			Message: fmt.Sprintf("the keys of this wallet are in the keyring of another machine or user: %v; nothing was changed", err),
			Hint:    "open it there, or restore it from a backup: parley restore FILE"}
	case errors.Is(err, keyfile.ErrRing):
		return &control.Error{Code: control.CodeTrust, Message: err.Error() + "; nothing was changed",
			Hint: "unlock the keyring of this computer (and unset PARLEY_KEYRING), then try again; or restore a backup"}
	case errors.As(err, &mode):
		return &control.Error{Code: control.CodeTrust, Message: err.Error(), Hint: "others could read or change it: change its mode, and ask who did"}
	}
	return err
}
