package crypto

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/parley-im/parley/crypto/internal/strictjson"
)

// maxJWK bounds a JWK in bytes. A key needs under 300; the rest is room for members that are
// ignored, such as a certificate chain.
const maxJWK = 16 << 10

// jwk holds the members that are read. Those that are absent or null are nil; d is not copied.
type jwk struct{ kty, crv, x, y, d []byte }

// JWK returns the key as a JSON Web Key with the members crv, kty, x and, for curves with two
// coordinates, y, in that order and without spaces: the form that RFC 7638 hashes. It is nil for
// the zero key.
func (k PublicKey) JWK() []byte {
	if k.IsZero() {
		return nil
	}
	p := k.curve.params()
	b64 := base64.RawURLEncoding.EncodeToString
	if p.kty == "OKP" {
		return fmt.Appendf(nil, `{"crv":"%s","kty":"OKP","x":"%s"}`, p.name, b64([]byte(k.raw)))
	}
	x, y := k.raw[1:1+p.size], k.raw[1+p.size:]
	return fmt.Appendf(nil, `{"crv":"%s","kty":"EC","x":"%s","y":"%s"}`, p.name, b64([]byte(x)), b64([]byte(y)))
}

// ParseJWK reads a public JSON Web Key of at most 16 KiB (RFC 7517, RFC 7518 section 6.2,
// RFC 8037). It refuses duplicate members, base64url with padding, line breaks or stray bits,
// coordinates that have not their full width, keys that NewPublicKey refuses, and a private
// member d: whoever sends one has made a mistake that must not go unnoticed. Other members, such
// as kid, use, alg and key_ops, are ignored.
func ParseJWK(b []byte) (PublicKey, error) {
	j, err := decodeJWK(b)
	if err != nil {
		return PublicKey{}, fmt.Errorf("jwk: %w", err)
	}
	if j.d != nil {
		return PublicKey{}, errors.New("jwk: has the private member d where a public key is wanted")
	}
	k, err := j.public()
	if err != nil {
		return PublicKey{}, fmt.Errorf("jwk: %w", err)
	}
	return k, nil
}

// ParsePrivateJWK reads a private JSON Web Key of at most 16 KiB, as strictly as ParseJWK. The
// public members must be there and belong to d. Errors never quote the input.
func ParsePrivateJWK(b []byte) (PrivateKey, error) {
	j, err := decodeJWK(b)
	if err != nil {
		return PrivateKey{}, errors.New("private jwk: not a JSON object with one string each for kty, crv, x, y and d")
	}
	c, err := curveByName(string(j.kty), string(j.crv))
	if err != nil {
		return PrivateKey{}, errors.New("private jwk: unsupported key type or curve")
	}
	pub, err := j.public()
	if err != nil {
		return PrivateKey{}, errors.New("private jwk: bad public members")
	}
	d, err := decodeField("d", j.d, c.params().size)
	if err != nil {
		return PrivateKey{}, fmt.Errorf("private jwk: %w", err)
	}
	defer clear(d)
	k, err := NewPrivateKey(c, d)
	if err != nil {
		return PrivateKey{}, fmt.Errorf("private jwk: %w", err)
	}
	if !pub.Equal(k.Public()) {
		return PrivateKey{}, errors.New("private jwk: d does not belong to the public key")
	}
	return k, nil
}

func decodeJWK(b []byte) (j jwk, err error) {
	if len(b) > maxJWK {
		return j, fmt.Errorf("%d bytes, at most %d", len(b), maxJWK)
	}
	err = strictjson.Members(b, func(name, value []byte) (err error) {
		member := j.member(name)
		if member == nil || strictjson.IsNull(value) {
			return nil
		}
		if *member, err = strictjson.Unquote(value); err != nil {
			return fmt.Errorf("member %s: %w", name, err)
		}
		return nil
	})
	return j, err
}

func (j *jwk) member(name []byte) *[]byte {
	switch string(name) {
	case "kty":
		return &j.kty
	case "crv":
		return &j.crv
	case "x":
		return &j.x
	case "y":
		return &j.y
	case "d":
		return &j.d
	}
	return nil // RFC 7517 section 4: others are ignored
}

func (j *jwk) public() (PublicKey, error) {
	c, err := curveByName(string(j.kty), string(j.crv))
	if err != nil {
		return PublicKey{}, err
	}
	p := c.params()
	x, err := decodeField("x", j.x, p.size)
	if err != nil {
		return PublicKey{}, err
	}
	if p.kty == "OKP" {
		if j.y != nil {
			return PublicKey{}, fmt.Errorf("%v key with a member y", c)
		}
		return NewPublicKey(c, x)
	}
	y, err := decodeField("y", j.y, p.size)
	if err != nil {
		return PublicKey{}, err
	}
	point := append(append([]byte{pointUncompressed}, x...), y...)
	return NewPublicKey(c, point)
}

// strict is base64url without padding that refuses stray bits (RFC 7515 section 2).
var strict = base64.RawURLEncoding.Strict()

// decodeField decodes strict base64url of exactly size bytes. The error does not quote the value,
// which may be secret.
func decodeField(name string, value []byte, size int) ([]byte, error) {
	if value == nil {
		return nil, fmt.Errorf("member %s is missing", name)
	}
	// The decoder skips CR and LF even when strict.
	out := make([]byte, strict.DecodedLen(len(value)))
	n, err := strict.Decode(out, value)
	if err != nil || bytes.ContainsAny(value, "\r\n") {
		return nil, fmt.Errorf("member %s is not strict base64url", name)
	}
	if n != size {
		return nil, fmt.Errorf("member %s has %d bytes, want %d", name, n, size)
	}
	return out[:n], nil
}
