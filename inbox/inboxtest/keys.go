package inboxtest

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/inbox"
)

var keyScenarios = map[string]func(*testing.T, inbox.Store){
	"keeps every field":                       keysKept,
	"gives copies":                            keysCopied,
	"takes pins from keys, sorted":            keysSorted,
	"refuses keys that are not pinned":        keysUnpinned,
	"cuts the history in its middle":          keysHistory,
	"knows by whom a claim knows us":          keysOfClaim,
	"knows by whom a request knows us":        keysOfRequest,
	"keeps the history that a maker gives it": keysGivenHistory,
}

// signer and agreer return a key that depends on n alone.
func signer(n byte) crypto.PublicKey {
	seed := bytes.Repeat([]byte{n}, ed25519.SeedSize)
	return key(crypto.Ed25519, ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey))
}

func agreer(n byte) crypto.PublicKey { return key(crypto.X25519, bytes.Repeat([]byte{n}, 32)) }

func key(c crypto.Curve, raw []byte) crypto.PublicKey {
	k, err := crypto.NewPublicKey(c, raw)
	if err != nil {
		panic(err)
	}
	return k
}

// document is the keys of a document, as did.Document.PinKeys returns them, and their set. Making them anew for each
// use would be most of what the suite does.
type document struct {
	keys []crypto.PublicKey
	set  [32]byte
}

// documents are those with the numbers 1 to 4.
var documents = func() (all [5]document) {
	for n := range all {
		keys := []crypto.PublicKey{signer(byte(n)), agreer(byte(n))}
		slices.SortFunc(keys, func(a, b crypto.PublicKey) int {
			x, y := a.Fingerprint(), b.Fingerprint()
			return bytes.Compare(x[:], y[:])
		})
		all[n] = document{keys, inbox.KeySet(inbox.Fingerprints(keys))}
	}
	return all
}()

func keysOf(n byte) []crypto.PublicKey { return slices.Clone(documents[n].keys) }

func setOf(n byte) [32]byte { return documents[n].set }

// trusting is a contact with the keys of that number.
func trusting(c inbox.Contact, n byte) inbox.Contact {
	c.Keys, c.Pins = keysOf(n), inbox.Fingerprints(keysOf(n))
	return c
}

// knownContact has all that is known of a contact's keys.
func knownContact() inbox.Contact {
	c := trusting(contact(dora, "dora"), 1)
	c.Version, c.Verified, c.Ours = "3-QmZ", at(tick), carol
	c.Offer = &inbox.Offer{Keys: keysOf(2), Version: "4-QmY", At: at(2 * tick), WasVerified: true}
	c.History = []inbox.KeyEvent{
		{At: start, How: inbox.KeysInvited, Keys: setOf(1)}, {At: at(tick), How: inbox.KeysOffered, Keys: setOf(2)},
	}
	return c
}

func knows(t *testing.T, s inbox.Store, want inbox.Contact) {
	t.Helper()
	got, err := s.Contact(t.Context(), want.DID)
	noErr(t, err)
	same(t, "contact", got, want)
}

func keysKept(t *testing.T, s inbox.Store) {
	zone := time.FixedZone("X", 3600)
	c := knownContact()
	c.Offer.At, c.Verified, c.History[0].At = c.Offer.At.In(zone), c.Verified.In(zone), c.History[0].At.In(zone)
	noErr(t, s.AddContact(t.Context(), c))
	knows(t, s, knownContact())
	noErr(t, s.AddContact(t.Context(), contact(bob, "bob")))
	noErr(t, s.UpdateContact(t.Context(), bob, func(c *inbox.Contact) error {
		*c = knownContact()
		c.DID, c.Name, c.Ours = bob, "bob", doraL
		return nil
	}))
	want := knownContact()
	want.DID, want.Name, want.Ours = bob, "bob", dora
	knows(t, s, want)
	noErr(t, s.UpdateContact(t.Context(), bob, func(c *inbox.Contact) error {
		same(t, "before", *c, want)
		*c = contact(bob, "bob")
		return nil
	}))
	knows(t, s, contact(bob, "bob"))
	cs, err := s.Contacts(t.Context())
	noErr(t, err)
	same(t, "contacts", cs, []inbox.Contact{contact(bob, "bob"), knownContact()})
}

func keysCopied(t *testing.T, s inbox.Store) {
	spoil := func(c inbox.Contact) {
		c.Pins[0][0]++
		c.Keys[0], c.Offer.Keys[0], c.Offer.Version = agreer(9), agreer(9), "spoilt"
		c.History[0].How = 0
	}
	c := knownContact()
	noErr(t, s.AddContact(t.Context(), c))
	spoil(c)
	for range 2 {
		got, err := s.Contact(t.Context(), dora)
		noErr(t, err)
		same(t, "contact", got, knownContact())
		spoil(got)
		all, err := s.Contacts(t.Context())
		noErr(t, err)
		spoil(all[0])
	}
	failed := errors.New("no")
	if err := s.UpdateContact(t.Context(), dora, func(c *inbox.Contact) error { spoil(*c); return failed }); !errors.Is(err, failed) {
		t.Errorf("err = %v, want that of the change", err)
	}
	knows(t, s, knownContact())
}

func keysSorted(t *testing.T, s inbox.Store) {
	c := contact(bob, "bob")
	c.Keys = keysOf(1)
	slices.Reverse(c.Keys)
	c.Keys = append(c.Keys, c.Keys[0])
	noErr(t, s.AddContact(t.Context(), c))
	knows(t, s, trusting(contact(bob, "bob"), 1))
	noErr(t, s.UpdateContact(t.Context(), bob, func(c *inbox.Contact) error {
		c.Keys, c.Pins = nil, [][32]byte{{3}, {1}, {3}}
		return nil
	}))
	want := contact(bob, "bob")
	want.Pins = [][32]byte{{1}, {3}}
	knows(t, s, want)
}

func keysUnpinned(t *testing.T, s inbox.Store) {
	noErr(t, s.AddContact(t.Context(), knownContact()))
	many := func() (keys []crypto.PublicKey) {
		for n := range byte(65) {
			keys = append(keys, agreer(n+1))
		}
		return keys
	}()
	for name, change := range map[string]func(*inbox.Contact){
		"other keys":   func(c *inbox.Contact) { c.Keys = keysOf(2) },
		"other pins":   func(c *inbox.Contact) { c.Pins = inbox.Fingerprints(keysOf(2)) },
		"a key less":   func(c *inbox.Contact) { c.Keys = c.Keys[:1] },
		"no key":       func(c *inbox.Contact) { c.Offer.Keys[0] = crypto.PublicKey{} },
		"many keys":    func(c *inbox.Contact) { c.Keys, c.Pins = many, nil },
		"many offered": func(c *inbox.Contact) { c.Offer.Keys = many },
		"a long place": func(c *inbox.Contact) { c.Version = string(make([]byte, 1025)) },
	} {
		err := s.UpdateContact(t.Context(), dora, func(c *inbox.Contact) error { change(c); return nil })
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		c := knownContact()
		c.DID, c.Name = bob, "bob"
		if change(&c); s.AddContact(t.Context(), c) == nil {
			t.Errorf("%s: a contact was added", name)
		}
	}
	knows(t, s, knownContact())
}

func keysHistory(t *testing.T, s inbox.Store) {
	var all []inbox.KeyEvent
	for i := range byte(inbox.MaxHistory + 8) {
		all = append(all, inbox.KeyEvent{At: at(time.Duration(i) * tick), How: inbox.KeysOffered, Keys: [32]byte{i}})
	}
	c := contact(bob, "bob")
	c.History = all[:inbox.MaxHistory]
	noErr(t, s.AddContact(t.Context(), c))
	knows(t, s, c)
	for _, e := range all[inbox.MaxHistory:] {
		noErr(t, s.UpdateContact(t.Context(), bob, func(c *inbox.Contact) error {
			c.History = append(c.History, e)
			return nil
		}))
	}
	c.History = append([]inbox.KeyEvent{all[0]}, all[9:]...)
	knows(t, s, c)
}

func keysOfClaim(t *testing.T, s inbox.Store) {
	a := claiming(bob, "m1", "i1", "bob")
	a.Owner, a.Received = doraL, at(time.Minute)
	a.Claim.Contact = trusting(a.Claim.Contact, 1)
	a.Claim.Contact.Ours = carol // who is not asked
	unknown := claiming(carol, "m2", "i2", "carol")
	put(t, s, a, unknown)
	want := trusting(contact(bob, "bob"), 1)
	want.Ours, want.History = dora, []inbox.KeyEvent{{At: at(time.Minute), How: inbox.KeysClaimed, Keys: setOf(1)}}
	knows(t, s, want)
	want = contact(carol, "carol")
	want.Ours = alice // but no history: no key was seen
	knows(t, s, want)
	again := claiming(bob, "m3", "i3", "bob")
	again.Claim.Contact = trusting(again.Claim.Contact, 2)
	put(t, s, again) // by one who is a contact
	got, err := s.Contact(t.Context(), bob)
	noErr(t, err)
	same(t, "the contact that was there", got.Pins, inbox.Fingerprints(keysOf(1)))
	same(t, "how it knows us", got.Ours, dora)
}

func keysOfRequest(t *testing.T, s inbox.Store) {
	r := asking(bob, "m1", "x")
	r.Owner, r.Pins = doraL, inbox.Fingerprints(keysOf(1))
	hold(t, s, r, inbox.Held)
	got, err := s.AcceptRequest(t.Context(), bob, trusting(contact(bob, "bob"), 1), at(time.Minute))
	noErr(t, err)
	want := trusting(contact(bob, "bob"), 1)
	want.Ours, want.History = dora, []inbox.KeyEvent{{At: at(time.Minute), How: inbox.KeysRequested, Keys: setOf(1)}}
	same(t, "contact", got, want)
	knows(t, s, want)
	r.From = carol
	hold(t, s, r, inbox.Held)
	got, err = s.AcceptRequest(t.Context(), carol, trusting(contact(carol, "carol"), 2), at(time.Minute))
	noErr(t, err)
	want.DID, want.Name, want.Keys = carol, "carol", nil // those of the request are pinned, not what the document has now
	same(t, "with other keys", got, want)
}

func keysGivenHistory(t *testing.T, s inbox.Store) {
	given := []inbox.KeyEvent{{At: at(tick), How: inbox.KeysFirstSeen, Keys: setOf(1)}}
	a := claiming(bob, "m1", "i1", "bob")
	a.Claim.Contact = trusting(a.Claim.Contact, 1)
	a.Claim.Contact.History = given
	put(t, s, a)
	r := asking(carol, "m1", "x")
	r.Pins = inbox.Fingerprints(keysOf(1))
	hold(t, s, r, inbox.Held)
	c := contact(carol, "carol")
	c.History = given
	_, err := s.AcceptRequest(t.Context(), carol, c, at(time.Minute))
	noErr(t, err)
	cs, err := s.Contacts(t.Context())
	noErr(t, err)
	for _, c := range cs {
		same(t, c.Name, c.History, given)
	}
}
