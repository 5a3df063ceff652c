package messaging

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// ErrKeysChanged is what every KeysChangedError is, by errors.Is.
var ErrKeysChanged = errors.New("the contact's keys have changed")

// KeysChangedError says that the document of a contact has other keys than those that are trusted, and that nothing
// justifies it. Nothing is sent to the contact, and what arrives is withheld, until the user accepts the keys or the
// document has the trusted ones again.
type KeysChangedError struct {
	// Contact is the name of the contact.
	Contact string
	// Pinned and Offered are the fingerprints of both sets of keys, as by inbox.KeySet.
	Pinned, Offered [32]byte
	// Since is when the offered keys were first seen. WasVerified says that the trusted ones had been verified.
	Since       time.Time
	WasVerified bool
}

// Error names the contact, the time and the first half of both fingerprints.
func (e *KeysChangedError) Error() string {
	verified := ""
	if e.WasVerified {
		verified = " (was verified)"
	}
	return fmt.Sprintf("%s's keys have changed%s: trusted are %s, its document has %s since %s; compare or accept them first",
		e.Contact, verified, readable(e.Pinned), readable(e.Offered), e.Since.UTC().Format(time.DateTime+" UTC"))
}

// Is reports whether target is ErrKeysChanged.
func (e *KeysChangedError) Is(target error) bool { return target == ErrKeysChanged }

// readable is the first half of a fingerprint, in groups that a person can compare.
func readable(set [32]byte) string {
	digits, groups := hex.EncodeToString(set[:16]), make([]string, 0, 8)
	for group := range slices.Chunk([]byte(digits), 4) {
		groups = append(groups, string(group))
	}
	return strings.Join(groups, " ")
}

// KeysChanged is the error about a contact with an offer; nil where there is none.
func KeysChanged(c inbox.Contact) *KeysChangedError {
	if c.Offer == nil {
		return nil
	}
	return &KeysChangedError{
		Contact: c.Name, Pinned: inbox.KeySet(c.Pins), Offered: c.Offer.KeySet(), Since: c.Offer.At, WasVerified: c.Offer.WasVerified,
	}
}

// Reasons why a document says nothing about the keys of a contact now. They may pass.
var (
	errStale    = errors.New("the document is older than one that was seen before: its host is behind, try again later")
	errKeyless  = errors.New("the document lists no keys any more")
	errNoChange = errors.New("nothing to change") // ends a step of the store that has nothing to write
	errReplaced = errors.New("the document has been replaced meanwhile: it says nothing of the keys of today")
	errMoved    = errors.New("the contact was changed by somebody else at the same moment")
)

// judge compares a document of a contact with the keys that are trusted, and records what it shows: this is the one
// place that decides whether keys are those of a contact. It returns the contact as it is then. The error is a
// *KeysChangedError where the keys must not be used; any other may pass. Somebody who is no contact, the zero one, is
// not judged.
//
// Documents of did:peer, did:key and did:jwk never have other keys: they follow from the DID. Where nothing is new
// nothing is written.
func (n *Node) judge(ctx context.Context, c inbox.Contact, doc *did.Document) (inbox.Contact, error) {
	if c.DID.IsZero() {
		return c, nil
	}
	s := sight{doc: doc, pins: doc.Pins(), at: time.Now().UTC()}
	if c.Offer != nil && slices.Equal(c.Pins, s.pins) && !n.current(ctx, s) {
		return c, nil // it was fetched before the offer was: what it proves is good, and says nothing of today
	}
	judged := c
	changed, err := s.weigh(&judged)
	if changed && errors.Is(err, ErrKeysChanged) && !n.current(ctx, s) {
		return c, errReplaced
	}
	if changed {
		judged, err = n.record(ctx, c, s, len(c.Pins) > 0 && !slices.Equal(judged.Pins, c.Pins))
	}
	if errors.Is(err, ErrKeysChanged) {
		n.watch.add(judged)
	}
	return judged, err
}

// record weighs within a step of the store, because others may judge at the same time. Where other keys become trusted
// by that, the same step has to release what was withheld under them.
func (n *Node) record(ctx context.Context, c inbox.Contact, s sight, release bool) (judged inbox.Contact, verdict error) {
	set := inbox.KeySet(s.pins)
	change := func(c *inbox.Contact) error {
		before, changed := c.Pins, false
		changed, verdict = s.weigh(c)
		judged = c.Clone()
		switch {
		case !changed:
			return errNoChange
		case release && !c.Trusts(set), !release && len(before) > 0 && !slices.Equal(before, c.Pins):
			return errMoved // it asks for another step than this one
		}
		return nil
	}
	var err error
	if release {
		err = n.release(ctx, c.DID, set, change)
	} else {
		err = n.Store.UpdateContact(ctx, c.DID, change)
	}
	if err != nil && !errors.Is(err, errNoChange) {
		return judged, fmt.Errorf("recording a contact's keys: %w", err)
	}
	switch {
	case err == nil && errors.Is(verdict, ErrKeysChanged):
		n.log().Warn("the keys of a contact have changed: nothing is sent to it, what it sends is withheld", "contact", c.DID)
	case err == nil && c.Offer != nil && !release:
		n.unblock(ctx, c.DID) // the trusted keys are back
	}
	return judged, verdict
}

// release changes a contact so that it trusts a set of keys, and has what was withheld under it handled.
func (n *Node) release(ctx context.Context, id did.DID, set [32]byte, change func(*inbox.Contact) error) error {
	released, err := n.Store.ReleaseContact(ctx, id, set, change)
	if err != nil {
		return err
	}
	n.log().Info("other keys of a contact are trusted now", "contact", id, "released", released)
	if released > 0 {
		n.watch.released(id)
	}
	n.unblock(ctx, id)
	return nil
}

// unblock makes what waits for a contact due, and has the loops look.
func (n *Node) unblock(ctx context.Context, id did.DID) {
	if err := n.Store.Wake(ctx, id, time.Now()); err != nil {
		n.log().Warn("making what waits for a contact due failed", "contact", id, "err", err) // it is due after its pause
	}
}

// current reports whether the DID of a document that was seen still resolves to the same keys.
func (n *Node) current(ctx context.Context, s sight) bool {
	now, err := n.Resolver.Resolve(ctx, s.doc.ID())
	return err == nil && (now == s.doc || slices.Equal(now.Pins(), s.pins))
}

// sight is a document of a contact, its pins, and when it was seen.
type sight struct {
	doc  *did.Document
	pins [][32]byte
	at   time.Time
}

// weigh changes the contact as the document asks, and reports whether that was anything.
func (s sight) weigh(c *inbox.Contact) (changed bool, err error) {
	version := s.doc.Version()
	if err := follows(c.Version, version); err != nil {
		return false, err
	}
	newer := version != "" && version != c.Version
	switch {
	case len(s.pins) == 0:
		return false, errKeyless
	case len(c.Pins) == 0:
		s.trust(c, inbox.KeysFirstSeen)
		return true, nil
	case slices.Equal(c.Pins, s.pins):
		return s.confirm(c, newer), nil
	case newer:
		s.trust(c, inbox.KeysLogged)
		return true, nil
	}
	changed = s.offer(c)
	return changed, KeysChanged(*c)
}

// trust makes the document's keys those that are trusted.
func (s sight) trust(c *inbox.Contact, how inbox.KeyCause) {
	c.Trust(s.doc.PinKeys(), s.doc.Version(), how, s.at)
}

// confirm takes note that the document has the trusted keys, and reports whether that is news.
func (s sight) confirm(c *inbox.Contact, newer bool) bool {
	news := newer || len(c.Keys) == 0 || c.Offer != nil
	if newer {
		c.Version = s.doc.Version()
	}
	if len(c.Keys) == 0 {
		c.Keys = s.doc.PinKeys()
	}
	if c.Offer != nil {
		c.Offer = nil
		c.Note(inbox.KeysReturned, inbox.KeySet(c.Pins), s.at)
	}
	return news
}

// offer takes note that the document has keys that nothing justifies, and reports whether that is news.
func (s sight) offer(c *inbox.Contact) bool {
	set := inbox.KeySet(s.pins)
	if c.Offer != nil && c.Offer.KeySet() == set {
		return false
	}
	c.Offer = &inbox.Offer{Keys: s.doc.PinKeys(), Version: s.doc.Version(), At: s.at, WasVerified: wasVerified(*c)}
	c.Verified = time.Time{}
	if last := len(c.History) - 1; last < 0 || c.History[last].How != inbox.KeysOffered || c.History[last].Keys != set {
		c.Note(inbox.KeysOffered, set, s.at)
	}
	return true
}

// wasVerified reports whether the trusted keys of a contact were ever verified: a change that comes, goes and comes
// again ends that the contact is, and must not hide that it was.
func wasVerified(c inbox.Contact) bool {
	set := inbox.KeySet(c.Pins)
	return !c.Verified.IsZero() || c.Offer != nil && c.Offer.WasVerified ||
		slices.ContainsFunc(c.History, func(e inbox.KeyEvent) bool { return e.How == inbox.KeysVerified && e.Keys == set })
}

// follows returns nil if a document with this version may come after one with the version seen; empty ones say
// nothing. What a resolver lets through contains the one that was seen, unless its host is behind.
func follows(seen, version string) error {
	if seen == "" || version == "" || seen == version {
		return nil
	}
	before, now := place(seen), place(version)
	switch {
	case now < before:
		return errStale
	case now == before:
		return fmt.Errorf("entry %d is not the one that was seen: %w", now, did.ErrRewritten)
	}
	return nil
}

// place is the number with which a version begins.
func place(version string) int {
	number, _, _ := strings.Cut(version, "-")
	i, _ := strconv.Atoi(number)
	return i
}

// checkTime is how long CheckKeys waits for an answer.
const checkTime = 3 * time.Second

// CheckKeys says before something is queued whether the keys of a contact have changed: it resolves the DID where
// that needs the network, at most 3 seconds long, and once a minute where Resolver is a did.Refresher. The error is a
// *KeysChangedError, also where the DID cannot be resolved now and the keys had changed before; nil for somebody who
// is no contact; or that of the store.
func (n *Node) CheckKeys(ctx context.Context, id did.DID) error {
	c, err := n.Store.Contact(ctx, id)
	if errors.Is(err, inbox.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if !n.offline(c.DID.Method()) && !c.Blocked {
		asking, cancel := context.WithTimeout(ctx, checkTime)
		defer cancel()
		if doc, err := n.anew(asking, c.DID); err == nil {
			judged, err := n.judge(ctx, c, doc)
			if errors.Is(err, ErrKeysChanged) {
				return err
			}
			if err == nil {
				c = judged
			}
		}
	}
	if c.Offer != nil {
		return KeysChanged(c)
	}
	return ctx.Err()
}
