package messaging_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/messagingtest"
)

// forge seals any payload with any party's keys, as the peer on the other end of the wire could.
type forge struct {
	from, signer, to *messagingtest.Party
	protect          bool
}

func kid(p *messagingtest.Party, purpose crypto.Purpose) string {
	m := p.Identity.Document.KeyAgreement()[0]
	if purpose == crypto.Authentication {
		m = p.Identity.Document.Authentication()[0]
	}
	return m.ID.String()
}

func (f forge) seal(t *testing.T, payload string) []byte {
	t.Helper()
	o := envelope.Options{ProtectSender: f.protect}
	keys := crypto.NewKeyring()
	for _, p := range []*messagingtest.Party{f.from, f.signer} {
		if p != nil {
			keys = p.Keys
		}
	}
	if f.from != nil {
		o.From = kid(f.from, crypto.KeyAgreement)
	}
	if f.signer != nil {
		o.Signer = kid(f.signer, crypto.Authentication)
	}
	if f.to != nil {
		for _, m := range f.to.Identity.Document.KeyAgreement() {
			o.To = append(o.To, envelope.Recipient{KID: m.ID.String(), Key: m.Key})
		}
	}
	sealed, err := envelope.Seal(t.Context(), keys, []byte(payload), o)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// plain is a plaintext with the headers given as JSON members.
func plain(id string, members string) string {
	return fmt.Sprintf(`{"id":%q,"typ":"application/didcomm-plain+json","type":%q,"body":{}%s}`, id, lineType, members)
}

func fromTo(from, to *messagingtest.Party) string {
	return fmt.Sprintf(`,"from":%q,"to":[%q]`, from.Identity.DID, to.DID())
}

func accept(t *testing.T, p *messagingtest.Party, from did.DID, sealed ...[]byte) []messaging.Verdict {
	t.Helper()
	return p.Node.Accept(t.Context(), from, sealed)
}

func refused(code string) messaging.Verdict {
	return messaging.Verdict{Kind: messaging.Refused, Code: code}
}

func accepted() messaging.Verdict { return messaging.Verdict{Kind: messaging.Accepted} }

// Every mismatch between what the envelope proves and what the plaintext says, and every envelope that is
// not for us or not good: a verdict with a code, and nothing kept of what is refused.
func TestAcceptJudgesEnvelopes(t *testing.T) {
	t.Parallel()
	p := mustPair(t)
	alice, bob := p.alice, p.bob
	mallory, err := p.net.NewParty("mallory")
	if err != nil {
		t.Fatal(err)
	}
	past := fmt.Sprintf(`,"expires_time":%d`, time.Now().Add(-time.Second).Unix())
	future := fmt.Sprintf(`,"expires_time":%d`, time.Now().Add(time.Hour).Unix())
	good := fromTo(alice, bob)
	byAlice := forge{from: alice, to: bob}
	tests := []struct {
		name   string
		sealed []byte
		want   messaging.Verdict
	}{
		{"authcrypt", byAlice.seal(t, plain("a1", good)), accepted()},
		{"authcrypt with the short form in from", byAlice.seal(t, plain("a2", fmt.Sprintf(`,"from":%q,"to":[%q]`, alice.DID(), bob.Identity.DID))), accepted()},
		{"authcrypt without to", byAlice.seal(t, plain("a3", fmt.Sprintf(`,"from":%q`, alice.DID()))), accepted()},
		{"not yet expired", byAlice.seal(t, plain("a4", good+future)), accepted()},
		{"anoncrypt(sign)", forge{signer: alice, to: bob}.seal(t, plain("a5", good)), accepted()},
		{"authcrypt(sign)", forge{from: alice, signer: alice, to: bob}.seal(t, plain("a6", good)), accepted()},
		{"anoncrypt(authcrypt)", forge{from: alice, to: bob, protect: true}.seal(t, plain("a7", good)), accepted()},
		{"to somebody else, not signed", byAlice.seal(t, plain("a8", fromTo(alice, mallory))), accepted()},

		{"from another than the sender key", forge{from: mallory, to: bob}.seal(t, plain("r1", good)), refused(messaging.CodeCrypto)},
		{"from another than the signer", forge{signer: mallory, to: bob}.seal(t, plain("r2", good)), refused(messaging.CodeCrypto)},
		{"authcrypt without from", byAlice.seal(t, plain("r3", fmt.Sprintf(`,"to":[%q]`, bob.DID()))), refused(messaging.CodeStranger)},
		{"anoncrypt that claims a sender", forge{to: bob}.seal(t, plain("r4", good)), refused(messaging.CodeStranger)},
		{"a stranger", forge{from: mallory, to: bob}.seal(t, plain("r5", fromTo(mallory, bob))), refused(messaging.CodeStranger)},
		{"signed, to somebody else", forge{signer: alice, to: bob}.seal(t, plain("r6", fromTo(alice, mallory))), refused(messaging.CodeRecipient)},
		{"signed, without to", forge{signer: alice, to: bob}.seal(t, plain("r7", fmt.Sprintf(`,"from":%q`, alice.DID()))), refused(messaging.CodeRecipient)},
		{"encrypted to somebody else", forge{from: alice, to: mallory}.seal(t, plain("r8", good)), refused(messaging.CodeRecipient)},
		{"expired", byAlice.seal(t, plain("r9", good+past)), refused(messaging.CodeExpired)},
		{"signed only, not encrypted", forge{signer: alice}.seal(t, plain("r10", good)), refused(messaging.CodeCrypto)},
		{"a plaintext", []byte(plain("r11", good)), refused(messaging.CodeMessage)},
		{"no message inside", byAlice.seal(t, `{"hello":"world"}`), refused(messaging.CodeMessage)},
		{"garbage", []byte("\x00\xff garbage"), refused(messaging.CodeMessage)},
		{"nothing", nil, refused(messaging.CodeMessage)},
		{"too large", bytes.Repeat([]byte(" "), envelope.MaxSize+1), refused(messaging.CodeSize)},
		{"altered", flip(byAlice.seal(t, plain("r12", good))), refused(messaging.CodeCrypto)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			same(t, "verdict", accept(t, bob, did.DID{}, test.sealed)[0], test.want)
		})
	}
	same(t, "counted", bob.Node.Refused(), map[string]int64{
		messaging.CodeCrypto: 4, messaging.CodeStranger: 3, messaging.CodeRecipient: 3, messaging.CodeExpired: 1,
		messaging.CodeMessage: 4, messaging.CodeSize: 1,
	})
	same(t, "kept", received(t, bob, inbox.Pending), []string{"a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"})
	es, err := bob.Store.List(t.Context(), inbox.Query{BySeq: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		if e.From != alice.DID() || e.Owner != bob.DID() || e.Misaddressed != (e.MessageID == "a8") {
			t.Errorf("entry %s: from %s, owner %s, misaddressed %v", e.MessageID, e.From.Short(), e.Owner.Short(), e.Misaddressed)
		}
	}
}

// flip alters a byte of the ciphertext.
func flip(sealed []byte) []byte {
	i := bytes.Index(sealed, []byte(`"ciphertext":"`)) + len(`"ciphertext":"`)
	if sealed[i] == 'A' {
		sealed[i] = 'B'
	} else {
		sealed[i] = 'A'
	}
	return sealed
}

// A replay is answered as delivered and kept once; the same id with another payload is refused, and does
// not stop what comes with it.
func TestAcceptReplayAndConflict(t *testing.T) {
	t.Parallel()
	p := mustPair(t)
	f := forge{from: p.alice, to: p.bob}
	one := f.seal(t, plain("1", fromTo(p.alice, p.bob)))
	again := f.seal(t, plain("1", fromTo(p.alice, p.bob)))
	other := f.seal(t, plain("1", fromTo(p.alice, p.bob)+`,"lang":"en"`))
	two := f.seal(t, plain("2", fromTo(p.alice, p.bob)))
	same(t, "verdicts", accept(t, p.bob, p.alice.DID(), one, one, other, two, again), []messaging.Verdict{
		accepted(), {Kind: messaging.Duplicate}, refused(messaging.CodeConflict), accepted(), {Kind: messaging.Duplicate},
	})
	same(t, "kept", received(t, p.bob, inbox.Kept), []string{"1", "2"})
}

// Only a path that has proved the very sender of an envelope can answer for it.
func TestAcceptKnowsWhoWasAnswered(t *testing.T) {
	t.Parallel()
	p := mustPair(t)
	f := forge{from: p.alice, to: p.bob}
	accept(t, p.bob, p.alice.Identity.DID, f.seal(t, plain("hello", fromTo(p.alice, p.bob))))
	accept(t, p.bob, did.DID{}, f.seal(t, plain("simplex", fromTo(p.alice, p.bob))))
	accept(t, p.bob, p.bob.DID(), f.seal(t, plain("by another", fromTo(p.alice, p.bob))))
	es, err := p.bob.Store.List(t.Context(), inbox.Query{BySeq: true})
	if err != nil || len(es) != 3 {
		t.Fatalf("%d entries, %v", len(es), err)
	}
	for _, e := range es {
		if e.Answered != (e.MessageID == "hello") {
			t.Errorf("%s: answered = %v", e.MessageID, e.Answered)
		}
	}
}

// A contact that is blocked does not get in. What one sends whose keys are not the pinned ones is written down, and
// shown to nobody.
func TestAcceptBlockedAndChangedKeys(t *testing.T) {
	t.Parallel()
	p := mustPair(t)
	change := func(f func(*inbox.Contact) error) {
		t.Helper()
		if err := p.bob.Store.UpdateContact(t.Context(), p.alice.DID(), f); err != nil {
			t.Fatal(err)
		}
	}
	sealed := forge{from: p.alice, to: p.bob}.seal(t, plain("1", fromTo(p.alice, p.bob)))
	change(func(c *inbox.Contact) error { c.Blocked = true; return nil })
	same(t, "blocked", accept(t, p.bob, did.DID{}, sealed)[0], refused(messaging.CodeStranger))
	if _, err := p.bob.Node.Admit(t.Context(), p.alice.DID(), nil); err == nil {
		t.Error("a blocked contact was admitted")
	}
	var pins [][32]byte
	change(func(c *inbox.Contact) error {
		c.Blocked, pins = false, c.Pins
		c.Pins, c.Keys = [][32]byte{{1}, {2}}, nil
		return nil
	})
	same(t, "changed keys", accept(t, p.bob, did.DID{}, sealed)[0], messaging.Verdict{Kind: messaging.Held})
	same(t, "withheld", received(t, p.bob, inbox.Withheld), []string{"1"})
	change(func(c *inbox.Contact) error { c.Pins = pins; return nil })
	again := forge{from: p.alice, to: p.bob}.seal(t, plain("2", fromTo(p.alice, p.bob)))
	same(t, "as before", accept(t, p.bob, did.DID{}, again)[0], accepted())
	same(t, "kept", received(t, p.bob, inbox.Pending), []string{"2"})
}

// fullStore cannot commit anything that arrives.
type fullStore struct{ messaging.Store }

func (fullStore) Put(context.Context, ...inbox.Arrival) ([]inbox.PutResult, error) {
	return nil, errors.New("the disk is full")
}

// What cannot be committed is not acknowledged: the sender is told to come again, for everything from
// there on, so that nothing overtakes it.
func TestAcceptWithoutCommit(t *testing.T) {
	t.Parallel()
	p := mustPair(t)
	f := forge{from: p.alice, to: p.bob}
	one, two := f.seal(t, plain("1", fromTo(p.alice, p.bob))), f.seal(t, plain("2", fromTo(p.alice, p.bob)))
	p.bob.Node.Store = fullStore{p.bob.Store}
	busy := messaging.Verdict{Kind: messaging.Busy, Code: messaging.CodeBusy}
	same(t, "disk full", accept(t, p.bob, p.alice.DID(), one, []byte("garbage"), two),
		[]messaging.Verdict{busy, refused(messaging.CodeMessage), busy})
	if err := p.bob.Store.Close(); err != nil {
		t.Fatal(err)
	}
	same(t, "store closed", accept(t, p.bob, p.alice.DID(), one, two), []messaging.Verdict{busy, busy})
}

// What a sender shows when the recipient refuses: expired for what came too late, failed for the rest.
func TestRefusalsReachTheSender(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		start(t, p.alice)
		start(t, p.bob)
		time.Sleep(time.Minute) // they have greeted each other
		p.net.Latency(3 * time.Second)
		late := line(p.bob.DID(), "late")
		late.Expires = time.Now().Add(2 * time.Second)
		send(t, p.alice, late)
		time.Sleep(time.Minute)
		if err := p.bob.Store.RemoveContact(t.Context(), p.alice.DID()); err != nil {
			t.Fatal(err)
		}
		send(t, p.alice, line(p.bob.DID(), "unwanted"))
		time.Sleep(time.Minute)
		same(t, "states", states(t, p.alice), map[string]string{"late": "expired", "unwanted": "failed"})
		ps, err := p.alice.Store.Sent(t.Context(), inbox.SentQuery{MessageID: "unwanted"})
		if err != nil || len(ps) != 1 || !strings.Contains(ps[0].Problem, "not among their contacts") {
			t.Errorf("%v, %v", ps, err)
		}
	})
}

// A message whose time runs out while the recipient is away expires; those behind it are delivered.
func TestExpiryWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		start(t, p.alice)
		short := line(p.bob.DID(), "short")
		short.Expires = time.Now().Add(time.Minute)
		send(t, p.alice, short)
		send(t, p.alice, line(p.bob.DID(), "long"))
		time.Sleep(10 * time.Minute)
		start(t, p.bob)
		time.Sleep(time.Minute)
		same(t, "states", states(t, p.alice), map[string]string{"short": "expired", "long": "delivered"})
		same(t, "received", received(t, p.bob, inbox.Kept), []string{"long"})
	})
}
