// Package jose is the part of JOSE that DIDComm v2.1 uses: JWE (RFC 7516) and JWS (RFC 7515) in
// strict forms, and the few algorithms that go with them.
//
// It knows forms and algorithms. Which keys may be used, whom a message is for and which layers
// may stand in which is decided one floor up, in package envelope; names are decided nowhere in
// crypto. It never looks a key up, never decompresses, never falls back to another algorithm, and
// never says why a decryption failed.
//
// # Forms
//
// JWE is emitted in general JSON serialization, and read in general, flattened and compact
// serialization: compact for one recipient is what aries agents send. JWS is emitted in general
// JSON serialization and read in all three; a compact JWS is no DIDComm message, but a from_prior
// token is one.
//
// # Algorithms
//
//	key agreement  ECDH-ES+A256KW, ECDH-1PU+A256KW (draft-madden-jose-ecdh-1pu-04)
//	content        A256CBC-HS512, A256GCM, XC20P; with ECDH-1PU only A256CBC-HS512
//	signature      EdDSA (also named Ed25519, RFC 9864), ES256, ES384, ES512, ES256K
//
// Whatever is not in this table is refused with ErrUnsupported: zip, dir, none, HMAC, RSA, PBES2,
// and every "crit".
//
// # Design decisions
//
// Parse reads a document from the outside in. One pass (package strictjson) finds its members and refuses
// what nests too deep, duplicate members at any level, bad UTF-8 and whatever follows the document. Base64url is refused when it has padding, line breaks or stray bits, so
// that the decoded fields have one encoding each. All limits of this package are constants.
//
// Every parameter that decides something must be in the protected header. An unprotected header
// gives the kid and nothing else; parameters that belong in the protected one are refused there.
//
// A JSON document that is neither JWE nor JWS is not an error of Parse: what was sealed is told
// from what it was sealed in by this package alone, so two readers cannot disagree about it.
//
// A wrapped key is checked for its length before it is unwrapped, and a failed unwrap goes on
// with a random key (RFC 7516 section 11.5), so that only one kind of failure exists.
package jose
