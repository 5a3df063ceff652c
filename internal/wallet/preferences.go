package wallet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
)

const preferencesSetting = "preferences"

// wishes are what the user has set, as the database keeps them. Empty members were never set.
type wishes struct {
	Name        string `json:"name,omitempty"`
	Description string `json:"description,omitempty"`
	Receipts    string `json:"receipts,omitempty"`
}

// preferences are the wishes of an open wallet. The zero value has none; it is safe for concurrent use.
type preferences struct {
	mu  sync.Mutex // held while they change, so that changes follow each other
	set wishes     // guarded by mu
}

func (p *preferences) get() wishes {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.set
}

// loadPreferences reads what is set; Open calls it once.
func (w *Wallet) loadPreferences(ctx context.Context) error {
	data, err := w.store.Setting(ctx, preferencesSetting)
	if errors.Is(err, inbox.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	w.prefs.mu.Lock()
	defer w.prefs.mu.Unlock()
	if err := json.Unmarshal(data, &w.prefs.set); err != nil {
		return fmt.Errorf("%w: the preferences: %w", inbox.ErrDamaged, err)
	}
	return nil
}

// ownName is what the wallet calls itself.
func (w *Wallet) ownName() string {
	if name := w.prefs.get().Name; name != "" {
		return name
	}
	return w.name
}

// levels are the receipt levels by name; "default" is for contacts alone.
var levels = map[string]inbox.ReceiptLevel{
	"default": inbox.ReceiptsDefault, "all": inbox.ReceiptsAll, "received": inbox.ReceiptsReceived, "none": inbox.ReceiptsNone,
}

// levelName is the name of a receipt level.
func levelName(l inbox.ReceiptLevel) string {
	for name, level := range levels {
		if level == l {
			return name
		}
	}
	return "default"
}

// ownReceiptLevel is what all contacts are told for whom nothing else is set.
func (w *Wallet) ownReceiptLevel() inbox.ReceiptLevel {
	if l := levels[w.prefs.get().Receipts]; l != inbox.ReceiptsDefault {
		return l
	}
	return inbox.ReceiptsAll
}

// receiptLevel is what a contact is told of its messages: what is set for it, or else for all.
func (w *Wallet) receiptLevel(c inbox.Contact) inbox.ReceiptLevel {
	if c.Receipts != inbox.ReceiptsDefault {
		return c.Receipts
	}
	return w.ownReceiptLevel()
}

// Preferences returns what is set.
func (w *Wallet) Preferences(context.Context) (control.Preference, error) {
	return w.preferenceView(), nil
}

func (w *Wallet) preferenceView() control.Preference {
	return control.Preference{
		V: control.Version, Name: w.ownName(), Description: w.prefs.get().Description, Receipts: levelName(w.ownReceiptLevel()),
	}
}

// ChangePreferences changes what is set in r, and announces another name or description to the contacts.
func (w *Wallet) ChangePreferences(ctx context.Context, r control.PreferenceChange) (control.Preference, error) {
	if err := checkPreferences(r); err != nil {
		return control.Preference{}, err
	}
	before := w.preferenceView()
	if err := w.change(ctx, r); err != nil {
		return control.Preference{}, err
	}
	after := w.preferenceView()
	if before.Name != after.Name || before.Description != after.Description {
		if err := w.announce(ctx); err != nil {
			return after, fmt.Errorf("the change was kept, but not announced to everybody: %w", err)
		}
	}
	return after, nil
}

// change keeps the new wishes, and has them count once they are kept.
func (w *Wallet) change(ctx context.Context, r control.PreferenceChange) error {
	w.prefs.mu.Lock()
	defer w.prefs.mu.Unlock()
	set := w.prefs.set
	for into, value := range map[*string]*string{&set.Name: r.Name, &set.Description: r.Description, &set.Receipts: r.Receipts} {
		if value != nil {
			*into = strings.TrimSpace(*value)
		}
	}
	data, err := json.Marshal(set)
	if err != nil {
		return err
	}
	if err := w.store.SetSetting(ctx, preferencesSetting, data); err != nil {
		return err
	}
	w.prefs.set = set
	return nil
}

// checkPreferences refuses what cannot be set.
func checkPreferences(r control.PreferenceChange) error {
	bad := func(message, hint string) error {
		return &control.Error{Code: control.CodeUsage, Message: message + "; nothing was changed", Hint: hint}
	}
	switch {
	case r.Name != nil && !inbox.ValidName(*r.Name):
		return bad(fmt.Sprintf("%q cannot be a name: %v", *r.Name, inbox.ErrName), "")
	case r.Description != nil && len(*r.Description) > inbox.MaxDescription:
		return bad(fmt.Sprintf("a description has at most %d bytes, this one %d", inbox.MaxDescription, len(*r.Description)), "say it in fewer words")
	case r.Description != nil && !utf8.ValidString(*r.Description):
		return bad("the description is not UTF-8", "")
	case r.Receipts != nil && *r.Receipts != "all" && *r.Receipts != "received" && *r.Receipts != "none":
		return bad(fmt.Sprintf("receipts cannot be %q", *r.Receipts), "all, received or none")
	}
	return nil
}
