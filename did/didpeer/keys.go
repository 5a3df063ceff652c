package didpeer

import (
	"fmt"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

// maxMultikey bounds a key's text before it is decoded; a P-521 key has 94 bytes.
const maxMultikey = 128

func parseMultikey(s string) (crypto.PublicKey, error) {
	if len(s) > maxMultikey {
		return crypto.PublicKey{}, fmt.Errorf("%w: key longer than %d bytes", did.ErrInvalid, maxMultikey)
	}
	key, err := crypto.ParseMultikey(s)
	if err != nil {
		return crypto.PublicKey{}, fmt.Errorf("%w: %w", did.ErrInvalid, err)
	}
	return key, nil
}

func checkAgree(key crypto.PublicKey) error {
	if !key.Curve().CanAgree() {
		return fmt.Errorf("%w: a %s key cannot be used for key agreement", did.ErrInvalid, key.Curve())
	}
	return nil
}

func checkSign(key crypto.PublicKey) error {
	if !key.Curve().CanSign() {
		return fmt.Errorf("%w: a %s key cannot sign", did.ErrInvalid, key.Curve())
	}
	return nil
}

// legacyName is the name of a key in older did:peer software: the start of its multikey.
func legacyName(multikey string) string { return multikey[1:9] }

// agreementKey returns the key itself, the X25519 key of an Ed25519 key, or the zero key when
// there is neither.
func agreementKey(key crypto.PublicKey) (crypto.PublicKey, error) {
	switch {
	case key.Curve().CanAgree():
		return key, nil
	case key.Curve() != crypto.Ed25519:
		return crypto.PublicKey{}, nil
	}
	derived, err := key.X25519()
	if err != nil {
		return crypto.PublicKey{}, fmt.Errorf("%w: %w", did.ErrInvalid, err)
	}
	return derived, nil
}
