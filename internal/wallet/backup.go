package wallet

import (
	"context"

	"github.com/parley-im/parley/internal/control"
)

// Backup writes the wallet into one encrypted file.
func (w *Wallet) Backup(ctx context.Context, r control.BackupRequest) (out control.Backup, err error) {
	return out, &control.Error{Code: control.CodeUnexpected, Message: "not there yet"}
}
