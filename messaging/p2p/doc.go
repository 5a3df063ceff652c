// Package p2p carries envelopes between wallets over libp2p. It is the only importer of libp2p.
//
// PROTOCOL.md beside this file is what goes over the wire, byte by byte: a hello that binds the
// PeerIDs of a connection to DIDs, delivery with answers, and the didcomm/v2 protocol of DIDComm's
// libp2p extension for those who do not speak ours. Transport is what it is about; beside it stand its limits and what a DID document needs to name it.
//
// # What this package must never do
//
// It never looks into an envelope, never answers "accepted" before messaging.Receiver.Accept has
// returned, and never resolves a stranger's DID over the network. It tells a stranger nothing of us. It never dials another PeerID
// than the one that the recipient's document names. It never tells an address to somebody who has
// not proved a DID and been let in. The libp2p key is never a key of a DID.
//
// # Design decisions
//
//   - Hello runs on every delivery stream, and what it proved lives and dies with that stream.
//     There is no state per connection that could be confused.
//   - The two proofs are frames of their own. So what a signature covers is simply all that was
//     sent before it, and there is no second encoding of a hello to get wrong.
//   - Addresses travel in signed peer records inside hello. libp2p's identify would tell them to
//     everybody who connects; the host therefore announces none there, and AutoNAT is off.
//   - libp2p's dial backoff and black hole detection are off. The node has a backoff of its own
//     for each destination, and contacts that are switched off are no sign of a broken network.
//   - What waits to be committed is bounded per stream, per peer and in all by counting semaphores.
//     A reader that finds no room stops reading, and flow control slows the sender: an honest peer
//     is delayed, never refused.
//   - Whoever can make a key can make a stranger. So strangers, who have come in to leave a request, have
//     few streams, together and for each peer; two envelopes of each are opened, one at a time; they
//     share an eighth of the room; and their connections are the first to go when there are many. Before
//     their hello is over strangers are not known from others: libp2p's limits of connections for each
//     address and peer are what bounds hellos.
//   - A body longer than 64 KiB is allocated as it arrives, so a length prefix alone costs nothing.
//   - After a busy answer the stream ends, because an envelope accepted behind one that was not
//     would arrive out of order.
//
// Specifications: libp2p connection spec, RFC 0002 and 0003 (signed envelopes and peer records);
// DIDComm Messaging v2.1 with its libp2p transport extension.
package p2p
