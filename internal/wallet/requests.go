package wallet

import (
	"context"

	"github.com/parley-im/parley/internal/control"
)

// Requests returns the first messages of strangers.
func (w *Wallet) Requests(ctx context.Context) (out []control.Request, err error) {
	return out, &control.Error{Code: control.CodeUnexpected, Message: "not there yet"}
}

// SettleRequest accepts or blocks a stranger.
func (w *Wallet) SettleRequest(ctx context.Context, r control.RequestDecision) (out control.Contact, err error) {
	return out, &control.Error{Code: control.CodeUnexpected, Message: "not there yet"}
}
