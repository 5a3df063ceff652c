package wallet

import (
	"context"
	"errors"
	"fmt"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/userprofile"
)

// ownProfile is what the wallet says of itself.
func (w *Wallet) ownProfile() userprofile.Profile {
	return userprofile.Of(w.ownName(), w.prefs.get().Description)
}

// introductionTo makes the message with which we introduce ourselves to somebody, and ask the same of them.
func (w *Wallet) introductionTo(id did.DID) *messaging.Message {
	return userprofile.New(id, w.ownProfile(), true)
}

// learnProfile keeps what a contact says of itself. The petname stays: it is the user's.
func (w *Wallet) learnProfile(ctx context.Context, from did.DID, p userprofile.Profile) error {
	err := w.store.UpdateContact(ctx, from, func(c *inbox.Contact) error {
		if p.DisplayName != nil {
			c.DisplayName = *p.DisplayName
		}
		if p.Description != nil {
			c.Description = *p.Description
		}
		return nil
	})
	if errors.Is(err, inbox.ErrNotFound) {
		return nil // removed since it was written
	}
	return err
}

// announce queues our profile for every contact that is not blocked, neither by the user nor by a change of its keys,
// but for those who have never let us hear of them and may not know us: a profile would take the place of the one message of a stranger that they hold.
func (w *Wallet) announce(ctx context.Context) error {
	all, err := w.store.Contacts(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, c := range all {
		if c.Blocked || c.Offer != nil || !c.Confirmed && c.Seen.IsZero() && len(c.Invitation) == 0 {
			continue
		}
		err := w.node.Send(ctx, userprofile.New(c.DID, w.ownProfile(), false))
		if err != nil && !errors.Is(err, messaging.ErrBlocked) && !errors.Is(err, messaging.ErrKeysChanged) {
			errs = append(errs, fmt.Errorf("%s: %w", c.Name, err))
		}
	}
	return errors.Join(errs...)
}
