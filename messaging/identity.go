package messaging

import (
	"time"

	"github.com/parley-im/parley/did"
)

// Identity is a DID of ours.
type Identity struct {
	// DID is in its long form where it has one; Document is its own document, with the DID as its id.
	DID      did.DID
	Document *did.Document
	// Index is that of the wallet's keys with which it was made.
	Index int
	// Since is when it was made. Until is when it was retired, zero while it is in use: a retired one still receives
	// and sends what was queued, and is never the default.
	Since, Until time.Time
}

// Identities are the DIDs of ours. Implementations are safe for concurrent use. The key store holds
// the private keys under the key ids of each document, in the long and the canonical form of the DID.
type Identities interface {
	// Find returns the identity with the DID in any form.
	Find(id did.DID) (Identity, bool)
	// All returns every identity, the preferred one first.
	All() []Identity
}

// FixedIdentities are identities that never change.
type FixedIdentities []Identity

// Find returns the identity with the DID in any form.
func (f FixedIdentities) Find(id did.DID) (Identity, bool) {
	for _, i := range f {
		if i.DID.Same(id) {
			return i, true
		}
	}
	return Identity{}, false
}

// All returns every identity in order.
func (f FixedIdentities) All() []Identity { return append([]Identity(nil), f...) }
