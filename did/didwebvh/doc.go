// Package didwebvh resolves did:webvh 1.0: a DID whose documents stand in a log on a web host, where every entry
// is chained to the one before and signed by keys that the one before had allowed. The host can withhold the log,
// but it can neither write into it nor, once we have seen an entry, take that entry back unnoticed.
//
// # What is verified
//
//   - The SCID in the DID is the hash of the first entry, so a DID has only one beginning.
//   - Every entry has the next number, the hash that chains it to its predecessor, and a time after it that does not
//     lie in the future by more than five minutes.
//   - Every proof of every entry is an eddsa-jcs-2022 proof by a key of the active updateKeys: those of the entry
//     before, or, after nextKeyHashes, those of the entry itself, which must match the hashes.
//   - Where witnesses are active, the threshold of them has signed the entry or a later published one, by the proofs
//     in did-witness.json beside the log.
//   - The SCID never changes, and the rest of the DID only while the log is portable, with the old DID in
//     alsoKnownAs. Nothing follows a deactivation.
//   - The log contains the version that [Resolver.Seen] names, else the error wraps did.ErrRewritten.
//   - The last entry's document has exactly the DID that was asked for.
//
// # What this package must never do
//
// It never returns a document of a log of which any entry fails, even if the failing entry is not the last. It never
// dials by itself: what [did.Fetcher] refuses stays refused. It never believes anything because of where it was
// hosted before: the hosts of earlier entries are neither asked nor compared.
//
// # Design decisions
//
//   - Hashes and proofs cover the canonical form (RFC 8785), and documents and parameters are read from that same
//     form, so that no difference between two JSON readers can part what was signed from what is believed. The text
//     of the resolved document is therefore the canonical one.
//   - Whatever breaks a rule is refused: unknown members and parameters, a verification method whose two halves
//     differ, a threshold of zero, a proof that verifies beside one that does not. The one leniency is the one that
//     the specification asks for: a parameter that is null has its default value.
//   - Keys are Ed25519 multikeys and hashes SHA-256 multihashes: did:webvh:1.0 permits no others. Witnesses have no
//     weights, which 1.0 dropped. Logs of did:webvh:0.5 and did:tdw are refused with did.ErrMethod.
//   - A time in the future is a temporary error, since either clock may be wrong, ours included.
//   - A move makes the old DID unresolvable, with an error that names the new one: a document's id is always the DID
//     asked for. Whoever knew the old DID decides whether to follow.
//   - A deactivated DID gives did.ErrDeactivated, after all checks, so that only its owner can deactivate it.
//   - Any media type is accepted, because hosts do not know .jsonl and the log proves itself.
//   - Hosts are DNS names, as the method demands: IP addresses in any notation are refused. Names beyond ASCII are
//     written in their xn-- form, since a DID has no other characters.
//   - The implicit services #files and #whois are not added; DIDComm needs neither. The parameters ttl and watchers
//     are checked and ignored: the cache decides how long a document is believed, and nobody else is asked for it.
//   - What a host can make us do is bounded by the sizes below and by a count of values in each entry, before anything
//     is decoded; entries are read one at a time, so that memory is that of one entry.
//   - DID URL queries such as ?versionId= are not resolved.
//
// Specification: DIF, The did:webvh DID Method v1.0; W3C, Data Integrity EdDSA Cryptosuites v1.0, eddsa-jcs-2022.
package didwebvh
