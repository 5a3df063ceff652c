package wallet

import (
	"context"

	"github.com/parley-im/parley/internal/control"
)

// Features asks a contact what it can do.
func (w *Wallet) Features(ctx context.Context, r control.FeaturesRequest) (out control.Features, err error) {
	return out, &control.Error{Code: control.CodeUnexpected, Message: "not there yet"}
}
