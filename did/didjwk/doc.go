// Package didjwk creates and resolves did:jwk: a DID that is one public key, written as the base64url of a JSON Web
// Key. It is for keys that other software keeps as JWKs; between Parley wallets did:peer is used.
//
// # What this package must never do
//
// It never uses the network, never keeps state, and never resolves a JWK with a private member: whoever publishes one
// has given the key away.
//
// # Design decisions
//
//   - The id is the JWK as its creator wrote it, with the members in any order and others beside the key. So one key
//     has many did:jwk, and they are different DIDs; nothing is normalised.
//   - "use" decides the relationships: "sig" leaves out key agreement and "enc" leaves all others out. Of what is left,
//     package did keeps what the curve can do: an X25519 key without "use" stands under authentication in the text, as
//     the specification has it, and not in Document.Authentication. A "use" of another value changes nothing.
//   - The only key id is #0. A "kid" is not a name for it.
//   - The JWK may have at most 1 KiB and 13 objects and arrays. Beyond that a document that contains it could not be
//     parsed again, by package did's limits for keys. Certificate chains do not fit.
//   - Key types that package crypto does not know, such as RSA, are an error: their document would have no key.
//
// Specification: did:jwk method (quartzjer/did-jwk, spec.md); RFC 7517; RFC 8037.
package didjwk
