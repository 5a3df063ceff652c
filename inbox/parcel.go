package inbox

import (
	"context"
	"time"

	"github.com/parley-im/parley/did"
)

// State says how far a parcel has come. States only advance, in this order; Failed and Expired are
// ends that only a proof of delivery can still correct.
type State int

const (
	// Queued means that it is durably ours to deliver.
	Queued State = iota + 1
	// Sent means that it was written in full to a path that cannot confirm; it is sent again.
	Sent
	// Relayed means that a relay has committed it.
	Relayed
	// Failed means that the recipient refused it for good, or that it was cancelled.
	Failed
	// Expired means that its time ran out before it was delivered.
	Expired
	// Delivered means that the recipient has committed it.
	Delivered
	// Read means that the recipient said it was read.
	Read
)

// String returns the lower-case name of the state.
func (s State) String() string {
	switch s {
	case Queued:
		return "queued"
	case Sent:
		return "sent"
	case Relayed:
		return "relayed"
	case Failed:
		return "failed"
	case Expired:
		return "expired"
	case Delivered:
		return "delivered"
	case Read:
		return "read"
	}
	return "unknown"
}

// Advances reports whether a parcel in state s may go to state to.
func (s State) Advances(to State) bool { return to > s && to <= Read }

// Settled reports whether nothing more is to be done for a parcel in state s.
func (s State) Settled() bool { return s >= Failed }

// Parcel is one message for one recipient. The message itself, which parcels for several recipients
// share, is kept as plaintext (sealed at rest): it is encrypted anew for each attempt.
type Parcel struct {
	// Owner is the DID of ours that sends, To the recipient.
	Owner, To did.DID
	// MessageID, Type and ThreadID are the plaintext's; Payload is the plaintext, at most MaxPayload
	// bytes. Owner and MessageID name the message: parcels that share them share the payload.
	MessageID, Type, ThreadID string
	Payload                   []byte
	// Created is when it was queued; Expires, if not zero, is when delivering it has become pointless.
	Created, Expires time.Time

	// Seq numbers parcels in the order of queueing, never reused; Rev grows with every change.
	Seq, Rev int64
	State    State
	// Attempts counts settled tries. Updated is when State last changed.
	Attempts int
	Updated  time.Time
	// Path says by which path it came as far as State says, for example "direct" or "relay:NAME".
	// Problem says in a few words why it is not further.
	Path, Problem string
}

// Batch is what Claim hands out: the parcels of one destination that are due, first in first out,
// under a lease.
type Batch struct {
	Owner, To did.DID
	Parcels   []Parcel
	// Failures counts the tries in a row that did not reach the destination.
	Failures int
	// Lease is the token that Settle checks: one that has been claimed again since is lost.
	Lease int64
}

// Outcome is what a try did for one parcel.
type Outcome struct {
	// State is the state reached; a state that does not advance the parcel's leaves it.
	State State
	// RetryAt says when the parcel is due again, if it is not settled and has to wait longer than its
	// destination does. Done says that it will not be tried again though it is not settled.
	RetryAt time.Time
	Done    bool
	// Path and Problem replace those of the parcel.
	Path, Problem string
}

// SentQuery selects parcels. Zero fields select everything; set fields must all hold.
type SentQuery struct {
	Owner, To           did.DID
	MessageID, ThreadID string
	States              []State
	// AfterRev and AfterSeq select parcels with a larger Rev or Seq.
	AfterRev, AfterSeq int64
	// Match is as in Query.
	Match func(payload []byte) bool
	// BySeq orders by Seq instead of Rev; Newest reverses the order.
	BySeq, Newest bool
	// Limit is as in Query.
	Limit int
}

// MaxQueued is how many unsettled parcels one destination may have.
const MaxQueued = 100_000

// Outbox keeps what is to be delivered, and what was: the sent history.
//
// Retrying belongs to the destination (Owner, To), not to the parcel: when one parcel cannot get
// through, those behind it wait, and arrive in order.
type Outbox interface {
	// Enqueue commits the parcels durably in one step, and returns them in their order as they are kept.
	// A parcel with the same Owner, MessageID and To as an earlier one is passed over if its payload is
	// the same, and the earlier one is returned; ErrConflict if it is not. ErrFull if a destination would
	// have more than MaxQueued.
	Enqueue(ctx context.Context, ps ...Parcel) ([]Parcel, error)
	// Claim leases until the given time, which is after now, at most limit.Destinations destinations
	// that are due at now, those first that have waited longest since they were claimed, and returns
	// of each its first due parcels, at most limit.Parcels and limit.Bytes. Leases last no longer than the store
	// is open, so they alone need not outlast a power failure.
	Claim(ctx context.Context, now, until time.Time, limit Limit) ([]Batch, error)
	// Settle records the outcomes of the first len(outs) parcels of b at the time now, and ends the
	// lease, in one step. A zero next means that the destination was reached: its failures are
	// forgotten and it is due when its parcels are. Else it is not due before next, or before the time of
	// a Wake that came after the Claim, if that is earlier. ErrLost if the lease moved on or was ended by
	// an earlier Settle; then nothing is recorded. A parcel that was settled meanwhile is changed only by
	// an outcome that advances it.
	Settle(ctx context.Context, b Batch, outs []Outcome, now, next time.Time) error
	// Due returns the earliest time at which Claim would find something, which may be the zero time;
	// false if there is nothing. A lease counts as ending at its time.
	Due(ctx context.Context) (time.Time, bool, error)
	// Wake makes the destinations to whose failures had put off due at now, and lets a try under way put
	// them off no longer than that; all of them for the zero DID. As a lease it need not outlast a power
	// failure: who opens the store wakes them anyway.
	Wake(ctx context.Context, to did.DID, now time.Time) error
	// Advance moves the parcels with these message ids from owner to the recipient to the state s, where
	// that advances them, and returns how many it moved: what a receipt or an ack does. Those moved
	// have no Problem any more.
	Advance(ctx context.Context, owner, to did.DID, ids []string, s State, now time.Time) (int, error)
	// Cancel makes the parcels of the message that are Queued and not under a lease Failed, with the
	// problem "cancelled", and returns how many. A parcel is under a lease at now if it, or one queued
	// behind it, was handed out with a lease that goes on. ErrNotFound if there is no such message.
	Cancel(ctx context.Context, owner did.DID, messageID string, now time.Time) (int, error)
	// Forget removes parcels for good, at most MaxSeqs, if they are settled; others are passed over. Its message
	// may then be queued anew.
	Forget(ctx context.Context, owner did.DID, seqs ...int64) error
	// Sent returns the parcels that q selects, settled ones included.
	Sent(ctx context.Context, q SentQuery) ([]Parcel, error)
}

// Limit bounds one Claim. Zero fields mean 16 destinations, 64 parcels of each, and 4 MiB of payload
// of each (but at least one parcel).
type Limit struct{ Destinations, Parcels, Bytes int }
