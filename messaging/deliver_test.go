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

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didpeer"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/messagingtest"
)

// scripted is a transport whose answers are given by endpoint.
type scripted struct {
	mu    sync.Mutex
	log   []string
	reply func(d messaging.Delivery, call int) ([]messaging.Result, error)
	calls int
}

func (s *scripted) Handles(e did.Endpoint) bool { return strings.HasPrefix(e.URI, "test:") }

func (s *scripted) Serve(ctx context.Context, _ messaging.Receiver) error {
	<-ctx.Done()
	return nil
}

func (s *scripted) Send(_ context.Context, d messaging.Delivery) ([]messaging.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	s.log = append(s.log, fmt.Sprintf("%s×%d", strings.TrimPrefix(d.Endpoint.URI, "test:"), len(d.Envelopes)))
	return s.reply(d, s.calls)
}

func (s *scripted) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.log, " ")
}

// remote makes a contact of alice with these endpoints.
func remote(t *testing.T, alice *messagingtest.Party, endpoints ...did.Endpoint) did.DID {
	t.Helper()
	doc := alice.Identity.Document // whose keys they are does not matter here
	id, err := didpeer.Create4(didpeer.Options{
		Authentication: keysOf(doc.Authentication()), KeyAgreement: keysOf(doc.KeyAgreement()),
		Services: []did.Service{{ID: "#s", Endpoints: endpoints}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := alice.Store.Learn(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := alice.Store.AddContact(t.Context(), inbox.Contact{DID: id.Canonical(), Name: "remote", Confirmed: true}); err != nil {
		t.Fatal(err)
	}
	return id.Canonical()
}

func keysOf(ms []did.VerificationMethod) (keys []crypto.PublicKey) {
	for _, m := range ms {
		keys = append(keys, m.Key)
	}
	return keys
}

// solo is a party whose only transport is a scripted one.
func solo(t *testing.T, reply func(d messaging.Delivery, call int) ([]messaging.Result, error)) (*messagingtest.Party, *scripted) {
	t.Helper()
	p, err := new(messagingtest.Network).NewParty("alice")
	if err != nil {
		t.Fatal(err)
	}
	s := &scripted{reply: reply}
	p.Node.Transports = []messaging.Transport{s}
	p.Node.Greet = -1
	return p, s
}

func delivered(n int) []messaging.Result {
	rs := make([]messaging.Result, n)
	for i := range rs {
		rs[i].Reach = messaging.Delivered
	}
	return rs
}

func failure(permanent bool, code string) *messaging.DeliveryError {
	return &messaging.DeliveryError{Endpoint: "test", Permanent: permanent, Err: &messaging.Refusal{Code: code}}
}

// Endpoints are tried in the order of the document, past those that cannot be used, to the first that works.
func TestEndpointsInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, s := solo(t, func(d messaging.Delivery, _ int) ([]messaging.Result, error) {
			if d.Endpoint.URI == "test:down" {
				return nil, failure(false, messaging.CodeBusy)
			}
			return delivered(len(d.Envelopes)), nil
		})
		to := remote(t, p,
			did.Endpoint{URI: "https://example.org/"},
			did.Endpoint{URI: "test:old", Accept: []string{"didcomm/aip1"}},
			did.Endpoint{URI: "test:mediated", RoutingKeys: []string{"did:example:m#k"}},
			did.Endpoint{URI: "test:down", Accept: []string{"didcomm/v2"}},
			did.Endpoint{URI: "test:up"},
			did.Endpoint{URI: "test:spare"})
		send(t, p, line(to, "1"))
		send(t, p, line(to, "2"))
		start(t, p)
		time.Sleep(time.Minute)
		same(t, "states", states(t, p), map[string]string{"1": "delivered", "2": "delivered"})
		same(t, "tries", s.String(), "down×2 up×2")
	})
}

// A document without a usable endpoint leaves the message queued and says why.
func TestNoEndpoint(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, _ := solo(t, nil)
		to := remote(t, p, did.Endpoint{URI: "test:mediated", RoutingKeys: []string{"did:example:m#k"}})
		start(t, p)
		send(t, p, line(to, "1"))
		time.Sleep(time.Minute)
		ps, err := p.Store.Sent(t.Context(), inbox.SentQuery{})
		if err != nil || len(ps) != 1 || ps[0].State != inbox.Queued || !strings.Contains(ps[0].Problem, "mediator") {
			t.Errorf("%+v, %v", ps, err)
		}
	})
}

// When the path breaks in a batch, or somebody is busy, what was answered is settled, and the rest comes
// again, from the first one on, in order.
func TestPartialResults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		first func(d messaging.Delivery) ([]messaging.Result, error)
		log   string
		want  map[string]string
	}{
		{"the path breaks", func(messaging.Delivery) ([]messaging.Result, error) {
			return delivered(2), failure(false, messaging.CodeProtocol)
		}, "x×5 x×3", map[string]string{"0": "delivered", "1": "delivered", "2": "delivered", "3": "delivered", "4": "delivered"}},
		{"busy in the middle", func(messaging.Delivery) ([]messaging.Result, error) {
			rs := delivered(5)
			rs[1].Err = failure(false, messaging.CodeBusy)
			return rs, nil
		}, "x×5 x×4", map[string]string{"0": "delivered", "1": "delivered", "2": "delivered", "3": "delivered", "4": "delivered"}},
		{"one is refused", func(messaging.Delivery) ([]messaging.Result, error) {
			rs := delivered(5)
			rs[1].Err = failure(true, messaging.CodeConflict)
			rs[3].Err = failure(true, messaging.CodeExpired)
			return rs, nil
		}, "x×5", map[string]string{"0": "delivered", "1": "failed", "2": "delivered", "3": "expired", "4": "delivered"}},
		{"all are refused", func(messaging.Delivery) ([]messaging.Result, error) {
			return nil, failure(true, messaging.CodeStranger)
		}, "x×5", map[string]string{"0": "failed", "1": "failed", "2": "failed", "3": "failed", "4": "failed"}},
		{"relayed", func(messaging.Delivery) ([]messaging.Result, error) {
			rs := delivered(5)
			rs[4].Reach = messaging.Relayed
			return rs, nil
		}, "x×5", map[string]string{"0": "delivered", "1": "delivered", "2": "delivered", "3": "delivered", "4": "relayed"}},
		{"too few results and no error", func(messaging.Delivery) ([]messaging.Result, error) {
			return delivered(4), nil
		}, "x×5 x×1", map[string]string{"0": "delivered", "1": "delivered", "2": "delivered", "3": "delivered", "4": "delivered"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, s := solo(t, func(d messaging.Delivery, call int) ([]messaging.Result, error) {
					if call == 1 {
						return test.first(d)
					}
					return delivered(len(d.Envelopes)), nil
				})
				to := remote(t, p, did.Endpoint{URI: "test:x"})
				for i := range 5 {
					send(t, p, line(to, fmt.Sprint(i)))
				}
				start(t, p)
				time.Sleep(time.Hour)
				same(t, "tries", s.String(), test.log)
				same(t, "states", states(t, p), test.want)
			})
		})
	}
}

// A peer that asks to be left alone for a while is, though not for longer than an hour.
func TestBusyAfter(t *testing.T) {
	t.Parallel()
	for after, want := range map[time.Duration]time.Duration{20 * time.Minute: 20 * time.Minute, 1000 * time.Hour: time.Hour} {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var tries []time.Time
				p, s := solo(t, func(d messaging.Delivery, call int) ([]messaging.Result, error) {
					tries = append(tries, time.Now())
					if call == 1 {
						err := failure(false, messaging.CodeBusy)
						err.After = after
						return nil, err
					}
					return delivered(len(d.Envelopes)), nil
				})
				to := remote(t, p, did.Endpoint{URI: "test:x"})
				send(t, p, line(to, "1"))
				start(t, p)
				time.Sleep(24 * time.Hour)
				s.mu.Lock() // held while tries is written
				defer s.mu.Unlock()
				if len(tries) != 2 || tries[1].Sub(tries[0]).Round(time.Second) != want {
					t.Errorf("tried at %v, want %v between", tries, want)
				}
			})
		})
	}
}

// Writing to somebody who cannot be resolved just now is possible; it goes out once that works.
func TestResolvedLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		works := time.Now().Add(time.Hour)
		inner := p.alice.Resolver
		p.alice.Node.Resolver = did.ResolverFunc(func(ctx context.Context, id did.DID) (*did.Document, error) {
			if time.Now().Before(works) {
				return nil, errors.New("the resolver is down")
			}
			return inner.Resolve(ctx, id)
		})
		start(t, p.alice)
		start(t, p.bob)
		send(t, p.alice, line(p.bob.DID(), "1"))
		time.Sleep(2 * time.Hour)
		same(t, "states", states(t, p.alice), map[string]string{"1": "delivered"})
	})
}

// A stranger cannot make us resolve its DID over the network; a contact's is.
func TestStrangersAreNotResolvedOverTheNetwork(t *testing.T) {
	t.Parallel()
	p := mustPair(t)
	var asked []string
	inner := p.bob.Resolver
	p.bob.Node.Resolver = did.ResolverFunc(func(ctx context.Context, id did.DID) (*did.Document, error) {
		asked = append(asked, id.Method())
		if id.Method() == "web" {
			return nil, did.ErrNotFound
		}
		return inner.Resolve(ctx, id)
	})
	web := did.MustParse("did:web:example.org")
	kid := did.URL{DID: web, Fragment: "k"}.String()
	key := mustKey(t)
	p.alice.Keys.Add(kid, key)
	to := p.bob.Identity.Document.KeyAgreement()[0]
	sealed, err := envelope.Seal(t.Context(), p.alice.Keys, []byte(plain("1", fmt.Sprintf(`,"from":%q`, web))),
		envelope.Options{From: kid, To: []envelope.Recipient{{KID: to.ID.String(), Key: to.Key}}})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "a stranger's", accept(t, p.bob, did.DID{}, sealed)[0], refused(messaging.CodeStranger))
	same(t, "asked for a stranger", asked, []string(nil))
	if err := p.bob.Store.AddContact(t.Context(), inbox.Contact{DID: web, Name: "web"}); err != nil {
		t.Fatal(err)
	}
	accept(t, p.bob, did.DID{}, sealed)
	same(t, "asked for a contact", asked, []string{"web"})
}

func mustKey(t *testing.T) crypto.PrivateKey {
	t.Helper()
	key, err := crypto.GenerateKey(crypto.X25519)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
