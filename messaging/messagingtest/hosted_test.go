package messagingtest_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/messagingtest"
)

var carol = did.MustParse("did:example:carol")

func hosted(t *testing.T, n *messagingtest.Network, name, prefix string) *messagingtest.Party {
	t.Helper()
	p, err := n.NewHosted(carol, name, prefix)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A hosted document is what was published last, for every party, and is there as long as its host is.
func TestPublish(t *testing.T) {
	t.Parallel()
	var n messagingtest.Network
	bob := party(t, &n, "bob")
	first, second := hosted(t, &n, "carol", "one"), hosted(t, &n, "other", "two")
	if _, err := bob.Resolver.Resolve(t.Context(), carol); !errors.Is(err, did.ErrNotFound) {
		t.Errorf("before it is published: %v", err)
	}
	for _, p := range []*messagingtest.Party{first, second} {
		n.Publish(p.Identity.Document)
		if doc, err := bob.Resolver.Resolve(t.Context(), carol); err != nil || doc != p.Identity.Document {
			t.Errorf("of %s: %v, %v", p.Name, doc, err)
		}
	}
	asked := n.Asked()
	n.HostsDown(true)
	if _, err := bob.Resolver.Resolve(t.Context(), carol); err == nil || errors.Is(err, did.ErrNotFound) {
		t.Errorf("while it is down: %v", err)
	}
	n.HostsDown(false)
	if _, err := bob.Resolver.Resolve(t.Context(), carol); err != nil || n.Asked() != asked+2 {
		t.Errorf("up again: %v after %d questions", err, n.Asked()-asked)
	}
}

// A hosted party has its keys under the ids in its document; with fresh keys it has both.
func TestHostedKeys(t *testing.T) {
	t.Parallel()
	var n messagingtest.Network
	p := hosted(t, &n, "carol", "one")
	before := p.Identity.Document
	if err := p.Rekey("two"); err != nil {
		t.Fatal(err)
	}
	if p.DID() != carol || p.Identity.Document.ID() != carol || p.Identity.Document == before {
		t.Errorf("%s is %v", p.Name, p.Identity)
	}
	for _, doc := range []*did.Document{before, p.Identity.Document} {
		for _, m := range doc.Methods() {
			if got, err := p.Keys.Public(t.Context(), m.ID.String()); err != nil || !got.Equal(m.Key) {
				t.Errorf("%s: %v, %v", m.ID, got, err)
			}
		}
		if e := doc.DIDComm(); len(e) != 1 || e[0].URI != "mem:carol" {
			t.Errorf("endpoints %v", e)
		}
	}
	if _, err := n.NewHosted(carol, "\xff", "key"); err == nil {
		t.Error("a name that fits into no document was taken")
	}
}

func TestHostedDocument(t *testing.T) {
	t.Parallel()
	keys := map[string]crypto.PublicKey{}
	for name, c := range map[string]crypto.Curve{"sign": crypto.Ed25519, "agree": crypto.X25519, "both": crypto.P256} {
		key, err := crypto.GenerateKey(c)
		if err != nil {
			t.Fatal(err)
		}
		keys[name] = key.Public()
	}
	doc, err := messagingtest.HostedDocument(carol, []string{"mem:a", "mem:b"}, keys)
	if err != nil {
		t.Fatal(err)
	}
	if len(doc.Authentication()) != 2 || len(doc.KeyAgreement()) != 2 || len(doc.Pins()) != 3 || len(doc.DIDComm()) != 2 {
		t.Errorf("%s", doc.JSON())
	}
}

// A greeting is a proof: whoever greets, or is greeted, by keys that are not those of the document that the other
// finds is refused, and one by keys that are not trusted gets nothing.
func TestGreetingProvesKeys(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		published, befriended string // whose document is there, and whose keys are known
		want                  inbox.State
	}{
		"her own":                     {"carol", "carol", inbox.Delivered},
		"another's are there":         {"other", "other", inbox.Queued},
		"others are known than there": {"carol", "other", inbox.Queued},
	} {
		synctest.Test(t, func(t *testing.T) {
			var n messagingtest.Network
			bob := party(t, &n, "bob")
			parties := map[string]*messagingtest.Party{"carol": hosted(t, &n, "carol", "key"), "other": hosted(t, &n, "other", "key")}
			there, err := messagingtest.HostedDocument(carol, []string{"mem:carol"}, keysOf(parties[tc.published]))
			if err != nil {
				t.Fatal(err)
			}
			n.Publish(there)
			if err := messagingtest.Befriend(t.Context(), bob, parties[tc.befriended]); err != nil {
				t.Fatal(err)
			}
			if tc.befriended != "carol" {
				err = parties["carol"].Store.AddContact(t.Context(), inbox.Contact{DID: bob.DID(), Name: "bob"})
			}
			if err != nil {
				t.Fatal(err)
			}
			stop, stopBob := parties["carol"].Start(t.Context()), bob.Start(t.Context())
			m := &messaging.Message{ID: "1", Type: "https://example.org/chat/1.0/line", To: []did.DID{carol}}
			if err := bob.Node.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			sent, err := bob.Store.Sent(t.Context(), inbox.SentQuery{})
			if err != nil || len(sent) != 1 || sent[0].State != tc.want {
				t.Errorf("%s: %+v, %v", name, sent, err)
			}
			if err := errors.Join(stop(), stopBob()); err != nil {
				t.Error(err)
			}
		})
	}
}

func keysOf(p *messagingtest.Party) map[string]crypto.PublicKey {
	keys := map[string]crypto.PublicKey{}
	for _, m := range p.Identity.Document.Methods() {
		keys[m.ID.Fragment] = m.Key
	}
	return keys
}
