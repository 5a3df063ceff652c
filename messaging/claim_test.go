package messaging_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/messagingtest"
	"github.com/parley-im/parley/messaging/outofband"
	"github.com/parley-im/parley/messaging/userprofile"
)

// host is a party that invites, and invite makes its invitations.
func host(t *testing.T, n *messagingtest.Network) (*messagingtest.Party, func(multi bool, good time.Duration) *outofband.Invitation) {
	t.Helper()
	p, err := n.NewParty("host")
	if err != nil {
		t.Fatal(err)
	}
	issuer := outofband.NewIssuer([32]byte{7})
	p.Node.Invitations, p.Node.Introduction = issuer, userprofile.DisplayName
	p.Mux.Handle(userprofile.Protocol, userprofile.Handler{})
	return p, func(multi bool, good time.Duration) *outofband.Invitation {
		now := time.Now().Truncate(time.Second).UTC()
		inv, err := issuer.Issue(outofband.Invitation{From: p.Identity.DID, Multi: multi, Created: now, Expires: now.Add(good)})
		if err != nil {
			t.Fatal(err)
		}
		return inv
	}
}

// claim makes a contact of the host at a guest and queues the guest's introduction, as adding a link does.
func claim(t *testing.T, guest *messagingtest.Party, inv *outofband.Invitation, name string) {
	t.Helper()
	plaintext, err := inv.Plaintext()
	if err != nil {
		t.Fatal(err)
	}
	if err := guest.Store.Learn(t.Context(), inv.From); err != nil {
		t.Fatal(err)
	}
	err = guest.Store.AddContact(t.Context(), inbox.Contact{DID: inv.From.Canonical(), Name: "host", Invitation: plaintext})
	if err != nil {
		t.Fatal(err)
	}
	m := userprofile.New(inv.From.Canonical(), userprofile.Of(name, ""), false)
	m.ID, m.ParentThreadID = "hello", inv.ID
	send(t, guest, m)
}

func guests(t *testing.T, n *messagingtest.Network, names ...string) (gs []*messagingtest.Party) {
	t.Helper()
	for _, name := range names {
		g, err := n.NewParty(name)
		if err != nil {
			t.Fatal(err)
		}
		gs = append(gs, g)
	}
	return gs
}

// contactsOf returns the names of a party's contacts by their DID.
func contactsOf(t *testing.T, p *messagingtest.Party) map[did.DID]string {
	t.Helper()
	cs, err := p.Store.Contacts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m := map[did.DID]string{}
	for _, c := range cs {
		m[c.DID] = c.Name
	}
	return m
}

// The first to claim a single-use invitation becomes a contact under the name it gives itself, with its
// keys pinned and its address known; the second is told so, and the first may come again.
func TestClaimOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &messagingtest.Network{}
		h, invite := host(t, n)
		g := guests(t, n, "ann", "ben")
		start(t, h)
		inv := invite(false, time.Hour)
		claim(t, g[0], inv, "Ann\x1b[31m Lee")
		start(t, g[0])
		time.Sleep(time.Minute)
		claim(t, g[1], inv, "Ben")
		start(t, g[1])
		time.Sleep(time.Minute)
		same(t, "contacts", contactsOf(t, h), map[did.DID]string{g[0].DID(): "Ann-[31m-Lee"})
		same(t, "the first", states(t, g[0]), map[string]string{"hello": "delivered"})
		same(t, "the second", states(t, g[1]), map[string]string{"hello": "failed"})
		c, err := h.Store.Contact(t.Context(), g[0].DID())
		if err != nil {
			t.Fatal(err)
		}
		same(t, "addresses", c.Addresses, []string{"mem:ann"})
		same(t, "pins", c.Pins, g[0].Identity.Document.Pins())
		send(t, g[0], line(h.DID(), "again"))
		time.Sleep(time.Minute)
		same(t, "the first again", received(t, h, inbox.Kept), []string{"again"})
		mine, err := g[0].Store.Contact(t.Context(), h.DID())
		if err != nil || len(mine.Invitation) > 0 || !mine.Confirmed {
			t.Errorf("the guest's contact is still pending: %+v, %v", mine, err)
		}
	})
}

// Two who claim at the same moment, with the same name: one wins a single-use invitation; both are let in
// by a multi-use one, and get names apart.
func TestClaimRace(t *testing.T) {
	t.Parallel()
	for _, multi := range []bool{false, true} {
		t.Run(fmt.Sprintf("multi=%v", multi), func(t *testing.T) {
			t.Parallel()
			n := &messagingtest.Network{}
			h, invite := host(t, n)
			inv := invite(multi, time.Hour)
			var sealed [][]byte
			for _, g := range guests(t, n, "ann", "ben", "cy") {
				members := fmt.Sprintf(`%s,"pthid":%q`, fromTo(g, h), inv.ID)
				sealed = append(sealed, forge{from: g, to: h}.seal(t, plain("1", members)))
			}
			kinds := make([]messaging.VerdictKind, len(sealed))
			var wg sync.WaitGroup
			for i := range sealed {
				wg.Go(func() { kinds[i] = h.Node.Accept(t.Context(), did.DID{}, sealed[i:i+1])[0].Kind })
			}
			wg.Wait()
			count := 0
			for _, k := range kinds {
				if k == messaging.Accepted {
					count++
				}
			}
			want := map[bool]int{false: 1, true: 3}[multi]
			same(t, "accepted", count, want)
			same(t, "contacts", len(contactsOf(t, h)), want)
			same(t, "messages", len(received(t, h, inbox.Pending)), want)
		})
	}
}

// Claims that are not good are refused in the greeting with a code that says why, and by the message too.
func TestBadClaims(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &messagingtest.Network{}
		h, invite := host(t, n)
		g := guests(t, n, "ann", "ben")
		expired := invite(true, time.Minute)
		altered := *invite(true, 2*time.Hour)
		altered.Label = "somebody else"
		used := invite(false, 2*time.Hour)
		time.Sleep(time.Hour)
		accept(t, h, did.DID{}, forge{from: g[1], to: h}.seal(t, plain("1", fmt.Sprintf(`%s,"pthid":%q`, fromTo(g[1], h), used.ID))))
		tests := []struct {
			name string
			inv  *outofband.Invitation
			want string
		}{
			{"expired", expired, messaging.CodeInvitationExpired},
			{"altered", &altered, messaging.CodeInvitationAltered},
			{"used", used, messaging.CodeInvitationUsed},
		}
		for _, test := range tests {
			plaintext, err := test.inv.Plaintext()
			if err != nil {
				t.Fatal(err)
			}
			var r *messaging.Refusal
			if _, err := h.Node.Admit(t.Context(), g[0].DID(), plaintext); !errors.As(err, &r) || r.Code != test.want {
				t.Errorf("%s: admitted with %v, want %s", test.name, err, test.want)
			}
		}
		for id, want := range map[string]string{
			expired.ID: messaging.CodeInvitationExpired, used.ID: messaging.CodeInvitationUsed, "nonsense": messaging.CodeStranger,
		} {
			sealed := forge{from: g[0], to: h}.seal(t, plain("1", fmt.Sprintf(`%s,"pthid":%q`, fromTo(g[0], h), id)))
			same(t, "message that claims "+id, accept(t, h, did.DID{}, sealed)[0], refused(want))
		}
		same(t, "contacts", len(contactsOf(t, h)), 1)
	})
}

// Who holds a good invitation chooses the host that we ask for its document: we ask few of them at a time, and others
// who need no look-up are let in all the same.
func TestFewLookUpsOfStrangers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, invite := host(t, &messagingtest.Network{})
		plaintext, err := invite(true, time.Hour).Plaintext()
		if err != nil {
			t.Fatal(err)
		}
		knock := func(id string) bool {
			a, err := h.Node.Admit(t.Context(), did.MustParse(id), plaintext)
			if err == nil && !a.Guest {
				t.Fatalf("%s is no guest", id)
			}
			var r *messaging.Refusal
			if errors.As(err, &r) {
				t.Fatalf("%s is refused for good: %v", id, err)
			}
			return err == nil
		}
		let := func() (n int) {
			for i := range 100 {
				if knock(fmt.Sprintf("did:web:h%d.example", i)) {
					n++
				}
			}
			return n
		}
		if n := let(); n != 20 {
			t.Errorf("%d hosts would be asked at once, want 20", n)
		}
		if !knock("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK") {
			t.Error("somebody who needs no look-up is put off")
		}
		time.Sleep(30 * time.Second)
		if n := let(); n != 10 {
			t.Errorf("%d hosts would be asked half a minute later, want 10", n)
		}
	})
}
