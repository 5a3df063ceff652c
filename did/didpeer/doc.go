// Package didpeer creates and resolves did:peer of numalgo 0, 2, 3 and 4: DIDs that carry their
// own document, so that two wallets need no third party to know each other.
//
// # Forms
//
//   - did:peer:4 has a long form, which is a hash and the document, and a short form, which is
//     the hash. The short form resolves only through [Resolver.Known], from a wallet's memory.
//     The resolved document's id is the form asked for; the other form stands in alsoKnownAs.
//   - did:peer:2 lists keys and services. Its keys are #key-1, #key-2 in order of appearance;
//     Document.Key also finds them under the older names, the first eight characters of the
//     encoded key. Services written as one JSON list are read only when Resolver.Legacy is set.
//   - did:peer:3 is the hash of a did:peer:2 and resolves to the same keys and services, through
//     Known like the short form of a did:peer:4.
//   - did:peer:0 is one signing key, equivalent to did:key.
//   - did:peer:1 is the hash of a genesis document that somebody has to store. It is refused with
//     did.ErrMethod; an aries VDR that stores such documents resolves it (package did/aries).
//
// # Which of them are one DID
//
// The two forms of a did:peer:4 are: did.DID.Canonical cuts the long one off. A did:peer:2 and its
// did:peer:3 are not. To find that they belong together one has to compute a hash, which
// comparisons do not do, and the specification sees the 3 as a DID of its own: whoever has used
// one in a message must be answered and told apart by that one. Each stands in the alsoKnownAs of
// the other, and the resolver has checked that.
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
//   - The JSON text of a document is written when somebody asks for it, which messages do not. So
//     resolving a wallet's did:peer:2 takes less time than one X25519 agreement, and a did:peer:4
//     about as much (BenchmarkResolve). What might be too long once it is written is written and
//     parsed at once. The tests compare every document with its text.
//   - The longest did:peer:4 takes about ten X25519 agreements: base58 costs the square of the
//     length.
//   - Members of a did:peer:4 document from which no key of ours comes, such as assertionMethod,
//     may have any form.
//
// Specification: DIF, Peer DID Method 1.0, methods 0, 2 (as clarified), 3 and 4.
package didpeer
