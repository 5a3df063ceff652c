package crypto

import (
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// GenerateJWK makes a new key on c as GenerateKey does, and returns it as a private JSON Web Key too (RFC 7517), for
// a key that is to be kept in a file. The text is as secret as the key: clear it when it is written.
func GenerateJWK(c Curve) (key PrivateKey, jwk []byte, err error) {
	if err := c.check(); err != nil {
		return key, nil, fmt.Errorf("generate key: %w", err)
	}
	raw, err := randomSecret(c)
	if err != nil {
		return key, nil, fmt.Errorf("generate %v key: %w", c, err)
	}
	defer clear(raw)
	if key, err = NewPrivateKey(c, raw); err != nil {
		return key, nil, err
	}
	return key, privateJWK(key.Public(), raw), nil
}

// AgreementJWK derives from a private Ed25519 JWK the X25519 key that belongs to PublicKey.X25519 of its public one
// (RFC 7748 section 5, RFC 8032 section 5.1.5), as a did:key of Ed25519 has it. It reads the JWK as ParsePrivateJWK
// does and fails for every other key. The text that it returns is as secret as the key.
func AgreementJWK(ed25519JWK []byte) (key PrivateKey, jwk []byte, err error) {
	signing, err := ParsePrivateJWK(ed25519JWK)
	if err != nil || signing.Public().Curve() != Ed25519 {
		return key, nil, errors.New("derive agreement key: not a private Ed25519 JWK")
	}
	seed := signing.open().ed.Seed()
	defer clear(seed)
	sum := sha512.Sum512(seed)
	defer clear(sum[:])
	if key, err = NewPrivateKey(X25519, sum[:32]); err != nil {
		return key, nil, err
	}
	return key, privateJWK(key.Public(), sum[:32]), nil
}

// privateJWK adds the secret to the JWK of its public key.
func privateJWK(public PublicKey, secret []byte) []byte {
	open := public.JWK()
	jwk := make([]byte, 0, len(open)+base64.RawURLEncoding.EncodedLen(len(secret))+8)
	jwk = append(append(jwk, open[:len(open)-1]...), `,"d":"`...)
	return append(base64.RawURLEncoding.AppendEncode(jwk, secret), `"}`...)
}

// ParseCurve returns the curve with this name, as JWK writes it or in any case, such as "x25519" or "P-256". The
// error lists the names.
func ParseCurve(name string) (Curve, error) {
	var names []string
	for c := range Curve(len(curves)) {
		if !c.valid() {
			continue
		}
		if strings.EqualFold(name, c.String()) {
			return c, nil
		}
		names = append(names, c.String())
	}
	return 0, fmt.Errorf("there is no curve %q; there are %s", name, strings.Join(names, ", "))
}
