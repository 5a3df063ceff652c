// Package crypto knows keys: public keys that are safe to pass around, private keys that can
// only act, and the two interfaces, KeyStore and Directory, through which the rest of Parley
// asks for either.
//
// It never knows names. A key id is an opaque string here, and no DID is parsed, resolved or
// compared in this package or below it, so envelopes can be tested without a resolver. It never
// hands out the bytes of a private key, never prints them, and never accepts a public key
// without checking it.
//
// # Design decisions
//
// Keys are opaque and cannot be compared with ==, because two encodings of one key would compare
// as different, and a comparison of secrets would leak its timing. [PublicKey.Equal] is the only
// way. Zero values are valid Go values but no keys: every operation on one fails with an error.
//
// Every malleable encoding is refused in this one place. Base64url is accepted without padding,
// line breaks or stray bits; coordinates have their full width; multikeys hold compressed points
// only; JSON members are case-sensitive and occur once. So a key has one JWK (RFC 7638 order)
// and one multikey, and the SHA-256 of the latter's bytes is a stable pin.
//
// Points are checked on the way in: NIST points and secp256k1 points must lie on their curve, and
// an Ed25519 point must be canonical, on the curve and outside the small subgroup, since anybody
// can sign for a key inside it. An X25519 key is any 32 bytes (RFC 7748 section 5); the
// all-zero result that a low-order point produces is refused when agreeing.
//
// Agreement runs on crypto/ecdh alone, Ed25519 and the NIST signatures on the standard library,
// secp256k1 signatures on decred's implementation. ES256K signatures are emitted with low S, and
// accepted with high S because others emit it half of the time (RFC 8812 permits both). NIST
// signatures are hedged by randomness; Ed25519 and ES256K are deterministic.
//
// Converting an Ed25519 public key into its X25519 sibling uses math/big, which takes variable
// time: the operation is on public values only. Private keys are never converted.
//
// The standard package is imported as stdcrypto wherever both are needed.
package crypto
