package inboxtest

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

var claimScenarios = map[string]func(*testing.T, inbox.Store){
	"makes a contact":                    claimMakesContact,
	"is won by the first":                claimFirst,
	"is won by one of many at once":      claimRace,
	"works many times if multi":          claimMulti,
	"is used up by a contact as well":    claimByContact,
	"does not bring a contact back":      claimRemoved,
	"makes names unique and valid":       claimNames,
	"stores nothing when it is too late": claimLate,
	"is not looked at in a duplicate":    claimDuplicate,
}

func claiming(from did.DID, id, invitation, name string) inbox.Arrival {
	a := message(from, id, "x")
	a.Claim = &inbox.Claim{Invitation: invitation, Expires: at(lease), Contact: inbox.Contact{Name: name, Added: start}}
	return a
}

func claimMakesContact(t *testing.T, s inbox.Store) {
	a := claiming(doraL, "m1", "i1", "dora")
	a.Long = doraL
	a.Claim.Contact = inbox.Contact{
		Name: "dora", Confirmed: true, Pins: [][32]byte{{1}, {2}}, Addresses: []string{"/ip4/127.0.0.1"},
		PeerRecord: []byte("record"), Added: start, Seen: at(tick),
	}
	got := put(t, s, a)
	same(t, "result", got, []inbox.PutResult{{Status: inbox.Added, Seq: got[0].Seq, Contact: "dora"}})
	want := a.Claim.Contact
	want.DID, want.Ours = dora, alice
	want.History = []inbox.KeyEvent{{At: start, How: inbox.KeysClaimed, Keys: inbox.KeySet(want.Pins)}}
	c, err := s.Contact(t.Context(), dora)
	noErr(t, err)
	same(t, "contact", c, want)
	by, err := s.Claimed(t.Context(), "i1")
	noErr(t, err)
	same(t, "claimed by", by, dora)
	if _, err := s.Claimed(t.Context(), "i2"); !errors.Is(err, inbox.ErrNotFound) {
		t.Errorf("err = %v, want ErrNotFound", err)
	}
}

func claimFirst(t *testing.T, s inbox.Store) {
	got := put(t, s, claiming(bob, "m1", "i1", "bob"), claiming(carol, "m1", "i1", "carol"), claiming(bob, "m2", "i1", "robert"))
	same(t, "results", statuses(got), []string{"added", "invitation used", "added"})
	same(t, "names", []string{got[0].Contact, got[1].Contact, got[2].Contact}, []string{"bob", "", ""})
	cs, err := s.Contacts(t.Context())
	noErr(t, err)
	want := contact(bob, "bob")
	want.Ours = alice
	same(t, "contacts", cs, []inbox.Contact{want})
}

func claimRace(t *testing.T, s inbox.Store) {
	var won atomic.Int32
	var wg sync.WaitGroup
	for _, name := range ids("p", 8) {
		wg.Go(func() {
			results, err := s.Put(t.Context(), claiming(did.MustParse("did:example:"+name), "m1", "i1", name))
			if err != nil {
				t.Error(err)
			} else if results[0].Status == inbox.Added {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	cs, err := s.Contacts(t.Context())
	noErr(t, err)
	if won.Load() != 1 || len(cs) != 1 || len(list(t, s, inbox.Query{})) != 1 {
		t.Errorf("%d won, %d contacts", won.Load(), len(cs))
	}
}

func claimMulti(t *testing.T, s inbox.Store) {
	a, b := claiming(bob, "m1", "i1", "friend"), claiming(carol, "m1", "i1", "friend")
	a.Claim.Multi, b.Claim.Multi = true, true
	got := put(t, s, a, b)
	same(t, "results", statuses(got), []string{"added", "added"})
	same(t, "names", []string{got[0].Contact, got[1].Contact}, []string{"friend", "friend-2"})
	if _, err := s.Claimed(t.Context(), "i1"); !errors.Is(err, inbox.ErrNotFound) {
		t.Errorf("err = %v, want ErrNotFound: a multi invitation is never used up", err)
	}
}

func claimByContact(t *testing.T, s inbox.Store) {
	noErr(t, s.AddContact(t.Context(), contact(bob, "bobby")))
	got := put(t, s, claiming(bob, "m1", "i1", "bob"), claiming(carol, "m1", "i1", "carol"))
	same(t, "results", statuses(got), []string{"added", "invitation used"})
	same(t, "name", got[0].Contact, "")
	c, err := s.Contact(t.Context(), bob)
	noErr(t, err)
	same(t, "contact", c, contact(bob, "bobby"))
}

func claimRemoved(t *testing.T, s inbox.Store) {
	put(t, s, claiming(bob, "m1", "i1", "bob"))
	noErr(t, s.RemoveContact(t.Context(), bob))
	same(t, "results", statuses(put(t, s, claiming(bob, "m2", "i1", "bob"))), []string{"invitation used"})
	if _, err := s.Contact(t.Context(), bob); !errors.Is(err, inbox.ErrNotFound) {
		t.Errorf("err = %v, want ErrNotFound", err)
	}
}

func claimNames(t *testing.T, s inbox.Store) {
	long := strings.Repeat("ä", 32)
	wishes := []string{"Bob", "bob", "BOB", "", "-x", "did:example:x", "two words", long, long}
	want := []string{"Bob", "bob-2", "BOB-3", "contact", "x", "contact-2", "two-words", long, strings.Repeat("ä", 31) + "-2"}
	var got []string
	for i, id := range ids("p", len(wishes)) {
		r := put(t, s, claiming(did.MustParse("did:example:"+id), "m1", id, wishes[i]))[0]
		got = append(got, r.Contact)
	}
	same(t, "names", got, want)
}

func claimLate(t *testing.T, s inbox.Store) {
	put(t, s, claiming(bob, "m1", "i1", "bob"))
	late := claiming(doraL, "m1", "i1", "dora")
	late.Long = doraL
	got := put(t, s, late)
	same(t, "results", got, []inbox.PutResult{{Status: inbox.InvitationUsed}})
	if _, err := s.LongForm(t.Context(), dora); !errors.Is(err, inbox.ErrNotFound) {
		t.Errorf("err = %v, want ErrNotFound: the long form was kept", err)
	}
	late.Claim = nil
	same(t, "the same without claim", statuses(put(t, s, late)), []string{"added"})
}

func claimDuplicate(t *testing.T, s inbox.Store) {
	put(t, s, message(bob, "m1", "x"))
	same(t, "results", statuses(put(t, s, claiming(bob, "m1", "i1", "bob"))), []string{"duplicate"})
	if _, err := s.Claimed(t.Context(), "i1"); !errors.Is(err, inbox.ErrNotFound) {
		t.Errorf("err = %v, want ErrNotFound", err)
	}
}
