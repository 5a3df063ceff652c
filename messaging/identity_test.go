package messaging_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/messagingtest"
)

func TestFixedIdentities(t *testing.T) {
	t.Parallel()
	long := did.MustParse("did:peer:4zQmShort:zLong")
	ids := messaging.FixedIdentities{{DID: codecAlice}, {DID: long}}
	for name, tc := range map[string]struct {
		ask, want did.DID
		found     bool
	}{
		"as it is":            {codecAlice, codecAlice, true},
		"the long form":       {long, long, true},
		"the short form":      {did.MustParse("did:peer:4zQmShort"), long, true},
		"another long form":   {did.MustParse("did:peer:4zQmShort:zOther"), long, true},
		"not ours":            {codecBob, did.DID{}, false},
		"the zero DID":        {did.DID{}, did.DID{}, false},
		"a prefix of a short": {did.MustParse("did:peer:4zQm"), did.DID{}, false},
	} {
		got, ok := ids.Find(tc.ask)
		if ok != tc.found || got.DID != tc.want {
			t.Errorf("%s: %v, %v; want %v, %v", name, got.DID, ok, tc.want, tc.found)
		}
	}
	all := ids.All()
	if len(all) != 2 || all[0].DID != codecAlice || all[1].DID != long {
		t.Errorf("All() = %v", all)
	}
	all[0] = messaging.Identity{}
	if ids[0].DID != codecAlice {
		t.Error("All handed out the list itself")
	}
}

// twoSelves gives bob a second DID beside the first, which he prefers.
func twoSelves(t *testing.T) (*pair, messaging.Identity) {
	t.Helper()
	p := mustPair(t)
	other, err := p.net.NewParty("bob2")
	if err != nil {
		t.Fatal(err)
	}
	second := other.Identity
	second.Index = 1
	p.bob.Node.Identities = messaging.FixedIdentities{p.bob.Identity, second}
	return p, second
}

// Who writes decides by which of our DIDs the recipients know us, unless that is out of use.
func TestDefaultIdentity(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		ours, other int // by which of the two each of the recipients knows us; 0 is none
		alone       bool
		retired     int
		from        int // that the message says
		want        int
		fails       error
	}{
		"nothing is known":             {alone: true, want: 1},
		"the second":                   {ours: 2, alone: true, want: 2},
		"both the second":              {ours: 2, other: 2, want: 2},
		"different ones":               {ours: 2, other: 1, want: 1},
		"one of them nothing":          {ours: 2, want: 1},
		"the second, retired":          {ours: 2, alone: true, retired: 2, want: 1},
		"the preferred one is retired": {alone: true, retired: 1, want: 2},
		"a retired one by name":        {alone: true, retired: 1, from: 1, want: 1},
		"another one by name":          {ours: 2, alone: true, from: 1, want: 1},
		"all are retired":              {alone: true, retired: 3, fails: messaging.ErrIdentity},
	} {
		p, second := twoSelves(t)
		ids := messaging.FixedIdentities{p.bob.Identity, second}
		dids := []did.DID{{}, ids[0].DID.Canonical(), ids[1].DID.Canonical()}
		for i := range ids {
			if tc.retired&(i+1) != 0 {
				ids[i].Until = time.Now()
			}
		}
		p.bob.Node.Identities = ids
		cy := third(t, p, "cy")
		for id, ours := range map[did.DID]did.DID{p.alice.DID(): dids[tc.ours], cy.DID(): dids[tc.other]} {
			if err := p.bob.Store.UpdateContact(t.Context(), id, func(c *inbox.Contact) error { c.Ours = ours; return nil }); err != nil {
				t.Fatal(err)
			}
		}
		m := line(p.alice.DID(), "1")
		m.From = dids[tc.from]
		if !tc.alone {
			m.To = append(m.To, cy.DID())
		}
		if err := p.bob.Node.Send(t.Context(), m); !errors.Is(err, tc.fails) {
			t.Errorf("%s: %v", name, err)
		}
		if tc.fails == nil && m.From != dids[tc.want] {
			t.Errorf("%s: from %s", name, m.From.Short())
		}
	}
}

// A contact is greeted by the DID of ours that it knows; a stranger who claims an invitation knows the one that it
// wrote to; and a retired one still receives.
func TestIdentityThatAContactKnows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, second := twoSelves(t)
		err := p.bob.Store.UpdateContact(t.Context(), p.alice.DID(), func(c *inbox.Contact) error { c.Ours = second.DID; return nil })
		if err != nil {
			t.Fatal(err)
		}
		var from []did.DID
		s := &scripted{reply: func(d messaging.Delivery, _ int) ([]messaging.Result, error) {
			from = append(from, d.From)
			return nil, nil
		}}
		p.bob.Node.Transports = []messaging.Transport{reaching{s}}
		start(t, p.bob)
		time.Sleep(time.Minute)
		synctest.Wait()
		same(t, "greeted by the second", len(from) == 1 && from[0] == second.DID, true)
	})
	n := &messagingtest.Network{}
	h, invite := host(t, n)
	ann := guests(t, n, "ann")[0]
	members := fmt.Sprintf(`%s,"pthid":%q`, fromTo(ann, h), invite(false, time.Hour).ID)
	sealed := forge{from: ann, to: h}.seal(t, plain("1", members))
	retired := h.Identity
	retired.Until = time.Now()
	h.Node.Identities = messaging.FixedIdentities{retired}
	same(t, "the claim", accept(t, h, did.DID{}, sealed)[0], accepted())
	c, err := h.Store.Contact(t.Context(), ann.DID())
	if err != nil || c.Ours != h.DID() || len(c.Keys) != 2 || len(c.History) != 1 || c.History[0].How != inbox.KeysClaimed {
		t.Errorf("%+v, %v", c, err)
	}
}
