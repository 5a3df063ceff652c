package wallet

import (
	"context"

	"github.com/parley-im/parley/internal/control"
)

// Search looks for text in messages.
func (w *Wallet) Search(ctx context.Context, r control.SearchRequest) (out []control.Found, err error) {
	return out, &control.Error{Code: control.CodeUnexpected, Message: "not there yet"}
}
