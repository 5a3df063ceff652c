package crypto

import (
	"crypto/ecdh"
	"crypto/elliptic"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
)

// SEC 1 section 2.3.3: the first byte of an encoded point.
const (
	pointEven         = 0x02
	pointOdd          = 0x03
	pointUncompressed = 0x04
)

// errZeroKey answers every operation on a zero PublicKey or PrivateKey.
var errZeroKey = errors.New("no key given")

// PublicKey is a checked public key. It is immutable, may be copied and used by many goroutines
// at once, and cannot be compared with ==; use Equal. The zero value is no key: IsZero is true,
// encodings are empty and operations fail.
type PublicKey struct {
	_     [0]func()
	curve Curve
	raw   string          // 32 bytes, or an uncompressed SEC 1 point
	agree *ecdh.PublicKey // set where the curve can agree
}

// NewPublicKey checks and copies raw, which is 32 bytes for X25519 and Ed25519, and a compressed
// or uncompressed SEC 1 point for the others. It refuses wrong lengths, points that are not on
// the curve, and Ed25519 points that are not canonical or lie in the small subgroup.
func NewPublicKey(c Curve, raw []byte) (PublicKey, error) {
	if err := c.check(); err != nil {
		return PublicKey{}, fmt.Errorf("public key: %w", err)
	}
	k, err := newPublicKey(c, raw)
	if err != nil {
		return PublicKey{}, fmt.Errorf("%v public key: %w", c, err)
	}
	return k, nil
}

func newPublicKey(c Curve, raw []byte) (PublicKey, error) {
	switch c {
	case X25519:
	case Ed25519:
		if err := checkEd25519(raw); err != nil {
			return PublicKey{}, err
		}
	case Secp256k1:
		point, err := parseSecp256k1(raw)
		if err != nil {
			return PublicKey{}, err
		}
		raw = point.SerializeUncompressed()
	default:
		point, err := decompress(c, raw)
		if err != nil {
			return PublicKey{}, err
		}
		raw = point
	}
	k := PublicKey{curve: c, raw: string(raw)}
	if a := c.params().agree; a != nil {
		pub, err := a.NewPublicKey(raw)
		if err != nil {
			return PublicKey{}, errors.New("wrong length or not a point on the curve")
		}
		k.agree = pub
	}
	return k, nil
}

// decompress returns the uncompressed form of a NIST point. An uncompressed one is returned as
// it is: crypto/ecdh checks it.
func decompress(c Curve, raw []byte) ([]byte, error) {
	p := c.params()
	if len(raw) != 1+p.size || (raw[0] != pointEven && raw[0] != pointOdd) {
		return raw, nil
	}
	x, y := elliptic.UnmarshalCompressed(p.nist, raw)
	if x == nil {
		return nil, errors.New("not a point on the curve")
	}
	out := make([]byte, 1+2*p.size)
	out[0] = pointUncompressed
	x.FillBytes(out[1 : 1+p.size])
	y.FillBytes(out[1+p.size:])
	return out, nil
}

// parseSecp256k1 refuses the hybrid encoding, which the library would take.
func parseSecp256k1(raw []byte) (*secp256k1.PublicKey, error) {
	compressed := len(raw) == 33 && (raw[0] == pointEven || raw[0] == pointOdd)
	uncompressed := len(raw) == 65 && raw[0] == pointUncompressed
	if !compressed && !uncompressed {
		return nil, errors.New("wrong length or encoding of the point")
	}
	point, err := secp256k1.ParsePubKey(raw)
	if err != nil {
		return nil, errors.New("not a point on the curve")
	}
	return point, nil
}

// Curve returns the curve of the key, zero for the zero key.
func (k PublicKey) Curve() Curve { return k.curve }

// IsZero reports whether k is the zero value, which is no key.
func (k PublicKey) IsZero() bool { return k.curve == 0 }

// Bytes returns a copy of the key: 32 bytes for X25519 and Ed25519, otherwise an uncompressed
// SEC 1 point of 65 (P-256, secp256k1), 97 (P-384) or 133 (P-521) bytes; nil for the zero key.
func (k PublicKey) Bytes() []byte {
	if k.IsZero() {
		return nil
	}
	return []byte(k.raw)
}

// Equal reports whether both are the same key on the same curve. Two zero keys are equal.
func (k PublicKey) Equal(other PublicKey) bool {
	return k.curve == other.curve && k.raw == other.raw
}

// Fingerprint returns the SHA-256 of the key's multikey bytes (multicodec prefix and compressed
// key, before base58): what a contact is pinned to. It is stable across versions.
func (k PublicKey) Fingerprint() [32]byte { return sha256.Sum256(k.multikeyBytes()) }

// String returns the multikey, and "" for the zero key.
func (k PublicKey) String() string { return k.Multikey() }

// compressed returns the shortest encoding: 32 bytes, or a compressed SEC 1 point.
func (k PublicKey) compressed() []byte {
	p := k.curve.params()
	if p.kty == "OKP" {
		return []byte(k.raw)
	}
	out := []byte(k.raw[:1+p.size])
	out[0] = pointEven | k.raw[len(k.raw)-1]&1
	return out
}
