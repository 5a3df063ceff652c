package wallet_test

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/keyfile"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/inbox/sqlite"
	"github.com/parley-im/parley/messaging/wallet"
)

// Both sides have the same number, and marking one verified is a matter of that side.
func TestVerify(t *testing.T) {
	t.Parallel()
	alice, bob := friends(t, func(_, _ *wallet.Wallet) {})
	a, err := alice.Verify(within(t), "bob")
	if err != nil {
		t.Fatal(err)
	}
	b, err := bob.Verify(within(t), "alice")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a.Groups, b.Groups) || !slices.Equal(a.Words, b.Words) || a.Code != b.Code || len(a.Groups) != 12 || a.Changed {
		t.Errorf("alice sees %+v\nbob sees %+v", a, b)
	}
	if err := alice.Confirm(within(t), "bob"); err != nil {
		t.Fatal(err)
	}
	for who, want := range map[*wallet.Wallet]bool{alice: true, bob: false} {
		all, err := who.Contacts(within(t))
		if err != nil || len(all) != 1 || !all[0].Verified.IsZero() != want || all[0].KeysChanged {
			t.Errorf("verified is to be %v: %+v, %v", want, all, err)
		}
	}
	if err := alice.AcceptKeys(within(t), "bob"); !errors.Is(err, wallet.ErrUsage) {
		t.Errorf("accepting what is not offered: %v", err)
	}
	if _, err := alice.Verify(within(t), "nobody"); !errors.Is(err, wallet.ErrUnknown) {
		t.Errorf("verifying nobody: %v", err)
	}
}

// Nothing goes to a contact whose keys have changed until they are accepted.
func TestChangedKeys(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "w")
	if err := open(t, dir, "alice").Close(); err != nil {
		t.Fatal(err)
	}
	id := did.MustParse("did:example:carol")
	pinned, offered := publicKey(t), publicKey(t)
	contact := inbox.Contact{
		DID: id, Name: "carol", Keys: []crypto.PublicKey{pinned}, Added: time.Now(),
		Offer: &inbox.Offer{Keys: []crypto.PublicKey{offered}, At: time.Now()},
	}
	insert(t, dir, contact)
	w := open(t, dir, "alice")
	if _, err := w.Text(within(t), "carol", "a secret"); !errors.Is(err, wallet.ErrTrust) {
		t.Errorf("a text: %v", err)
	}
	all, err := w.Contacts(within(t))
	if err != nil || len(all) != 1 || !all[0].KeysChanged {
		t.Errorf("contacts: %+v, %v", all, err)
	}
	if n, err := w.Verify(within(t), "carol"); err != nil || !n.Changed {
		t.Errorf("the number: %+v, %v", n, err)
	}
	if err := w.AcceptKeys(within(t), "carol"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Text(within(t), "carol", "hello"); err != nil {
		t.Errorf("a text to who was accepted: %v", err)
	}
}

func publicKey(t *testing.T) crypto.PublicKey {
	t.Helper()
	k, err := crypto.GenerateKey(crypto.X25519)
	if err != nil {
		t.Fatal(err)
	}
	return k.Public()
}

// insert adds a contact to the wallet in the folder, which nobody has open.
func insert(t *testing.T, dir string, c inbox.Contact) {
	t.Helper()
	keys, err := keyfile.Open(t.Context(), filepath.Join(dir, "keys"), keyfile.Protection{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "wallet.db"), sqlite.Options{Subkey: keys.Subkey})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.AddContact(t.Context(), c), db.Close(), keys.Close()); err != nil {
		t.Fatal(err)
	}
}
