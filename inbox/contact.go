package inbox

import (
	"context"
	"time"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

// Contact is somebody whom the wallet knows.
type Contact struct {
	// DID is canonical and unique among contacts.
	DID did.DID
	// Name is the petname: 1 to 64 bytes, unique among contacts without regard to case, see ValidName.
	Name string
	// Blocked refuses what comes from the contact, and sending to it.
	Blocked bool
	// Confirmed is set once the contact has proved that it knows our DID document: until then messages
	// to it carry our DID in its long form.
	Confirmed bool
	// Pins are the fingerprints of its keys, as by did.Document.Pins, that are trusted: nothing is encrypted to
	// others, and what others prove is withheld. None means that none were ever seen.
	Pins [][32]byte
	// Keys are the keys that Pins are of, in the same order; none for a contact of schema 2 or before, until its
	// document is seen again.
	Keys []crypto.PublicKey
	// Version is the place of the newest document that was seen in the log of its method, see
	// did.Document.Version; empty for methods without one.
	Version string
	// Verified is when the user has compared the safety number with it; zero when never, or not since its keys
	// changed.
	Verified time.Time
	// Offer is a change of its keys that nothing justifies: while there is one nothing is sent to it, and what
	// arrives is withheld. Nil when there is none.
	Offer *Offer
	// History is how its keys were learnt, and each change since, oldest first, at most MaxHistory: the first and
	// the newest, and of the others what was merely offered is forgotten before what was trusted.
	History []KeyEvent
	// Ours is the DID of ours that it knows us by; zero for our preferred one.
	Ours did.DID
	// Addresses are the multiaddrs where it was last reached, at most 16.
	Addresses []string
	// PeerRecord is the newest libp2p signed peer record it has given us; empty when none.
	PeerRecord []byte
	// Invitation is what it gave us and we have yet to claim: the invitation's plaintext; empty else.
	Invitation []byte
	// Added is when it became a contact, Seen when it was last heard of.
	Added, Seen time.Time
	// DisplayName and Description are what it last said of itself; they prove nothing, and have at most
	// MaxDisplayName and MaxDescription bytes.
	DisplayName, Description string
	// Receipts says what we tell it of its messages.
	Receipts ReceiptLevel
	// Life is the newest life of its wallet that it has shown; the zero Life when none.
	Life Life
}

// Sizes in bytes of what a contact says of itself. More is cut at a character.
const (
	MaxDisplayName = 128
	MaxDescription = 1024
)

// ReceiptLevel says what a wallet tells the senders of messages. The levels are ordered.
type ReceiptLevel int

const (
	// ReceiptsDefault is what the wallet says of all contacts; for the wallet itself it is ReceiptsAll.
	ReceiptsDefault ReceiptLevel = iota
	// ReceiptsNone tells nothing that the path does not tell by itself.
	ReceiptsNone
	// ReceiptsReceived tells that a message was received, not that it was read.
	ReceiptsReceived
	// ReceiptsAll tells both.
	ReceiptsAll
)

// Life is how far a wallet has lived: a branch that was begun when it was made or restored, and how many
// backups were taken on it. A wallet shows it to its contacts, and they tell what they saw last: so one that
// was restored learns that it went on elsewhere.
type Life struct {
	Branch [8]byte
	Count  uint32
}

// Offer is a document of a contact with keys that are not its pinned ones.
type Offer struct {
	// Keys are those of the document, as did.Document.PinKeys returns them, and Version its place in a log.
	Keys    []crypto.PublicKey
	Version string
	// At is when it was first seen.
	At time.Time
	// WasVerified says that the keys in whose place they would be had been verified.
	WasVerified bool
}

// KeyEvent is an entry in the history of a contact's keys.
type KeyEvent struct {
	At  time.Time
	How KeyCause
	// Keys is the fingerprint of the set of keys that it is about, see KeySet.
	Keys [32]byte
}

// KeyCause says how keys were learnt, or what became of them.
type KeyCause int

const (
	// KeysInvited were in an invitation that the user was given.
	KeysInvited KeyCause = iota + 1
	// KeysClaimed were those of somebody who claimed an invitation of ours.
	KeysClaimed
	// KeysAdded were resolved when the user gave the DID.
	KeysAdded
	// KeysRequested were those of a stranger whose message the user accepted.
	KeysRequested
	// KeysFirstSeen were seen first when a message was sent or came: none had been pinned.
	KeysFirstSeen
	// KeysOffered were found in the document, not justified by anything: it is blocked since.
	KeysOffered
	// KeysReturned says that the document has the pinned keys again: what was offered is gone.
	KeysReturned
	// KeysSucceeded were announced in a message that a pinned key has signed (from_prior).
	KeysSucceeded
	// KeysLogged were proven by the log of the DID's method.
	KeysLogged
	// KeysAccepted were accepted by the user without comparing.
	KeysAccepted
	// KeysVerified were compared by the user, who accepts them by that.
	KeysVerified
)

// String returns the lower-case word for the cause, as it stands in JSON.
func (k KeyCause) String() string {
	if k < KeysInvited || k > KeysVerified {
		return "unknown"
	}
	return [...]string{"invited", "claimed", "added", "requested", "first seen", "offered", "returned", "succeeded", "logged", "accepted", "verified"}[k-KeysInvited]
}

// Contacts keeps who is known and what is known of them.
type Contacts interface {
	// AddContact adds a contact. ErrExists if its DID or its name is taken, ErrName for a bad name.
	AddContact(ctx context.Context, c Contact) error
	// Contact returns the contact with the DID in any form. ErrNotFound if there is none.
	Contact(ctx context.Context, id did.DID) (Contact, error)
	// Contacts returns all contacts, by name.
	Contacts(ctx context.Context) ([]Contact, error)
	// UpdateContact changes a contact by calling change with it within the step; an error from change
	// is returned and nothing is changed. The DID cannot be changed. change must not call the store.
	UpdateContact(ctx context.Context, id did.DID, change func(*Contact) error) error
	// ReleaseContact changes a contact as UpdateContact does, and in the same step makes the entries of it that
	// were withheld under the set of keys Pending, in their order and each with a new Rev. It returns how many. The
	// contact must trust the set once it is changed, see Contact.Trusts: else it is an error and nothing is changed.
	// Under the zero set nothing is withheld.
	ReleaseContact(ctx context.Context, id did.DID, keys [32]byte, change func(*Contact) error) (int, error)
	// RemoveContact removes the contact; its messages stay, but what of it is withheld is removed as if it had never
	// arrived, since its sender was not told that it had. ErrNotFound if there is none.
	RemoveContact(ctx context.Context, id did.DID) error
	// Claimed returns who has used up the single-use invitation; ErrNotFound if nobody has.
	Claimed(ctx context.Context, invitation string) (did.DID, error)
	// Learn remembers long forms of DIDs that have a short one; others are passed over. The caller has
	// checked that each long form is valid.
	Learn(ctx context.Context, longs ...did.DID) error
	// LongForm returns the long form that was learnt for the DID. ErrNotFound if there is none, together
	// with did.ErrNotFound, so that a resolver can ask it.
	LongForm(ctx context.Context, id did.DID) (did.DID, error)
}

// Settings keeps small facts of the wallet itself, such as its DID and the ports it listens on.
type Settings interface {
	// Setting returns a value. ErrNotFound if it was never set.
	Setting(ctx context.Context, name string) ([]byte, error)
	// SetSetting sets a value of at most 64 KiB.
	SetSetting(ctx context.Context, name string, value []byte) error
}

// Stats counts what a store holds.
type Stats struct {
	// Pending and Unread are entries that wait for a handler, and kept ones that nobody has acked. Withheld are those
	// of all contacts whose keys have changed.
	Pending, Unread, Withheld int
	// Waiting are parcels on their way, settled ones apart; Failed those that failed or expired.
	Waiting, Failed int
	// Contacts are all contacts, Requests the strangers who wait to become one.
	Contacts, Requests int
	// Rev is the newest revision.
	Rev int64
}

// Store is all that a wallet remembers.
type Store interface {
	Inbox
	Outbox
	Contacts
	Requests
	Settings
	// Stats counts what is held.
	Stats(ctx context.Context) (Stats, error)
	// Watch returns a channel that receives after commits that changed entries or parcels: a hint to
	// look again, never lost while nobody receives (it holds one). It is closed when ctx ends, or the
	// store is closed.
	Watch(ctx context.Context) <-chan struct{}
	// Close ends all work, waits for it, and closes the store. Later calls return ErrClosed.
	Close() error
}
