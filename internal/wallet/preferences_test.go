package wallet_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
	"github.com/parley-im/parley/messaging/userprofile"
)

// known waits until a contact says of itself what is wanted.
func known(t *testing.T, w *wallet.Wallet, name, displayName, description string) {
	t.Helper()
	hint := w.Store().Watch(t.Context())
	var got control.Contact
	for deadline := time.After(patience); ; {
		cs, err := w.Contacts(t.Context())
		must(t, err)
		for _, c := range cs {
			if c.Name == name {
				got = c
			}
		}
		if got.DisplayName == displayName && got.Description == description {
			return
		}
		select {
		case <-hint:
		case <-time.After(50 * time.Millisecond): // a contact that changes is no entry or parcel that does
		case <-deadline:
			t.Fatalf("%s says %q, %q; want %q, %q", name, got.DisplayName, got.Description, displayName, description)
		}
	}
}

// Both sides know each other's profile after the introduction, and every change of it.
func TestProfiles(t *testing.T) {
	ctx := t.Context()
	alice := run(t, folder(t, "alice"))
	_, err := alice.ChangePreferences(ctx, control.PreferenceChange{Description: new("likes tea")})
	must(t, err)
	bob := contactOf(t, alice, "bob")
	known(t, bob, "alice", "alice", "likes tea")
	known(t, alice, "bob", "bob", "")

	_, err = bob.ChangeContact(ctx, "alice", control.ContactChange{Name: "ally"})
	must(t, err)
	p, err := alice.ChangePreferences(ctx, control.PreferenceChange{Name: new("Alicia"), Description: new("")})
	same(t, "changed", p, control.Preference{V: 1, Name: "Alicia", Receipts: "all"})
	must(t, err)
	known(t, bob, "ally", "Alicia", "")
	barrier(t, bob, "ally", "done", alice)
	barrier(t, alice, "bob", "done too", bob)
	same(t, "profiles of alice", profiles(t, alice), 2)
	same(t, "profiles of bob", profiles(t, bob), 1)
}

// profiles counts what a wallet has sent of itself.
func profiles(t *testing.T, w *wallet.Wallet) (n int) {
	t.Helper()
	ps, err := w.Store().Sent(t.Context(), inbox.SentQuery{})
	must(t, err)
	for _, p := range ps {
		if p.Type == userprofile.Type {
			n++
		}
	}
	return n
}

// A change is announced to those who may know it, and to each once.
func TestAnnouncements(t *testing.T) {
	ctx := t.Context()
	alice := run(t, folder(t, "alice"))
	bob, eve := contactOf(t, alice, "bob"), contactOf(t, alice, "eve")
	known(t, alice, "bob", "bob", "")
	known(t, alice, "eve", "eve", "")
	known(t, eve, "alice", "alice", "")
	_, err := alice.ChangeContact(ctx, "eve", control.ContactChange{Blocked: new(true)})
	must(t, err)
	stranger := did.MustParse("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK")
	must(t, alice.Store().AddContact(ctx, inbox.Contact{DID: stranger, Name: "stranger", Added: time.Now()}))
	before := profiles(t, alice)
	change := func(r control.PreferenceChange, announced int) {
		t.Helper()
		_, err := alice.ChangePreferences(ctx, r)
		must(t, err)
		if before += announced; profiles(t, alice) != before {
			t.Errorf("%+v: %d announcements too many", r, profiles(t, alice)-before)
		}
	}
	change(control.PreferenceChange{Name: new("Alice")}, 1)
	change(control.PreferenceChange{Name: new("Alice")}, 0)
	change(control.PreferenceChange{Description: new(" new ")}, 1)
	change(control.PreferenceChange{Receipts: new("none")}, 0)
	change(control.PreferenceChange{}, 0)
	known(t, bob, "alice", "Alice", "new")
	known(t, eve, "alice", "alice", "")
}

func TestPreferencesAreKept(t *testing.T) {
	ctx := t.Context()
	home := folder(t, "alice")
	w := open(t, home)
	p, err := w.Preferences(ctx)
	same(t, "at first", p, control.Preference{V: 1, Name: "alice", Receipts: "all"})
	must(t, err)
	for name, r := range map[string]control.PreferenceChange{
		"an empty name": {Name: new("")}, "a bad name": {Name: new("two words")}, "a control character": {Name: new("a\x1b")},
		"a long description": {Description: new(strings.Repeat("x", inbox.MaxDescription+1))}, "not UTF-8": {Description: new("\xff")},
		"no level": {Receipts: new("some")}, "the default": {Receipts: new("default")},
		"good and bad": {Name: new("bob"), Receipts: new("")},
	} {
		_, err := w.ChangePreferences(ctx, r)
		same(t, name, code(t, err), control.CodeUsage)
	}
	want := control.Preference{V: 1, Name: "Ali", Description: strings.Repeat("é", inbox.MaxDescription/2), Receipts: "received"}
	p, err = w.ChangePreferences(ctx, control.PreferenceChange{Name: &want.Name, Description: &want.Description, Receipts: &want.Receipts})
	same(t, "changed", p, want)
	must(t, err)
	must(t, w.Close())
	w = open(t, home)
	p, err = w.Preferences(ctx)
	if diff := cmp.Diff(want, p); err != nil || diff != "" {
		t.Errorf("after opening again: %v (-want +got):\n%s", err, diff)
	}
	self, err := w.Self(ctx)
	must(t, err)
	same(t, "Self", self.Name, "Ali")
	status, err := w.Status(ctx)
	must(t, err)
	same(t, "Status", status.Receipts, "received")
}

// What is damaged is said, not taken for what was never set.
func TestDamagedPreferences(t *testing.T) {
	home := folder(t, "alice")
	w := open(t, home)
	must(t, w.Store().SetSetting(t.Context(), "preferences", []byte(`{"name":7}`)))
	must(t, w.Close())
	_, err := wallet.Open(t.Context(), home, wallet.Options{})
	same(t, "code", code(t, err), control.CodeUnexpected)
}
