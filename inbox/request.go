package inbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/parley-im/parley/did"
)

// Limits of the request queue.
const (
	// MaxRequests is how many requests are held, one of each sender.
	MaxRequests = 100
	// MaxRequest is the size in bytes of the largest message that is held.
	MaxRequest = 64 << 10
	// RequestTime is how long a request is held; after that it makes room for others.
	RequestTime = 30 * 24 * time.Hour
)

// Request is the first message of a stranger, which waits for the user to accept or to block its sender.
type Request struct {
	// Entry is the message: Seq, Rev, Disposition and marks are zero, Answered is false.
	Entry
	// Long is the long form of From, where it has one.
	Long did.DID
	// Pins, Addresses and PeerRecord are as in Contact.
	Pins       [][32]byte
	Addresses  []string
	PeerRecord []byte
}

// HoldStatus says what became of a message of a stranger.
type HoldStatus int

const (
	// Held means that it is kept, now or since an earlier call with the same message.
	Held HoldStatus = iota + 1
	// HoldOccupied means that another message of the sender waits already.
	HoldOccupied
	// HoldFull means that as many requests are held as may be.
	HoldFull
)

// Requests keeps the first messages of strangers apart from the inbox. They come from anybody, so everything
// about them is bounded.
type Requests interface {
	// Hold commits a request durably, unless there is no room. Requests that came RequestTime before
	// r.Received or earlier are forgotten first. ErrTooLarge for a payload over MaxRequest, or if all else
	// of r is as large; ErrExists if the sender is a contact; an error if there is no owner or sender.
	Hold(ctx context.Context, r Request) (HoldStatus, error)
	// Requests returns what is held, oldest first.
	Requests(ctx context.Context) ([]Request, error)
	// AcceptRequest makes a contact of the sender, and returns it: c with its DID, long form, pins,
	// addresses, record and Ours filled in, KeysRequested in its history if c has none, and the name made unique as
	// that of a Claim. The message arrives in
	// the inbox, as by Put at the time now, unless c is Blocked: then it is dropped. A sender who has
	// become a contact meanwhile stays the one it is, except that it is Blocked if c is; a contact that is
	// Blocked has its message dropped. All of it is one step. ErrNotFound if nothing of the sender is held.
	AcceptRequest(ctx context.Context, sender did.DID, c Contact, now time.Time) (Contact, error)
	// DropRequest forgets a request. ErrNotFound if nothing of the sender is held.
	DropRequest(ctx context.Context, sender did.DID) error
}

// Clean returns the request as Hold has to store it: DIDs canonical (Long apart), times in UTC, the
// fields that an arrival gets zero, at most 16 addresses. Payload, Pins, Addresses and PeerRecord are not
// copied. Its errors are those of Hold.
func (r Request) Clean() (Request, error) {
	if r.Owner.IsZero() || r.From.IsZero() {
		return r, errors.New("request: Owner and From must be set: an anonymous message is no request")
	}
	if len(r.Payload) > MaxRequest || r.besides() > MaxRequest {
		return r, fmt.Errorf("request: payload of %d bytes and %d bytes besides, at most %d each: %w",
			len(r.Payload), r.besides(), MaxRequest, ErrTooLarge)
	}
	r.Owner, r.From = r.Owner.Canonical(), r.From.Canonical()
	r.Created, r.Expires, r.Received = utc(r.Created), utc(r.Expires), utc(r.Received)
	r.Seq, r.Rev, r.Disposition, r.Shown, r.Acked, r.Answered = 0, 0, 0, false, false, false
	r.Addresses = r.Addresses[:min(len(r.Addresses), maxAddresses)]
	return r, nil
}

// besides returns the size of what is held besides the payload.
func (r Request) besides() int {
	n := len(r.MessageID) + len(r.Type) + len(r.ThreadID) + len(r.SenderKey) + len(r.SignerKey)
	n += len(r.Long.String()) + len(r.PeerRecord) + len(r.Pins)*len([32]byte{})
	for _, a := range r.Addresses {
		n += len(a)
	}
	return n
}

// Clone returns a copy of the request that shares nothing with it.
func (r Request) Clone() Request {
	r.Payload, r.PeerRecord = slices.Clone(r.Payload), slices.Clone(r.PeerRecord)
	r.Pins, r.Addresses = slices.Clone(r.Pins), slices.Clone(r.Addresses)
	return r
}

// Introduce returns c as the contact that accepting the request at the time now makes: with the DID, pins,
// addresses and record of the sender, Ours as the request has it, with a history of its keys, clean, and with a name
// that is a petname but perhaps not unique. Keys of c that are not those of Pins are dropped.
func (r Request) Introduce(c Contact, now time.Time) (Contact, error) {
	if !ValidName(c.Name) {
		c.Name = PetName(c.Name, "contact")
	}
	if KeySet(Fingerprints(c.Keys)) != KeySet(r.Pins) {
		c.Keys = nil
	}
	c.DID, c.Pins, c.Addresses, c.PeerRecord, c.Ours = r.From, r.Pins, r.Addresses, r.PeerRecord, r.Owner
	c.learnt(KeysRequested, now)
	c, err := c.Clean()
	if err != nil {
		return c, fmt.Errorf("request: %w", err)
	}
	return c, nil
}

// Arrival returns the message of the request as Put takes it at the time now.
func (r Request) Arrival(now time.Time) Arrival {
	r.Received = now
	return Arrival{Entry: r.Entry, Long: r.Long}
}
