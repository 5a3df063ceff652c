package jose

import (
	"slices"

	"github.com/parley-im/parley/crypto"
)

// Agree computes the shared secret of a private key and peer, as crypto.PrivateKey.Agree does.
type Agree func(peer crypto.PublicKey) ([]byte, error)

// Decrypt opens the JWE with the key of recipient i, on whose behalf agree acts; that key must be
// on the curve of Header.EPK. sender is the public key of Header.SKID, and is only used with
// ECDH1PU. An error of agree is returned as it is. Every other failure is ErrDecrypt itself, and
// takes the same path whether the wrapped key, the tag or the content was wrong. The plaintext is
// new memory. Decrypt may be called concurrently.
func (j *JWE) Decrypt(i int, agree Agree, sender crypto.PublicKey) ([]byte, error) {
	kek, err := j.kek(agree, sender)
	if err != nil {
		return nil, err
	}
	defer clear(kek)
	size, _ := j.Header.Enc.sizes()
	wrapped, err := decode(j.Recipients[i].key, 0)
	if err != nil {
		wrapped = nil // fails like any other wrapped key that is wrong
	}
	cek := unwrap(kek, wrapped, size.key)
	defer clear(cek)
	return j.open(cek)
}

// kek agrees on the key that wraps the content key.
func (j *JWE) kek(agree Agree, sender crypto.PublicKey) ([]byte, error) {
	h := &j.Header
	z, err := agree(h.EPK)
	if err != nil {
		return nil, err
	}
	defer clear(z)
	if h.Alg == ECDHES {
		return derive(h.Alg, z, h.APU, h.APV, nil, kekSize), nil
	}
	zs, err := agree(sender)
	if err != nil {
		return nil, err
	}
	defer clear(zs)
	both := slices.Concat(z, zs) // Ze‖Zs, draft 4 section 2.3
	defer clear(both)
	return derive(h.Alg, both, h.APU, h.APV, j.tag, kekSize), nil
}

func (j *JWE) open(cek []byte) ([]byte, error) {
	aead, err := j.Header.Enc.aead(cek)
	if err != nil {
		return nil, ErrDecrypt
	}
	plaintext, err := aead.Open(nil, j.iv, j.sealed, j.aad)
	if err != nil {
		return nil, ErrDecrypt
	}
	return plaintext, nil
}
