// Package discoverfeatures is the discover-features 2.0 protocol (DIDComm v2.1, Discover Features Protocol 2.0):
// somebody asks what we can do, and is told what fits the question.
//
// What is told is true and no more than was asked for: no invented features, as the protocol proposes against
// fingerprinting, for who could rely on the others then? The protection is that strangers are not answered: a
// handler sees messages of contacts alone, and whoever supplies the features may tell each contact another part.
//
// The package must never find out by itself what a wallet can do.
package discoverfeatures
