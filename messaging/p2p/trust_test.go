package p2p

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
)

var hosted = did.MustParse("did:example:carol")

// hostedPerson makes a document of the hosted DID, for fresh keys at a PeerID, and whoever holds them.
func hostedPerson(t *testing.T, at peer.ID) person {
	t.Helper()
	sign, err1 := crypto.GenerateKey(crypto.Ed25519)
	agree, err2 := crypto.GenerateKey(crypto.X25519)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	method := func(name string, key crypto.PrivateKey) string {
		return fmt.Sprintf(`{"id":"%s#%s","type":"Multikey","controller":"%[1]s","publicKeyMultibase":%[3]q}`, hosted, name, key.Public().Multikey())
	}
	doc, err := did.ParseDocument(fmt.Appendf(nil, `{"id":%q,"verificationMethod":[%s,%s],"authentication":["#sign"],"keyAgreement":["#agree"],
		"service":[{"id":"#s","type":"DIDCommMessaging","serviceEndpoint":{"uri":%q,"accept":["didcomm/v2"]}}]}`,
		hosted.String(), method("sign", sign), method("agree", agree), ServiceURI(at.String())))
	if err != nil {
		t.Fatal(err)
	}
	p := person{crypto.NewKeyring(), messaging.Identity{DID: hosted, Document: doc}}
	p.keys.Add(hosted.String()+"#sign", sign)
	p.keys.Add(hosted.String()+"#agree", agree)
	return p
}

// registry resolves the hosted DID, and everything else as inner does. It remembers, as a did.Cache does.
type registry struct {
	inner did.Resolver

	mu     sync.Mutex
	now    *did.Document // guarded by mu
	cached *did.Document // guarded by mu; nil: what is there now is resolved each time
	err    error         // of Refresh
}

func (r *registry) swap(doc *did.Document) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = doc
}

func (r *registry) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	if id != hosted {
		return r.inner.Resolve(ctx, id)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cached != nil {
		return r.cached, nil
	}
	return r.now, nil
}

// refreshing is a registry that can ask anew.
type refreshing struct{ *registry }

func (r refreshing) Refresh(ctx context.Context, id did.DID, age time.Duration) (*did.Document, error) {
	r.mu.Lock()
	if r.err == nil && id == hosted && age == time.Minute {
		r.cached = r.now
	}
	r.mu.Unlock()
	if r.err != nil {
		return nil, r.err
	}
	return r.Resolve(ctx, id)
}

// An initiator ends the hello with a responder that proves itself by keys that it does not trust, before it says who
// it is, what it claims and how far its wallet has lived.
func TestHelloByKeysThatAreNotTrusted(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		trusted func(b *wallet) [32]byte
		passes  bool
	}{
		"none are known":    {func(*wallet) [32]byte { return [32]byte{} }, true},
		"the trusted ones":  {func(b *wallet) [32]byte { return inbox.KeySet(b.own.Document.Pins()) }, true},
		"others":            {func(*wallet) [32]byte { return inbox.KeySet(eve(t).own.Document.Pins()) }, false},
		"some of its own":   {func(b *wallet) [32]byte { return inbox.KeySet(b.own.Document.Pins()[:1]) }, false},
		"more than its own": {func(b *wallet) [32]byte { return inbox.KeySet(append(b.own.Document.Pins(), [32]byte{1})) }, false},
	} {
		a, b := alice(t), bob(t)
		m := newMeeting(a, b)
		m.claim, m.i.record = []byte(`{"claim":1}`), recordOf(t, a, "/ip4/192.0.2.1/tcp/1")
		m.i.trusted = tc.trusted(b)
		m.run()
		if (m.iErr == nil) != tc.passes || (m.rErr == nil) != tc.passes || !tc.passes && !errors.Is(m.iErr, messaging.ErrKeysChanged) {
			t.Errorf("%s: %v, %v", name, m.iErr, m.rErr)
		}
		said := m.said.all(true)
		if told := bytes.Contains(said, m.claim) || bytes.Contains(said, m.i.record); told != tc.passes {
			t.Errorf("%s: the initiator said who it is: %v", name, told)
		}
		var failure *messaging.DeliveryError
		if !tc.passes && (!errors.As(failed(messaging.Delivery{}, m.iErr), &failure) || failure.Permanent) {
			t.Errorf("%s: %v is for good", name, failure)
		}
	}
}

// A delivery says by which keys the peer has to prove itself; a stream on which it has proved others is no way.
func TestDeliveryToTrustedKeys(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	send := func(keys [32]byte, text string) error {
		d := p.delivery(text)
		d.Keys = keys
		_, err := p.send(t, d)
		return err
	}
	trusted := inbox.KeySet(p.bob.own.Document.Pins())
	for i, keys := range [][32]byte{trusted, {1}, {}, trusted, {2}} {
		if err := send(keys, fmt.Sprint(i)); errors.Is(err, messaging.ErrKeysChanged) != (keys[1] == 0 && keys[0] != 0) {
			t.Errorf("%d: %v", i, err)
		}
	}
	if diff := cmp.Diff([]string{"0", "2", "3"}, p.br.messages()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A contact whose keys are in doubt may leave more than a stranger does, and learns no more.
func TestDoubtfulContactLearnsNoAddress(t *testing.T) {
	t.Parallel()
	p := newPair(t, func(p *pair) { p.br.as = messaging.Admission{Doubtful: true} })
	results, err := p.send(t, p.delivery("1", "2", "3", "4"))
	if err != nil || len(results) != 4 {
		t.Errorf("%v, %v", results, err)
	}
	p.ar.mu.Lock()
	defer p.ar.mu.Unlock()
	if len(p.ar.met) != 1 || len(p.ar.met[0].Addresses)+len(p.ar.met[0].Record) > 0 {
		t.Errorf("it met %+v", p.ar.met)
	}
}

// A proof that does not hold by the document that is remembered is checked by the one that is there now, and what the
// visitor is told depends on that.
func TestHelloByADocumentThatHasChanged(t *testing.T) {
	t.Parallel()
	a, b := alice(t), bob(t)
	before, now := hostedPerson(t, a.peerID), hostedPerson(t, a.peerID)
	for name, tc := range map[string]struct {
		plain  bool // the resolver cannot ask anew
		by     person
		err    error
		passes bool
		asked  int // how often whether it may come in
	}{
		"the new keys":                       {by: now, passes: true, asked: 2},
		"the old keys, which are remembered": {by: before, passes: true, asked: 1},
		"neither":                            {by: hostedPerson(t, a.peerID), asked: 2},
		"the new keys, and it cannot ask":    {by: now, plain: true, asked: 1},
		"the new keys, and the host is down": {by: now, err: errors.New("no answer"), asked: 1},
	} {
		r := &registry{inner: resolver, now: now.own.Document, cached: before.own.Document, err: tc.err}
		m := newMeeting(a, b)
		m.own, m.i.keys = tc.by.own, tc.by.keys
		m.r.resolver = refreshing{r}
		if tc.plain {
			m.r.resolver = r
		}
		asked := 0
		m.door.admit = func(context.Context, did.DID, []byte) (messaging.Admission, error) {
			asked++
			return messaging.Admission{Life: inbox.Life{Count: uint32(asked)}}, nil
		}
		m.run()
		passes := m.rErr == nil && m.iErr == nil
		if passes != tc.passes || asked != tc.asked {
			t.Errorf("%s: passes %v after %d questions: %v, %v", name, passes, asked, m.rErr, m.iErr)
		}
		if !passes && codeOf(m.rErr) != messaging.CodeTrust {
			t.Errorf("%s: %v", name, m.rErr)
		}
		if passes && m.iPeer.Life.Count != uint32(asked) {
			t.Errorf("%s: told the life of question %d of %d", name, m.iPeer.Life.Count, asked)
		}
	}
}

// A stream that is asked about twice has one seat.
func TestOneSeatOfAPlace(t *testing.T) {
	t.Parallel()
	r := newRoom(1 << 20)
	p := &place{room: r, peer: "p"}
	for _, a := range []messaging.Admission{{}, {Guest: true}, {}} {
		if err := p.take(a, false); err != nil {
			t.Fatal(err)
		}
	}
	if s := r.peers["p"]; s == nil || s.streams != 1 || r.knocking != 0 {
		t.Errorf("%+v, %d strangers", s, r.knocking)
	}
	p.free()
	if len(r.peers) != 0 {
		t.Error("a seat was left behind")
	}
}

// Over real connections: whoever has taken over the host of a contact's document, and greets and writes by the keys in
// it, takes over none of what is known of the contact, and learns nothing; its message is withheld. The contact itself,
// with its document again, is heard.
func TestHostTakenOver(t *testing.T) {
	t.Parallel()
	b, cw, mw := settle(t, bob(t)), settle(t, alice(t)), settle(t, eve(t))
	hosts := &registry{inner: b.transport.Resolver}
	is := func(c *citizen, p person) {
		c.person = p
		c.transport.Keys, c.transport.Identities = p.keys, messaging.FixedIdentities{p.own}
		c.node.Keys, c.node.Identities = p.keys, messaging.FixedIdentities{p.own}
		own := &registry{inner: c.transport.Resolver, now: p.own.Document}
		c.transport.Resolver, c.node.Resolver = own, own
	}
	is(cw, hostedPerson(t, cw.transport.opened().ID()))
	is(mw, hostedPerson(t, mw.transport.opened().ID()))
	b.transport.Resolver, b.node.Resolver = hosts, hosts
	life := inbox.Life{Branch: [8]byte{1}, Count: 1}
	mw.node.Life = func() inbox.Life { return inbox.Life{Branch: [8]byte{9}, Count: 9} }
	b.node.Life = func() inbox.Life { return inbox.Life{Branch: [8]byte{2}, Count: 2} }
	err := b.store.AddContact(t.Context(), inbox.Contact{
		DID: hosted, Name: "carol", Confirmed: true, Keys: cw.own.Document.PinKeys(), Life: life, Addresses: []string{"/ip4/192.0.2.1/tcp/1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*citizen{cw, mw} {
		c.meets(t, b)
	}
	hosts.swap(mw.own.Document)
	b.live(t)
	mw.live(t)
	mw.say(t, b, "by the other")
	mw.becomes(t, "by the other", inbox.Sent)
	c, err := b.store.Contact(t.Context(), hosted)
	if err != nil || c.Offer.KeySet() != inbox.KeySet(mw.own.Document.Pins()) || c.Life != life ||
		!cmp.Equal(c.Addresses, []string{"/ip4/192.0.2.1/tcp/1"}) || len(c.PeerRecord) > 0 {
		t.Errorf("taken over: %+v, %v", c, err)
	}
	if c, err := mw.store.Contact(t.Context(), b.own.DID); err != nil || c.Life != (inbox.Life{}) || len(c.PeerRecord) > 0 {
		t.Errorf("it has learnt %+v, %v", c, err)
	}
	hosts.swap(cw.own.Document)
	cw.live(t)
	cw.say(t, b, "by herself")
	cw.becomes(t, "by herself", inbox.Delivered)
	entries, err := b.store.List(t.Context(), inbox.Query{})
	if err != nil || len(entries) != 1 || entries[0].MessageID != "by herself" {
		t.Errorf("%d entries, %v", len(entries), err)
	}
	if c, err := b.store.Contact(t.Context(), hosted); err != nil || c.Offer != nil || len(c.PeerRecord) == 0 {
		t.Errorf("of herself: %+v, %v", c, err)
	}
}
