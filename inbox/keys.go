package inbox

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

// MaxHistory is how many events of a contact's keys are kept.
const MaxHistory = 32

// maxKeys is how many keys of a contact are kept: no document has more.
const maxKeys = did.MaxMethods

// maxVersion is the size in bytes of the longest place in a log that is kept.
const maxVersion = 1024

// KeySet is the fingerprint of a set of keys: the SHA-256 of their fingerprints, sorted, each once, one after the
// other. It is zero for none.
func KeySet(pins [][32]byte) [32]byte {
	if len(pins) == 0 {
		return [32]byte{}
	}
	h := sha256.New()
	for _, p := range sortedPins(pins) {
		h.Write(p[:])
	}
	return [32]byte(h.Sum(nil))
}

// Fingerprints returns the fingerprints of the keys, sorted and each once: their Contact.Pins.
func Fingerprints(keys []crypto.PublicKey) [][32]byte {
	var pins [][32]byte
	for _, k := range keys {
		pins = append(pins, k.Fingerprint())
	}
	return sortedPins(pins)
}

// sortedPins returns the pins sorted and each once; pins itself if they are so.
func sortedPins(pins [][32]byte) [][32]byte {
	for i := 1; i < len(pins); i++ {
		if comparePins(pins[i-1], pins[i]) >= 0 {
			pins = slices.Clone(pins)
			slices.SortFunc(pins, comparePins)
			return slices.Compact(pins)
		}
	}
	return pins
}

func comparePins(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) }

// KeySet returns the set of the keys that are offered; the zero set if o is nil.
func (o *Offer) KeySet() [32]byte {
	if o == nil {
		return [32]byte{}
	}
	return KeySet(Fingerprints(o.Keys))
}

func (o *Offer) clone() *Offer {
	if o == nil {
		return nil
	}
	c := *o
	c.Keys = slices.Clone(o.Keys)
	return &c
}

// Trusts reports whether the set of keys, which is not the zero set, is the pinned one and is not that of a standing
// offer: then nothing has to be withheld under it.
func (c Contact) Trusts(keys [32]byte) bool {
	return keys != [32]byte{} && keys == KeySet(c.Pins) && keys != c.Offer.KeySet()
}

// Trust makes these keys, at this place in a log if there is one, those that are trusted, and notes why. Keys other
// than before end what the contact had proved: it is not verified any more, and it may have a new wallet, which does
// not know our document and has not lived the old one's life. An offer is decided by it.
func (c *Contact) Trust(keys []crypto.PublicKey, version string, how KeyCause, at time.Time) {
	pins := Fingerprints(keys)
	if len(c.Pins) > 0 && !slices.Equal(pins, c.Pins) {
		c.Verified, c.Confirmed, c.Life = time.Time{}, false, Life{}
	}
	c.Pins, c.Keys, c.Offer = pins, slices.Clone(keys), nil
	if version != "" {
		c.Version = version
	}
	c.Note(how, KeySet(pins), at)
}

// Note adds to the history of the contact's keys, unless its newest event says the same. It never writes to an array
// that another copy of the contact may share.
func (c *Contact) Note(how KeyCause, keys [32]byte, at time.Time) {
	if n := len(c.History); n > 0 && c.History[n-1].How == how && c.History[n-1].Keys == keys {
		return
	}
	c.History = append(slices.Clip(c.History), KeyEvent{At: at, How: how, Keys: keys})
}

// CheckRelease returns an error unless what is withheld under the set of keys may be released: the contact has to
// trust it. Under the zero set nothing is withheld.
func (c Contact) CheckRelease(keys [32]byte) error {
	if keys == ([32]byte{}) || c.Trusts(keys) {
		return nil
	}
	return fmt.Errorf("contact %q: what was withheld is released once its keys are pinned: pin them in the same change", c.Name)
}

// learnt begins the history of the keys of a contact that is made, unless it has one or there are no keys.
func (c *Contact) learnt(how KeyCause, at time.Time) {
	if len(c.History) == 0 && len(c.Pins)+len(c.Keys) > 0 {
		if len(c.Pins) == 0 {
			c.Pins = Fingerprints(c.Keys)
		}
		c.History = []KeyEvent{{At: at, How: how, Keys: KeySet(c.Pins)}}
	}
}

// cleanKeys is the part of Clean that is about keys. c shares nothing with anybody.
func (c *Contact) cleanKeys() error {
	var err error
	if c.Keys, err = sortedKeys(c.Keys); err != nil {
		return err
	}
	if len(c.Pins) == 0 {
		c.Pins = Fingerprints(c.Keys)
	}
	if c.Pins = sortedPins(c.Pins); len(c.Pins) > maxKeys {
		return fmt.Errorf("%d pins, at most %d: %w", len(c.Pins), maxKeys, ErrTooLarge)
	}
	if len(c.Keys) > 0 && !slices.Equal(c.Pins, Fingerprints(c.Keys)) {
		return errors.New("its keys are not those that are pinned: change both together")
	}
	if len(c.Version) > maxVersion || c.Offer != nil && len(c.Offer.Version) > maxVersion {
		return fmt.Errorf("a version of more than %d bytes: %w", maxVersion, ErrTooLarge)
	}
	if c.Offer != nil {
		c.Offer.At = utc(c.Offer.At)
		if c.Offer.Keys, err = sortedKeys(c.Offer.Keys); err != nil {
			return err
		}
	}
	c.shortenHistory()
	for i := range c.History {
		c.History[i].At = utc(c.History[i].At)
	}
	c.Verified = utc(c.Verified)
	return nil
}

// shortenHistory forgets what is too much: the oldest of what was merely offered, and is gone again, which others can
// bring about at will, and where there is none the oldest of the rest. The first and the newest event stay.
func (c *Contact) shortenHistory() {
	for len(c.History) > MaxHistory {
		later := c.History[1 : len(c.History)-1]
		i := slices.IndexFunc(later, func(e KeyEvent) bool { return e.How == KeysOffered || e.How == KeysReturned })
		c.History = slices.Delete(c.History, 1+max(0, i), 2+max(0, i))
	}
}

// sortedKeys returns the keys sorted by fingerprint and each once. It changes keys.
func sortedKeys(keys []crypto.PublicKey) ([]crypto.PublicKey, error) {
	for _, k := range keys {
		if k.IsZero() {
			return nil, errors.New("one of its keys is no key")
		}
	}
	slices.SortFunc(keys, func(a, b crypto.PublicKey) int { return comparePins(a.Fingerprint(), b.Fingerprint()) })
	keys = slices.CompactFunc(keys, crypto.PublicKey.Equal)
	if len(keys) > maxKeys {
		return nil, fmt.Errorf("%d keys, at most %d: %w", len(keys), maxKeys, ErrTooLarge)
	}
	return keys, nil
}
