package messaging

import (
	"context"
	"errors"
	"sync"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// watchlist are the contacts of which something may be withheld, with the set of keys that they offer. When that
// changes, what was withheld may be pending, under numbers that the dispatcher has passed long ago. The zero value is
// ready.
type watchlist struct {
	mu   sync.Mutex
	seen map[did.DID]offer // guarded by mu
	bell chan struct{}     // holds one ring; made under mu when it is first needed
}

// offer is what a contact offered when the dispatcher looked last; done says that something was released since.
type offer struct {
	set  [32]byte
	done bool
}

// add remembers a contact with an offer. One that is known is left as it is: that it has moved is still to be noticed.
func (w *watchlist) add(c inbox.Contact) {
	set := c.Offer.KeySet()
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.seen[c.DID]; !known {
		w.put(c.DID, offer{set: set})
	}
}

// released notes that entries of a contact have become pending, and rings: the store's hint may have come before.
func (w *watchlist) released(id did.DID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.put(id, offer{set: w.seen[id].set, done: true})
	select {
	case w.ring() <- struct{}{}:
	default:
	}
}

// rings receives when something was released since it was last received from.
func (w *watchlist) rings() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ring()
}

// ring returns the bell, and makes it if there is none. The lock is held.
func (w *watchlist) ring() chan struct{} {
	if w.bell == nil {
		w.bell = make(chan struct{}, 1)
	}
	return w.bell
}

// put makes the map if there is none. The lock is held.
func (w *watchlist) put(id did.DID, o offer) {
	if w.seen == nil {
		w.seen = map[did.DID]offer{}
	}
	w.seen[id] = o
}

// load adds all contacts that have an offer.
func (w *watchlist) load(ctx context.Context, s Store) error {
	all, err := s.Contacts(ctx)
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.Offer != nil {
			w.add(c)
		}
	}
	return nil
}

// moved returns the contacts that have had entries released, or offer no keys any more, or others, since it was called
// last.
func (w *watchlist) moved(ctx context.Context, s Store) ([]did.DID, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var ids []did.DID
	for id, before := range w.seen {
		c, err := s.Contact(ctx, id)
		if err != nil && !errors.Is(err, inbox.ErrNotFound) {
			return ids, err
		}
		now := c.Offer.KeySet()
		if now != before.set || before.done {
			ids = append(ids, id)
		}
		if c.Offer == nil {
			delete(w.seen, id)
			continue
		}
		w.seen[id] = offer{set: now}
	}
	return ids, nil
}
