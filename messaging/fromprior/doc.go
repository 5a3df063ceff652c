// Package fromprior makes and checks the token with which somebody who has a new DID proves to be who went by
// an old one: the from_prior header of DIDComm v2.1, "DID Rotation".
//
// The token is a JWT: a compact JWS by a key that the old DID lists for authentication, over the old DID (iss),
// the new one (sub) and the time (iat). It binds DIDs and says nothing about the message that carries it, so
// that message has to be encrypted, and be from the new DID. A token without a new DID ends the relationship.
//
// A succession is a token of our own, for a DID whose document can change: iss and sub are both that DID, and a private
// claim, parley_keys, is the base64url form of the fingerprint of its new keys. The specification knows new DIDs only,
// and other software refuses such a token, as Check does. It names the keys because everybody who is written to gets to
// see it: one of them could else use it, together with the host of the document, for keys of their own.
//
// The package must never follow a token to another DID by itself, nor resolve anything over the network that
// its Directory would not: whether a contact moves is the wallet's decision.
package fromprior
