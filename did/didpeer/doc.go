// Package didpeer creates did:peer of numalgo 2 and 4 and resolves numalgo 0, 2 and 4: DIDs
// that carry their own document, so that two wallets need no third party to know each other.
//
// # Forms
//
//   - did:peer:4 has a long form, which is a hash and the document, and a short form, which is
//     the hash. The short form resolves only through [Resolver.Known], from a wallet's memory.
//     The resolved document's id is the form asked for; the other form stands in alsoKnownAs.
//   - did:peer:2 lists keys and services. Its keys are #key-1, #key-2 in order of appearance;
//     Document.Key also finds them under the older names, the first eight characters of the
//     encoded key. Services written as one JSON list are read only when Resolver.Legacy is set.
//   - did:peer:0 is one signing key, equivalent to did:key.
//
// # What this package must never do
//
// It never uses the network. It never returns the document of a long form whose hash does not
// match, however it came by the long form, and never writes an address into a did:peer, because
// addresses change and the DID must not.
//
// # Design decisions
//
//   - The hash is checked before the document is decoded.
//   - The document keeps relative ids, as the specification asks; package did makes them
//     absolute. Members keep their order.
//   - A created DID is resolved before it is returned, so that one that breaks a limit of
//     package did is noticed by its creator and not by a stranger.
//
// Specification: DIF, Peer DID Method 1.0, methods 0, 2 (as clarified) and 4.
package didpeer
