package keyfile

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
)

// Kind is what protects a key file.
type Kind string

// The kinds, by the words that people use for them.
const (
	// None leaves the file open to everybody who can read it.
	None Kind = "none"
	// Passphrase needs a passphrase.
	Passphrase Kind = "passphrase"
	// Keyring needs a secret that lies in the keyring of the operating system.
	Keyring Kind = "keyring"
)

// Errors of a key file that is under a keyring.
var (
	// ErrRing says that the keyring was not reached, is locked, or that none is at hand. Trying again helps once
	// it is unlocked.
	ErrRing = errors.New("the keyring does not answer")
	// ErrEntry says that the keyring holds nothing that opens this key file, as on another machine than the one
	// where the file was made. Nothing but a backup, or that machine, helps.
	ErrEntry = errors.New("the keyring has no secret that opens this key file")
)

// Ring keeps small secrets outside of the file: the keyring of the operating system, see package oskeyring. Calls
// may take as long as the user needs to unlock it, and return when ctx ends at the latest. An error wraps ErrEntry
// if there is no entry of that account; any other means that the ring was not reached. It is safe for concurrent
// use.
type Ring interface {
	// Set keeps the secret, at most 64 bytes, under the account, at most 64 ASCII characters, and replaces what is
	// there.
	Set(ctx context.Context, account string, secret []byte) error
	// Get returns the secret.
	Get(ctx context.Context, account string) ([]byte, error)
	// Delete removes the secret.
	Delete(ctx context.Context, account string) error
}

// Protection is what a key file is put under, and what opens it. To make one, Passphrase is used if it is not
// empty, else Ring if there is one; the zero Protection leaves the file open. To open one, the file says what it
// needs: a passphrase is refused where none is needed, a ring is left alone.
type Protection struct {
	// Passphrase is used as it is, byte by byte, and not kept.
	Passphrase []byte
	// Ring gets a new random secret of 32 bytes under a random account that the file names.
	Ring Ring
}

// Kind returns what a file that is made with p is protected by.
func (p Protection) Kind() Kind {
	switch {
	case len(p.Passphrase) > 0:
		return Passphrase
	case p.Ring != nil:
		return Keyring
	}
	return None
}

// sealUnder returns the text of a new key file under p, and the account of its entry in p.Ring if it has one.
// The entry is there when it returns.
func sealUnder(ctx context.Context, root *[rootSize]byte, p Protection) (data []byte, account string, err error) {
	if p.Kind() != Keyring {
		data, err = seal(root, p.Passphrase, defaultCost)
		return data, "", err
	}
	secret, id := make([]byte, ringSecretSize), make([]byte, ringIDSize)
	rand.Read(secret) // never fails: it ends the program instead
	rand.Read(id)
	defer clear(secret)
	account = b64(id)
	if err := p.Ring.Set(ctx, account, secret); err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrRing, err)
	}
	// A ring that forgets would take the keys with it.
	again, err := ringSecret(ctx, p.Ring, account)
	if err == nil && !bytes.Equal(again, secret) {
		err = errors.New("it gives back something else")
	}
	if err != nil {
		forget(ctx, p.Ring, account)
		return nil, "", fmt.Errorf("%w: it does not keep what it is given: %w", ErrRing, err)
	}
	data, err = sealRing(root, account, secret)
	return data, account, err
}

// unlock opens the root with what p has of what the file needs.
func (f *sealedFile) unlock(ctx context.Context, p Protection) (*[rootSize]byte, error) {
	if f.kind() != Keyring {
		return f.open(p.Passphrase)
	}
	if len(p.Passphrase) > 0 {
		return nil, errNoPassphrase
	}
	if p.Ring == nil {
		return nil, fmt.Errorf("%w: there is none to ask", ErrRing)
	}
	secret, err := ringSecret(ctx, p.Ring, f.header.Ring)
	if err != nil {
		return nil, err
	}
	defer clear(secret)
	return f.open(secret)
}

// ringSecret asks the ring for the secret of a key file.
func ringSecret(ctx context.Context, r Ring, account string) ([]byte, error) {
	secret, err := r.Get(ctx, account)
	switch {
	case errors.Is(err, ErrEntry):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrRing, err)
	case len(secret) != ringSecretSize:
		return nil, fmt.Errorf("%w: its entry is of %d bytes", ErrEntry, len(secret))
	}
	return secret, nil
}

// forget removes an entry that nothing needs any more. One that stays is litter and opens nothing.
func forget(ctx context.Context, r Ring, account string) {
	if r != nil && account != "" {
		_ = r.Delete(context.WithoutCancel(ctx), account)
	}
}
