package wallet

import (
	"context"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// What tests of backups and lives look into.

func init() { backupWorkFactor = 10 } // each of them would take two seconds

// Life is what contacts are told.
func (w *Wallet) Life() inbox.Life { return w.lives.current() }

// Lived is what the node calls when a contact has told what it saw.
func (w *Wallet) Lived(contact did.DID, saw inbox.Life) { w.lived(contact, saw) }

// Depart moves the wallet on as a backup does that is killed right after.
func (w *Wallet) Depart(ctx context.Context) error {
	_, err := w.lives.depart(ctx, w.store)
	return err
}

// Build is Restore until just before the rename that makes the restored wallet the wallet.
func (b *BackupFile) Build(ctx context.Context, home string) error {
	return b.build(ctx, restoringPath(home), RestoreOptions{}.protection())
}
