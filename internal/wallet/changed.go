package wallet

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
)

// explainKeys tells the user that a contact's keys have changed, and with consequence what that means for what was
// asked for. It returns nil for any other error.
func explainKeys(err error, consequence string) error {
	var e *messaging.KeysChangedError
	if !errors.As(err, &e) {
		return nil
	}
	offer := keyOffer(e, 0)
	return &control.Error{
		Code:    control.CodeTrust,
		Message: offer.Since(e.Contact, time.Now()) + " " + consequence,
		Hint:    fmt.Sprintf("Compare: parley verify %s; then parley verify %s --confirm, or parley contacts accept-key %s", e.Contact, e.Contact, e.Contact),
		Offer:   offer,
	}
}

// keyOffer is the change of a contact's keys as the user sees it; nil for none.
func keyOffer(e *messaging.KeysChangedError, withheld int) *control.KeyOffer {
	if e == nil {
		return nil
	}
	return &control.KeyOffer{
		Pinned: hex.EncodeToString(e.Pinned[:]), Offered: hex.EncodeToString(e.Offered[:]), At: e.Since, WasVerified: e.WasVerified,
		Withheld: withheld,
	}
}

// stuck returns why a message does not get on that is queued: its recipient's keys have changed. Nil if it is not
// for that.
func (w *Wallet) stuck(ctx context.Context, p inbox.Parcel, consequence string) error {
	if p.State != inbox.Queued {
		return nil
	}
	c, err := w.store.Contact(ctx, p.To)
	if errors.Is(err, inbox.ErrNotFound) || err == nil && c.Offer == nil {
		return nil
	}
	if err != nil {
		return err
	}
	return explainKeys(messaging.KeysChanged(c), consequence)
}

// What a change of keys means for what the user has asked for.
const (
	nothingSent  = "Nothing was sent."
	messageWaits = "The message waits and was not sent."
)

// isTrust reports whether an error says that somebody is not trusted.
func isTrust(err error) bool {
	var e *control.Error
	return errors.As(err, &e) && e.Code == control.CodeTrust
}

// withheld counts the messages of a contact that are kept back. There are none where keys cannot change.
func (w *Wallet) withheld(ctx context.Context, c inbox.Contact) (n int, err error) {
	if messaging.OfflineMethod(c.DID.Method()) {
		return 0, nil
	}
	q := inbox.Query{From: c.DID, Dispositions: []inbox.Disposition{inbox.Withheld}, BySeq: true, Limit: 1000}
	for {
		es, err := w.store.List(ctx, q)
		if err != nil || len(es) == 0 {
			return n, err
		}
		n, q.AfterSeq = n+len(es), es[len(es)-1].Seq
	}
}

// changedKeys returns the names of the contacts whose keys have changed.
func (w *Wallet) changedKeys(ctx context.Context) (names []string, err error) {
	all, err := w.store.Contacts(ctx)
	for _, c := range all {
		if c.Offer != nil {
			names = append(names, c.Name)
		}
	}
	return names, err
}
