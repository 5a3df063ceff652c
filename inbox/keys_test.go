package inbox_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

func signer(t *testing.T, n byte) crypto.PublicKey {
	t.Helper()
	pub := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize)).Public().(ed25519.PublicKey)
	k, err := crypto.NewPublicKey(crypto.Ed25519, pub)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKeySet(t *testing.T) {
	t.Parallel()
	one, two := [32]byte{1}, [32]byte{2}
	want := sha256.Sum256(append(one[:], two[:]...))
	for name, pins := range map[string][][32]byte{
		"sorted": {one, two}, "unsorted": {two, one}, "doubled": {one, two, two}, "doubled and unsorted": {two, one, two, one},
	} {
		given := slices.Clone(pins)
		if got := inbox.KeySet(pins); got != want {
			t.Errorf("%s: %x, want %x", name, got, want)
		}
		if !slices.Equal(given, pins) {
			t.Errorf("%s: the pins were changed", name)
		}
	}
	if inbox.KeySet(nil) != ([32]byte{}) || inbox.KeySet([][32]byte{}) != ([32]byte{}) {
		t.Error("no keys have a set")
	}
	if inbox.KeySet([][32]byte{one}) == want || inbox.KeySet([][32]byte{one}) == one {
		t.Error("another set has the same fingerprint")
	}
}

func TestFingerprints(t *testing.T) {
	t.Parallel()
	a, b := signer(t, 1), signer(t, 2)
	want := [][32]byte{a.Fingerprint(), b.Fingerprint()}
	slices.SortFunc(want, func(x, y [32]byte) int { return bytes.Compare(x[:], y[:]) })
	for name, keys := range map[string][]crypto.PublicKey{"one order": {a, b}, "the other": {b, a}, "doubled": {b, a, b}} {
		if got := inbox.Fingerprints(keys); !slices.Equal(got, want) {
			t.Errorf("%s: %x, want %x", name, got, want)
		}
	}
	if got := inbox.Fingerprints(nil); got != nil {
		t.Errorf("of none: %v", got)
	}
}

// TestTrusts has a contact with the keys 1 and every kind of offer.
func TestTrusts(t *testing.T) {
	t.Parallel()
	set := func(n byte) [32]byte { return inbox.KeySet([][32]byte{signer(t, n).Fingerprint()}) }
	offer := func(n byte) *inbox.Offer { return &inbox.Offer{Keys: []crypto.PublicKey{signer(t, n)}} }
	pinned := [][32]byte{signer(t, 1).Fingerprint()}
	for name, c := range map[string]struct {
		contact inbox.Contact
		keys    [32]byte
		want    bool
	}{
		"pinned":                   {inbox.Contact{Pins: pinned}, set(1), true},
		"pinned, others offered":   {inbox.Contact{Pins: pinned, Offer: offer(2)}, set(1), true},
		"offered":                  {inbox.Contact{Pins: pinned, Offer: offer(2)}, set(2), false},
		"pinned and offered":       {inbox.Contact{Pins: pinned, Offer: offer(1)}, set(1), false},
		"neither":                  {inbox.Contact{Pins: pinned}, set(2), false},
		"some of the pinned":       {inbox.Contact{Pins: append([][32]byte{{9}}, pinned...)}, set(1), false},
		"nothing is pinned":        {inbox.Contact{}, set(1), false},
		"no set":                   {inbox.Contact{}, [32]byte{}, false},
		"no set, others offered":   {inbox.Contact{Offer: offer(2)}, [32]byte{}, false},
		"no set, something pinned": {inbox.Contact{Pins: pinned}, [32]byte{}, false},
	} {
		if got := c.contact.Trusts(c.keys); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
		if got := c.contact.CheckRelease(c.keys) == nil; got != (c.want || c.keys == [32]byte{}) {
			t.Errorf("%s: may be released: %v", name, got)
		}
	}
	if (*inbox.Offer)(nil).KeySet() != ([32]byte{}) || offer(2).KeySet() != set(2) {
		t.Error("the set of an offer is another")
	}
}

// TestCleanTrust: what is known of the keys comes out clean, and shares nothing with the caller's.
func TestCleanTrust(t *testing.T) {
	t.Parallel()
	keys := []crypto.PublicKey{signer(t, 1), signer(t, 2), signer(t, 1)}
	given := inbox.Contact{
		DID: bob, Name: "bob", Keys: keys, Ours: long, Verified: zoned,
		Offer:   &inbox.Offer{Keys: slices.Clone(keys), At: zoned, Version: "v"},
		History: []inbox.KeyEvent{{At: zoned, How: inbox.KeysAdded}},
	}
	c, err := given.Clean()
	if err != nil {
		t.Fatal(err)
	}
	if c.Ours != short || !slices.Equal(c.Pins, inbox.Fingerprints(keys)) || len(c.Keys) != 2 || len(c.Offer.Keys) != 2 {
		t.Errorf("contact %+v", c)
	}
	for _, tm := range []time.Time{c.Verified, c.Offer.At, c.History[0].At} {
		if !isClean(tm) || !tm.Equal(zoned) {
			t.Errorf("time %v, want that in UTC: %v", tm, zoned)
		}
	}
	again, err := c.Clean()
	if d := cmp.Diff(c, again, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b did.DID) bool { return a == b })); d != "" || err != nil {
		t.Errorf("cleaned twice (-once +twice), %v:\n%s", err, d)
	}
	c.Keys[0], c.Offer.Keys[0], c.Offer.Version, c.History[0].How = signer(t, 9), signer(t, 9), "x", 0
	if !keys[0].Equal(signer(t, 1)) || !given.Offer.Keys[0].Equal(signer(t, 1)) || given.Offer.Version != "v" || given.History[0].How != inbox.KeysAdded {
		t.Error("a clean contact shares memory")
	}
}

// TestClaimBegins: the contact that a claim makes knows us by the DID that was written to.
func TestClaimBegins(t *testing.T) {
	t.Parallel()
	claim := &inbox.Claim{Contact: inbox.Contact{Name: "bob", Keys: []crypto.PublicKey{signer(t, 1)}}}
	a, err := inbox.Arrival{Entry: inbox.Entry{Owner: long, From: bob, Received: zoned}, Claim: claim, Withhold: [32]byte{7}}.Clean()
	if err != nil {
		t.Fatal(err)
	}
	c := a.Claim.Contact
	if c.Ours != short || len(c.History) != 1 || c.History[0].How != inbox.KeysClaimed || c.History[0].Keys != inbox.KeySet(c.Pins) ||
		!c.History[0].At.Equal(zoned) {
		t.Errorf("contact %+v", c)
	}
	if a.Disposition != inbox.Withheld || claim.Contact.History != nil || claim.Contact.Pins != nil {
		t.Errorf("disposition %v, or the caller's claim was changed: %+v", a.Disposition, claim.Contact)
	}
	claim.Contact.Pins = [][32]byte{{1}}
	if _, err := (inbox.Arrival{Entry: inbox.Entry{Owner: bob, From: bob}, Claim: claim}).Clean(); err == nil {
		t.Error("a claim pins other keys than it has")
	}
}

func TestKeyCauses(t *testing.T) {
	t.Parallel()
	want := []string{
		"unknown", "invited", "claimed", "added", "requested", "first seen", "offered", "returned", "succeeded", "logged",
		"accepted", "verified", "unknown",
	}
	for k, name := range want {
		if got := inbox.KeyCause(k).String(); got != name {
			t.Errorf("cause %d is %q, want %q", k, got, name)
		}
	}
}

func TestTrustBeginsAnew(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_700_000_000, 0).UTC()
	old, fresh := []crypto.PublicKey{signer(t, 1)}, []crypto.PublicKey{signer(t, 2)}
	var c inbox.Contact
	c.Confirmed = true
	c.Trust(old, "", inbox.KeysAdded, at)
	if !c.Confirmed {
		t.Error("the first keys are no change of keys")
	}
	c.Verified, c.Life = at, inbox.Life{Count: 7}
	c.Trust(old, "2-x", inbox.KeysLogged, at)
	if !c.Confirmed || c.Verified.IsZero() || c.Version != "2-x" {
		t.Errorf("the same keys again: %+v", c)
	}
	c.Offer = &inbox.Offer{Keys: fresh, At: at}
	before := c
	c.Trust(fresh, "", inbox.KeysAccepted, at)
	if c.Confirmed || !c.Verified.IsZero() || c.Life != (inbox.Life{}) || c.Offer != nil || c.Version != "2-x" {
		t.Errorf("other keys: %+v", c)
	}
	if !slices.Equal(c.Pins, inbox.Fingerprints(fresh)) || !c.Keys[0].Equal(fresh[0]) {
		t.Error("they are not what is pinned")
	}
	var causes []inbox.KeyCause
	for _, e := range c.History {
		causes = append(causes, e.How)
	}
	if want := []inbox.KeyCause{inbox.KeysAdded, inbox.KeysLogged, inbox.KeysAccepted}; !slices.Equal(causes, want) {
		t.Errorf("history %v, want %v", causes, want)
	}
	c.Note(inbox.KeysAccepted, inbox.KeySet(c.Pins), at.Add(time.Hour))
	if len(c.History) != 3 || len(before.History) != 2 {
		t.Errorf("%d events, and %d in the copy", len(c.History), len(before.History))
	}
}

// What others can bring about at will does not push out of the history what the user or a pinned key has said, and the
// newest event stays whatever it is.
func TestHistoryKeepsWhatWasTrusted(t *testing.T) {
	t.Parallel()
	event := func(how inbox.KeyCause, n int) inbox.KeyEvent {
		return inbox.KeyEvent{At: time.Unix(int64(n), 0).UTC(), How: how, Keys: [32]byte{byte(n)}}
	}
	many := func(how inbox.KeyCause, from, to int) (events []inbox.KeyEvent) {
		for n := from; n < to; n++ {
			events = append(events, event(how, n))
		}
		return events
	}
	const most = inbox.MaxHistory
	first, accepted := event(inbox.KeysInvited, 0), event(inbox.KeysAccepted, 1)
	for name, c := range map[string]struct{ history, want []inbox.KeyEvent }{
		"a flood of offers": {
			slices.Concat([]inbox.KeyEvent{first, accepted}, many(inbox.KeysOffered, 2, most+5)),
			slices.Concat([]inbox.KeyEvent{first, accepted}, many(inbox.KeysOffered, 7, most+5)),
		},
		"an offer after too much": {
			slices.Concat([]inbox.KeyEvent{first}, many(inbox.KeysLogged, 1, most), many(inbox.KeysOffered, most, most+1)),
			slices.Concat([]inbox.KeyEvent{first}, many(inbox.KeysLogged, 2, most), many(inbox.KeysOffered, most, most+1)),
		},
		"returned in between": {
			slices.Concat(many(inbox.KeysLogged, 0, most-1), many(inbox.KeysReturned, most, most+1), many(inbox.KeysVerified, most+1, most+2)),
			slices.Concat(many(inbox.KeysLogged, 0, most-1), many(inbox.KeysVerified, most+1, most+2)),
		},
	} {
		got, err := inbox.Contact{DID: did.MustParse("did:example:bob"), Name: "bob", History: c.history}.Clean()
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, got.History); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}
