package wallet

import (
	"github.com/parley-im/parley/did"
)

// Forget drops a document that the wallet remembers.
func (w *Wallet) Forget(id did.DID) { w.resolver.Forget(id) }

// Identities are the wallet's DIDs.
func (w *Wallet) Identities() *identities { return &w.ids }

// MaxIdentities is how many there may be.
const MaxIdentities = maxIdentities
