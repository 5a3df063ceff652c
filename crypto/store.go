package crypto

import (
	"context"
	"errors"
	"fmt"
)

// ErrUnknownKey says that a KeyStore or a Directory has no key under an id. Errors that wrap it
// name the id.
var ErrUnknownKey = errors.New("unknown key")

// KeyStore acts with our own private keys, named by opaque key ids. Implementations are safe for
// concurrent use, never give away private keys, and answer an id they do not have with an error
// that wraps ErrUnknownKey.
type KeyStore interface {
	// Public returns the public half of the key kid.
	Public(ctx context.Context, kid string) (PublicKey, error)
	// Sign signs message with the key kid, as PrivateKey.Sign does.
	Sign(ctx context.Context, kid string, message []byte) ([]byte, error)
	// Agree computes the secret that the key kid shares with peer, as PrivateKey.Agree does.
	Agree(ctx context.Context, kid string, peer PublicKey) ([]byte, error)
}

// Purpose says what the owner of a key has published it for: a verification relationship of
// W3C DID Core section 5.3. The zero value is invalid.
type Purpose int

// The purposes that DIDComm uses.
const (
	Authentication Purpose = iota + 1 // signs messages and hellos
	KeyAgreement                      // receives encrypted messages, or sends authenticated ones
)

// String returns the name that DID documents use, "authentication" or "keyAgreement".
func (p Purpose) String() string {
	switch p {
	case Authentication:
		return "authentication"
	case KeyAgreement:
		return "keyAgreement"
	}
	return fmt.Sprintf("Purpose(%d)", int(p))
}

// allows reports whether a key on c can serve p at all.
func (p Purpose) allows(c Curve) bool {
	switch p {
	case Authentication:
		return c.CanSign()
	case KeyAgreement:
		return c.CanAgree()
	}
	return false
}

// Directory finds the public keys of others. Implementations are safe for concurrent use. They
// return a key only if its owner lists it for purpose p, and otherwise an error; it wraps
// ErrUnknownKey when the owner is known and has no such key.
type Directory interface {
	Lookup(ctx context.Context, kid string, p Purpose) (PublicKey, error)
}

// Keys is a Directory held in memory, for tests and for tools that are given keys by hand. It
// must not be written to while it is in use. A key serves every purpose that its curve can.
type Keys map[string]PublicKey

// Lookup returns the key kid if its curve can serve p; the error wraps ErrUnknownKey.
func (k Keys) Lookup(_ context.Context, kid string, p Purpose) (PublicKey, error) {
	key, ok := k[kid]
	if !ok || !p.allows(key.curve) {
		return PublicKey{}, fmt.Errorf("%w %q for %v", ErrUnknownKey, kid, p)
	}
	return key, nil
}
