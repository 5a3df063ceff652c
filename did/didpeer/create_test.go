package didpeer_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didpeer"
	"pgregory.net/rapid"
)

// several has more than one of everything.
func several(t testing.TB) didpeer.Options {
	t.Helper()
	return didpeer.Options{
		Authentication: []crypto.PublicKey{public(t, crypto.Ed25519, 1), public(t, crypto.Secp256k1, 2), public(t, crypto.P256, 3)},
		KeyAgreement:   []crypto.PublicKey{public(t, crypto.X25519, 4), public(t, crypto.P384, 5), public(t, crypto.P521, 6)},
		Services: []did.Service{
			{Endpoints: []did.Endpoint{{URI: "https://a.example", RoutingKeys: []string{"did:example:m#k"}}}},
			{ID: "#named", Endpoints: []did.Endpoint{
				{URI: "wss://b.example", Accept: []string{"didcomm/v2"}}, {URI: "did:example:mediator", MultiAddrs: []string{"/ip4/10.0.0.1/tcp/1"}},
			}},
			{Endpoints: []did.Endpoint{{URI: "https://c.example"}}},
		},
	}
}

// TestGolden pins the DIDs that fixed keys give: a wallet's DID must not change with a release.
func TestGolden(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name     string          `json:"name"`
		DID      string          `json:"did"`
		Document json.RawMessage `json:"document"`
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	create := map[string]func() (did.DID, error){
		"wallet as did:peer:4":  func() (did.DID, error) { return didpeer.Create4(wallet(t)) },
		"wallet as did:peer:2":  func() (did.DID, error) { return didpeer.Create2(wallet(t)) },
		"several as did:peer:4": func() (did.DID, error) { return didpeer.Create4(several(t)) },
		"several as did:peer:2": func() (did.DID, error) { return didpeer.Create2(several(t)) },
	}
	if len(cases) != len(create) {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		id, err := create[c.Name]()
		if err != nil || id.String() != c.DID {
			t.Errorf("%s: created %s, %v", c.Name, id, err)
			continue
		}
		doc := resolve(t, didpeer.Resolver{}, did.MustParse(c.DID))
		if diff := cmp.Diff(tree(t, c.Document), tree(t, doc.JSON())); diff != "" {
			t.Errorf("%s: %s", c.Name, diff)
		}
	}
}

func TestCreatedDocuments(t *testing.T) {
	t.Parallel()
	o := several(t)
	id2, err := didpeer.Create2(o)
	if err != nil {
		t.Fatal(err)
	}
	id4 := create4(t, o)
	r := knows(id4)
	for _, id := range []did.DID{id2, id4, id4.Canonical()} {
		doc := resolve(t, r, id)
		if doc.ID() != id {
			t.Errorf("%s is about %s", id.Short(), doc.ID().Short())
		}
		if diff := cmp.Diff([]string{"key-1", "key-2", "key-3"}, ids(doc.Authentication())); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"key-4", "key-5", "key-6"}, ids(doc.KeyAgreement())); diff != "" {
			t.Error(diff)
		}
		for i, m := range doc.Methods() {
			if !m.Key.Equal(append(o.Authentication, o.KeyAgreement...)[i]) || m.Controller != id || m.ID.DID != id {
				t.Errorf("method %s of %s", m.ID, id.Short())
			}
		}
		var want []did.Service
		for i, name := range []string{"#service", "#named", "#service-1"} {
			want = append(want, did.Service{ID: id.String() + name, Type: did.DIDCommMessaging, Endpoints: o.Services[i].Endpoints})
		}
		if diff := cmp.Diff(want, doc.Services()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	ed, x, k1 := public(t, crypto.Ed25519, 1), public(t, crypto.X25519, 2), public(t, crypto.Secp256k1, 3)
	service := func(s did.Service) didpeer.Options {
		return didpeer.Options{Authentication: []crypto.PublicKey{ed}, Services: []did.Service{s}}
	}
	endpoint := []did.Endpoint{{URI: "u"}}
	many := make([]crypto.PublicKey, did.MaxMethods+1)
	for i := range many {
		many[i] = ed
	}
	tests := []struct {
		name string
		o    didpeer.Options
	}{
		{"nothing", didpeer.Options{}},
		{"only a service", didpeer.Options{Services: []did.Service{{Endpoints: endpoint}}}},
		{"agreement key to sign", didpeer.Options{Authentication: []crypto.PublicKey{x}}},
		{"signing key to agree", didpeer.Options{KeyAgreement: []crypto.PublicKey{ed}}},
		{"secp256k1 to agree", didpeer.Options{KeyAgreement: []crypto.PublicKey{k1}}},
		{"zero key to sign", didpeer.Options{Authentication: []crypto.PublicKey{{}}}},
		{"zero key to agree", didpeer.Options{KeyAgreement: []crypto.PublicKey{{}}}},
		{"too many keys", didpeer.Options{Authentication: many}},
		{"service of another type", service(did.Service{Type: "LinkedDomains", Endpoints: endpoint})},
		{"absolute service id", service(did.Service{ID: "did:a:b#s", Endpoints: endpoint})},
		{"no endpoint", service(did.Service{ID: "#s"})},
		{"endpoint without a URI", service(did.Service{Endpoints: []did.Endpoint{{Accept: []string{"didcomm/v2"}}}})},
		{"URI that is not UTF-8", service(did.Service{Endpoints: []did.Endpoint{{URI: "\xff"}}})},
		{"more than fits", service(did.Service{Endpoints: []did.Endpoint{{URI: strings.Repeat("u", did.MaxLength)}}})},
		{"much more than fits", service(did.Service{Endpoints: []did.Endpoint{{URI: strings.Repeat("u", 1<<20)}}})},
		{"too many endpoints", service(did.Service{Endpoints: make33(did.Endpoint{URI: "u"})})},
		{"too many services", didpeer.Options{Authentication: []crypto.PublicKey{ed}, Services: make33(did.Service{Endpoints: endpoint})}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if id, err := didpeer.Create4(tt.o); !errors.Is(err, did.ErrInvalid) || !id.IsZero() {
				t.Errorf("Create4: %s, %v", id, err)
			}
			if id, err := didpeer.Create2(tt.o); !errors.Is(err, did.ErrInvalid) || !id.IsZero() {
				t.Errorf("Create2: %s, %v", id, err)
			}
		})
	}
}

func make33[T any](v T) []T {
	out := make([]T, 33)
	for i := range out {
		out[i] = v
	}
	return out
}

// Creating must not write into the caller's slices, even when they have room.
func TestCreateLeavesOptionsAlone(t *testing.T) {
	t.Parallel()
	ed, other, x := public(t, crypto.Ed25519, 1), public(t, crypto.Ed25519, 9), public(t, crypto.X25519, 2)
	roomy := []crypto.PublicKey{ed, other}
	create4(t, didpeer.Options{Authentication: roomy[:1], KeyAgreement: []crypto.PublicKey{x}})
	if !roomy[1].Equal(other) {
		t.Error("the slice behind Authentication was written to")
	}
}

// Whatever is put into a DID comes out of it, in order, in both methods and both forms.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	signing := []crypto.Curve{crypto.Ed25519, crypto.P256, crypto.P384, crypto.P521, crypto.Secp256k1}
	agreeing := []crypto.Curve{crypto.X25519, crypto.P256, crypto.P384, crypto.P521}
	word := rapid.StringMatching(`[ -~äß]{1,20}`)
	words := rapid.SliceOfN(word, 0, 3)
	endpoint := rapid.Custom(func(rt *rapid.T) did.Endpoint {
		return did.Endpoint{URI: word.Draw(rt, "uri"), Accept: words.Draw(rt, "accept"), MultiAddrs: words.Draw(rt, "addrs"),
			RoutingKeys: rapid.SliceOfN(rapid.Just("did:example:m#k"), 0, 2).Draw(rt, "routing")}
	})
	rapid.Check(t, func(rt *rapid.T) {
		keys := func(curves []crypto.Curve, name string) []crypto.PublicKey {
			var out []crypto.PublicKey
			for range rapid.IntRange(1, 4).Draw(rt, name) {
				out = append(out, public(t, rapid.SampledFrom(curves).Draw(rt, "curve"), rapid.ByteMin(1).Draw(rt, "seed")))
			}
			return out
		}
		o := didpeer.Options{Authentication: keys(signing, "signs"), KeyAgreement: keys(agreeing, "agrees")}
		var want []did.Endpoint
		for range rapid.IntRange(0, 3).Draw(rt, "services") {
			es := rapid.SliceOfN(endpoint, 1, 3).Draw(rt, "endpoints")
			want = append(want, es...)
			o.Services = append(o.Services, did.Service{Endpoints: es})
		}
		for _, create := range []func(didpeer.Options) (did.DID, error){didpeer.Create2, didpeer.Create4} {
			id, err := create(o)
			if err != nil {
				rt.Fatal(err)
			}
			for _, form := range []did.DID{id, id.Canonical()} {
				doc, err := knows(id).Resolve(t.Context(), form)
				if err != nil {
					rt.Fatal(err)
				}
				for i, m := range append(doc.Authentication(), doc.KeyAgreement()...) {
					if !m.Key.Equal(append(o.Authentication, o.KeyAgreement...)[i]) {
						rt.Fatalf("key %d of %s", i, form.Short())
					}
				}
				if diff := cmp.Diff(want, doc.DIDComm(), cmpopts.EquateEmpty()); diff != "" {
					rt.Fatal(diff)
				}
			}
		}
	})
}
