package inbox

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// MaxSetting is the size in bytes of the largest value of a setting.
const MaxSetting = 64 << 10

// maxAddresses is how many addresses of a contact are kept.
const maxAddresses = 16

// MaxSeqs is how many entries one query selects by number.
const MaxSeqs = 1000

// Bounds of one result of List or Sent.
const (
	defaultLimit = 100
	maxLimit     = 1000
	// MaxResult is how many bytes of payload one result of List or Sent has, unless its first row
	// alone has more.
	MaxResult = 16 << 20
)

// Clean returns the arrival as a driver has to store it: DIDs canonical (Long apart), times in UTC,
// the fields that Put sets at their start values. Payload is not copied. It returns ErrTooLarge for a
// payload over MaxPayload, and an error for an arrival without owner, or a claim or a set to withhold it under
// without sender.
// A claim's name that is no petname is made one.
func (a Arrival) Clean() (Arrival, error) {
	if a.Owner.IsZero() {
		return a, errors.New("arrival: no owner: set Owner to the DID it came to")
	}
	if err := checkPayload(a.Payload); err != nil {
		return a, fmt.Errorf("arrival: %w", err)
	}
	if a.From.IsZero() && a.Withhold != ([32]byte{}) {
		return a, errors.New("arrival: an anonymous sender has no keys that could have changed")
	}
	if a.Claim != nil {
		claim, err := a.Claim.clean(a)
		if err != nil {
			return a, err
		}
		a.Claim = &claim
	}
	a.Owner, a.From = a.Owner.Canonical(), a.From.Canonical()
	a.Created, a.Expires, a.Received = utc(a.Created), utc(a.Expires), utc(a.Received)
	a.Seq, a.Rev, a.Disposition, a.Shown, a.Acked = 0, 0, Pending, false, false
	switch {
	case a.Withhold != [32]byte{}:
		a.Disposition = Withheld
	case a.Kept:
		a.Disposition = Kept
	}
	return a, nil
}

func (c Claim) clean(a Arrival) (Claim, error) {
	if a.From.IsZero() {
		return c, errors.New("arrival: an anonymous sender cannot claim an invitation")
	}
	c.Contact.DID = a.From
	if !ValidName(c.Contact.Name) {
		c.Contact.Name = PetName(c.Contact.Name, "contact")
	}
	c.Contact.Ours = a.Owner
	c.Contact.learnt(KeysClaimed, a.Received)
	contact, err := c.Contact.Clean()
	if err != nil {
		return c, fmt.Errorf("claim: %w", err)
	}
	c.Contact, c.Expires = contact, utc(c.Expires)
	return c, nil
}

// Clean returns the parcel as Enqueue has to store it: DIDs canonical, times in UTC, Queued and
// without any attempt. Payload is not copied. It returns ErrTooLarge for a payload over MaxPayload,
// and an error for a parcel without owner, recipient or message id.
func (p Parcel) Clean() (Parcel, error) {
	if p.Owner.IsZero() || p.To.IsZero() || p.MessageID == "" {
		return p, errors.New("parcel: Owner, To and MessageID must be set")
	}
	if err := checkPayload(p.Payload); err != nil {
		return p, fmt.Errorf("parcel: %w", err)
	}
	return Parcel{
		Owner: p.Owner.Canonical(), To: p.To.Canonical(),
		MessageID: p.MessageID, Type: p.Type, ThreadID: p.ThreadID, Payload: p.Payload,
		Created: utc(p.Created), Expires: utc(p.Expires), Updated: utc(p.Created), State: Queued,
	}, nil
}

func checkPayload(b []byte) error {
	if len(b) > MaxPayload {
		return fmt.Errorf("payload of %d bytes, at most %d: %w", len(b), MaxPayload, ErrTooLarge)
	}
	return nil
}

// Clean returns a copy of the contact as a driver has to store it: DIDs canonical, times in UTC, pins and keys
// sorted and each once, the history cut to MaxHistory events, at most 16 addresses, what it says of
// itself valid UTF-8 and cut to its limits, a level that is none ReceiptsDefault, nothing shared with c. Pins are
// taken from Keys where there are none. It returns ErrName for a bad name, ErrTooLarge for more keys than a document
// has, and an error if there is no DID or Keys are not those of Pins.
func (c Contact) Clean() (Contact, error) {
	if c.DID.IsZero() {
		return c, errors.New("contact: no DID")
	}
	if !ValidName(c.Name) {
		return c, fmt.Errorf("contact %q: %w", c.Name, ErrName)
	}
	c = c.Clone()
	if err := c.cleanKeys(); err != nil {
		return c, fmt.Errorf("contact %q: %w", c.Name, err)
	}
	c.DID, c.Ours, c.Added, c.Seen = c.DID.Canonical(), c.Ours.Canonical(), utc(c.Added), utc(c.Seen)
	c.Addresses = c.Addresses[:min(len(c.Addresses), maxAddresses)]
	c.DisplayName, c.Description = cut(c.DisplayName, MaxDisplayName), cut(c.Description, MaxDescription)
	if c.Receipts < ReceiptsDefault || c.Receipts > ReceiptsAll {
		c.Receipts = ReceiptsDefault
	}
	return c, nil
}

// cut returns the text as valid UTF-8 of at most size bytes, without half a character at its end.
func cut(text string, size int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= size {
		return text
	}
	for !utf8.RuneStart(text[size]) {
		size--
	}
	return text[:size]
}

// Clone returns a copy of the contact that shares nothing with it.
func (c Contact) Clone() Contact {
	c.Pins, c.Addresses = slices.Clone(c.Pins), slices.Clone(c.Addresses)
	c.PeerRecord, c.Invitation = slices.Clone(c.PeerRecord), slices.Clone(c.Invitation)
	c.Keys, c.History, c.Offer = slices.Clone(c.Keys), slices.Clone(c.History), c.Offer.clone()
	return c
}

// Clean returns the query with its DIDs canonical and the limit that holds, or ErrTooLarge if it has
// more than MaxSeqs numbers.
func (q Query) Clean() (Query, error) {
	if len(q.Seqs) > MaxSeqs {
		return q, fmt.Errorf("query: %d numbers, at most %d: %w", len(q.Seqs), MaxSeqs, ErrTooLarge)
	}
	q.Owner, q.From, q.Limit = q.Owner.Canonical(), q.From.Canonical(), limit(q.Limit)
	return q, nil
}

// Clean returns the query with its DIDs canonical and the limit that holds.
func (q SentQuery) Clean() SentQuery {
	q.Owner, q.To, q.Limit = q.Owner.Canonical(), q.To.Canonical(), limit(q.Limit)
	return q
}

func limit(n int) int {
	if n <= 0 {
		return defaultLimit
	}
	return min(n, maxLimit)
}

// Clean returns the limit with its zero (or negative) fields replaced by what they mean.
func (l Limit) Clean() Limit {
	if l.Destinations <= 0 {
		l.Destinations = 16
	}
	if l.Parcels <= 0 {
		l.Parcels = 64
	}
	if l.Bytes <= 0 {
		l.Bytes = 4 << 20
	}
	return l
}

// utc drops the zone and the monotonic reading, which no store can give back.
func utc(t time.Time) time.Time { return t.Round(0).UTC() }
