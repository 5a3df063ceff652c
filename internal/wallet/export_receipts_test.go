package wallet

import (
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
)

// Node is the wallet's node.
func (w *Wallet) Node() *messaging.Node { return w.node }

// SetStore has the wallet, not its node, use another store.
func (w *Wallet) SetStore(s inbox.Store) { w.store = s }

// IsHousekeeping and PayloadType are the functions of these names.
var (
	IsHousekeeping = isHousekeeping
	PayloadType    = payloadType
)
