// Package aries lets the DID resolvers (VDRs) of aries-framework-go serve as did.Resolver: the
// client of a Universal Resolver, did:peer numalgo 1, and whatever VDR an existing aries agent
// brings.
//
// Documents cross by their JSON text and are parsed again by package did, so that the same
// limits and rules hold for them as for all others.
//
// # What this package must never do
//
// It never lets a panic of aries reach the caller, never takes a document for a DID other than
// the one asked for, and lends no other part of aries out: no packer, no wallet, no key store.
// Nothing else in Parley imports aries.
//
// # Design decisions
//
//   - aries v0.3.2 is the last release and archived; what it gets wrong is not repaired here
//     but replaced: did:key and did:peer 2 and 4 have packages of their own. Its did:key is a
//     differential test of ours (see the tests, which also list where it refuses).
//   - Read takes no context. It runs in a goroutine of its own and the caller may leave; at
//     most maxReads of them exist per Resolver.
//   - aries writes the multibase keys of newer suites out as publicKeyBase58, multicodec
//     included, which no reader understands. They are put back before the text is parsed.
//   - What an aries VDR loses on the way is lost: of an array of service endpoints it keeps the
//     first.
//   - aries logs to standard output, where the command's data goes. Making a Resolver lowers
//     its log level to critical for the whole process.
package aries
