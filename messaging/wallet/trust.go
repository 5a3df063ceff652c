package wallet

import (
	"context"
	"time"

	"github.com/parley-im/parley/internal/control"
)

// SafetyNumber is what two people compare to be sure that each has the true keys of the other: it is the same for
// both unless somebody stands between them.
type SafetyNumber struct {
	// Groups are 12 groups of 5 digits. Words, of the English BIP-39 list, say as much for reading aloud; Code is
	// for a QR code.
	Groups, Words []string
	Code          string
	// Changed says that the number is of other keys than the contact had: nothing is sent to it until they are
	// accepted.
	Changed bool
	// Verified is when the contact was last marked verified; zero when it is not.
	Verified time.Time
}

// Verify returns the safety number of a contact, who is named by name, a unique prefix of it, or DID. It changes
// nothing.
func (w *Wallet) Verify(ctx context.Context, name string) (SafetyNumber, error) {
	v, err := w.inner.Verify(ctx, control.VerifyRequest{Name: name})
	if err != nil {
		return SafetyNumber{}, public(err)
	}
	return SafetyNumber{Groups: v.Number, Words: v.Words, Code: v.Code, Changed: v.Offer != nil, Verified: v.Verified}, nil
}

// Confirm marks a contact verified: the user has compared the number that Verify returned last. Keys that the contact
// offers are accepted by that. ErrTrust when they are others by now.
func (w *Wallet) Confirm(ctx context.Context, name string) error {
	_, err := w.inner.Verify(ctx, control.VerifyRequest{Name: name, Confirm: true})
	return public(err)
}

// AcceptKeys accepts the keys that a contact offers whose keys have changed, though nobody has compared them: what was
// withheld arrives, and messages can be sent again. Until then Text, Send and Ask return ErrTrust. ErrUsage when they
// have not changed, ErrTrust when they have changed again since Verify.
func (w *Wallet) AcceptKeys(ctx context.Context, name string) error {
	_, err := w.inner.AcceptKeys(ctx, name)
	return public(err)
}
