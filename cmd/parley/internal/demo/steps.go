package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
	"github.com/parley-im/parley/messaging/p2p"
)

// patience is how long a step waits for what should take milliseconds.
const patience = 15 * time.Second

// three are the messages that wait for Bob.
var three = []string{"One if by land,", "two if by sea,", "three if by libp2p."}

func (s *story) wallets(ctx context.Context) error {
	for _, a := range []*actor{s.alice, s.bob} {
		if err := a.create(ctx); err != nil {
			return err
		}
		for _, file := range []string{"keys", "wallet.db"} {
			if _, err := os.Stat(filepath.Join(a.home, file)); err != nil {
				return err
			}
		}
		if err := a.arrive(ctx); err != nil {
			return err
		}
		s.say("%-5s is %s", a.name, a.did.Short())
	}
	return expect(!s.alice.did.Same(s.bob.did) && s.alice.self.PeerID != s.bob.self.PeerID, "the two wallets are alike")
}

func (s *story) invitation(ctx context.Context) error {
	inv, err := s.alice.wallet.Invite(ctx, control.InviteRequest{})
	if err != nil {
		return err
	}
	c, err := s.bob.wallet.Add(ctx, control.AddRequest{Link: inv.Link, Name: "alice", Timeout: patience})
	if err != nil {
		return err
	}
	if err := expect(!c.Pending, "alice has not answered the introduction"); err != nil {
		return err
	}
	for _, pair := range [][2]*actor{{s.alice, s.bob}, {s.bob, s.alice}} {
		cs, err := pair[0].wallet.Contacts(ctx)
		if err != nil {
			return err
		}
		known := len(cs) == 1 && cs[0].Name == pair[1].name && cs[0].DID == pair[1].self.DID
		if err := expect(known, "%s does not have %s as its contact", pair[0].name, pair[1].name); err != nil {
			return err
		}
	}
	s.say("the link has %d characters and works once", len(inv.Link))
	return nil
}

func (s *story) resolve(ctx context.Context) error {
	for _, pair := range [][2]*actor{{s.alice, s.bob}, {s.bob, s.alice}} {
		other := pair[1]
		doc, err := pair[0].wallet.Document(ctx, other.did.Canonical())
		if err != nil {
			return err
		}
		endpoint := func(e did.Endpoint) bool { return e.URI == p2p.ServiceURI(other.self.PeerID) }
		if err := expect(doc.ID() == other.did.Canonical() && slices.ContainsFunc(doc.DIDComm(), endpoint) &&
			len(doc.Authentication()) > 0 && len(doc.KeyAgreement()) > 0,
			"the document that %s found is not %s's", pair[0].name, other.name); err != nil {
			return err
		}
		if err := s.pinned(ctx, pair[0], doc); err != nil {
			return err
		}
		s.say("%-5s signs with %s, agrees on keys by %s, and is libp2p peer …%s", other.name,
			doc.Authentication()[0].Key.Curve(), doc.KeyAgreement()[0].Key.Curve(), other.self.PeerID[len(other.self.PeerID)-6:])
	}
	return nil
}

// pinned checks that the contact's pinned keys are those of the document.
func (s *story) pinned(ctx context.Context, a *actor, doc *did.Document) error {
	cs, err := a.wallet.Contacts(ctx)
	if err != nil {
		return err
	}
	var want []string
	for _, p := range doc.Pins() {
		want = append(want, fmt.Sprintf("%x", p))
	}
	return expect(len(want) > 0 && len(cs) == 1 && slices.Equal(cs[0].Keys, want), "%s has pinned other keys", a.name)
}

func (s *story) verify(ctx context.Context) error {
	for _, pair := range [][2]*actor{{s.alice, s.bob}, {s.bob, s.alice}} {
		pong, err := pair[0].wallet.Ping(ctx, control.PingRequest{To: pair[1].name, Timeout: patience})
		if err != nil {
			return err
		}
		if err := expect(pong.DID == pair[1].self.DID, "another DID answered"); err != nil {
			return err
		}
		s.say("%s pings %s: answered in %.1f ms", pair[0].name, pair[1].name, pong.MS)
	}
	return nil
}

func (s *story) compare(ctx context.Context) error {
	ours, err := s.alice.wallet.Verify(ctx, control.VerifyRequest{Name: "bob"})
	if err != nil {
		return err
	}
	theirs, err := s.bob.wallet.Verify(ctx, control.VerifyRequest{Name: "alice", Scanned: ours.Code, Confirm: true})
	if err != nil {
		return err
	}
	if err := expect(len(ours.Number) == 12 && slices.Equal(ours.Number, theirs.Number), "the numbers differ"); err != nil {
		return err
	}
	s.say("%s", strings.Join(ours.Number, " "))
	return nil
}

func (s *story) message(ctx context.Context) error {
	const text = "Hello Bob, I know you by your DID only."
	sent, err := s.send(ctx, s.alice, "bob", text, "delivered", patience)
	if err != nil {
		return err
	}
	s.thread = sent.ID
	return s.receive(ctx, s.bob, "alice", text)
}

func (s *story) reply(ctx context.Context) error {
	const text = "Hello Alice, that is all it takes."
	if _, err := s.send(ctx, s.bob, "alice", text, "delivered", patience); err != nil {
		return err
	}
	defer func() { s.thread = "" }()
	return s.receive(ctx, s.alice, "bob", text)
}

// receive expects exactly the texts, in order and in the story's thread if it has one, and acks them.
func (s *story) receive(ctx context.Context, a *actor, from string, texts ...string) error {
	var got []string
	after := int64(0)
	for len(got) < len(texts) {
		ms, err := a.wallet.Receive(ctx, control.ReceiveRequest{After: after, Wait: patience})
		if err != nil {
			return err
		}
		if len(ms) == 0 {
			return fmt.Errorf("%s has received %d of %d messages", a.name, len(got), len(texts))
		}
		for _, m := range ms {
			if err := expect(m.FromName == from && (s.thread == "" || m.Thread == s.thread), "a message from %s in a strange thread", m.FromName); err != nil {
				return err
			}
			got, after = append(got, m.Content), m.Seq
			if err := a.wallet.Mark(ctx, control.MarkRequest{Seqs: []int64{m.Seq}, Acked: true}); err != nil {
				return err
			}
		}
	}
	return expect(slices.Equal(got, texts), "%s has received %q", a.name, got)
}

func (s *story) offline(ctx context.Context) error {
	if err := s.bob.leave(); err != nil {
		return err
	}
	w, err := wallet.Open(ctx, s.bob.home, wallet.Options{})
	if err != nil {
		return fmt.Errorf("bob's wallet is not closed: %w", err)
	}
	return w.Close()
}

func (s *story) queue(ctx context.Context) error {
	for _, text := range three {
		if _, err := s.send(ctx, s.alice, "bob", text, "queued", 100*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func (s *story) reopen(ctx context.Context) error {
	if err := s.alice.leave(); err != nil {
		return err
	}
	if err := s.alice.arrive(ctx); err != nil {
		return err
	}
	waiting, err := s.alice.wallet.Sent(ctx, control.SentRequest{To: "bob", Waiting: true})
	if err != nil {
		return err
	}
	s.say("%d messages are still in her outbox", len(waiting))
	return expect(len(waiting) == len(three), "%d messages wait instead of %d", len(waiting), len(three))
}

func (s *story) comeBack(ctx context.Context) error { return s.bob.arrive(ctx) }

func (s *story) arrived(ctx context.Context) error {
	if err := s.receive(ctx, s.bob, "alice", three...); err != nil {
		return err
	}
	if err := s.delivered(ctx); err != nil {
		return err
	}
	for _, text := range three {
		s.say("bob has  “%s”", text)
	}
	all, err := s.bob.wallet.Receive(ctx, control.ReceiveRequest{All: true})
	if err != nil {
		return err
	}
	return expect(len(all) == len(three)+1, "bob holds %d messages instead of %d", len(all), len(three)+1)
}

// delivered waits until Alice knows that nothing of hers is on its way any more.
func (s *story) delivered(ctx context.Context) error {
	at, err := s.alice.wallet.Changes(ctx, control.ChangesRequest{})
	for err == nil {
		var waiting []control.Sent
		if waiting, err = s.alice.wallet.Sent(ctx, control.SentRequest{Waiting: true}); err != nil || len(waiting) == 0 {
			return err
		}
		before := at.Rev
		at, err = s.alice.wallet.Changes(ctx, control.ChangesRequest{After: before, Wait: patience})
		if err == nil && at.Rev == before {
			return fmt.Errorf("alice still waits for the delivery of %d messages: %s", len(waiting), waiting[0].Problem)
		}
	}
	return err
}
