package messaging_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
)

// Many parcels go in parts, each once, and one that fails stops those behind it.
func TestBatchGoesInParts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		second func(d messaging.Delivery) ([]messaging.Result, error)
		log    string
	}{
		{"all is well", func(d messaging.Delivery) ([]messaging.Result, error) {
			return delivered(len(d.Envelopes)), nil
		}, "x×64 x×64 x×64 x×64 x×44"},
		{"the path breaks", func(messaging.Delivery) ([]messaging.Result, error) {
			return delivered(10), failure(false, messaging.CodeProtocol)
		}, "x×64 x×64 x×64 x×64 x×64 x×34"},
		{"the path breaks behind a part", func(d messaging.Delivery) ([]messaging.Result, error) {
			return delivered(len(d.Envelopes)), failure(false, messaging.CodeProtocol)
		}, "x×64 x×64 x×64 x×64 x×44"},
		{"busy at once", func(messaging.Delivery) ([]messaging.Result, error) {
			return []messaging.Result{{Err: failure(false, messaging.CodeBusy)}}, nil
		}, "x×64 x×64 x×64 x×64 x×64 x×44"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const messages = 300
				p, s := solo(t, func(d messaging.Delivery, call int) ([]messaging.Result, error) {
					if call == 2 {
						return test.second(d)
					}
					return delivered(len(d.Envelopes)), nil
				})
				to := remote(t, p, did.Endpoint{URI: "test:x"})
				want := map[string]string{}
				for i := range messages {
					send(t, p, line(to, fmt.Sprint(i)))
					want[fmt.Sprint(i)] = "delivered"
				}
				start(t, p)
				time.Sleep(time.Hour)
				same(t, "tries", s.String(), test.log)
				all, err := p.Store.Sent(t.Context(), inbox.SentQuery{Limit: messages + 1})
				if err != nil {
					t.Fatal(err)
				}
				got := map[string]string{}
				for _, s := range all {
					got[s.MessageID] = s.State.String()
				}
				same(t, "states", got, want)
			})
		})
	}
}

// Parts of a batch behind the first, which has let us in, claim no invitation any more.
func TestClaimGoesWithTheFirstPart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var claims []string
		p, s := solo(t, func(d messaging.Delivery, _ int) ([]messaging.Result, error) {
			claims = append(claims, string(d.Claim))
			return delivered(len(d.Envelopes)), nil
		})
		to := remote(t, p, did.Endpoint{URI: "test:x"})
		claiming := func(c *inbox.Contact) error { c.Invitation = []byte("claim"); return nil }
		if err := p.Store.UpdateContact(t.Context(), to, claiming); err != nil {
			t.Fatal(err)
		}
		for i := range 100 {
			send(t, p, line(to, fmt.Sprint(i)))
		}
		start(t, p)
		synctest.Wait()
		s.mu.Lock()
		defer s.mu.Unlock()
		same(t, "claims", claims, []string{"claim", ""})
	})
}

// lister is a Keeper that notes what it has to handle.
type lister struct {
	mu      sync.Mutex
	handled []string // guarded by mu
}

func (l *lister) Keeps(uri string) bool { return uri == "https://d.org/a/1.0/kept" }

func (l *lister) HandleMessage(_ context.Context, re messaging.Replier, m *messaging.Received) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.Contains(l.handled, m.ID) {
		return errors.New("handled twice")
	}
	l.handled = append(l.handled, m.ID)
	re.Keep()
	return nil
}

// What is only to be kept is kept when it is committed, where nobody has to be told anything besides, and nothing
// of its sender has to be handled before.
func TestKeptAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		var l lister
		p.bob.Node.Handler = &l
		f := forge{from: p.alice, to: p.bob}
		message := func(id, typ, members string) []byte {
			return f.seal(t, fmt.Sprintf(`{"id":%q,"type":%q,"body":{}%s}`, id, typ, fromTo(p.alice, p.bob)+members))
		}
		const kept, other = "https://d.org/a/1.0/kept", "https://d.org/a/1.0/other"
		accept(t, p.bob, p.alice.DID(), message("kept", kept, ""), message("asks", kept, `,"please_ack":[""]`),
			message("tells", kept, `,"ack":["x"]`), message("other", other, ""))
		accept(t, p.bob, did.DID{}, message("simplex", kept, ""))
		accept(t, p.bob, p.alice.DID(), message("behind", kept, ""))
		same(t, "before", received(t, p.bob, inbox.Kept), []string{"kept", "asks"})
		start(t, p.bob)
		synctest.Wait()
		same(t, "after", received(t, p.bob, inbox.Kept), []string{"kept", "asks", "tells", "other", "simplex", "behind"})
		l.mu.Lock()
		defer l.mu.Unlock()
		same(t, "handled", l.handled, []string{"tells", "other", "simplex", "behind"})
	})
}

func TestMuxKeeps(t *testing.T) {
	t.Parallel()
	var mux, inner messaging.Mux
	mux.Handle("https://d.org/kept/1.0/", messaging.KeepHandler)
	mux.Handle("https://d.org/kept/1.0/not", codecNamed("not"))
	mux.Handle("https://d.org/not/1.0/", codecNamed("not"))
	inner.Handle("https://d.org/inner/1.0/", codecNamed("inner"))
	mux.Default = &inner
	for uri, want := range map[string]bool{
		"https://d.org/kept/1.0/any": true, "https://d.org/kept/1.0/not": false, "https://d.org/not/1.0/any": false,
		"https://d.org/inner/1.0/any": false, "https://d.org/nobody/1.0/any": true, "no uri": true,
	} {
		if got := mux.Keeps(uri); got != want {
			t.Errorf("keeps %s: %v, want %v", uri, got, want)
		}
		if msg, re := codecHandle(t, &mux, uri); (msg == "" && re.kept) != want {
			t.Errorf("%s is kept: %v, %q; it said beforehand: %v", uri, re.kept, msg, want)
		}
	}
}
