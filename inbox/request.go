package inbox

import (
	"context"
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
	// r.Received or earlier are forgotten first. ErrTooLarge for a payload over MaxRequest, ErrExists if
	// the sender is a contact.
	Hold(ctx context.Context, r Request) (HoldStatus, error)
	// Requests returns what is held, oldest first.
	Requests(ctx context.Context) ([]Request, error)
	// AcceptRequest makes a contact of the sender: c with its DID, long form, pins, addresses and record
	// filled in, and the name made unique as that of a Claim. The message arrives in the inbox, as by Put
	// at the time now, unless c is Blocked: then it is dropped. All of it is one step. ErrNotFound if
	// nothing of the sender is held.
	AcceptRequest(ctx context.Context, sender did.DID, c Contact, now time.Time) (Contact, error)
	// DropRequest forgets a request. ErrNotFound if nothing of the sender is held.
	DropRequest(ctx context.Context, sender did.DID) error
}
