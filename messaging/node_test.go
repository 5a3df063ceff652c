package messaging_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/messagingtest"
)

const lineType = "https://example.org/chat/1.0/line"

// pair is two parties who know each other.
type pair struct {
	net        *messagingtest.Network
	alice, bob *messagingtest.Party
}

func newPair() (*pair, error) {
	p := &pair{net: &messagingtest.Network{}}
	var err1, err2 error
	p.alice, err1 = p.net.NewParty("alice")
	p.bob, err2 = p.net.NewParty("bob")
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	return p, messagingtest.Befriend(context.Background(), p.alice, p.bob)
}

func mustPair(t *testing.T) *pair {
	t.Helper()
	p, err := newPair()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// start runs a party until the test's function ends.
func start(t *testing.T, p *messagingtest.Party) {
	t.Helper()
	stop := p.Start(t.Context())
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
	})
}

func line(to did.DID, id string) *messaging.Message {
	return &messaging.Message{ID: id, Type: lineType, To: []did.DID{to}}
}

func send(t *testing.T, from *messagingtest.Party, m *messaging.Message) {
	t.Helper()
	if err := from.Node.Send(t.Context(), m); err != nil {
		t.Fatalf("send %s: %v", m.ID, err)
	}
}

// received returns the ids of a party's entries with the disposition, in the order of arrival.
func received(t *testing.T, p *messagingtest.Party, d inbox.Disposition) []string {
	t.Helper()
	es, err := p.Store.List(t.Context(), inbox.Query{Dispositions: []inbox.Disposition{d}, BySeq: true, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, e := range es {
		ids = append(ids, e.MessageID)
	}
	return ids
}

// states returns the states of the messages that a party has sent, by id.
func states(t *testing.T, p *messagingtest.Party) map[string]string {
	t.Helper()
	ps, err := p.Store.Sent(t.Context(), inbox.SentQuery{})
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]string{}
	for _, x := range ps {
		m[x.MessageID] = x.State.String()
	}
	return m
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// The issue's own scenario: the receiver is away for ten minutes, every envelope arrives twice, and the
// handler fails the first time. Each message makes one entry and gets one reply.
func TestAwayTwiceAndFailing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		p.net.Duplicate(2)
		p.net.Latency(20 * time.Millisecond)
		calls := map[string]int{}
		p.bob.Mux.Handle(lineType, messaging.HandlerFunc(func(_ context.Context, re messaging.Replier, m *messaging.Received) error {
			calls[m.ID]++
			if err := re.Reply(&messaging.Message{Type: "https://example.org/chat/1.0/answer"}); err != nil {
				return err
			}
			if calls[m.ID] == 1 {
				return errors.New("not now")
			}
			return nil
		}))
		start(t, p.alice)
		start(t, p.bob)
		p.net.Cut("bob")
		for i := range 3 {
			send(t, p.alice, line(p.bob.DID(), fmt.Sprint(i)))
		}
		time.Sleep(10 * time.Minute)
		same(t, "received while away", received(t, p.bob, inbox.Consumed), []string(nil))
		same(t, "states while away", states(t, p.alice), map[string]string{"0": "queued", "1": "queued", "2": "queued"})
		p.net.Heal("bob")
		time.Sleep(10 * time.Minute)
		same(t, "received", received(t, p.bob, inbox.Consumed), []string{"0", "1", "2"})
		same(t, "handler calls", calls, map[string]int{"0": 2, "1": 2, "2": 2})
		same(t, "states", states(t, p.alice), map[string]string{"0": "delivered", "1": "delivered", "2": "delivered"})
		replies, err := p.alice.Store.List(t.Context(), inbox.Query{BySeq: true})
		if err != nil {
			t.Fatal(err)
		}
		var threads []string
		for _, e := range replies {
			threads = append(threads, e.ThreadID)
		}
		same(t, "threads of the replies", threads, []string{"0", "1", "2"})
	})
}

// A node that was stopped while messages waited delivers them when it runs again.
func TestQueueSurvivesRestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		stop := p.alice.Start(t.Context())
		for i := range 3 {
			send(t, p.alice, line(p.bob.DID(), fmt.Sprint(i)))
		}
		time.Sleep(time.Minute)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		p.alice.Restart()
		start(t, p.bob)
		time.Sleep(time.Minute)
		start(t, p.alice)
		time.Sleep(5 * time.Second)
		same(t, "received", received(t, p.bob, inbox.Kept), []string{"0", "1", "2"})
	})
}

// A peer that comes back greets its contacts: what waits for it moves at once, not when the pause of a
// long absence is over.
func TestGreetingWakesWhatWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		p.alice.Node.Retry = messaging.Retry{First: time.Hour, Max: 24 * time.Hour}
		start(t, p.alice)
		send(t, p.alice, line(p.bob.DID(), "1"))
		time.Sleep(30 * time.Minute)
		start(t, p.bob)
		time.Sleep(5 * time.Second)
		same(t, "received", received(t, p.bob, inbox.Kept), []string{"1"})
		c, err := p.alice.Store.Contact(t.Context(), p.bob.DID())
		if err != nil {
			t.Fatal(err)
		}
		same(t, "addresses learnt", c.Addresses, []string{"mem:bob"})
	})
}

func TestRunTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		start(t, p.alice)
		synctest.Wait()
		if err := p.alice.Node.Run(t.Context()); !errors.Is(err, messaging.ErrRunning) {
			t.Errorf("second Run: %v, want ErrRunning", err)
		}
	})
}

func TestRunNeedsItsParts(t *testing.T) {
	t.Parallel()
	if err := new(messaging.Node).Run(t.Context()); err == nil {
		t.Error("an empty node runs")
	}
}

// Whatever is lost, doubled or cut on the way, everything arrives once and in order, each way, and both
// sides know it.
func TestNothingIsLostOnABadNetwork(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		seed, loss := rapid.Uint64().Draw(r, "seed"), rapid.Float64Range(0, 0.3).Draw(r, "loss")
		copies, messages := rapid.IntRange(1, 3).Draw(r, "copies"), rapid.IntRange(1, 12).Draw(r, "messages")
		var err error
		synctest.Test(t, func(t *testing.T) { err = badNetwork(t, seed, loss, copies, messages) })
		if err != nil {
			r.Fatal(err)
		}
	})
}

func badNetwork(t *testing.T, seed uint64, loss float64, copies, messages int) error {
	p, err := newPair()
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	p.net.Loss(loss, seed)
	p.net.Duplicate(copies)
	p.net.Latency(time.Duration(rng.Int64N(int64(400 * time.Millisecond))))
	stops := []func() error{p.alice.Start(t.Context()), p.bob.Start(t.Context())}
	var want []string
	for i := range messages {
		id := fmt.Sprint(i)
		want = append(want, id)
		err = errors.Join(err, p.alice.Node.Send(t.Context(), line(p.bob.DID(), id)),
			p.bob.Node.Send(t.Context(), line(p.alice.DID(), id)))
		switch rng.IntN(6) {
		case 0:
			p.net.Cut([]string{"alice", "bob"}[rng.IntN(2)])
		case 1, 2:
			p.net.Heal("alice")
			p.net.Heal("bob")
		}
		time.Sleep(time.Duration(rng.Int64N(int64(5 * time.Second))))
	}
	p.net.Heal("alice")
	p.net.Heal("bob")
	time.Sleep(2 * time.Hour)
	for _, stop := range stops {
		err = errors.Join(err, stop())
	}
	return errors.Join(err, complete(t, p.alice, want), complete(t, p.bob, want))
}

func complete(t *testing.T, p *messagingtest.Party, want []string) error {
	if diff := cmp.Diff(want, received(t, p, inbox.Kept)); diff != "" {
		return fmt.Errorf("%s received (-want +got):\n%s", p.Name, diff)
	}
	for id, state := range states(t, p) {
		if state != "delivered" {
			return fmt.Errorf("%s: message %s is %s", p.Name, id, state)
		}
	}
	return nil
}

// troubled is a store that cannot commit until a time.
type troubled struct {
	messaging.Store
	until time.Time
}

func (s *troubled) trouble() error {
	if time.Now().Before(s.until) {
		return errors.New("the disk is full")
	}
	return nil
}

func (s *troubled) Claim(ctx context.Context, now, until time.Time, l inbox.Limit) ([]inbox.Batch, error) {
	if err := s.trouble(); err != nil {
		return nil, err
	}
	return s.Store.Claim(ctx, now, until, l)
}

func (s *troubled) Handled(ctx context.Context, owner did.DID, seq int64, d inbox.Disposition, ps ...inbox.Parcel) error {
	if err := s.trouble(); err != nil {
		return err
	}
	return s.Store.Handled(ctx, owner, seq, d, ps...)
}

func (s *troubled) Settle(ctx context.Context, b inbox.Batch, outs []inbox.Outcome, now, next time.Time) error {
	if err := s.trouble(); err != nil {
		return err
	}
	return s.Store.Settle(ctx, b, outs, now, next)
}

// A disk that is full for a while, at any point of a message's way, stops nothing for good: everything
// arrives once and is handled, within seconds after there is room again.
func TestTroubleWithTheStore(t *testing.T) {
	t.Parallel()
	for _, full := range []time.Duration{50 * time.Millisecond, 150 * time.Millisecond, 250 * time.Millisecond, time.Second, time.Minute} {
		t.Run(full.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := mustPair(t)
				p.net.Latency(40 * time.Millisecond)
				until := time.Now().Add(full)
				p.alice.Node.Store = &troubled{p.alice.Store, until}
				p.bob.Node.Store = &troubled{p.bob.Store, until.Add(full / 2)}
				start(t, p.alice)
				start(t, p.bob)
				for i := range 3 {
					send(t, p.alice, line(p.bob.DID(), fmt.Sprint(i)))
				}
				time.Sleep(full + full/2 + 10*time.Second)
				same(t, "received", received(t, p.bob, inbox.Kept), []string{"0", "1", "2"})
				same(t, "states", states(t, p.alice), map[string]string{"0": "delivered", "1": "delivered", "2": "delivered"})
			})
		})
	}
}

// A node that is stopped in the middle of a delivery leaves the destination due at once.
func TestStoppedDeliveryIsDueAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		p.net.Latency(10 * time.Second)
		start(t, p.bob)
		stop := p.alice.Start(t.Context())
		send(t, p.alice, line(p.bob.DID(), "1"))
		time.Sleep(5 * time.Second)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		due, ok, err := p.alice.Store.Due(t.Context())
		if err != nil || !ok || due.After(time.Now()) {
			t.Errorf("due %v from now, %v, %v", time.Until(due), ok, err)
		}
		ps, err := p.alice.Store.Sent(t.Context(), inbox.SentQuery{})
		if err != nil || len(ps) != 1 || ps[0].Problem != "" {
			t.Errorf("%+v, %v", ps, err)
		}
	})
}
