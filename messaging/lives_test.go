package messaging_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/messagingtest"
)

// lifeOf is a life on a branch named by one byte.
func lifeOf(branch byte, count uint32) inbox.Life {
	return inbox.Life{Branch: [8]byte{branch}, Count: count}
}

// living is a life that goes on.
type living struct{ atomic.Pointer[inbox.Life] }

func (l *living) set(branch byte, count uint32) {
	life := lifeOf(branch, count)
	l.Store(&life)
}

// alive gives a party's node a life, and returns what others had seen of it.
func alive(p *messagingtest.Party, branch byte, count uint32) (*living, *journal) {
	l, j := &living{}, &journal{}
	l.set(branch, count)
	p.Node.Life = func() inbox.Life { return *l.Load() }
	p.Node.Lived = func(contact did.DID, saw inbox.Life) {
		c, err := p.Store.Contact(context.Background(), contact)
		j.note("%s saw %d.%d, has shown %d.%d;", c.Name, saw.Branch[0], saw.Count, c.Life.Branch[0], c.Life.Count)
		if err != nil {
			j.note("%v", err)
		}
	}
	return l, j
}

// Each greeting shows both how far the other's wallet has lived, and what the other had seen of the own before.
func TestLivesAreShown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		a, ja := alive(p.alice, 1, 1)
		b, jb := alive(p.bob, 2, 7)
		p.alice.Node.Greet, p.bob.Node.Greet = -1, -1
		start(t, p.alice)
		start(t, p.bob)
		synctest.Wait()
		greet := func(id string) {
			p.net.Cut("alice") // so that they greet each other anew
			p.net.Heal("alice")
			send(t, p.alice, line(p.bob.DID(), id))
			time.Sleep(time.Second)
		}
		greet("first")
		same(t, "alice, at first", ja.String(), "")
		same(t, "bob, at first", jb.String(), "")
		b.set(2, 8) // a backup
		greet("second")
		same(t, "alice", ja.String(), "bob saw 1.1, has shown 2.8;")
		same(t, "bob", jb.String(), "alice saw 2.7, has shown 1.1;")
		a.set(9, 1) // restored
		greet("third")
		same(t, "alice, restored", ja.String(), "bob saw 1.1, has shown 2.8; bob saw 1.1, has shown 2.8;")
		greet("fourth")
		same(t, "alice, at last", ja.String(), "bob saw 1.1, has shown 2.8; bob saw 1.1, has shown 2.8; bob saw 9.1, has shown 2.8;")
		same(t, "bob, at last", jb.String(), "alice saw 2.7, has shown 1.1; alice saw 2.8, has shown 9.1; alice saw 2.8, has shown 9.1;")
	})
}

// Which life is remembered of a contact when it shows another: the newest, and an older point of the same
// branch is no news, because that is what the contact has to be told.
func TestNewestLife(t *testing.T) {
	t.Parallel()
	none := inbox.Life{}
	for name, tc := range map[string]struct{ before, shown, want inbox.Life }{
		"the first":         {none, lifeOf(1, 1), lifeOf(1, 1)},
		"none":              {lifeOf(1, 1), none, lifeOf(1, 1)},
		"further":           {lifeOf(1, 1), lifeOf(1, 2), lifeOf(1, 2)},
		"the same":          {lifeOf(1, 2), lifeOf(1, 2), lifeOf(1, 2)},
		"earlier":           {lifeOf(1, 5), lifeOf(1, 2), lifeOf(1, 5)},
		"another branch":    {lifeOf(1, 5), lifeOf(2, 1), lifeOf(2, 1)},
		"none that is none": {none, none, none},
	} {
		p := mustPair(t)
		writes := &updates{Store: p.bob.Store}
		p.bob.Node.Store = writes
		set := func(c *inbox.Contact) error { c.Life, c.Seen = tc.before, time.Now(); return nil }
		if err := p.bob.Store.UpdateContact(t.Context(), p.alice.DID(), set); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			p.bob.Node.Met(t.Context(), messaging.Peer{DID: p.alice.Identity.DID, Document: p.alice.Identity.Document, Life: tc.shown})
		}
		c, err := p.bob.Store.Contact(t.Context(), p.alice.DID())
		if err != nil {
			t.Fatal(err)
		}
		same(t, name, c.Life, tc.want)
		want := 0
		if tc.want != tc.before {
			want = 1
		}
		same(t, name+": writes", writes.n, want)
	}
}

// updates counts what is written of contacts.
type updates struct {
	messaging.Store
	n int
}

func (u *updates) UpdateContact(ctx context.Context, id did.DID, change func(*inbox.Contact) error) error {
	u.n++
	return u.Store.UpdateContact(ctx, id, change)
}

// lifeTap notes the lives of deliveries.
type lifeTap struct {
	messaging.Transport
	mu   sync.Mutex
	seen []string // guarded by mu
}

func (l *lifeTap) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.seen)
}

func (l *lifeTap) Send(ctx context.Context, d messaging.Delivery) ([]messaging.Result, error) {
	l.mu.Lock()
	l.seen = append(l.seen, fmt.Sprintf("%d.%d saw %d.%d", d.Life.Branch[0], d.Life.Count, d.Saw.Branch[0], d.Saw.Count))
	l.mu.Unlock()
	return l.Transport.Send(ctx, d)
}

// Only contacts are told: not somebody who is written to without being one, not a stranger that comes, and
// a stranger's word is nobody's.
func TestOnlyContactsAreToldOfLives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := strangers(t)
		_, ja := alive(p.alice, 1, 1)
		_, jb := alive(p.bob, 2, 2)
		tap := &lifeTap{Transport: p.alice.Transport}
		p.alice.Node.Transports, p.alice.Node.Greet = []messaging.Transport{tap}, -1
		if err := p.alice.Store.RemoveContact(t.Context(), p.bob.DID()); err != nil {
			t.Fatal(err)
		}
		start(t, p.alice)
		start(t, p.bob)
		synctest.Wait()
		send(t, p.alice, line(p.bob.DID(), "0"))
		time.Sleep(time.Second)
		same(t, "to somebody", tap.all(), []string{"0.0 saw 0.0"})
		if err := p.alice.Store.AddContact(t.Context(), inbox.Contact{DID: p.bob.DID(), Name: "bob", Life: lifeOf(2, 1)}); err != nil {
			t.Fatal(err)
		}
		p.net.Cut("alice")
		p.net.Heal("alice")
		time.Sleep(time.Minute)
		same(t, "to a contact", tap.all()[1], "1.1 saw 2.1")
		same(t, "alice heard", ja.String(), "")
		same(t, "bob heard", jb.String(), "")
		c, err := p.alice.Store.Contact(t.Context(), p.bob.DID())
		if err != nil || c.Life != lifeOf(2, 1) {
			t.Errorf("bob, who took alice for a stranger, has shown %v, %v", c.Life, err)
		}
	})
}

// The life that a guest shows when it claims an invitation is remembered of the contact that it becomes.
func TestLifeOfAClaimer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &messagingtest.Network{}
		h, invite := host(t, n)
		g := guests(t, n, "ann")[0]
		alive(g, 5, 6)
		claim(t, g, invite(false, time.Hour), "Ann")
		start(t, h)
		start(t, g)
		time.Sleep(time.Minute)
		c, err := h.Store.Contact(t.Context(), g.DID())
		if err != nil || c.Life != lifeOf(5, 6) {
			t.Errorf("shown %v, %v", c.Life, err)
		}
	})
}
