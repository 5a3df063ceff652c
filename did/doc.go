// Package did knows names: DIDs, DID URLs, DID documents and how documents are found.
//
// A [DID] is a checked string, a [Document] is what it resolves to, a [Resolver] does the
// resolving and [Methods] picks the resolver by DID method. [Cache] remembers documents for a
// while and [Directory] lets the crypto packages look keys up by the id that an envelope names.
// The methods themselves live in the packages below, one each. Those that know the parts of a
// document make it with [NewDocument], those that are given its text with [ParseDocument].
//
// # What this package must never do
//
// It never touches the network, a disk or a private key. It never trusts a document to speak
// for another DID than its own: a verification method whose id belongs to another DID is kept
// out. It never treats a did:peer:4 long form as proven because it parsed; only its resolver
// checks the hash.
//
// # Design decisions
//
//   - Documents are immutable and shared by many goroutines. Every accessor returns a copy. The
//     text of a document made of parts is rendered when somebody asks for it, which most never
//     do: parsing it costs some twenty times what putting the parts together does.
//   - Everything a stranger can make us hold is bounded: [MaxLength] for a DID,
//     [MaxDocument], [MaxDepth], [MaxValues], [MaxMethods], [MaxServices] and [MaxEndpoints]
//     for a document. Parsing allocates less than 16 × its input + 64 KiB.
//   - Parsing is strict about form (duplicate members, wrong JSON types, ambiguous ids) and
//     lenient about content: a key of a type we cannot use is kept out of the document's key
//     lists and the rest stays usable, because real documents list keys for many purposes.
//   - KeyAgreement lists only keys that can agree and Authentication only keys that can sign.
//   - A did:peer:4 has a long and a short form. [DID.Canonical] and [DID.Same] compare them
//     as one name; == compares the exact form. The cache uses the exact form, so a forged
//     long form can never answer for the short one.
//   - The cache believes a document for an hour, and for a day where it cannot change
//     ([Offline]); a failure for ten seconds, so that repeating a bad DID asks its host little.
//     Documents and failures have places of their own: nobody can push out a document by
//     thinking up DIDs that fail. A document stays when asking anew fails, for otherwise whoever
//     can make a host fail could silence its DIDs.
//   - In logs a DID is a hash: [DID] is a slog.LogValuer.
//
// Specifications: W3C DID Core 1.0; DIDComm Messaging v2.1, "DID Document Keys" and "Service
// Endpoint"; did:peer 1.0 for the two forms.
package did
