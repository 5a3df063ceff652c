package keyfile

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"sync"
)

// changing serialises Change within this process.
var changing sync.Mutex

// Create makes a new random root, seals it under p into a new file at path (mode 0600) and opens it. It makes the
// folder with mode 0700 if need be. A file that is left unprotected should be said out loud by the caller. Sealing
// under a passphrase takes about 0.1 s and 64 MiB; a keyring may wait for its user.
//
// It never overwrites: the error wraps fs.ErrExist if there is a file already. It is an ErrMode if the folder is
// open to others, and wraps ErrRing if the keyring does not keep the secret.
func Create(ctx context.Context, path string, p Protection) (*Store, error) {
	root := new([rootSize]byte)
	rand.Read(root[:]) // never fails: it ends the program instead
	return createWith(ctx, path, root, p)
}

// Import is Create with the root of another key file: its text, as Unprotected returns it. Any other text, also one
// that is protected, is refused with ErrDamaged.
func Import(ctx context.Context, path string, text []byte, p Protection) (*Store, error) {
	f, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("import keys: %w", err)
	}
	if f.kind() != None {
		return nil, fmt.Errorf("import keys: %w: they are under a %s", ErrDamaged, f.kind())
	}
	root, err := f.open(nil)
	if err != nil {
		return nil, fmt.Errorf("import keys: %w", err)
	}
	return createWith(ctx, path, root, p)
}

// createWith takes over root.
func createWith(ctx context.Context, path string, root *[rootSize]byte, p Protection) (*Store, error) {
	data, account, err := sealUnder(ctx, root, p)
	if err != nil {
		return nil, fmt.Errorf("create the key file: %w", err)
	}
	if err := create(path, data); err != nil {
		forget(ctx, p.Ring, account)
		return nil, fmt.Errorf("create the key file: %w", err)
	}
	return newStore(root, p.Kind()), nil
}

// Open opens the key file at path. Errors: fs.ErrNotExist, ErrMode if the file is looser than 0600 or its folder
// than 0700, ErrDamaged, ErrPassphrase if the passphrase is wrong, missing (nil or empty for a file that has one),
// or given for a file without one, and ErrRing or ErrEntry for a file under a keyring. With a passphrase it takes
// what Create takes; the figures in the file are bounded to 1 GiB, 10 passes, 16 threads.
func Open(ctx context.Context, path string, p Protection) (*Store, error) {
	f, _, err := load(path)
	if err != nil {
		return nil, err
	}
	root, err := f.unlock(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return newStore(root, f.kind()), nil
}

// KindOf returns what protects the key file at path. Its errors are those of Open about the file.
func KindOf(path string) (Kind, error) {
	f, _, err := load(path)
	if err != nil {
		return "", err
	}
	return f.kind(), nil
}

// Change seals the root of the key file at path anew, under another passphrase or another kind of protection, with a
// new salt and nonce, and for a keyring a new secret. The file is replaced in one step, so after a crash either the
// old or the new protection opens it, and stores that are open go on working: the root stays the same. The caller
// holds the wallet's lock, so that no other process does the same. Its errors are those of Open and of writing;
// unless it returns nil the old file may still be in place.
//
// Copies of the old file still open with the old passphrase. Copies of one that was under the keyring do not: its
// entry is removed once the new file is in place. A crash just then leaves an entry that nothing needs.
func Change(ctx context.Context, path string, old, new Protection) error {
	changing.Lock()
	defer changing.Unlock()
	f, before, err := load(path)
	if err != nil {
		return err
	}
	root, err := f.unlock(ctx, old)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer clear(root[:])
	data, account, err := sealUnder(ctx, root, new)
	if err != nil {
		return err
	}
	// Sealing takes a while. A file that was exchanged meanwhile is not ours to overwrite.
	now, err := read(path)
	if err == nil && !bytes.Equal(now, before) {
		err = fmt.Errorf("somebody else has changed %s meanwhile, try again", path)
	}
	if err == nil {
		if err = replace(path, data); err != nil {
			return fmt.Errorf("change the protection: %w", err) // either file may be in place: both entries stay
		}
		forget(ctx, old.Ring, f.header.Ring)
		return nil
	}
	forget(ctx, new.Ring, account)
	return fmt.Errorf("change the protection: %w", err)
}

// Remove removes the key file at path and, if it is under a keyring, its entry there as far as ring answers. With
// the last copy of the file all keys are gone. A damaged file is removed as well; the error wraps fs.ErrNotExist if
// there is none.
func Remove(ctx context.Context, path string, ring Ring) error {
	f, _, err := load(path)
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("remove the key file: %w", err)
	}
	if err == nil {
		forget(ctx, ring, f.header.Ring)
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
