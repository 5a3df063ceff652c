package wallet

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

const (
	shownSetting = "shown keys"
	maxShown     = 128 // contacts; the one that was shown longest ago is forgotten first
)

// shown are the keys of a contact that the user was shown for comparing.
type shown struct {
	Contact did.DID `json:"contact"`
	// Keys is the fingerprint of the set of them, in hex.
	Keys string    `json:"keys"`
	At   time.Time `json:"at"`
}

// shownKeys remembers which keys the user has seen, so that a decision can be refused that is about others. All
// methods may be called by many goroutines at once.
type shownKeys struct {
	mu   sync.Mutex // guards list; held while it is written, so that changes follow each other
	list []shown    // the oldest first
}

// load reads what was shown before; Open calls it once.
func (s *shownKeys) load(ctx context.Context, settings inbox.Settings) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := loadSetting(ctx, settings, shownSetting, &s.list)
	if errors.Is(err, inbox.ErrNotFound) {
		return nil
	}
	return err
}

// of returns what was shown last of a contact; false if nothing was.
func (s *shownKeys) of(contact did.DID) (shown, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.list {
		if o.Contact.Same(contact) {
			return o, true
		}
	}
	return shown{}, false
}

// note remembers that a set of keys was shown.
func (s *shownKeys) note(ctx context.Context, settings inbox.Settings, contact did.DID, keys [32]byte, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(s.list), func(o shown) bool { return o.Contact.Same(contact) })
	list = append(list, shown{Contact: contact.Canonical(), Keys: hex.EncodeToString(keys[:]), At: at})
	list = list[max(0, len(list)-maxShown):]
	if err := saveSetting(ctx, settings, shownSetting, list); err != nil {
		return err
	}
	s.list = list
	return nil
}
