package inbox

import (
	"context"
	"time"

	"github.com/parley-im/parley/did"
)

// MaxPayload is the size in bytes of the largest plaintext that a driver stores: what fits an
// envelope of 1 MiB.
const MaxPayload = 1 << 20

// Disposition says how far the wallet itself has dealt with an entry. What a person or program did
// with it (shown, acked) is apart from it, see [Mark].
type Disposition int

const (
	// Pending means that no handler has dealt with the entry yet.
	Pending Disposition = iota + 1
	// Kept means that the entry waits for, or was read by, a person or a program.
	Kept
	// Consumed means that a protocol has dealt with it and that there is nothing to show.
	Consumed
	// Rejected means that its handler gave up on it; it is kept for diagnosis.
	Rejected
	// Withheld means that its sender is a contact whose keys have changed: it is nobody's until the user has
	// accepted those that prove it, see Contacts.ReleaseContact.
	Withheld
)

// String returns the lower-case name of the disposition.
func (d Disposition) String() string {
	switch d {
	case Pending:
		return "pending"
	case Kept:
		return "kept"
	case Consumed:
		return "consumed"
	case Rejected:
		return "rejected"
	case Withheld:
		return "withheld"
	}
	return "unknown"
}

// Entry is one message that has arrived.
type Entry struct {
	// Owner is the DID of ours that it came to. From is its verified sender; zero when it is anonymous.
	Owner, From did.DID
	// MessageID, Type and ThreadID are the plaintext's id, type and thid (the id where thid is absent).
	MessageID, Type, ThreadID string
	// Payload is the plaintext as it was opened, at most MaxPayload bytes.
	Payload []byte
	// SenderKey and SignerKey are the key ids that the envelope proved; empty when it did not.
	SenderKey, SignerKey string
	// Misaddressed is set when the plaintext's "to" is present and does not name Owner.
	Misaddressed bool
	// Answered is set when the path told the sender of the commit by itself.
	Answered bool
	// Created and Expires are the sender's times, zero where absent; Received is ours. They are kept
	// to the microsecond or better, in UTC.
	Created, Expires, Received time.Time

	// Seq numbers entries in the order of arrival, never reused; Rev grows with every change. Put sets
	// both, and Disposition to Pending.
	Seq, Rev    int64
	Disposition Disposition
	// Shown and Acked are the consumer's marks.
	Shown, Acked bool
}

// Arrival is an entry together with what must become true in the same step.
type Arrival struct {
	Entry
	// Kept commits the entry as Kept instead of Pending: there is no more to be done for it than that. Behind
	// an entry of the same sender that is Pending it becomes Pending as well, so that it does not pass that.
	Kept bool
	// Withhold commits the entry as Withheld under this set of keys (see KeySet), which prove it; zero: not. Of
	// one sender at most MaxWithheld entries and MaxWithheldBytes of payload are held that way. If the sender is a
	// contact that trusts the set by now (see Contact.Trusts) the entry becomes Pending instead. The claim of an
	// arrival that is withheld is not looked at.
	Withhold [32]byte
	// Long is the long form of From where From has one: it is remembered as by Contacts.Learn.
	Long did.DID
	// Claim makes From a contact, if it is none yet, by using up an invitation.
	Claim *Claim
}

// Claim is the use of an invitation of ours by the sender of an entry.
type Claim struct {
	// Invitation is the id of the invitation. A Multi one is used any number of times; else the first
	// claim wins, also one by somebody who is a contact already.
	Invitation string
	Multi      bool
	// Expires says until when the claim of a single-use invitation must be remembered.
	Expires time.Time
	// Contact is the contact to make; its Name is made unique by appending "-2", "-3" and so on.
	Contact Contact
}

// PutStatus says what became of one arrival.
type PutStatus int

const (
	// Added means that the entry is new and has been committed; or that it was Withheld, and has come again proven by
	// keys that are trusted: then it is as if it came only now, with the Seq that it had.
	Added PutStatus = iota + 1
	// Duplicate means that the same message from the same sender had been committed before, and is not withheld.
	Duplicate
	// Conflict means that the sender has used the message's id for another payload; it is not stored. An id under
	// which something is Withheld counts as used for what is to be withheld alone: else that gives way.
	Conflict
	// InvitationUsed means that the claimed single-use invitation was used up before: by somebody else,
	// or by the sender, who is no longer a contact; nothing is stored.
	InvitationUsed
	// KeptBack means that the entry is Withheld, by this call or an earlier one.
	KeptBack
	// NoRoom means that there is no room for another withheld one of the sender, or that the sender is no contact any
	// more; it is not stored.
	NoRoom
)

// Limits of what is withheld of one sender.
const (
	MaxWithheld      = 200
	MaxWithheldBytes = 4 << 20
)

// String returns the lower-case name of the status.
func (s PutStatus) String() string {
	switch s {
	case Added:
		return "added"
	case Duplicate:
		return "duplicate"
	case Conflict:
		return "conflict"
	case InvitationUsed:
		return "invitation used"
	case KeptBack:
		return "kept back"
	case NoRoom:
		return "no room"
	}
	return "unknown"
}

// PutResult is the outcome of one arrival. Seq is that of the entry, also for a duplicate whose
// entry still exists; 0 otherwise. Contact is the name under which a claim made the sender a
// contact, empty when it made none. Proven is set for one that was Added after it had been Withheld: whoever
// reads entries by their Seq may have passed it.
type PutResult struct {
	Status  PutStatus
	Seq     int64
	Contact string
	Proven  bool
}

// Mark is what a consumer says about an entry.
type Mark int

const (
	// MarkShown says that the entry was put before a person's eyes.
	MarkShown Mark = iota + 1
	// MarkAcked says that its consumer is done with it; it implies MarkShown.
	MarkAcked
)

// Query selects entries. Zero fields select everything; set fields must all hold.
type Query struct {
	Owner, From         did.DID
	MessageID, ThreadID string
	// Dispositions selects entries that have one of them; none means any but Withheld.
	Dispositions []Disposition
	// Seqs selects entries by number, at most MaxSeqs (else ErrTooLarge); none means any.
	Seqs []int64
	// Unacked selects entries without MarkAcked.
	Unacked bool
	// Match selects entries by their payload; nil means any. It is called within the step, perhaps by many
	// goroutines at once; it must neither keep or change the payload nor call the store.
	Match func(payload []byte) bool
	// AfterRev and AfterSeq select entries with a larger Rev or Seq.
	AfterRev, AfterSeq int64
	// BySeq orders by Seq instead of Rev; Newest reverses the order, so that Limit keeps the newest.
	BySeq, Newest bool
	// Limit bounds the result: 0 means 100, and more than 1,000 means 1,000. The payloads of one
	// result together are bounded as well (16 MiB, but at least one entry), so a full result may be
	// shorter than Limit; only an empty one is the end.
	Limit int
}

// Inbox keeps what has arrived.
//
// A message is known by (Owner, From, MessageID); an anonymous one by Owner and the hash of its
// payload. That knowledge outlives the deletion of the entry.
type Inbox interface {
	// Put commits the arrivals durably in one step and says in their order what became of each. An
	// arrival may be the duplicate of an earlier one in the same call. A contact that is made knows us by the
	// entry's Owner (Contact.Ours). When the error is not nil
	// nothing is known to be committed and nothing may be acknowledged.
	Put(ctx context.Context, as ...Arrival) ([]PutResult, error)
	// List returns the entries that q selects.
	List(ctx context.Context, q Query) ([]Entry, error)
	// Handled settles a pending entry and queues the replies to it, in one step. An entry that is no
	// longer pending is left alone and its replies are dropped: they were queued the first time.
	// ErrNotFound if there is no such entry.
	Handled(ctx context.Context, owner did.DID, seq int64, d Disposition, replies ...Parcel) error
	// Mark sets a consumer's mark on entries and queues receipts for them, in one step. Unknown entries
	// and withheld ones are passed over. Receipts are queued as by Enqueue.
	Mark(ctx context.Context, owner did.DID, m Mark, seqs []int64, receipts ...Parcel) error
	// Delete removes entries for good; the knowledge that they had arrived stays.
	Delete(ctx context.Context, owner did.DID, seqs ...int64) error
}
