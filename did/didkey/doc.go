// Package didkey creates and resolves did:key, the DID that is nothing but one public key.
//
// Resolving needs no network: the document follows from the DID. The key has the id
// "#" + its multikey. It authenticates if its curve can sign and agrees on keys if its curve
// can; a NIST key does both. For an Ed25519 key a second one is derived for key agreement on
// X25519, named by its own multikey.
//
// # What this package must never do
//
// It never accepts a second spelling of a key: the multikey is base58btc, NIST and secp256k1
// points are compressed and on their curve. It never derives anything from a private key.
//
// # Design decisions
//
// secp256k1 keys get no key agreement, although the method's test suite lists one: DIDComm has
// no secp256k1 key agreement, and a sender must not pick such a key. All methods are written as
// Multikey, whatever suite name older did:key documents used; the keys and ids are the same.
//
// Specification: W3C CCG, The did:key Method v0.7.
package didkey
