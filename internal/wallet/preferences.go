package wallet

import (
	"context"

	"github.com/parley-im/parley/internal/control"
)

// Preferences returns what is set.
func (w *Wallet) Preferences(ctx context.Context) (out control.Preference, err error) {
	return out, &control.Error{Code: control.CodeUnexpected, Message: "not there yet"}
}

// ChangePreferences changes what is set.
func (w *Wallet) ChangePreferences(ctx context.Context, r control.PreferenceChange) (out control.Preference, err error) {
	return out, &control.Error{Code: control.CodeUnexpected, Message: "not there yet"}
}
