package keyfile

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/parley-im/parley/crypto"
)

// The purposes of derived secrets: the start of HKDF's info, each ended by a zero byte.
const (
	purposeSubkey    = "parley subkey v1\x00"
	purposeTransport = "parley transport v1\x00"
	purposeDIDKey    = "parley did key v1\x00"
)

// expand is HKDF-SHA256 (RFC 5869) of the root. It fails only above 8,160 bytes, which nobody
// here asks for.
func expand(root *[rootSize]byte, info string, size int) []byte {
	out, err := hkdf.Key(sha256.New, root[:], nil, info, size)
	if err != nil {
		panic("keyfile: " + err.Error())
	}
	return out
}

// deriveKey derives the DID key of c and index, by rejection of candidates outside the curve's
// order.
func deriveKey(root *[rootSize]byte, c crypto.Curve, index uint32) (crypto.PrivateKey, error) {
	size, err := secretSize(c)
	if err != nil {
		return crypto.PrivateKey{}, err
	}
	info := binary.BigEndian.AppendUint32([]byte(purposeDIDKey+c.String()+"\x00"), index)
	for try := range 256 {
		secret := expand(root, string(append(info, byte(try))), size)
		if c == crypto.P521 {
			secret[0] &= 0x01 // 521 of 528 bits
		}
		k, err := crypto.NewPrivateKey(c, secret)
		clear(secret)
		if err == nil {
			return k, nil
		}
	}
	return crypto.PrivateKey{}, errors.New("derive key: no candidate lies within the order of the curve")
}

// secretSize is the width of a seed or scalar in bytes.
func secretSize(c crypto.Curve) (int, error) {
	switch c {
	case crypto.X25519, crypto.Ed25519, crypto.P256, crypto.Secp256k1:
		return 32, nil
	case crypto.P384:
		return 48, nil
	case crypto.P521:
		return 66, nil
	}
	return 0, fmt.Errorf("derive key: unsupported curve %v", c)
}
