package inboxtest

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

var contactScenarios = map[string]func(*testing.T, inbox.Store){
	"keeps every field":                    contactKeeps,
	"is unique by DID and by folded name":  contactUnique,
	"refuses bad names":                    contactNames,
	"updates":                              contactUpdates,
	"updates one after the other":          contactUpdateRace,
	"leaves a contact when a change fails": contactUpdateFails,
	"removes":                              contactRemoves,
	"sorts by name":                        contactSorts,
	"gives copies":                         contactCopies,
	"cuts what it says of itself":          contactCuts,
}

func fullContact() inbox.Contact {
	return inbox.Contact{
		DID: dora, Name: "Dörte", Blocked: true, Confirmed: true, Pins: [][32]byte{{1}, {2, 3}},
		Addresses: []string{"/ip4/127.0.0.1/tcp/1", ""}, PeerRecord: []byte{0, 1}, Invitation: []byte("{}"),
		Added: start, Seen: at(tick), DisplayName: "Dörte Döring", Description: "of\x00Dortmund", Receipts: inbox.ReceiptsReceived,
		Life: inbox.Life{Branch: [8]byte{1, 0, 255}, Count: 1<<32 - 1},
	}
}

func contactCuts(t *testing.T, s inbox.Store) {
	c := contact(bob, "bob")
	c.DisplayName = strings.Repeat("x", inbox.MaxDisplayName-1) + "ö"
	c.Description = strings.Repeat("x", inbox.MaxDescription-3) + "\U0001F600"
	c.Receipts = inbox.ReceiptsAll + 1
	noErr(t, s.AddContact(t.Context(), c))
	got, err := s.Contact(t.Context(), bob)
	noErr(t, err)
	want := contact(bob, "bob")
	want.DisplayName, want.Description = c.DisplayName[:inbox.MaxDisplayName-1], c.Description[:inbox.MaxDescription-3]
	same(t, "contact", got, want)
	noErr(t, s.UpdateContact(t.Context(), bob, func(c *inbox.Contact) error {
		c.DisplayName, c.Description = strings.Repeat("ö", inbox.MaxDisplayName), "a\xffb"
		return nil
	}))
	got, err = s.Contact(t.Context(), bob)
	noErr(t, err)
	same(t, "name", got.DisplayName, strings.Repeat("ö", inbox.MaxDisplayName/2))
	same(t, "description", got.Description, "a\uFFFDb")
}

func contactKeeps(t *testing.T, s inbox.Store) {
	want := fullContact()
	c := want
	c.DID = doraL
	noErr(t, s.AddContact(t.Context(), c))
	for _, form := range []did.DID{dora, doraL} {
		got, err := s.Contact(t.Context(), form)
		noErr(t, err)
		same(t, "contact", got, want)
	}
	many := contact(bob, "bob")
	many.Addresses = ids("/dns/host", 20)
	noErr(t, s.AddContact(t.Context(), many))
	got, err := s.Contact(t.Context(), bob)
	noErr(t, err)
	same(t, "addresses", got.Addresses, many.Addresses[:16])
	if _, err := s.Contact(t.Context(), carol); !errors.Is(err, inbox.ErrNotFound) {
		t.Errorf("err = %v, want ErrNotFound", err)
	}
	if err := s.AddContact(t.Context(), contact(did.DID{}, "nobody")); err == nil {
		t.Error("a contact without DID was taken")
	}
}

func contactUnique(t *testing.T, s inbox.Store) {
	noErr(t, s.AddContact(t.Context(), contact(dora, "Straße")))
	for name, c := range map[string]inbox.Contact{
		"DID": contact(doraL, "other"), "name": contact(bob, "Straße"), "case": contact(bob, "sTRAßE"),
		"long s": contact(bob, "ſtraße"),
	} {
		if err := s.AddContact(t.Context(), c); !errors.Is(err, inbox.ErrExists) {
			t.Errorf("%s: err = %v, want ErrExists", name, err)
		}
	}
	noErr(t, s.AddContact(t.Context(), contact(bob, "Strase")))
}

func contactNames(t *testing.T, s inbox.Store) {
	noErr(t, s.AddContact(t.Context(), contact(bob, "bob")))
	for _, name := range []string{"", "a b", "-x", "did:x", "a\x00", strings.Repeat("x", 65)} {
		if err := s.AddContact(t.Context(), contact(carol, name)); !errors.Is(err, inbox.ErrName) {
			t.Errorf("%q: err = %v, want ErrName", name, err)
		}
		err := s.UpdateContact(t.Context(), bob, func(c *inbox.Contact) error { c.Name = name; return nil })
		if !errors.Is(err, inbox.ErrName) {
			t.Errorf("rename to %q: err = %v, want ErrName", name, err)
		}
	}
	got, err := s.Contact(t.Context(), bob)
	noErr(t, err)
	same(t, "contact", got, contact(bob, "bob"))
}

func contactUpdates(t *testing.T, s inbox.Store) {
	noErr(t, s.AddContact(t.Context(), contact(dora, "dora")))
	want := fullContact()
	noErr(t, s.UpdateContact(t.Context(), doraL, func(c *inbox.Contact) error {
		same(t, "before", *c, contact(dora, "dora"))
		*c = want
		return nil
	}))
	got, err := s.Contact(t.Context(), dora)
	noErr(t, err)
	same(t, "after", got, want)
	noErr(t, s.AddContact(t.Context(), contact(bob, "dora"))) // the name is free again
	noErr(t, s.UpdateContact(t.Context(), bob, func(c *inbox.Contact) error { c.Name = "DORA"; return nil }))
	if got, err = s.Contact(t.Context(), bob); err != nil || got.Name != "DORA" {
		t.Errorf("name %q, err %v", got.Name, err)
	}
}

func contactUpdateRace(t *testing.T, s inbox.Store) {
	noErr(t, s.AddContact(t.Context(), contact(bob, "bob")))
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			err := s.UpdateContact(t.Context(), bob, func(c *inbox.Contact) error {
				c.PeerRecord = append(c.PeerRecord, 'x')
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	c, err := s.Contact(t.Context(), bob)
	noErr(t, err)
	same(t, "record", c.PeerRecord, bytes.Repeat([]byte("x"), 10))
}

func contactUpdateFails(t *testing.T, s inbox.Store) {
	noErr(t, s.AddContact(t.Context(), contact(bob, "bob")))
	noErr(t, s.AddContact(t.Context(), contact(carol, "carol")))
	mine := errors.New("mine")
	for name, c := range map[string]struct {
		id     did.DID
		change func(*inbox.Contact) error
		want   error
	}{
		"own error": {bob, func(c *inbox.Contact) error { c.Name = "x"; return mine }, mine},
		"unknown":   {dora, func(*inbox.Contact) error { t.Error("called"); return nil }, inbox.ErrNotFound},
		"taken":     {bob, func(c *inbox.Contact) error { c.Name = "Carol"; return nil }, inbox.ErrExists},
	} {
		if err := s.UpdateContact(t.Context(), c.id, c.change); !errors.Is(err, c.want) {
			t.Errorf("%s: err = %v, want %v", name, err, c.want)
		}
	}
	if err := s.UpdateContact(t.Context(), bob, func(c *inbox.Contact) error { c.DID = dora; return nil }); err == nil {
		t.Error("the DID was changed")
	}
	cs, err := s.Contacts(t.Context())
	noErr(t, err)
	same(t, "contacts", cs, []inbox.Contact{contact(bob, "bob"), contact(carol, "carol")})
}

func contactRemoves(t *testing.T, s inbox.Store) {
	noErr(t, s.AddContact(t.Context(), contact(dora, "dora")))
	put(t, s, message(dora, "m1", "x"))
	enqueue(t, s, letter(dora, "m1", "x"))
	noErr(t, s.RemoveContact(t.Context(), doraL))
	if err := s.RemoveContact(t.Context(), dora); !errors.Is(err, inbox.ErrNotFound) {
		t.Errorf("err = %v, want ErrNotFound", err)
	}
	if _, err := s.Contact(t.Context(), dora); !errors.Is(err, inbox.ErrNotFound) {
		t.Errorf("err = %v, want ErrNotFound", err)
	}
	same(t, "messages stay", len(list(t, s, inbox.Query{From: dora}))+len(sent(t, s, inbox.SentQuery{To: dora})), 2)
	noErr(t, s.AddContact(t.Context(), contact(dora, "dora")))
}

func contactSorts(t *testing.T, s inbox.Store) {
	for i, name := range []string{"bob", "Anna", "carl", "anna2", "Bert", "Ärger"} {
		noErr(t, s.AddContact(t.Context(), contact(did.MustParse("did:example:"+ids("c", 9)[i]), name)))
	}
	cs, err := s.Contacts(t.Context())
	noErr(t, err)
	var names []string
	for _, c := range cs {
		names = append(names, c.Name)
	}
	same(t, "names", names, []string{"Anna", "anna2", "Bert", "bob", "carl", "Ärger"})
}

func contactCopies(t *testing.T, s inbox.Store) {
	c := fullContact()
	noErr(t, s.AddContact(t.Context(), c))
	c.Pins[0][0], c.Addresses[0], c.PeerRecord[0], c.Invitation[0] = 9, "spoilt", 9, 9
	for range 2 {
		got, err := s.Contact(t.Context(), dora)
		noErr(t, err)
		same(t, "contact", got, fullContact())
		got.Pins[0][0], got.Addresses[0], got.PeerRecord[0], got.Invitation[0] = 9, "spoilt", 9, 9
	}
}

var factScenarios = map[string]func(*testing.T, inbox.Store){
	"learns long forms": factLongForms,
	"keeps settings":    factSettings,
}

func factLongForms(t *testing.T, s inbox.Store) {
	noErr(t, s.Learn(t.Context(), bob, doraL, did.DID{}, doraL))
	noErr(t, s.Learn(t.Context(), doraL))
	for _, form := range []did.DID{dora, doraL} {
		got, err := s.LongForm(t.Context(), form)
		noErr(t, err)
		same(t, "long form", got, doraL)
	}
	for _, other := range []did.DID{bob, did.MustParse("did:peer:4zQmOther")} {
		if _, err := s.LongForm(t.Context(), other); !errors.Is(err, inbox.ErrNotFound) || !errors.Is(err, did.ErrNotFound) {
			t.Errorf("err = %v, want ErrNotFound", err)
		}
	}
}

func factSettings(t *testing.T, s inbox.Store) {
	if _, err := s.Setting(t.Context(), "did"); !errors.Is(err, inbox.ErrNotFound) {
		t.Errorf("err = %v, want ErrNotFound", err)
	}
	full := bytes.Repeat([]byte("x"), inbox.MaxSetting)
	for _, value := range [][]byte{[]byte("one"), full, {}, []byte("two")} {
		noErr(t, s.SetSetting(t.Context(), "did", value))
		got, err := s.Setting(t.Context(), "did")
		noErr(t, err)
		same(t, "value", got, value)
	}
	noErr(t, s.SetSetting(t.Context(), "DID", []byte("other")))
	if err := s.SetSetting(t.Context(), "did", append(full, 'x')); !errors.Is(err, inbox.ErrTooLarge) {
		t.Errorf("err = %v, want ErrTooLarge", err)
	}
	got, err := s.Setting(t.Context(), "did")
	noErr(t, err)
	same(t, "value", string(got), "two")
}
