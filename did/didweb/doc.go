// Package didweb resolves did:web and writes the documents that their owners host: DIDs whose document is a file on a
// web server, at a URL that the DID spells.
//
// # What this package must never do
//
// It never opens a connection: a did.Fetcher does, and decides which hosts and addresses may be asked. It never
// returns a document with another id than the DID that was asked for, and never asks a URL that two readers of the
// DID could understand differently.
//
// # What a did:web proves
//
// That the server, or whoever got a certificate for its name, says so now. There is no log: a document with other
// keys is as good as the first one. Wallets therefore pin the keys that they saw first.
//
// # Design decisions
//
//   - A host is spelled in any case, as in DNS, and asked for in lower case. The DID stays as it was written, and the
//     document must have exactly it as its id, so only one spelling of a name resolves.
//   - The specification asks for host names. An IPv4 address is read as well, because a wallet that is tried out at
//     home has nothing else; the fetcher refuses those that are not public. IPv6 cannot be written.
//   - A port follows "%3A", in either case, and nothing else in a host may be percent-encoded.
//   - In a path a byte may be percent-encoded only if the DID syntax has no plain form of it. So "%2E%2E" is refused
//     as ".." is, and one URL has one spelling. Encoded slashes, backslashes, percent signs and control characters
//     are refused too: servers and proxies disagree on them.
//   - The answer must say that it is JSON: application/did+json, application/did+ld+json, application/did,
//     application/json or application/ld+json, and application/jsonld, which is in use. Where users of a site can
//     store files, a text of theirs is then no document.
//   - A host that answers 404 or 410 has no such DID, or has it no longer; the method does not tell these apart.
//
// Specification: W3C CCG, did:web Method Specification.
package didweb
