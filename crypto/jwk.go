package crypto

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
)

// maxJWK bounds a JWK in bytes. A key needs under 300; the rest is room for members that are
// ignored, such as a certificate chain.
const maxJWK = 16 << 10

// jwk holds the members that are read. Pointers tell an absent member from an empty one.
type jwk struct {
	Kty string  `json:"kty"`
	Crv string  `json:"crv"`
	X   *string `json:"x"`
	Y   *string `json:"y"`
	D   *string `json:"d"`
}

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
	if j.D != nil {
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
	c, err := curveByName(j.Kty, j.Crv)
	if err != nil {
		return PrivateKey{}, errors.New("private jwk: unsupported key type or curve")
	}
	pub, err := j.public()
	if err != nil {
		return PrivateKey{}, errors.New("private jwk: bad public members")
	}
	d, err := decodeField("d", j.D, c.params().size)
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

func decodeJWK(b []byte) (*jwk, error) {
	if len(b) > maxJWK {
		return nil, fmt.Errorf("%d bytes, at most %d", len(b), maxJWK)
	}
	// A JSON null would leave the struct as it is, so a missing kty stands for that too.
	var j jwk
	if err := json.Unmarshal(b, &j); err != nil {
		return nil, err
	}
	return &j, nil
}

func (j *jwk) public() (PublicKey, error) {
	c, err := curveByName(j.Kty, j.Crv)
	if err != nil {
		return PublicKey{}, err
	}
	p := c.params()
	x, err := decodeField("x", j.X, p.size)
	if err != nil {
		return PublicKey{}, err
	}
	if p.kty == "OKP" {
		if j.Y != nil {
			return PublicKey{}, fmt.Errorf("%v key with a member y", c)
		}
		return NewPublicKey(c, x)
	}
	y, err := decodeField("y", j.Y, p.size)
	if err != nil {
		return PublicKey{}, err
	}
	point := append(append([]byte{pointUncompressed}, x...), y...)
	return NewPublicKey(c, point)
}

// decodeField decodes strict base64url of exactly size bytes. The error does not quote the value,
// which may be secret.
func decodeField(name string, value *string, size int) ([]byte, error) {
	if value == nil {
		return nil, fmt.Errorf("member %s is missing", name)
	}
	// The decoder skips CR and LF even when strict (RFC 7515 section 2 wants none).
	out, err := base64.RawURLEncoding.Strict().DecodeString(*value)
	if err != nil || strings.ContainsAny(*value, "\r\n") {
		return nil, fmt.Errorf("member %s is not strict base64url", name)
	}
	if len(out) != size {
		return nil, fmt.Errorf("member %s has %d bytes, want %d", name, len(out), size)
	}
	return out, nil
}
