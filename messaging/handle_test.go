package messaging_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/messagingtest"
)

// deposit has the party accept messages with these ids, on a path that proved from if it is not zero.
func deposit(t *testing.T, from, to *messagingtest.Party, path did.DID, members string, ids ...string) {
	t.Helper()
	for _, id := range ids {
		sealed := forge{from: from, to: to}.seal(t, plain(id, fromTo(from, to)+members))
		same(t, "verdict on "+id, accept(t, to, path, sealed)[0], accepted())
	}
}

// journal records what a handler saw.
type journal struct {
	mu   sync.Mutex
	seen []string
}

func (j *journal) note(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seen = append(j.seen, fmt.Sprintf(format, args...))
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Join(j.seen, " ")
}

// A handler that keeps failing, by error or by panic, is called HandlerTries times; then its message is
// put aside, what it wanted to reply is dropped, and those behind it are handled.
func TestHandlerGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		var j journal
		p.bob.Node.HandlerTries = 3
		p.bob.Mux.Handle(lineType, messaging.HandlerFunc(func(_ context.Context, re messaging.Replier, m *messaging.Received) error {
			j.note("%s", m.ID)
			if m.ID == "panics" {
				panic("no")
			}
			if err := re.Reply(&messaging.Message{ID: "re-" + m.ID, Type: lineType}); err != nil {
				return err
			}
			if m.ID == "fails" {
				return errors.New("no")
			}
			return nil
		}))
		deposit(t, p.alice, p.bob, did.DID{}, "", "fails", "panics", "works")
		start(t, p.bob)
		time.Sleep(time.Hour)
		same(t, "calls", j.String(), "fails fails fails panics panics panics works")
		same(t, "rejected", received(t, p.bob, inbox.Rejected), []string{"fails", "panics"})
		same(t, "consumed", received(t, p.bob, inbox.Consumed), []string{"works"})
		same(t, "replies", states(t, p.bob), map[string]string{"re-works": "queued"})
	})
}

// A failing or slow message holds up its own sender only.
func TestHandlerPerSender(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		carol, err := p.net.NewParty("carol")
		if err != nil {
			t.Fatal(err)
		}
		if err := messagingtest.Befriend(t.Context(), carol, p.bob); err != nil {
			t.Fatal(err)
		}
		var j journal
		failed := false
		p.bob.Mux.Handle(lineType, messaging.HandlerFunc(func(_ context.Context, _ messaging.Replier, m *messaging.Received) error {
			if m.ID == "a1" && !failed {
				failed = true
				return errors.New("not now")
			}
			if m.ID == "a1" {
				time.Sleep(10 * time.Second)
			}
			j.note("%s", m.ID)
			return nil
		}))
		deposit(t, p.alice, p.bob, did.DID{}, "", "a1", "a2")
		deposit(t, carol, p.bob, did.DID{}, "", "c1", "c2")
		start(t, p.bob)
		time.Sleep(time.Second)
		same(t, "while alice's first waits", j.String(), "c1 c2")
		time.Sleep(time.Minute)
		same(t, "at last", j.String(), "c1 c2 a1 a2")
	})
}

// What arrived before the node ran, and what no handler knows, is kept for the user.
func TestUnknownTypesAreKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		deposit(t, p.alice, p.bob, did.DID{}, "", "1")
		start(t, p.bob)
		synctest.Wait()
		same(t, "kept", received(t, p.bob, inbox.Kept), []string{"1"})
	})
}

// please_ack is answered by an encrypted ack where the path could not answer, once, and never for an ack.
func TestPleaseAck(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, members string
		answered      bool
		want          []string // what bob acknowledges
	}{
		{"asked on a path that cannot answer", `,"please_ack":[""]`, false, []string{"m"}},
		{"asked by its id", `,"please_ack":["m"]`, false, []string{"m"}},
		{"asked on a path that has answered", `,"please_ack":[""]`, true, nil},
		{"asked for another", `,"please_ack":["other"]`, false, nil},
		{"not asked", ``, false, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := mustPair(t)
				path := did.DID{}
				if test.answered {
					path = p.alice.DID()
				}
				deposit(t, p.alice, p.bob, path, test.members, "m")
				start(t, p.bob)
				synctest.Wait()
				same(t, "acknowledged", acknowledged(t, p.bob), test.want)
			})
		})
	}
}

// acknowledged returns the ids that the acks in a party's outbox name.
func acknowledged(t *testing.T, p *messagingtest.Party) (ids []string) {
	t.Helper()
	ps, err := p.Store.Sent(t.Context(), inbox.SentQuery{BySeq: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range ps {
		m, err := messaging.ParseMessage(x.Payload)
		if err != nil || m.Type != messaging.EmptyType {
			t.Fatal(m, err)
		}
		ids = append(ids, m.Ack...)
	}
	return ids
}

// Ids that are long, alike, cut within a character, or the same from two senders: each is acknowledged, and
// none stops another.
func TestAcksOfOddIDs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		carol := third(t, p, "carol")
		long := strings.Repeat("x", 252)
		rune := strings.Repeat("x", 251) + "é" + "yz"
		deposit(t, p.alice, p.bob, did.DID{}, `,"please_ack":[""]`, "1", long+"1", long+"2", rune)
		deposit(t, carol, p.bob, did.DID{}, `,"please_ack":[""]`, "1")
		start(t, p.bob)
		time.Sleep(time.Second)
		same(t, "kept", received(t, p.bob, inbox.Kept), []string{"1", long + "1", long + "2", rune, "1"})
		same(t, "acknowledged", len(acknowledged(t, p.bob)), 5)
	})
}

// third is one more party, known to bob.
func third(t *testing.T, p *pair, name string) *messagingtest.Party {
	t.Helper()
	x, err := p.net.NewParty(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := messagingtest.Befriend(t.Context(), x, p.bob); err != nil {
		t.Fatal(err)
	}
	return x
}

func TestAcksAreNotAcknowledged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		payload := strings.Replace(plain("m", fromTo(p.alice, p.bob)+`,"please_ack":[""]`), lineType, messaging.EmptyType, 1)
		accept(t, p.bob, did.DID{}, forge{from: p.alice, to: p.bob}.seal(t, payload))
		start(t, p.bob)
		synctest.Wait()
		same(t, "sent", states(t, p.bob), map[string]string{})
	})
}

// On a path that cannot answer, a message gets as far as sent, and an ack of the recipient alone takes it
// further: one by somebody else, or for another message, changes nothing.
func TestAckOnSimplexPath(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		carol, err := p.net.NewParty("carol")
		if err != nil {
			t.Fatal(err)
		}
		if err := messagingtest.Befriend(t.Context(), carol, p.alice); err != nil {
			t.Fatal(err)
		}
		p.net.Simplex("bob")
		p.net.Simplex("alice")
		start(t, p.alice)
		stopBob := p.bob.Start(t.Context())
		synctest.Wait() // both are there
		m := line(p.bob.DID(), "m")
		send(t, p.alice, m)
		time.Sleep(time.Second)
		same(t, "written", states(t, p.alice), map[string]string{"m": "sent"})
		deposit(t, carol, p.alice, did.DID{}, `,"ack":["m"]`, "forged")
		deposit(t, p.bob, p.alice, did.DID{}, `,"ack":["n","M",""]`, "of others")
		time.Sleep(time.Second)
		same(t, "after a forged ack", states(t, p.alice), map[string]string{"m": "sent"})
		deposit(t, p.bob, p.alice, did.DID{}, `,"ack":["m"]`, "true", "doubled")
		time.Sleep(time.Second)
		same(t, "after the ack", states(t, p.alice), map[string]string{"m": "delivered"})
		if err := stopBob(); err != nil {
			t.Fatal(err)
		}
	})
}

// Without any ack a message is written again a few times, kept once by the recipient, and left as sent.
func TestResendingEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		p.net.Simplex("bob")
		start(t, p.alice)
		start(t, p.bob)
		synctest.Wait()
		send(t, p.alice, line(p.bob.DID(), "m"))
		time.Sleep(48 * time.Hour)
		ps, err := p.alice.Store.Sent(t.Context(), inbox.SentQuery{})
		if err != nil || len(ps) != 1 {
			t.Fatal(ps, err)
		}
		if ps[0].State != inbox.Sent || ps[0].Attempts != 8 {
			t.Errorf("state %s after %d attempts", ps[0].State, ps[0].Attempts)
		}
		same(t, "received", received(t, p.bob, inbox.Kept), []string{"m"})
		if due, ok, err := p.alice.Store.Due(t.Context()); err != nil || ok {
			t.Errorf("still due at %v, %v", due, err)
		}
	})
}
