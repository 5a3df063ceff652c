// Package fromprior makes and checks the token with which somebody who has a new DID proves to be who went by
// an old one: the from_prior header of DIDComm v2.1, "DID Rotation".
//
// The token is a JWT: a compact JWS by a key that the old DID lists for authentication, over the old DID (iss),
// the new one (sub) and the time (iat). It binds DIDs and says nothing about the message that carries it, so
// that message has to be encrypted, and be from the new DID. A token without a new DID ends the relationship.
//
// The package must never follow a token to another DID by itself, nor resolve anything over the network that
// its Directory would not: whether a contact moves is the wallet's decision.
package fromprior
