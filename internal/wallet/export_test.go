package wallet

import (
	"context"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// Nobody is the zero DID.
var Nobody did.DID

// Store is the wallet's memory.
func (w *Wallet) Store() inbox.Store { return w.store }

// AddOnly makes a contact of the inviter and stops there, as an Add that is killed does.
func (w *Wallet) AddOnly(ctx context.Context, link string) error {
	inv, doc, err := w.readLink(ctx, link)
	if err == nil {
		_, err = w.invited(ctx, inv, doc, "")
	}
	return err
}
