package crypto

import (
	stdcrypto "crypto"
	"crypto/ecdh"
	"crypto/elliptic"
	"fmt"

	// The hashes that the ECDSA algorithms below name.
	_ "crypto/sha256"
	_ "crypto/sha512"
)

// Curve names one of the supported curves. The zero value is invalid.
type Curve int

// The supported curves. X25519 agrees, Ed25519 and Secp256k1 sign, the NIST curves do both.
const (
	X25519    Curve = iota + 1 // RFC 7748; key agreement
	Ed25519                    // RFC 8032; signatures (EdDSA)
	P256                       // FIPS 186-5; signatures (ES256) and key agreement
	P384                       // FIPS 186-5; signatures (ES384) and key agreement
	P521                       // FIPS 186-5; signatures (ES512) and key agreement
	Secp256k1                  // SEC 2; signatures (ES256K)
)

// params holds what differs between curves. size is the width in bytes of a coordinate and of
// a scalar or seed; codec is the multicodec number of the public key.
type params struct {
	name  string
	kty   string
	size  int
	codec uint64
	agree ecdh.Curve
	nist  elliptic.Curve
	hash  stdcrypto.Hash
}

var curves = [...]params{
	X25519:    {name: "X25519", kty: "OKP", size: 32, codec: 0xec, agree: ecdh.X25519()},
	Ed25519:   {name: "Ed25519", kty: "OKP", size: 32, codec: 0xed},
	P256:      {name: "P-256", kty: "EC", size: 32, codec: 0x1200, agree: ecdh.P256(), nist: elliptic.P256(), hash: stdcrypto.SHA256},
	P384:      {name: "P-384", kty: "EC", size: 48, codec: 0x1201, agree: ecdh.P384(), nist: elliptic.P384(), hash: stdcrypto.SHA384},
	P521:      {name: "P-521", kty: "EC", size: 66, codec: 0x1202, agree: ecdh.P521(), nist: elliptic.P521(), hash: stdcrypto.SHA512},
	Secp256k1: {name: "secp256k1", kty: "EC", size: 32, codec: 0xe7, hash: stdcrypto.SHA256},
}

// String returns the name that JWK uses in "crv" (RFC 7518 section 6.2.1.1, RFC 8037, RFC 8812).
func (c Curve) String() string {
	if !c.valid() {
		return fmt.Sprintf("Curve(%d)", int(c))
	}
	return curves[c].name
}

// CanSign reports whether keys on this curve sign and verify.
func (c Curve) CanSign() bool { return c.valid() && c != X25519 }

// CanAgree reports whether keys on this curve agree on a shared secret.
func (c Curve) CanAgree() bool { return c.valid() && curves[c].agree != nil }

func (c Curve) valid() bool { return c > 0 && int(c) < len(curves) }

func (c Curve) params() *params { return &curves[c] }

// check returns an error unless c is one of the supported curves.
func (c Curve) check() error {
	if !c.valid() {
		return fmt.Errorf("unknown curve %d", int(c))
	}
	return nil
}

func curveByName(kty, crv string) (Curve, error) {
	for c := X25519; c.valid(); c++ {
		if p := c.params(); p.name == crv && p.kty == kty {
			return c, nil
		}
	}
	return 0, fmt.Errorf("unsupported key type %.32q with curve %.32q", kty, crv)
}

func curveByCodec(codec uint64) (Curve, error) {
	for c := X25519; c.valid(); c++ {
		if c.params().codec == codec {
			return c, nil
		}
	}
	return 0, fmt.Errorf("unsupported multicodec 0x%x", codec)
}
