package wallet

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
)

// find returns the contact that the user means: by name, by a prefix that fits one only, or by DID.
func (w *Wallet) find(ctx context.Context, who string) (inbox.Contact, error) {
	if id, err := did.Parse(who); err == nil {
		c, err := w.store.Contact(ctx, id)
		if errors.Is(err, inbox.ErrNotFound) {
			return c, unknownContact(id.Short())
		}
		return c, err
	}
	all, err := w.store.Contacts(ctx)
	if err != nil {
		return inbox.Contact{}, err
	}
	var fits []inbox.Contact
	var names []string
	for _, c := range all {
		if strings.EqualFold(c.Name, who) {
			return c, nil
		}
		if who != "" && len(c.Name) > len(who) && strings.EqualFold(c.Name[:len(who)], who) {
			fits, names = append(fits, c), append(names, c.Name)
		}
	}
	switch len(fits) {
	case 0:
		return inbox.Contact{}, unknownContact(who)
	case 1:
		return fits[0], nil
	}
	return inbox.Contact{}, &control.Error{Code: control.CodeUsage,
		Message: fmt.Sprintf("%q could be %s", who, strings.Join(names, " or ")), Hint: "write more of the name"}
}

func unknownContact(who string) error {
	return &control.Error{Code: control.CodeUnknown, Message: fmt.Sprintf("there is no contact %q", who),
		Hint: "see parley contacts; to meet somebody new: parley add LINK"}
}

// names maps the DIDs of all contacts to their petnames.
func (w *Wallet) names(ctx context.Context) (map[did.DID]string, error) {
	all, err := w.store.Contacts(ctx)
	if err != nil {
		return nil, err
	}
	names := make(map[did.DID]string, len(all))
	for _, c := range all {
		names[c.DID] = c.Name
	}
	return names, nil
}
