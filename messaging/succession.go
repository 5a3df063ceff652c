package messaging

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging/fromprior"
)

// maxAhead is how far the clock of somebody who announces new keys may be ahead of ours.
const maxAhead = 5 * time.Minute

// succeed lets the keys that a contact's document offers take the place of the trusted ones, if the message, which
// they prove, carries the word of a trusted key for just these. It reports whether they are trusted now; then what
// was withheld under them is released.
func (n *Node) succeed(ctx context.Context, c inbox.Contact, m *Message) (bool, error) {
	set := c.Offer.KeySet()
	if !n.announced(c, m, set) {
		return false, nil
	}
	err := n.release(ctx, c.DID, set, func(now *inbox.Contact) error {
		if now.Offer.KeySet() != set || !slices.Equal(now.Pins, c.Pins) {
			return errNoChange
		}
		now.Trust(now.Offer.Keys, now.Offer.Version, inbox.KeysSucceeded, time.Now().UTC())
		return nil
	})
	if errors.Is(err, errNoChange) {
		return false, errMoved
	}
	return err == nil, err
}

// announced reports whether the from_prior of a message is the word of a trusted key for this set of keys: given since
// the trusted ones were accepted, so that one of an earlier time cannot be repeated, and not in the future.
func (n *Node) announced(c inbox.Contact, m *Message, set [32]byte) bool {
	header, ok := m.Extra[fromprior.Header]
	if !ok {
		return false
	}
	var token string
	if json.Unmarshal(header, &token) != nil {
		return false
	}
	p, err := fromprior.CheckSuccession(c.Keys, token, c.DID)
	now := time.Now()
	switch {
	case err != nil:
	case p.Keys != set:
		err = errors.New("it is for other keys")
	case p.IssuedAt.Before(accepted(c).Truncate(time.Second)):
		err = errors.New("it is older than the keys that are trusted")
	case p.IssuedAt.After(now.Add(maxAhead)) || p.NotBefore.After(now.Add(maxAhead)):
		err = errors.New("its time has not come")
	case !p.Expires.IsZero() && !now.Before(p.Expires):
		err = errors.New("its time is over")
	default:
		return true
	}
	n.log().Debug("an announcement of new keys does not count", "contact", c.DID, "err", err)
	return false
}

// accepted is when the keys that are trusted came to be; zero where the history does not say.
func accepted(c inbox.Contact) (at time.Time) {
	var set [32]byte
	for _, e := range c.History {
		if e.How != inbox.KeysOffered && e.How != inbox.KeysReturned && e.Keys != set {
			at, set = e.At, e.Keys
		}
	}
	return at
}
