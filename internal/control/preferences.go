package control

import "context"

// Preferences are what a wallet says of itself and to whom.
type Preferences interface {
	// Preferences returns what is set.
	Preferences(ctx context.Context) (Preference, error)
	// ChangePreferences changes what is not nil in r. A new name or description is announced to the contacts.
	ChangePreferences(ctx context.Context, r PreferenceChange) (Preference, error)
}

// Preference is what a wallet says of itself and to whom.
type Preference struct {
	V           int    `json:"v"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	// Receipts is what the senders of messages are told: all, received or none.
	Receipts string `json:"receipts"`
}

// PreferenceChange is what to change: nil fields stay, empty ones are emptied.
type PreferenceChange struct {
	Name        *string `json:"name,omitzero"`
	Description *string `json:"description,omitzero"`
	Receipts    *string `json:"receipts,omitzero"`
}
