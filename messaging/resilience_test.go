package messaging_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/messagingtest"
)

// Somebody who claims an invitation and writes at once is heard: the messages behind the claim, in the same
// batch, are not a stranger's.
func TestClaimAndMessagesInOneBatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &messagingtest.Network{}
		h, invite := host(t, n)
		g := guests(t, n, "ann")
		claim(t, g[0], invite(false, time.Hour), "Ann")
		send(t, g[0], line(h.DID(), "hi"))
		send(t, g[0], line(h.DID(), "there"))
		start(t, h)
		start(t, g[0])
		time.Sleep(time.Minute)
		same(t, "guest", states(t, g[0]), map[string]string{"hello": "delivered", "hi": "delivered", "there": "delivered"})
		same(t, "host", received(t, h, inbox.Kept), []string{"hi", "there"})
	})
}

// When the claim before it could not be committed, what comes behind is put off, not refused.
func TestBatchBehindUncommittedClaim(t *testing.T) {
	t.Parallel()
	n := &messagingtest.Network{}
	h, invite := host(t, n)
	ann := guests(t, n, "ann")[0]
	h.Node.Store = fullStore{h.Store}
	f := forge{from: ann, to: h}
	members := fmt.Sprintf(`%s,"pthid":%q`, fromTo(ann, h), invite(false, time.Hour).ID)
	for i, v := range accept(t, h, ann.DID(), f.seal(t, plain("1", members)), f.seal(t, plain("2", fromTo(ann, h)))) {
		same(t, fmt.Sprint("verdict ", i), v.Kind, messaging.Busy)
	}
}

// A single-use invitation is used up by a contact that answers it, too.
func TestContactUsesUpInvitation(t *testing.T) {
	t.Parallel()
	n := &messagingtest.Network{}
	h, invite := host(t, n)
	g := guests(t, n, "ann", "ben", "cy")
	for _, known := range []*messagingtest.Party{g[0], g[2]} {
		if err := messagingtest.Befriend(t.Context(), h, known); err != nil {
			t.Fatal(err)
		}
	}
	inv := invite(false, time.Hour)
	for i, want := range []messaging.Verdict{accepted(), refused(messaging.CodeInvitationUsed), accepted()} {
		members := fmt.Sprintf(`%s,"pthid":%q`, fromTo(g[i], h), inv.ID)
		same(t, g[i].Name, accept(t, h, did.DID{}, forge{from: g[i], to: h}.seal(t, plain("1", members)))[0], want)
	}
}

// What was committed in time and comes again after it has expired is a duplicate: its sender only missed the
// answer.
func TestExpiredThoughCommitted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		members := fmt.Sprintf(`%s,"expires_time":%d`, fromTo(p.alice, p.bob), time.Now().Add(time.Minute).Unix())
		sealed := forge{from: p.alice, to: p.bob}.seal(t, plain("1", members))
		same(t, "first", accept(t, p.bob, did.DID{}, sealed)[0], accepted())
		time.Sleep(2 * time.Minute)
		same(t, "again", accept(t, p.bob, did.DID{}, sealed)[0], messaging.Verdict{Kind: messaging.Duplicate})
	})
}

// A message expires on time even when it waits behind one that does not, and when nobody can be reached.
func TestExpiresBehindOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		start(t, p.alice)
		send(t, p.alice, line(p.bob.DID(), "long"))
		short := line(p.bob.DID(), "short")
		short.Expires = time.Now().Add(time.Minute)
		send(t, p.alice, short)
		time.Sleep(30 * time.Minute)
		same(t, "states", states(t, p.alice), map[string]string{"short": "expired", "long": "queued"})
	})
}

// What is only written is written again, also when it was long in coming to that.
func TestSentIsRetriedAfterAbsence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var writes []time.Time
		back := time.Now().Add(10 * time.Minute)
		p, s := solo(t, func(messaging.Delivery, int) ([]messaging.Result, error) {
			if time.Now().Before(back) {
				return nil, &messaging.DeliveryError{Endpoint: "test", Err: errors.New("away")}
			}
			writes = append(writes, time.Now())
			return []messaging.Result{{Reach: messaging.Written}}, nil
		})
		send(t, p, line(remote(t, p, did.Endpoint{URI: "test:x"}), "1"))
		start(t, p)
		time.Sleep(48 * time.Hour)
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(writes) < 5 || len(writes) > 9 || writes[1].Sub(writes[0]) != 30*time.Second {
			t.Errorf("written at %v", writes)
		}
		same(t, "state", states(t, p)["1"], "sent")
	})
}

// hanging is a transport on which some endpoints never answer.
type hanging struct {
	scripted
	now, most atomic.Int64
	tried     atomic.Int64
}

func (s *hanging) Send(ctx context.Context, d messaging.Delivery) ([]messaging.Result, error) {
	if !strings.HasPrefix(d.Endpoint.URI, "test:hang") {
		return delivered(len(d.Envelopes)), nil
	}
	s.tried.Add(1)
	s.most.Store(max(s.most.Load(), s.now.Add(1)))
	defer s.now.Add(-1)
	<-ctx.Done()
	return nil, &messaging.DeliveryError{Endpoint: d.Endpoint.URI, Err: ctx.Err()}
}

// A document full of endpoints that never answer costs one place at a time, and nobody else waits.
func TestHangingEndpoints(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, _ := solo(t, nil)
		s := &hanging{}
		p.Node.Transports = []messaging.Transport{s}
		var es []did.Endpoint
		for i := range 32 {
			es = append(es, did.Endpoint{URI: fmt.Sprintf("test:hang%d", i)})
		}
		bad := remote(t, p, es...)
		send(t, p, line(bad, "1"))
		start(t, p)
		time.Sleep(31 * time.Minute)
		same(t, "attempts at once", s.most.Load(), int64(1))
		if err := p.Store.RemoveContact(t.Context(), bad); err != nil {
			t.Fatal(err)
		}
		good := remote(t, p, did.Endpoint{URI: "test:good"})
		if err := p.Store.Wake(t.Context(), bad, time.Now()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		same(t, "hanging", s.now.Load(), int64(1))
		send(t, p, line(good, "2"))
		time.Sleep(time.Second)
		same(t, "the other's", states(t, p)["2"], "delivered")
	})
}

// A path that breaks after each message still moves them: getting something through is no failure.
func TestProgressIsNoFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, _ := solo(t, func(d messaging.Delivery, _ int) ([]messaging.Result, error) {
			if len(d.Envelopes) == 1 {
				return delivered(1), nil
			}
			return delivered(1), &messaging.DeliveryError{Endpoint: "test", Err: errors.New("the path broke")}
		})
		to := remote(t, p, did.Endpoint{URI: "test:x"})
		for i := range 30 {
			send(t, p, line(to, fmt.Sprint(i)))
		}
		start(t, p)
		time.Sleep(time.Minute)
		for id, state := range states(t, p) {
			same(t, id, state, "delivered")
		}
	})
}

// The reason that is shown, and the pause that is kept, are of the endpoint that was tried.
func TestReasonOfTheEndpointTried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, s := solo(t, func(messaging.Delivery, int) ([]messaging.Result, error) {
			return nil, &messaging.DeliveryError{Endpoint: "test", After: 30 * time.Minute, Err: errors.New("busy there")}
		})
		send(t, p, line(remote(t, p, did.Endpoint{URI: "test:x"}, did.Endpoint{URI: "https://example.org/"}), "1"))
		start(t, p)
		time.Sleep(29 * time.Minute)
		same(t, "tries", s.String(), "x×1")
		ps, err := p.Store.Sent(t.Context(), inbox.SentQuery{})
		if err != nil || len(ps) != 1 || !strings.Contains(ps[0].Problem, "busy there") {
			t.Errorf("%+v, %v", ps, err)
		}
	})
}

// Pauses belong to another time and place: a node that starts tries at once, and one whose clock was ahead
// when a pause was set does not wait for it.
func TestPausesEndWithTheNodeAndTheClock(t *testing.T) {
	t.Parallel()
	for name, ahead := range map[string]time.Duration{"restart": 4 * time.Minute, "clock": 10 * 365 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := mustPair(t)
				p.alice.Node.Greet, p.bob.Node.Greet = -1, -1
				start(t, p.bob)
				p.net.Cut("bob")
				if name == "clock" {
					start(t, p.alice)
				}
				send(t, p.alice, line(p.bob.DID(), "1"))
				synctest.Wait()
				p.net.Heal("bob")
				then := time.Now().Add(ahead)
				bs, err := p.alice.Store.Claim(t.Context(), then, then.Add(time.Second), inbox.Limit{})
				if err == nil && len(bs) == 1 {
					err = p.alice.Store.Settle(t.Context(), bs[0], nil, then, then.Add(2*time.Second))
				}
				if err != nil {
					t.Fatal(bs, err)
				}
				if name == "restart" {
					start(t, p.alice)
				}
				time.Sleep(time.Second)
				same(t, "states", states(t, p.alice), map[string]string{"1": "delivered"})
			})
		})
	}
}

// regreet greets before each delivery, as a transport does whose stream ended with a busy answer.
type regreet struct{ *messagingtest.Transport }

func (r regreet) Send(ctx context.Context, d messaging.Delivery) ([]messaging.Result, error) {
	time.Sleep(100 * time.Millisecond)
	greeting := d
	greeting.Envelopes = nil
	if _, err := r.Transport.Send(ctx, greeting); err != nil {
		return nil, err
	}
	return r.Transport.Send(ctx, d)
}

// Two nodes that are both out of room do not drive each other: greeting is no way around the pauses.
func TestBothBusy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		p.net.Latency(5 * time.Millisecond)
		var puts atomic.Int64
		for _, x := range []*messagingtest.Party{p.alice, p.bob} {
			x.Node.Store = counting{fullStore{x.Store}, &puts}
			x.Node.Transports = []messaging.Transport{regreet{x.Transport}}
		}
		send(t, p.alice, line(p.bob.DID(), "1"))
		send(t, p.bob, line(p.alice.DID(), "2"))
		start(t, p.alice)
		start(t, p.bob)
		time.Sleep(10 * time.Minute)
		if n := puts.Load(); n > 150 {
			t.Errorf("%d tries in ten minutes", n)
		}
	})
}

type counting struct {
	messaging.Store
	puts *atomic.Int64
}

func (c counting) Put(ctx context.Context, as ...inbox.Arrival) ([]inbox.PutResult, error) {
	c.puts.Add(1)
	return c.Store.Put(ctx, as...)
}

// Run returns nil when its context ends, whatever for, and the error of a part that fails.
func TestRunReturns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.alice.Node.Run(ctx); err != nil {
			t.Errorf("with a deadline: %v", err)
		}
		broken := fmt.Errorf("the host broke: %w", context.Canceled)
		p.bob.Node.Transports = []messaging.Transport{brokenTransport{&scripted{}, broken}}
		if err := p.bob.Node.Run(t.Context()); !errors.Is(err, broken) {
			t.Errorf("a broken transport: %v", err)
		}
	})
}

type brokenTransport struct {
	*scripted
	err error
}

func (b brokenTransport) Serve(context.Context, messaging.Receiver) error { return b.err }

// Somebody who greets while a try to reach it fails, or soon after it has greeted before, does not have to wait for
// the end of the pause after failures. That we have reached it ourselves changes no pause.
func TestGreetingIsNotLost(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		greetings []time.Duration // after the first try has begun, which takes a second
		came      bool
		want      time.Duration // when the second try begins
	}{
		"none":                            {nil, true, time.Hour + time.Second},
		"during the try":                  {[]time.Duration{500 * time.Millisecond}, true, time.Second},
		"after the try":                   {[]time.Duration{2 * time.Second}, true, 2 * time.Second},
		"of ours, during the try":         {[]time.Duration{500 * time.Millisecond}, false, time.Hour + time.Second},
		"of ours, after the try":          {[]time.Duration{2 * time.Second}, false, time.Hour + time.Second},
		"before, and again after the try": {[]time.Duration{-3 * time.Second, 2 * time.Second}, true, 7 * time.Second},
		"before, and again during it":     {[]time.Duration{-3 * time.Second, 500 * time.Millisecond}, true, 7 * time.Second},
		"often":                           {[]time.Duration{-3 * time.Second, 2 * time.Second, 3 * time.Second, 6 * time.Second}, true, 7 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var tries []time.Time
				p, _ := solo(t, func(messaging.Delivery, int) ([]messaging.Result, error) {
					tries = append(tries, time.Now())
					time.Sleep(time.Second)
					return nil, &messaging.DeliveryError{Endpoint: "test", After: time.Hour, Err: errors.New("the path broke")}
				})
				p.Node.Retry = messaging.Retry{First: time.Minute, Max: time.Hour}
				to := remote(t, p, did.Endpoint{URI: "test:x"})
				doc, err := p.Resolver.Resolve(t.Context(), to)
				if err != nil {
					t.Fatal(err)
				}
				start(t, p)
				first := time.Now().Add(time.Minute)
				for _, after := range tc.greetings {
					time.AfterFunc(time.Until(first.Add(after)), func() { p.Node.Met(t.Context(), messaging.Peer{DID: to, Document: doc, Came: tc.came}) })
				}
				time.Sleep(time.Until(first))
				send(t, p, line(to, "1"))
				time.Sleep(2*time.Hour - time.Minute)
				synctest.Wait()
				if len(tries) < 2 {
					t.Fatalf("tries: %v", tries)
				}
				same(t, "pause", tries[1].Sub(first).Truncate(time.Second), tc.want)
			})
		})
	}
}

// A greeting that tells no addresses leaves those that are known.
func TestMetWithoutAddresses(t *testing.T) {
	t.Parallel()
	p := mustPair(t)
	known := []string{"/ip4/192.0.2.1/tcp/1"}
	err := p.bob.Store.UpdateContact(t.Context(), p.alice.DID(), func(c *inbox.Contact) error {
		c.Addresses, c.PeerRecord, c.Seen = known, []byte("r"), time.Now().Add(-2*time.Hour)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	p.bob.Node.Met(t.Context(), messaging.Peer{DID: p.alice.Identity.DID, Document: p.alice.Identity.Document})
	c, err := p.bob.Store.Contact(t.Context(), p.alice.DID())
	if err != nil || time.Since(c.Seen) > time.Hour {
		t.Errorf("seen %v, %v", c.Seen, err)
	}
	same(t, "addresses", c.Addresses, known)
}

// The same message sent again does nothing, also when the recipient has come to know us meanwhile.
func TestSendAgainAfterConfirmation(t *testing.T) {
	t.Parallel()
	p := mustPair(t)
	set := func(confirmed bool) {
		t.Helper()
		err := p.alice.Store.UpdateContact(t.Context(), p.bob.DID(), func(c *inbox.Contact) error { c.Confirmed = confirmed; return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	set(false)
	m := line(p.bob.DID(), "1")
	send(t, p.alice, m)
	set(true)
	send(t, p.alice, m)
}

// Of strangers met in greetings only so many are remembered, and nothing on disk.
func TestFloodOfStrangers(t *testing.T) {
	t.Parallel()
	p := mustPair(t)
	for i := range 2000 {
		id := did.MustParse(fmt.Sprintf("did:peer:4zQm%dA:zLong%dA", i, i))
		p.bob.Node.Met(t.Context(), messaging.Peer{DID: id, Document: p.alice.Identity.Document})
		if _, err := p.bob.Store.LongForm(t.Context(), id); !errors.Is(err, inbox.ErrNotFound) {
			t.Fatalf("stranger %d is remembered for ever: %v", i, err)
		}
	}
	same(t, "contacts", len(contactsOf(t, p.bob)), 1)
}

// Two who claim a single-use invitation in one batch: the store knows the first.
func TestClaimsInOneBatch(t *testing.T) {
	t.Parallel()
	n := &messagingtest.Network{}
	h, invite := host(t, n)
	inv := invite(false, time.Hour)
	var sealed [][]byte
	for _, g := range guests(t, n, "ann", "ben") {
		sealed = append(sealed, forge{from: g, to: h}.seal(t, plain("1", fmt.Sprintf(`%s,"pthid":%q`, fromTo(g, h), inv.ID))))
	}
	same(t, "verdicts", accept(t, h, did.DID{}, sealed...), []messaging.Verdict{accepted(), refused(messaging.CodeInvitationUsed)})
	same(t, "messages", len(received(t, h, inbox.Pending)), 1)
}

// The key id of a signature can be edited by anybody on the way: it is not looked up unless it belongs to the
// DID in "from".
func TestForeignSignersAreNotLookedUp(t *testing.T) {
	t.Parallel()
	p := mustPair(t)
	mallory := guests(t, p.net, "mallory")[0]
	inner := p.bob.Resolver
	p.bob.Node.Resolver = did.ResolverFunc(func(ctx context.Context, id did.DID) (*did.Document, error) {
		if id.Same(mallory.DID()) {
			t.Error("looked up")
		}
		return inner.Resolve(ctx, id)
	})
	sealed := forge{signer: mallory, to: p.bob}.seal(t, plain("1", fromTo(p.alice, p.bob)))
	same(t, "verdict", accept(t, p.bob, did.DID{}, sealed)[0], refused(messaging.CodeCrypto))
}

// A node that starts greets whom it heard of last first, with what it knows of where they are; blocked
// contacts and those whose invitation is not claimed yet are left alone.
func TestWhoIsGreeted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var hints []string
		p, s := solo(t, func(d messaging.Delivery, _ int) ([]messaging.Result, error) {
			hints = append(hints, fmt.Sprint(d.Addresses, string(d.Record)))
			return nil, nil
		})
		p.Node.Greet = 2
		for i, name := range []string{"old", "blocked", "pending", "recent", "latest"} {
			id := remote(t, p, did.Endpoint{URI: "test:" + name})
			err := p.Store.UpdateContact(t.Context(), id, func(c *inbox.Contact) error {
				c.Name, c.Seen, c.Blocked = name, time.Now().Add(time.Duration(i)*time.Minute), name == "blocked"
				c.Addresses, c.PeerRecord = []string{"at " + name}, []byte("by "+name)
				if name == "pending" {
					c.Invitation = []byte("{}")
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		start(t, p)
		time.Sleep(time.Minute)
		same(t, "greeted", s.String(), "latest×0 recent×0")
		s.mu.Lock()
		defer s.mu.Unlock()
		same(t, "hints", hints, []string{"[at latest]by latest", "[at recent]by recent"})
	})
}

// settling is a store that cannot record outcomes until a time.
type settling struct{ troubled }

func (s *settling) Claim(ctx context.Context, now, until time.Time, l inbox.Limit) ([]inbox.Batch, error) {
	return s.Store.Claim(ctx, now, until, l)
}

func (s *settling) Handled(ctx context.Context, owner did.DID, seq int64, d inbox.Disposition, ps ...inbox.Parcel) error {
	return s.Store.Handled(ctx, owner, seq, d, ps...)
}

// An outcome that cannot be recorded is recorded as soon as that works: nothing is sent again for it.
func TestOutcomesAreRecordedLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, s := solo(t, func(d messaging.Delivery, _ int) ([]messaging.Result, error) { return delivered(len(d.Envelopes)), nil })
		p.Node.Store = &settling{troubled{p.Store, time.Now().Add(5 * time.Second)}}
		send(t, p, line(remote(t, p, did.Endpoint{URI: "test:x"}), "1"))
		start(t, p)
		time.Sleep(10 * time.Second)
		same(t, "states", states(t, p), map[string]string{"1": "delivered"})
		same(t, "tries", s.String(), "x×1")
	})
}

// An invitation that many hold makes so many contacts and no more; who is one already is not affected.
func TestManyClaims(t *testing.T) {
	t.Parallel()
	n := &messagingtest.Network{}
	h, invite := host(t, n)
	h.Node.MaxContacts = 3
	inv := invite(true, time.Hour)
	plaintext, err := inv.Plaintext()
	if err != nil {
		t.Fatal(err)
	}
	claims := func(g *messagingtest.Party, id string) messaging.VerdictKind {
		t.Helper()
		members := fmt.Sprintf(`%s,"pthid":%q`, fromTo(g, h), inv.ID)
		return accept(t, h, did.DID{}, forge{from: g, to: h}.seal(t, plain(id, members)))[0].Kind
	}
	g := guests(t, n, "a", "b", "c", "d")
	for i, want := range []messaging.VerdictKind{messaging.Accepted, messaging.Accepted, messaging.Accepted, messaging.Busy} {
		same(t, g[i].Name, claims(g[i], "1"), want)
	}
	same(t, "a contact", claims(g[0], "2"), messaging.Accepted)
	same(t, "contacts", len(contactsOf(t, h)), 3)
	var refused *messaging.Refusal
	if _, err := h.Node.Admit(t.Context(), g[3].DID(), plaintext); err == nil || errors.As(err, &refused) {
		t.Errorf("admitted with %v, want an error for now", err)
	}
}
