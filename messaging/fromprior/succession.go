package fromprior

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

// CreateSuccession signs, with the key kid of the time before, that the document of id has other keys from at on (zero:
// now): those with this fingerprint, which inbox.KeySet makes of a document's pins. Errors are as for Create.
func CreateSuccession(ctx context.Context, k crypto.KeyStore, kid string, id did.DID, keys [32]byte, at time.Time) (string, error) {
	if at.IsZero() {
		at = time.Now()
	}
	p := Prior{Issuer: id.Canonical(), Subject: id.Canonical(), IssuedAt: at, Keys: keys}
	if err := p.check(kid); err != nil {
		return "", err
	}
	if keys == ([32]byte{}) {
		return "", errNoKeys
	}
	return p.sign(ctx, k, kid)
}

// errNoKeys is about a succession that anybody who has seen it could use for keys of their own.
var errNoKeys = fmt.Errorf("%w: it does not say which keys it is for", ErrInvalid)

// CheckSuccession verifies a token with which id says that its document has other keys than before. It has to be
// signed by one of the keys of before, which the caller still knows; the document is not asked. Prior.Keys says which
// keys it is for, and the caller compares that, and the times. An error wraps ErrInvalid.
func CheckSuccession(keys []crypto.PublicKey, token string, id did.DID) (Prior, error) {
	p, s, err := read(token)
	switch {
	case err != nil:
		return Prior{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	case id.IsZero() || !p.Issuer.Same(id) || !p.Subject.Same(id):
		return Prior{}, fmt.Errorf("%w: it is not about the keys of its sender", ErrInvalid)
	case p.Keys == [32]byte{}:
		return Prior{}, errNoKeys
	}
	err = errors.New("no key that could have signed it is known")
	for _, key := range keys {
		if !key.Curve().CanSign() {
			continue
		}
		if err = s.Verify(key); err == nil {
			return p, nil
		}
	}
	return Prior{}, fmt.Errorf("%w: %w", ErrInvalid, err)
}
