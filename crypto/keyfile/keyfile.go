package keyfile

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"sync"
)

// changing serialises ChangePassphrase within this process.
var changing sync.Mutex

// Create makes a new random root, seals it under passphrase into a new file at path (mode 0600)
// and opens it. It makes the folder with mode 0700 if need be. An empty passphrase leaves the
// file unprotected, which the caller should say out loud. Sealing takes about 0.1 s and 64 MiB.
//
// It never overwrites: the error wraps fs.ErrExist if there is a file already. It is an ErrMode
// if the folder is open to others. The bytes of the passphrase are used as they are, without
// Unicode normalisation, and not kept.
func Create(path string, passphrase []byte) (*Store, error) {
	root := new([rootSize]byte)
	rand.Read(root[:]) // never fails: it ends the program instead
	data, err := seal(root, passphrase, defaultCost)
	if err != nil {
		return nil, err
	}
	if err := create(path, data); err != nil {
		return nil, fmt.Errorf("create the key file: %w", err)
	}
	return newStore(root, len(passphrase) > 0), nil
}

// Open opens the key file at path. Errors: fs.ErrNotExist, ErrMode if the file is looser than
// 0600 or its folder than 0700, ErrDamaged, and ErrPassphrase if the passphrase is wrong, missing
// (nil or empty for a protected file), or given for a file without one. With a passphrase it
// takes what Create takes; the figures in the file are bounded to 1 GiB, 10 passes, 16 threads.
func Open(path string, passphrase []byte) (*Store, error) {
	f, _, err := load(path)
	if err != nil {
		return nil, err
	}
	root, err := f.open(passphrase)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return newStore(root, f.protected()), nil
}

// NeedsPassphrase reports whether the key file at path is protected by a passphrase. Its errors
// are those of Open, except for ErrPassphrase.
func NeedsPassphrase(path string) (bool, error) {
	f, _, err := load(path)
	if err != nil {
		return false, err
	}
	return f.protected(), nil
}

// ChangePassphrase seals the root of the key file at path under another passphrase, with a new
// salt and nonce. An empty old one stands for an unprotected file, an empty new one leaves it
// unprotected. The file is replaced in one step, so after a crash either the old or the new
// passphrase opens it, and stores that are open go on working: the root stays the same. The
// caller holds the wallet's lock, so that no other process does the same. Its errors are those
// of Open and of writing; unless it returns nil the old file may still be in place.
//
// Backups of the old file still open with the old passphrase.
func ChangePassphrase(path string, old, new []byte) error {
	changing.Lock()
	defer changing.Unlock()
	f, before, err := load(path)
	if err != nil {
		return err
	}
	root, err := f.open(old)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer clear(root[:])
	data, err := seal(root, new, defaultCost)
	if err != nil {
		return err
	}
	// Sealing takes a while. A file that was exchanged meanwhile is not ours to overwrite.
	if now, err := read(path); err != nil {
		return fmt.Errorf("change the passphrase: %w", err)
	} else if !bytes.Equal(now, before) {
		return fmt.Errorf("change the passphrase: somebody else has changed %s meanwhile, try again", path)
	}
	if err := replace(path, data); err != nil {
		return fmt.Errorf("change the passphrase: %w", err)
	}
	return nil
}

// load reads and parses the file at path, and returns its content too.
func load(path string) (*sealedFile, []byte, error) {
	data, err := read(path)
	if err != nil {
		return nil, nil, fmt.Errorf("open the key file: %w", err)
	}
	f, err := parse(data)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, data, nil
}
