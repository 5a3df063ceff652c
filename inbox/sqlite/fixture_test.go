package sqlite_test

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

const hour = time.Hour

var (
	alice = did.MustParse("did:example:canary-alice")
	bob   = did.MustParse("did:example:canary-bob")
	carol = did.MustParse("did:example:canary-carol")
	dora  = did.MustParse("did:peer:4zQmCanaryDora")
	doraL = did.MustParse("did:peer:4zQmCanaryDora:zCanaryDocument")

	now = time.Date(2026, 1, 2, 3, 4, 5, 678_901_000, time.UTC)
)

// canaries stand in whatever fill puts into a store.
var canaries = []string{"canary", "Canary", "example.org/1.0", "4001"}

func arrival(i int) inbox.Arrival {
	return inbox.Arrival{Entry: inbox.Entry{
		Owner: alice, From: bob, MessageID: fmt.Sprintf("canary-message-%d", i), ThreadID: "canary-thread",
		Type: "https://example.org/1.0/canary", Payload: fmt.Appendf(nil, "canary body %d", i),
		SenderKey: "did:example:canary-bob#1", Created: now, Received: now,
	}}
}

func parcel(to did.DID, i int) inbox.Parcel {
	return inbox.Parcel{
		Owner: alice, To: to, MessageID: fmt.Sprintf("canary-parcel-%d", i), ThreadID: "canary-thread",
		Type: "https://example.org/1.0/canary", Payload: fmt.Appendf(nil, "canary parcel %d", i), Created: now,
	}
}

// fill puts at least two rows into every table that can have as many, always the same.
func fill(t testing.TB, s inbox.Store) {
	t.Helper()
	fillSecond(t, s)
	ctx := t.Context()
	for i, id := range []did.DID{bob, dora} {
		noErr(t, s.UpdateContact(ctx, id, func(c *inbox.Contact) error {
			c.Keys, c.Pins = keys(byte(i)), nil
			c.Version, c.Verified, c.Ours = "7-canary-version", now, carol
			c.Offer = &inbox.Offer{Keys: keys(byte(i + 2)), Version: "8-canary-version", At: now, WasVerified: true}
			c.History = append(c.History, inbox.KeyEvent{At: now, How: inbox.KeysOffered, Keys: c.Offer.KeySet()})
			return nil
		}))
	}
	results, err := s.Put(ctx, withheld(bob, 60, 2), withheld(bob, 61, 2), withheld(dora, 62, 3), withheld(bob, 63, 1))
	noErr(t, err)
	for _, r := range results {
		if r.Status != inbox.KeptBack {
			t.Fatalf("put: %v", r.Status)
		}
	}
}

// keys are those of a document with the number.
func keys(n byte) []crypto.PublicKey {
	pub := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize)).Public().(ed25519.PublicKey)
	one, err := crypto.NewPublicKey(crypto.Ed25519, pub)
	if err != nil {
		panic(err)
	}
	two, err := crypto.NewPublicKey(crypto.X25519, bytes.Repeat([]byte{n + 1}, 32))
	if err != nil {
		panic(err)
	}
	return []crypto.PublicKey{one, two}
}

func keySet(n byte) [32]byte { return inbox.KeySet(inbox.Fingerprints(keys(n))) }

// withheld is an arrival that the keys of that number prove.
func withheld(from did.DID, i int, n byte) inbox.Arrival {
	a := arrival(i)
	a.From, a.Withhold = from, keySet(n)
	return a
}

// accept is the change of a contact whose keys of that number are accepted.
func accept(n byte) func(*inbox.Contact) error {
	return func(c *inbox.Contact) error {
		c.Keys, c.Pins, c.Offer = keys(n), nil, nil
		return nil
	}
}

// fillSecond is what fill put into a store of schema version 2.
func fillSecond(t testing.TB, s inbox.Store) {
	t.Helper()
	fillFirst(t, s)
	ctx := t.Context()
	for i, from := range []did.DID{carol, did.MustParse("did:peer:4zQmCanaryOther")} {
		r := request(from, i)
		status, err := s.Hold(ctx, r)
		noErr(t, err)
		if status != inbox.Held {
			t.Fatalf("hold: %v", status)
		}
	}
	begin, letter := arrival(50), parcel(carol, 50)
	begin.ThreadID, letter.ThreadID = begin.MessageID, letter.MessageID
	_, err := s.Put(ctx, begin)
	noErr(t, err)
	enqueue(t, s, letter)
	noErr(t, s.UpdateContact(ctx, dora, func(c *inbox.Contact) error {
		c.DisplayName, c.Description, c.Receipts = "Canary Dora", "canary of her trade", inbox.ReceiptsReceived
		c.Life = inbox.Life{Branch: [8]byte{1, 2, 3}, Count: 4}
		return nil
	}))
}

// request is the first message of a stranger.
func request(from did.DID, i int) inbox.Request {
	a := arrival(100 + i)
	a.From = from
	return inbox.Request{
		Entry: a.Entry, Pins: [][32]byte{{1}}, Addresses: []string{"/dns/canary/tcp/4001"}, PeerRecord: []byte("canary record"),
	}
}

// fillFirst is what fill put into a store of schema version 1.
func fillFirst(t testing.TB, s inbox.Store) {
	t.Helper()
	ctx := t.Context()
	claim := func(id did.DID, name string) *inbox.Claim {
		return &inbox.Claim{Invitation: "canary-invitation-" + name, Expires: now.Add(hour), Contact: inbox.Contact{
			Name: "canary-" + name, Pins: [][32]byte{{1}, {2}}, Addresses: []string{"/dns/canary/tcp/4001"},
			PeerRecord: []byte("canary record"), Invitation: []byte("canary invitation"), Added: now, Seen: now,
		}}
	}
	one, two, three := arrival(1), arrival(2), arrival(3)
	one.Claim = claim(bob, "bob")
	two.From, two.Long, two.Claim = doraL, doraL, claim(dora, "dora")
	three.From = did.DID{}
	results, err := s.Put(ctx, one, two, three, arrival(4))
	noErr(t, err)
	noErr(t, s.Handled(ctx, alice, results[0].Seq, inbox.Kept, parcel(bob, 1)))
	noErr(t, s.Mark(ctx, alice, inbox.MarkShown, []int64{results[0].Seq}))
	noErr(t, s.Delete(ctx, alice, results[3].Seq))
	enqueue(t, s, parcel(bob, 2), parcel(carol, 2), parcel(carol, 3), parcel(carol, 4))
	bs, err := s.Claim(ctx, now, now.Add(hour), inbox.Limit{Destinations: 1})
	noErr(t, err)
	noErr(t, s.Settle(ctx, bs[0], []inbox.Outcome{{State: inbox.Sent, Path: "canary path", Problem: "canary problem"}}, now, now))
	noErr(t, s.Learn(ctx, did.MustParse("did:peer:4zQmCanaryOther:zCanaryDocument")))
	noErr(t, s.SetSetting(ctx, "canary-did", []byte("canary value")))
	noErr(t, s.SetSetting(ctx, "canary-port", []byte("4001")))
}

// contents is what a store holds, for comparing.
type contents struct {
	Entries  []inbox.Entry
	Withheld []inbox.Entry
	Parcels  []inbox.Parcel
	Contacts []inbox.Contact
	Stats    inbox.Stats
	Setting  string
	Long, By did.DID
	Requests []inbox.Request
}

func holds(t testing.TB, s inbox.Store) (c contents) {
	t.Helper()
	ctx := t.Context()
	var errs [9]error
	c.Entries, errs[0] = s.List(ctx, inbox.Query{BySeq: true, Limit: 1000})
	c.Parcels, errs[1] = s.Sent(ctx, inbox.SentQuery{BySeq: true, Limit: 1000})
	c.Contacts, errs[2] = s.Contacts(ctx)
	c.Stats, errs[3] = s.Stats(ctx)
	setting, err := s.Setting(ctx, "canary-did")
	c.Setting, errs[4] = string(setting), err
	c.Long, errs[5] = s.LongForm(ctx, dora)
	c.By, errs[6] = s.Claimed(ctx, "canary-invitation-bob")
	c.Requests, errs[7] = s.Requests(ctx)
	c.Withheld, errs[8] = s.List(ctx, inbox.Query{BySeq: true, Limit: 1000, Dispositions: []inbox.Disposition{inbox.Withheld}})
	for _, err := range errs {
		noErr(t, err)
	}
	return c
}

func diff(want, got any) string {
	return cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b did.DID) bool { return a == b }))
}
