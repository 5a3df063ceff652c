package control

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Trust is whose keys are believed: how two people compare them, what happens when they change, and the DIDs of our
// own whose documents we host ourselves.
type Trust interface {
	// Verify returns the safety number of a contact and us: the same on both screens if nobody is in between. It
	// changes nothing unless r.Confirm is set, which marks the contact verified, and lets the keys that it offers
	// flow if it offers any. An *Error with CodeTrust, and nothing changed, when the scanned code is another one
	// (the Verification comes with it), or when the keys have changed since they were last shown.
	Verify(ctx context.Context, r VerifyRequest) (Verification, error)
	// AcceptKeys believes the keys that a contact offers without comparing them: what was withheld arrives, and
	// sending goes on. CodeUsage if it offers none, CodeTrust if they changed again since Verify showed them.
	AcceptKeys(ctx context.Context, name string) (Contact, error)
	// WebDocument makes a did:web a DID of this wallet, if it is none yet, and returns the document to host. From
	// then on the wallet answers to the DID too, at once and without a restart.
	WebDocument(ctx context.Context, r WebDocumentRequest) (WebDocument, error)
}

// VerifyRequest asks for the safety number of a contact and us.
type VerifyRequest struct {
	// Name is a contact's name, a unique prefix of one, or its DID.
	Name string `json:"name"`
	// Confirm says that both have the same number: the contact is marked verified.
	Confirm bool `json:"confirm,omitzero"`
	// Scanned is the code of the other screen (Verification.Code there), to compare; empty: nothing was scanned.
	Scanned string `json:"scanned,omitempty"`
}

// Verification is what two people compare.
type Verification struct {
	V    int    `json:"v"`
	Name string `json:"name"`
	// DID is the contact's, Ours the one of ours that it knows; the number is of both.
	DID  string `json:"did"`
	Ours string `json:"ours"`
	// Number has 12 groups of 5 digits, Words say as much for reading aloud, Code is for a QR code.
	Number []string `json:"number"`
	Words  []string `json:"words"`
	Code   string   `json:"code"`
	// Keys is the fingerprint, in hex, of the set of the contact's keys that the number is of: the pinned ones, or
	// those that it offers when Offer is set.
	Keys string `json:"keys"`
	// Matched says that Scanned was given and is the same.
	Matched bool `json:"matched,omitzero"`
	// Verified is when the contact was last marked verified; zero when it is not.
	Verified time.Time `json:"verified,omitzero"`
	// Offer is the change of keys that waits to be decided; nil when there is none.
	Offer *KeyOffer `json:"offer,omitzero"`
	// Unseen says why the contact's document could not be looked at just now: then the number is of the keys that
	// were known before. Empty when it was, or cannot change.
	Unseen string `json:"unseen,omitempty"`
}

// KeyOffer is a change of a contact's keys that nothing justifies: nothing is sent to it, and what arrives is withheld.
type KeyOffer struct {
	// Pinned and Offered are the fingerprints, in hex, of the keys that are believed and of those that the
	// contact's document has now.
	Pinned  string `json:"pinned"`
	Offered string `json:"offered"`
	// At is when the change was first seen.
	At time.Time `json:"at"`
	// WasVerified says that the keys that are believed had been verified.
	WasVerified bool `json:"was_verified,omitzero"`
	// Withheld is how many messages of the contact are kept back, under the offered keys or others.
	Withheld int `json:"withheld,omitzero"`
}

// Since says in a sentence that the keys of somebody have changed, and how long ago that is at the time now.
func (o *KeyOffer) Since(who string, now time.Time) string {
	was := ""
	if o.WasVerified {
		was = " (was verified)"
	}
	return fmt.Sprintf("%s's keys changed %s%s.", who, ago(now.Sub(o.At)), was)
}

// ago says how long something is past, in the largest unit.
func ago(d time.Duration) string {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		switch n := int(d / unit.size); {
		case n == 1:
			return "1 " + unit.name + " ago"
		case n > 1:
			return fmt.Sprintf("%d %ss ago", n, unit.name)
		}
	}
	return "just now"
}

// KeyEvent is an entry in the history of a contact's keys.
type KeyEvent struct {
	At time.Time `json:"at"`
	// How is invited, claimed, added, requested, first seen, offered, returned, succeeded, logged, accepted or
	// verified.
	How string `json:"how"`
	// Keys is the fingerprint of the set of keys, in hex.
	Keys string `json:"keys"`
}

// WebDocumentRequest asks for the document of a did:web of ours.
type WebDocumentRequest struct {
	DID string `json:"did"`
	// Addrs are the multiaddrs to publish; none: those where the wallet listens that others may reach.
	Addrs []string `json:"addrs,omitempty"`
}

// WebDocument is a DID document to host.
type WebDocument struct {
	V   int    `json:"v"`
	DID string `json:"did"`
	// URL is where others look for the document; File is its path under the web server's root, such as
	// ".well-known/did.json".
	URL  string `json:"url"`
	File string `json:"file"`
	// Document is its content, Addrs the multiaddrs in it.
	Document json.RawMessage `json:"document"`
	Addrs    []string        `json:"addrs,omitempty"`
}
