package control

import (
	"context"
	"encoding/json"
	"time"
)

// Version stands as "v" in every object that leaves the API or the command.
const Version = 1

// Wallet is what the commands of parley can do with a wallet. The daemon offers it on its socket, see
// Serve and Client; a command that finds no daemon opens the wallet itself. All methods are safe for
// concurrent use. Errors that a user can do something about are *Error.
type Wallet interface {
	// Self says who the wallet is.
	Self(ctx context.Context) (Self, error)
	// Invite makes an invitation.
	Invite(ctx context.Context, r InviteRequest) (Invite, error)
	// Add makes a contact of who made an invitation and introduces us to it. It waits up to r.Timeout
	// for the answer: an invitation that is refused leaves no contact behind.
	Add(ctx context.Context, r AddRequest) (Contact, error)
	// Contacts returns all contacts, by name.
	Contacts(ctx context.Context) ([]Contact, error)
	// ChangeContact renames or blocks a contact.
	ChangeContact(ctx context.Context, name string, r ContactChange) (Contact, error)
	// RemoveContact forgets a contact; its messages stay.
	RemoveContact(ctx context.Context, name string) (Contact, error)
	// Send queues a message, then waits until it reached r.Wait or r.Timeout passed, and returns what it
	// has reached. A wait that timed out is an *Error with CodeTimeout that comes with the result.
	Send(ctx context.Context, r SendRequest) (Sent, error)
	// Cancel gives a message up that is still queued.
	Cancel(ctx context.Context, id string) (Sent, error)
	// Sent returns messages that were sent, oldest first.
	Sent(ctx context.Context, r SentRequest) ([]Sent, error)
	// Receive returns messages that are kept for the user, oldest first. When there is none it waits for
	// one, up to r.Wait.
	Receive(ctx context.Context, r ReceiveRequest) ([]Message, error)
	// Mark says of received messages that they were shown or that they are done with. Marking unknown
	// messages is an *Error with CodeUnknown.
	Mark(ctx context.Context, r MarkRequest) error
	// Changes returns what changed after a revision, received and sent messages, and waits up to r.Wait
	// for the first change. The zero request returns the present revision and nothing else.
	Changes(ctx context.Context, r ChangesRequest) (Changes, error)
	// Ping measures how long a contact takes to answer.
	Ping(ctx context.Context, r PingRequest) (Pong, error)
	// Status says how the wallet is.
	Status(ctx context.Context) (Status, error)
	Requests
	Preferences
	Questions
	Upkeep
	Trust
}

// Self is who the wallet is.
type Self struct {
	V int `json:"v"`
	// DID is the canonical form; LongDID the one that carries its document.
	DID     string `json:"did"`
	LongDID string `json:"long_did,omitempty"`
	PeerID  string `json:"peer_id"`
	// Also are the wallet's other DIDs that are in use.
	Also []string `json:"also,omitempty"`
	// Name is what the wallet calls itself when it introduces itself.
	Name string `json:"name,omitempty"`
	// Addrs are the multiaddrs where it listens now; none when it does not.
	Addrs []string `json:"addrs,omitempty"`
}

// InviteRequest asks for an invitation.
type InviteRequest struct {
	// Expires is how long it is good for, from a second to a year; zero means 24 hours.
	Expires time.Duration `json:"expires,omitzero"`
	// Multi lets many claim it, not only the first.
	Multi bool `json:"multi,omitzero"`
}

// Invite is an invitation.
type Invite struct {
	V       int       `json:"v"`
	Link    string    `json:"link"`
	Expires time.Time `json:"expires"`
}

// AddRequest makes a contact from an invitation's link, or else of a DID and the multiaddrs where its wallet is
// reached: then nobody is introduced, and the first message waits until its recipient accepts it.
type AddRequest struct {
	Link  string   `json:"link,omitempty"`
	DID   string   `json:"did,omitempty"`
	Addrs []string `json:"addrs,omitempty"`
	// Name is the petname; empty takes what the inviter calls itself.
	Name    string        `json:"name,omitempty"`
	Timeout time.Duration `json:"timeout,omitzero"`
}

// Contact is one contact.
type Contact struct {
	V       int    `json:"v"`
	Name    string `json:"name"`
	DID     string `json:"did"`
	Blocked bool   `json:"blocked,omitzero"`
	// Pending is set until the contact has answered for the first time.
	Pending bool      `json:"pending,omitzero"`
	Added   time.Time `json:"added,omitzero"`
	Seen    time.Time `json:"seen,omitzero"`
	Addrs   []string  `json:"addrs,omitempty"`
	// Keys are the fingerprints of its pinned keys, KeySet that of all of them together, in hex.
	Keys   []string `json:"keys,omitempty"`
	KeySet string   `json:"key_set,omitempty"`
	// Verified is when the user marked it verified; zero when not, or not since its keys changed.
	Verified time.Time `json:"verified,omitzero"`
	// Offer is a change of its keys that blocks it; nil when there is none. History is how its keys were learnt
	// and each change since, oldest first.
	Offer   *KeyOffer  `json:"offer,omitzero"`
	History []KeyEvent `json:"history,omitempty"`
	// Withheld is how many messages of it are kept back, because other keys prove them than those that are trusted.
	Withheld int `json:"withheld,omitzero"`
	// Ours is the DID of ours that it knows.
	Ours string `json:"ours,omitempty"`
	// DisplayName and Description are what it says of itself.
	DisplayName string `json:"display_name,omitempty"`
	Description string `json:"description,omitempty"`
	// Receipts is what it is told of its messages: all, received, none; empty for what all are told.
	Receipts string `json:"receipts,omitempty"`
}

// ContactChange is what to change of a contact: zero fields stay.
type ContactChange struct {
	Name    string `json:"name,omitempty"`
	Blocked *bool  `json:"blocked,omitzero"`
	// Receipts is all, received, none or default.
	Receipts string `json:"receipts,omitempty"`
}

// SendRequest is a message to send. To is a contact's name, a unique prefix of one, or its DID.
type SendRequest struct {
	To   string `json:"to"`
	Text string `json:"text"`
	// Type and Body are those of a message that is no text; Body is a JSON object.
	Type string          `json:"type,omitempty"`
	Body json.RawMessage `json:"body,omitempty"`
	// File goes along.
	File *File `json:"file,omitzero"`
	// Wait is "sent", "delivered" or "read"; empty waits until the message has got as far as it will now, or
	// Timeout has passed, and is no error then.
	Wait    string        `json:"wait,omitempty"`
	Timeout time.Duration `json:"timeout,omitzero"`
	// Thread continues a thread; empty begins one.
	Thread string `json:"thid,omitempty"`
}

// File is one that goes with a message. Name and MediaType are what its sender says: nothing may be saved under a
// name as it came. Data is its content, at most about 280 KiB; it is left out of what was sent, and of a file that
// is elsewhere.
type File struct {
	Name      string `json:"name"`
	MediaType string `json:"media_type,omitempty"`
	Size      int64  `json:"size"`
	Data      []byte `json:"data,omitempty"`
}

// Sent is a message that was sent, and what became of it.
type Sent struct {
	V  int    `json:"v"`
	ID string `json:"id"`
	// To is the recipient's DID, ToName its petname.
	To     string `json:"to"`
	ToName string `json:"to_name,omitempty"`
	// State is queued, sent, relayed, delivered, read, failed or expired.
	State   string          `json:"state"`
	Path    string          `json:"path,omitempty"`
	Problem string          `json:"problem,omitempty"`
	Type    string          `json:"type,omitempty"`
	Content string          `json:"content,omitempty"`
	Body    json.RawMessage `json:"body,omitempty"`
	Files   []File          `json:"files,omitempty"`
	Thread  string          `json:"thid,omitempty"`
	Created time.Time       `json:"created,omitzero"`
	// TS is when State was reached.
	TS  time.Time `json:"ts"`
	Seq int64     `json:"seq,omitzero"`
	Rev int64     `json:"rev,omitzero"`
}

// SentRequest selects sent messages. Zero fields select everything.
type SentRequest struct {
	To string `json:"to,omitempty"`
	ID string `json:"id,omitempty"`
	// After leaves out messages whose Seq is not larger.
	After int64 `json:"after,omitzero"`
	// Waiting leaves out what is delivered, read, failed or expired; Newest keeps the newest Limit.
	Waiting bool `json:"waiting,omitzero"`
	Newest  bool `json:"newest,omitzero"`
	Limit   int  `json:"limit,omitzero"`
}

// Message is a message that was received.
type Message struct {
	V  int    `json:"v"`
	ID string `json:"id"`
	// From is the sender's DID, FromName its petname, or a short form of the DID for somebody removed.
	From     string `json:"from"`
	FromName string `json:"from_name"`
	Type     string `json:"type"`
	// Content is the text of a basicmessage; Body is the body of any other message.
	Content string          `json:"content"`
	Body    json.RawMessage `json:"body,omitempty"`
	Files   []File          `json:"files,omitempty"`
	Thread  string          `json:"thid"`
	// Answers is the text of the question of ours that it answers as asked for; empty for other messages.
	Answers  string    `json:"answers,omitempty"`
	Created  time.Time `json:"created,omitzero"`
	Received time.Time `json:"received"`
	Seq      int64     `json:"seq,omitzero"`
	Rev      int64     `json:"rev,omitzero"`
	Acked    bool      `json:"acked,omitzero"`
}

// ReceiveRequest selects received messages.
type ReceiveRequest struct {
	// From is a contact; empty for all.
	From string `json:"from,omitempty"`
	// ID is that of one message; empty for all.
	ID string `json:"id,omitempty"`
	// After leaves out messages whose Seq is not larger. All includes those that were acked.
	After int64 `json:"after,omitzero"`
	All   bool  `json:"all,omitzero"`
	// ByRev selects and orders by Rev, and leaves out messages whose Rev is not larger than AfterRev: for whoever
	// follows without acking. A message may come to be the user's after one with a larger Seq of somebody else,
	// and comes again when it is marked.
	ByRev    bool  `json:"by_rev,omitzero"`
	AfterRev int64 `json:"after_rev,omitzero"`
	// Newest keeps the newest Limit messages instead of the oldest; they still come oldest first.
	Newest bool          `json:"newest,omitzero"`
	Limit  int           `json:"limit,omitzero"`
	Wait   time.Duration `json:"wait,omitzero"`
}

// MarkRequest marks received messages by their ids or numbers (Message.Seq).
type MarkRequest struct {
	IDs  []string `json:"ids,omitempty"`
	Seqs []int64  `json:"seqs,omitempty"`
	// From is the contact whose messages the IDs are; needed only where two have used the same.
	From string `json:"from,omitempty"`
	// Acked says that they are done with; else they were shown.
	Acked bool `json:"acked,omitzero"`
}

// ChangesRequest asks for what changed after a revision.
type ChangesRequest struct {
	After int64         `json:"after"`
	Wait  time.Duration `json:"wait,omitzero"`
}

// Changes are messages that changed, in the order of their last change; Rev is where to go on.
type Changes struct {
	V        int       `json:"v"`
	Rev      int64     `json:"rev"`
	Received []Message `json:"received,omitempty"`
	Sent     []Sent    `json:"sent,omitempty"`
	// Requests is how many strangers wait to be let in, as by Wallet.Requests.
	Requests int `json:"requests,omitzero"`
}

// PingRequest names a contact to ping.
type PingRequest struct {
	To      string        `json:"to"`
	Timeout time.Duration `json:"timeout,omitzero"`
}

// Pong is the answer to a ping: how it came and how long it took, there and back, in milliseconds.
type Pong struct {
	V    int     `json:"v"`
	Name string  `json:"name"`
	DID  string  `json:"did"`
	Path string  `json:"path"`
	MS   float64 `json:"ms"`
}

// Status is how the wallet is.
type Status struct {
	V      int      `json:"v"`
	DID    string   `json:"did"`
	PeerID string   `json:"peer_id"`
	Name   string   `json:"name,omitempty"`
	Home   string   `json:"home"`
	Addrs  []string `json:"addrs,omitempty"`
	// Listen are the multiaddrs that it is set to listen on.
	Listen []string `json:"listen,omitempty"`
	// Daemon is set when a daemon answered, with its process id, its version and when it opened the wallet.
	Daemon  bool      `json:"daemon"`
	PID     int       `json:"pid,omitzero"`
	Version string    `json:"version,omitempty"`
	Since   time.Time `json:"since,omitzero"`
	// Protected says whether the keys are under a passphrase.
	Protected bool `json:"protected"`
	Contacts  int  `json:"contacts"`
	Unread    int  `json:"unread"`
	Waiting   int  `json:"waiting"`
	Failed    int  `json:"failed"`
	// Longest is the message that has waited longest to be delivered.
	Longest *Sent `json:"longest,omitzero"`
	// Requests are strangers who wait to be accepted or blocked.
	Requests int `json:"requests"`
	// KeyStore is what protects the keys: "keyring", "passphrase" or "none".
	KeyStore string `json:"key_store"`
	// Receipts is what the senders of messages are told: all, received or none.
	Receipts string `json:"receipts"`
	// Restored is when the wallet was restored from a backup; Elsewhere are the contacts who have seen it live
	// on elsewhere, by name.
	Restored  time.Time `json:"restored,omitzero"`
	Elsewhere []string  `json:"elsewhere,omitempty"`
	// Backup is when the last backup was made.
	Backup time.Time `json:"backup,omitzero"`
	// Changed are the contacts whose keys have changed and who wait for the user's decision, by name; Withheld is
	// how many messages of theirs are kept back until then.
	Changed  []string `json:"changed,omitempty"`
	Withheld int      `json:"withheld,omitzero"`
	// Identities are the wallet's DIDs that are in use, the preferred one first.
	Identities []string `json:"identities,omitempty"`
	// Refused counts what was refused to others since the wallet was opened, by the code they were told;
	// Broken counts the streams of others that broke the rules.
	Refused map[string]int64 `json:"refused,omitempty"`
	Broken  int64            `json:"broken,omitzero"`
}
