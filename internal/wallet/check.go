package wallet

import (
	"context"

	"github.com/parley-im/parley/internal/control"
)

// Check reads everything that is stored.
func (w *Wallet) Check(ctx context.Context) (out control.Check, err error) {
	return out, &control.Error{Code: control.CodeUnexpected, Message: "not there yet"}
}
