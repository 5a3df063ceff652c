package wallet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
)

const (
	identitiesSetting = "identities"
	// maxIdentities is how many DIDs a wallet may have: their documents share one setting.
	maxIdentities = 16
)

// heldIdentity is a DID of the wallet as the setting has it.
type heldIdentity struct {
	DID did.DID `json:"did"`
	// Index is the number of the wallet's keys that it was made with.
	Index int       `json:"index"`
	Since time.Time `json:"since,omitzero"`
	// Until is when it was retired; zero while it is in use.
	Until time.Time `json:"until,omitzero"`
	// Document is the text of a document that we host; a DID that carries its document has none here.
	Document string `json:"document,omitempty"`
}

// identities are the DIDs of an open wallet: they implement messaging.Identities. The zero value has none. All methods
// may be called by many goroutines at once.
type identities struct {
	mu   sync.Mutex                           // held while they change, so that changes follow each other
	list atomic.Pointer[[]messaging.Identity] // the preferred one first; what it points to never changes
}

var _ messaging.Identities = (*identities)(nil)

// shared returns every identity, the preferred one first. The caller must not change the slice.
func (s *identities) shared() []messaging.Identity {
	if list := s.list.Load(); list != nil {
		return *list
	}
	return nil
}

// All implements messaging.Identities.
func (s *identities) All() []messaging.Identity { return slices.Clone(s.shared()) }

// Find implements messaging.Identities.
func (s *identities) Find(id did.DID) (messaging.Identity, bool) {
	for _, i := range s.shared() {
		if i.DID.Same(id) {
			return i, true
		}
	}
	return messaging.Identity{}, false
}

// preferred returns the identity that the wallet goes by; the zero one if there is none yet.
func (s *identities) preferred() messaging.Identity {
	if list := s.shared(); len(list) > 0 {
		return list[0]
	}
	return messaging.Identity{}
}

// put adds an identity, or replaces the one with its DID. The lock is held.
func (s *identities) put(i messaging.Identity) {
	list := s.All()
	at := slices.IndexFunc(list, func(o messaging.Identity) bool { return o.DID.Same(i.DID) })
	if at < 0 {
		list = append(list, i)
	} else {
		list[at] = i
	}
	// Those that are retired come last; the oldest in use is the preferred one.
	slices.SortStableFunc(list, func(a, b messaging.Identity) int {
		switch {
		case a.Until.IsZero() == b.Until.IsZero():
			return 0
		case a.Until.IsZero():
			return -1
		}
		return 1
	})
	s.list.Store(&list)
}

// become takes on the identities that the wallet holds. A wallet of an earlier version holds the first one only.
func (w *Wallet) become(ctx context.Context, first did.DID) error {
	held, err := w.heldIdentities(ctx)
	if err != nil {
		return err
	}
	if len(held) == 0 {
		held = []heldIdentity{{DID: first}}
	}
	w.ids.mu.Lock()
	defer w.ids.mu.Unlock()
	for _, h := range held {
		i, err := w.identity(ctx, h)
		if err != nil {
			return err
		}
		w.ids.put(i)
	}
	return nil
}

func (w *Wallet) heldIdentities(ctx context.Context) (held []heldIdentity, err error) {
	err = loadSetting(ctx, w.store, identitiesSetting, &held)
	if err != nil && !errors.Is(err, inbox.ErrNotFound) {
		return nil, explainStore(w.home, err)
	}
	return held, nil
}

// identity makes of what is held an identity at work: its keys answer to their ids in both forms of the DID.
func (w *Wallet) identity(ctx context.Context, h heldIdentity) (messaging.Identity, error) {
	doc, err := w.ownDocument(ctx, h)
	if err != nil {
		return messaging.Identity{}, fmt.Errorf("the wallet's own DID: %w", err)
	}
	for _, m := range doc.Methods() {
		for _, form := range []did.DID{h.DID, h.DID.Canonical()} {
			kid := did.URL{DID: form, Fragment: m.ID.Fragment}
			if err := w.keys.Bind(kid.String(), m.Key.Curve(), uint32(h.Index)); err != nil {
				return messaging.Identity{}, err
			}
		}
		mine, err := w.keys.DIDKey(m.Key.Curve(), uint32(h.Index))
		if err != nil || !mine.Equal(m.Key) {
			return messaging.Identity{}, &control.Error{Code: control.CodeUnexpected, Message: "the key file does not belong to this wallet's database",
				Hint: "put back the key file that it was made with; nothing was changed"}
		}
	}
	return messaging.Identity{DID: h.DID, Document: doc, Index: h.Index, Since: h.Since, Until: h.Until}, nil
}

// ownDocument returns the document of a DID of ours without asking the network: what is hosted may be gone, old or
// not ours any more, and our keys are what we hold.
func (w *Wallet) ownDocument(ctx context.Context, h heldIdentity) (*did.Document, error) {
	if h.Document == "" {
		return w.resolver.Resolve(ctx, h.DID)
	}
	doc, err := did.ParseDocument([]byte(h.Document))
	if err == nil && doc.ID() != h.DID {
		err = fmt.Errorf("%w: the document is that of another DID", inbox.ErrDamaged)
	}
	return doc, err
}

// ours returns the identity that a contact knows us by.
func (w *Wallet) ours(c inbox.Contact) messaging.Identity {
	if i, ok := w.ids.Find(c.Ours); ok && !c.Ours.IsZero() {
		return i
	}
	return w.ids.preferred()
}

// learnOurs returns the contact with the DID of ours that it knows. Of somebody whom the user has added by DID that is
// not known before something has come from there: whatever it was sent to is what they know.
func (w *Wallet) learnOurs(ctx context.Context, c inbox.Contact) (inbox.Contact, error) {
	if !c.Ours.IsZero() || len(w.ids.shared()) == 1 {
		return c, nil
	}
	es, err := w.store.List(ctx, inbox.Query{From: c.DID, BySeq: true, Newest: true, Limit: 1})
	if err != nil || len(es) == 0 || !w.isOurs(es[0].Owner) {
		return c, err
	}
	err = w.store.UpdateContact(ctx, c.DID, func(stored *inbox.Contact) error {
		if stored.Ours.IsZero() {
			stored.Ours = es[0].Owner
		}
		c = *stored
		return nil
	})
	return c, err
}

// isOurs reports whether the DID, in any form, is one of the wallet's.
func (w *Wallet) isOurs(id did.DID) bool {
	_, ok := w.ids.Find(id)
	return ok
}

// takeBack cancels what is queued of a message, whichever of our DIDs it is from, and returns how many parcels that
// were. ErrNotFound if there is no such message.
func (w *Wallet) takeBack(ctx context.Context, id string) (n int, err error) {
	found := false
	for _, i := range w.ids.shared() {
		k, err := w.store.Cancel(ctx, i.DID, id, now())
		switch {
		case err == nil:
			n, found = n+k, true
		case !errors.Is(err, inbox.ErrNotFound):
			return n, err
		}
	}
	if !found {
		return 0, fmt.Errorf("message %s: %w", id, inbox.ErrNotFound)
	}
	return n, nil
}

// byOwner groups numbers by the DID of ours that they belong to, for steps that are one owner's.
type byOwner map[did.DID][]int64

// each calls do for every owner and stops at the first error.
func (b byOwner) each(do func(owner did.DID, seqs []int64) error) error {
	for owner, seqs := range b {
		if err := do(owner, seqs); err != nil {
			return err
		}
	}
	return nil
}
