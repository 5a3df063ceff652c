package wallet

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/inbox/memory"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
)

func TestExplainKeys(t *testing.T) {
	t.Parallel()
	e := &messaging.KeysChangedError{Contact: "alice", Since: time.Now().Add(-50 * time.Hour), WasVerified: true}
	e.Pinned[0], e.Offered[15], e.Offered[16] = 0xab, 0xcd, 0xee
	err, ok := explainKeys(fmt.Errorf("queue: %w", e), nothingSent).(*control.Error)
	if !ok || err.Code != control.CodeTrust {
		t.Fatalf("%v", err)
	}
	if want := "alice's keys changed 2 days ago (was verified). Nothing was sent."; err.Message != want {
		t.Errorf("message:\n%s\nwant:\n%s", err.Message, want)
	}
	if want := "Compare: parley verify alice; then parley verify alice --confirm, or parley contacts accept-key alice"; err.Hint != want {
		t.Errorf("hint: %s", err.Hint)
	}
	offer := &control.KeyOffer{
		Pinned: "ab" + strings.Repeat("0", 62), Offered: strings.Repeat("0", 30) + "cdee" + strings.Repeat("0", 30), At: e.Since, WasVerified: true,
	}
	if diff := cmp.Diff(offer, err.Offer); diff != "" {
		t.Errorf("offer (-want +got):\n%s", diff)
	}
	if err := explainKeys(messaging.ErrBlocked, nothingSent); err != nil {
		t.Errorf("another error: %v", err)
	}
}

func TestReachable(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]bool{
		"/ip4/127.0.0.1/tcp/1": false, "/ip6/::1/udp/1/quic-v1": false, "/ip4/0.0.0.0/tcp/1": false, "/ip6/::/tcp/1": false,
		"/ip4/169.254.1.1/tcp/1": false, "/ip6/fe80::1/tcp/1": false, "/ip4/what/tcp/1": false,
		"/ip4/192.168.1.7/tcp/1": true, "/ip4/192.0.2.7/udp/1/quic-v1": true, "/ip6/2001:db8::1/tcp/1": true, "/dns4/example.org/tcp/1": true,
	} {
		if got := reachable(addr); got != want {
			t.Errorf("%s: %v, want %v", addr, got, want)
		}
	}
}

// The oldest is forgotten, and what was shown again is not the oldest.
func TestShownKeys(t *testing.T) {
	t.Parallel()
	store := memory.Open()
	var s, again shownKeys
	id := func(n int) did.DID { return did.MustParse(fmt.Sprintf("did:example:%d", n)) }
	for n := range maxShown {
		if err := s.note(t.Context(), store, id(n), [32]byte{byte(n)}, now()); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range []int{0, maxShown} {
		if err := s.note(t.Context(), store, id(n), [32]byte{0xff}, now()); err != nil {
			t.Fatal(err)
		}
	}
	if err := again.load(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	for _, l := range []*shownKeys{&s, &again} {
		for n, want := range map[int]string{0: "ff", 1: "", 2: "02", maxShown: "ff"} {
			got, ok := l.of(id(n))
			if ok != (want != "") || !strings.HasPrefix(got.Keys, want) {
				t.Errorf("contact %d: %+v, %v, want %q", n, got, ok, want)
			}
		}
	}
	if err := store.SetSetting(t.Context(), shownSetting, []byte("?")); err != nil {
		t.Fatal(err)
	}
	if err := new(shownKeys).load(t.Context(), store); err == nil {
		t.Error("what is damaged was read")
	}
}

// A decision is about the keys that were looked at, whatever came in between.
func TestDecideAboutOthers(t *testing.T) {
	t.Parallel()
	w, keys := tidyWallet(t), make([]crypto.PublicKey, 3)
	for i := range keys {
		k, err := crypto.GenerateKey(crypto.X25519)
		if err != nil {
			t.Fatal(err)
		}
		keys[i] = k.Public()
	}
	pinned := inbox.Contact{DID: tidyPeer, Name: "bob", Keys: keys[:1]}
	if err := w.store.AddContact(t.Context(), pinned); err != nil {
		t.Fatal(err)
	}
	offer := func(k crypto.PublicKey) func(*inbox.Contact) error {
		return func(c *inbox.Contact) error {
			c.Offer = &inbox.Offer{Keys: []crypto.PublicKey{k}, At: tidyStart}
			return nil
		}
	}
	looks := func() inbox.Contact {
		c, err := w.store.Contact(t.Context(), tidyPeer)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for name, seen := range map[string]inbox.Contact{"before an offer": looks(), "another offer": func() inbox.Contact {
		if err := w.store.UpdateContact(t.Context(), tidyPeer, offer(keys[1])); err != nil {
			t.Fatal(err)
		}
		return looks()
	}()} {
		if err := w.store.UpdateContact(t.Context(), tidyPeer, offer(keys[2])); err != nil {
			t.Fatal(err)
		}
		err := w.decide(t.Context(), seen, func(c *inbox.Contact) { accept(c, inbox.KeysAccepted, tidyStart) })
		if !isTrust(err) {
			t.Errorf("%s: %v", name, err)
		}
		if c := looks(); c.Offer == nil || c.Pins[0] != keys[0].Fingerprint() {
			t.Errorf("%s: changed: %+v", name, c)
		}
	}
	if err := w.decide(t.Context(), looks(), func(c *inbox.Contact) { accept(c, inbox.KeysAccepted, tidyStart) }); err != nil {
		t.Fatal(err)
	}
	if c := looks(); c.Offer != nil || c.Pins[0] != keys[2].Fingerprint() || !c.Keys[0].Equal(keys[2]) {
		t.Errorf("accepted: %+v", c)
	}
}

// Those that are retired come last, so that the wallet does not go by one.
func TestIdentitiesPreferred(t *testing.T) {
	t.Parallel()
	var s identities
	if s.preferred().DID != (did.DID{}) || len(s.All()) != 0 {
		t.Error("an empty wallet has a DID")
	}
	if _, ok := s.Find(did.DID{}); ok {
		t.Error("nobody was found")
	}
	s.put(messaging.Identity{DID: tidyOwner, Index: 0})
	s.put(messaging.Identity{DID: tidySecond, Index: 1})
	s.put(messaging.Identity{DID: tidyPeer, Index: 2})
	s.put(messaging.Identity{DID: tidyOwner, Index: 0, Until: tidyStart})
	var got []int
	for _, i := range s.All() {
		got = append(got, i.Index)
	}
	if fmt.Sprint(got) != "[1 2 0]" || s.preferred().DID != tidySecond {
		t.Errorf("%v, preferred %s", got, s.preferred().DID)
	}
	if i, ok := s.Find(tidyOwner); !ok || i.Until.IsZero() {
		t.Errorf("the retired one: %+v, %v", i, ok)
	}
	s.All()[0].Index = 99
	if s.preferred().Index == 99 {
		t.Error("a caller has changed them")
	}
}
