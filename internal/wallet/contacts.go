package wallet

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
)

// Contacts returns all contacts, by name.
func (w *Wallet) Contacts(ctx context.Context) ([]control.Contact, error) {
	all, err := w.store.Contacts(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]control.Contact, 0, len(all))
	for _, c := range all {
		v, err := w.contactView(ctx, c)
		if err != nil {
			return nil, err
		}
		views = append(views, v)
	}
	return views, nil
}

// ChangeContact renames or blocks a contact, or says what it is told of its messages.
func (w *Wallet) ChangeContact(ctx context.Context, name string, r control.ContactChange) (control.Contact, error) {
	level, ok := levels[r.Receipts]
	if r.Receipts != "" && !ok {
		return control.Contact{}, &control.Error{Code: control.CodeUsage, Hint: "all, received, none or default",
			Message: fmt.Sprintf("receipts cannot be %q; nothing was changed", r.Receipts)}
	}
	c, err := w.find(ctx, name)
	if err != nil {
		return control.Contact{}, err
	}
	if r == (control.ContactChange{}) {
		return w.contactView(ctx, c) // to look at a contact is no reason to write to the disk
	}
	err = w.store.UpdateContact(ctx, c.DID, func(stored *inbox.Contact) error {
		if r.Name != "" {
			stored.Name = r.Name
		}
		if r.Blocked != nil {
			stored.Blocked = *r.Blocked
		}
		if r.Receipts != "" {
			stored.Receipts = level
		}
		c = *stored
		return nil
	})
	if err != nil {
		return control.Contact{}, explainName(r.Name, err)
	}
	return w.contactView(ctx, c)
}

// RemoveContact forgets a contact and what of it was withheld; its messages stay.
func (w *Wallet) RemoveContact(ctx context.Context, name string) (control.Contact, error) {
	c, err := w.find(ctx, name)
	if err != nil {
		return control.Contact{}, err
	}
	v, err := w.contactView(ctx, c)
	if err != nil {
		return control.Contact{}, err
	}
	return v, w.store.RemoveContact(ctx, c.DID)
}

// contactView shows a contact.
func (w *Wallet) contactView(ctx context.Context, c inbox.Contact) (control.Contact, error) {
	v := control.Contact{
		V: control.Version, Name: c.Name, DID: c.DID.String(), Blocked: c.Blocked,
		Pending: len(c.Invitation) > 0 || c.Seen.IsZero(), Added: c.Added, Seen: c.Seen, Addrs: c.Addresses,
		DisplayName: c.DisplayName, Description: c.Description, Verified: c.Verified, Ours: w.ours(c).DID.Canonical().String(),
	}
	if c.Receipts != inbox.ReceiptsDefault {
		v.Receipts = levelName(c.Receipts)
	}
	for _, p := range c.Pins {
		v.Keys = append(v.Keys, hex.EncodeToString(p[:]))
	}
	if len(c.Pins) > 0 {
		set := inbox.KeySet(c.Pins)
		v.KeySet = hex.EncodeToString(set[:])
	}
	for _, e := range c.History {
		v.History = append(v.History, control.KeyEvent{At: e.At, How: e.How.String(), Keys: hex.EncodeToString(e.Keys[:])})
	}
	var err error
	v.Withheld, err = w.withheld(ctx, c)
	v.Offer = keyOffer(messaging.KeysChanged(c), v.Withheld)
	return v, err
}

// explainName turns what the store says about a name into what the user can do.
func explainName(name string, err error) error {
	switch {
	case errors.Is(err, inbox.ErrName):
		return &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf("%q cannot be a name: %v", name, inbox.ErrName)}
	case errors.Is(err, inbox.ErrExists):
		return &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf("there is a contact %q already", name),
			Hint: "choose another name with --as"}
	}
	return err
}
