// Package packing packs plaintext messages into envelopes and unpacks them, by DID: the two functions that
// integrators of DIDComm know from other libraries, without a wallet, a store or a path.
//
// Pack picks keys: of each recipient all keyAgreement keys of one curve, the first in its document's order that
// the sender can use, and the sender's key of that curve. One DID has one envelope (DIDComm v2.1, "ECDH-1PU key
// wrapping and common protected headers").
//
// Unpack opens an envelope and then holds the message to what was proved: "from" is the DID of the sender key and
// of the signer's key; a signed message names whom it is for; from_prior is encrypted and holds. A forward to a
// key of ours is opened as well, since a mediator may wrap again.
//
// Keys are found by kid in a crypto.KeyStore, DID documents by a did.Resolver. Whether that uses the network is
// for who gives it to decide: a signer's DID is resolved only once the signed payload claims to be from it, a
// sender's as soon as the envelope names it. The package must never decide whether a sender is welcome.
package packing
