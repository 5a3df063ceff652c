package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// agreer returns an X25519 key that depends on n alone.
func agreer(n int) crypto.PublicKey {
	raw := bytes.Repeat([]byte{byte(n), byte(n >> 8)}, 16)
	k, err := crypto.NewPublicKey(crypto.X25519, raw)
	if err != nil {
		panic(err)
	}
	return k
}

func trustedContact() inbox.Contact {
	at := time.Unix(5, 6).UTC()
	return inbox.Contact{
		DID: did.MustParse("did:example:bob"), Name: "bob", Keys: []crypto.PublicKey{agreer(1), agreer(2)}, Version: "1-Qm",
		Pins: inbox.Fingerprints([]crypto.PublicKey{agreer(1), agreer(2)}), Verified: at, Ours: did.MustParse("did:example:alice"),
		Offer:   &inbox.Offer{Keys: []crypto.PublicKey{agreer(3)}, Version: "2-Qm", At: at, WasVerified: true},
		History: []inbox.KeyEvent{{At: at, How: inbox.KeysAdded, Keys: [32]byte{1}}, {At: at, How: inbox.KeysOffered, Keys: [32]byte{2}}},
	}
}

// TestContactCodec cuts a contact short at each byte: where a schema version ended it is one of that version.
func TestContactCodec(t *testing.T) {
	t.Parallel()
	v := testVault(t)
	whole := trustedContact()
	second := whole
	second.Keys, second.Version, second.Verified, second.Offer, second.History, second.Ours = nil, "", time.Time{}, nil, nil, did.DID{}
	var trust encoder
	trust.trust(&whole)
	text := encodeContact(whole)
	decode := func(text []byte) (inbox.Contact, error) {
		r := contactRow{id: 1}
		r.sealed = v.seal(text, r.binding())
		return r.open(v)
	}
	for n := len(text) - len(trust); n <= len(text); n++ {
		want := inbox.Contact{}
		switch n {
		case len(text):
			want = whole
		case len(text) - len(trust):
			want = second
		}
		got, err := decode(text[:n])
		if want.Name == "" && !errors.Is(err, inbox.ErrDamaged) {
			t.Errorf("%d of %d bytes: err = %v, want ErrDamaged", n, len(text), err)
		}
		if want.Name == "" {
			continue
		}
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b did.DID) bool { return a == b })); d != "" || err != nil {
			t.Errorf("%d of %d bytes: %v (-want +got):\n%s", n, len(text), err, d)
		}
	}
	if _, err := decode(append(text, 0)); !errors.Is(err, inbox.ErrDamaged) {
		t.Errorf("a byte too many: err = %v, want ErrDamaged", err)
	}
	if _, err := decode(bytes.Replace(text, []byte(agreer(3).Multikey()), []byte("x"+agreer(3).Multikey()[1:]), 1)); !errors.Is(err, inbox.ErrDamaged) {
		t.Errorf("a bad key: err = %v, want ErrDamaged", err)
	}
}

// TestParsedKeys fills the memory of parsed keys: it stays bounded, and gives the right key.
func TestParsedKeys(t *testing.T) {
	t.Parallel()
	var p parsedKeys
	for round := range 2 {
		for n := range maxParsed + 10 {
			got, err := p.parse([]byte(agreer(n).Multikey()))
			if err != nil || !got.Equal(agreer(n)) {
				t.Fatalf("round %d, key %d: %v, %v", round, n, got, err)
			}
		}
	}
	if len(p.keys) > maxParsed {
		t.Errorf("%d keys are kept", len(p.keys))
	}
	if _, err := p.parse([]byte("z")); err == nil {
		t.Error("no key was parsed")
	}
}

// BenchmarkContacts reads 256 contacts whose keys were parsed before, as after every change of one.
func BenchmarkContacts(b *testing.B) {
	v := testVault(b)
	var rows []contactRow
	for i := range maxKnown {
		c := trustedContact()
		c.Name, c.Keys = fmt.Sprint(i), []crypto.PublicKey{agreer(2 * i), agreer(2*i + 1)}
		r := contactRow{id: int64(i)}
		r.sealed = v.seal(encodeContact(c), r.binding())
		rows = append(rows, r)
	}
	for b.Loop() {
		for i := range rows {
			if _, err := rows[i].open(v); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// TestReleaseInOneTransaction: what is to be kept does not pass what was released before it in the same transaction.
func TestReleaseInOneTransaction(t *testing.T) {
	t.Parallel()
	s, c := openTest(t), trustedContact()
	c.Offer = nil
	if err := s.AddContact(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	put := func(id string, withhold [32]byte) func(*tx) error {
		a, err := s.arrival(inbox.Arrival{
			Entry: inbox.Entry{Owner: c.Ours, From: c.DID, MessageID: id}, Kept: withhold == [32]byte{}, Withhold: withhold,
		})
		if err != nil {
			t.Fatal(err)
		}
		return func(t *tx) error {
			_, err := t.put(&a)
			return err
		}
	}
	other := [32]byte{1}
	steps := []func(*tx) error{
		put("withheld", other), put("kept", [32]byte{}),
		func(t *tx) error {
			_, err := t.release(t.hash(entrySender, c.DID.String()), other)
			return err
		},
		put("behind", [32]byte{}),
	}
	if err := errors.Join(commitTogether(t, s, steps...)...); err != nil {
		t.Fatal(err)
	}
	es, err := s.List(t.Context(), inbox.Query{BySeq: true})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range es {
		got[e.MessageID] = e.Disposition.String()
	}
	if d := cmp.Diff(map[string]string{"withheld": "pending", "kept": "kept", "behind": "pending"}, got); d != "" {
		t.Errorf("entries (-want +got):\n%s", d)
	}
}
