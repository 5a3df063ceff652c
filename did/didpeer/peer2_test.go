package didpeer_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didpeer"
)

func service(text string) string { return ".S" + base64.RawURLEncoding.EncodeToString([]byte(text)) }

func TestPeer2Services(t *testing.T) {
	t.Parallel()
	v := "did:peer:2.V" + public(t, crypto.Ed25519, 1).Multikey()
	tests := []struct {
		name, elements string
		want           []did.Service // without the DID in the id
	}{
		{"all abbreviations", service(`{"t":"dm","s":{"uri":"u","a":["didcomm/v2"],"r":["did:x:y#k"]}}`),
			[]did.Service{{ID: "#service", Endpoints: []did.Endpoint{{URI: "u", Accept: []string{"didcomm/v2"}, RoutingKeys: []string{"did:x:y#k"}}}}}},
		{"no abbreviation", service(`{"type":"DIDCommMessaging","serviceEndpoint":{"uri":"u","accept":["a"],"routingKeys":["r"]},"id":"#x"}`),
			[]did.Service{{ID: "#x", Endpoints: []did.Endpoint{{URI: "u", Accept: []string{"a"}, RoutingKeys: []string{"r"}}}}}},
		{"values are not abbreviations", service(`{"t":"dm","s":{"uri":"dm","a":["t","s","r","a","dm"]}}`),
			[]did.Service{{ID: "#service", Endpoints: []did.Endpoint{{URI: "dm", Accept: []string{"t", "s", "r", "a", "dm"}}}}}},
		{"older form, flat", service(`{"t":"dm","s":"u","r":["did:x:y#k"],"a":["didcomm/v2"]}`),
			[]did.Service{{ID: "#service", Endpoints: []did.Endpoint{{URI: "u", Accept: []string{"didcomm/v2"}, RoutingKeys: []string{"did:x:y#k"}}}}}},
		{"only services without an id count", service(`{"t":"dm","s":"1"}`) + service(`{"t":"dm","s":"2","id":"#own"}`) + service(`{"t":"dm","s":"3"}`) + service(`{"t":"dm","s":"4"}`),
			[]did.Service{
				{ID: "#service", Endpoints: []did.Endpoint{{URI: "1"}}}, {ID: "#own", Endpoints: []did.Endpoint{{URI: "2"}}},
				{ID: "#service-1", Endpoints: []did.Endpoint{{URI: "3"}}}, {ID: "#service-2", Endpoints: []did.Endpoint{{URI: "4"}}},
			}},
		{"array of endpoints", service(` { "t" : "dm" , "s" : [ {"uri":"1"}, {"uri":"2"} ] } `),
			[]did.Service{{ID: "#service", Endpoints: []did.Endpoint{{URI: "1"}, {URI: "2"}}}}},
		{"another type", service(`{"t":"example","s":"u"}`), []did.Service{{ID: "#service", Type: "example"}}},
		{"several types", service(`{"t":["x","dm"],"s":"u"}`), []did.Service{{ID: "#service", Endpoints: []did.Endpoint{{URI: "u"}}}}},
		{"an id below is no id", service(`{"t":"dm","s":{"uri":"u","id":"did:a:b"}}`), []did.Service{{ID: "#service", Endpoints: []did.Endpoint{{URI: "u"}}}}},
		{"as deep as it may be", service(`{"a":` + strings.Repeat("[", 13) + strings.Repeat("]", 13) + `}`), []did.Service{{ID: "#service", Type: "-"}}},
		{"empty object", service(`{}`), []did.Service{{ID: "#service", Type: "-"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			id := did.MustParse(v + tt.elements)
			for i, w := range tt.want {
				switch w.Type {
				case "":
					tt.want[i].Type = did.DIDCommMessaging
				case "-":
					tt.want[i].Type = ""
				}
				tt.want[i].ID = id.String() + w.ID
			}
			got := resolve(t, didpeer.Resolver{}, id).Services()
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPeer2Purposes(t *testing.T) {
	t.Parallel()
	k := func(c crypto.Curve, seed byte) string { return public(t, c, seed).Multikey() }
	id := did.MustParse("did:peer:2.A" + k(crypto.Ed25519, 1) + ".E" + k(crypto.X25519, 2) + ".V" + k(crypto.P256, 3) +
		".I" + k(crypto.P384, 4) + ".E" + k(crypto.P521, 5) + ".D" + k(crypto.Secp256k1, 6))
	doc := resolve(t, didpeer.Resolver{}, id)
	if diff := cmp.Diff([]string{"key-3"}, ids(doc.Authentication())); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"key-2", "key-5"}, ids(doc.KeyAgreement())); diff != "" {
		t.Error(diff)
	}
	text := tree(t, doc.JSON()).(map[string]any)
	for relation, want := range map[string]string{"assertionMethod": "#key-1", "capabilityInvocation": "#key-4", "capabilityDelegation": "#key-6"} {
		if diff := cmp.Diff([]any{want}, text[relation]); diff != "" {
			t.Errorf("%s %s", relation, diff)
		}
	}
	if n := len(doc.Methods()); n != 6 {
		t.Errorf("%d methods", n)
	}
}

// Older software names a key by the start of its multikey; a key id that it writes must be
// found, unless two keys share that start.
func TestPeer2LegacyKeyNames(t *testing.T) {
	t.Parallel()
	ed, x := public(t, crypto.Ed25519, 1), public(t, crypto.X25519, 2)
	id := did.MustParse("did:peer:2.E" + x.Multikey() + ".V" + ed.Multikey())
	dir := did.Directory(didpeer.Resolver{})
	got, err := dir.Lookup(t.Context(), id.String()+"#"+x.Multikey()[1:9], crypto.KeyAgreement)
	if err != nil || !got.Equal(x) {
		t.Errorf("agreement key: %v, %v", got, err)
	}
	got, err = dir.Lookup(t.Context(), id.String()+"#"+ed.Multikey()[1:9], crypto.Authentication)
	if err != nil || !got.Equal(ed) {
		t.Errorf("signing key: %v, %v", got, err)
	}
	if _, err = dir.Lookup(t.Context(), id.String()+"#"+ed.Multikey()[1:9], crypto.KeyAgreement); !errors.Is(err, crypto.ErrUnknownKey) {
		t.Errorf("signing key to agree: %v", err)
	}
	twice := did.MustParse("did:peer:2.V" + ed.Multikey() + ".V" + ed.Multikey())
	if _, err := dir.Lookup(t.Context(), twice.String()+"#"+ed.Multikey()[1:9], crypto.Authentication); !errors.Is(err, crypto.ErrUnknownKey) {
		t.Errorf("a name of two keys: %v", err)
	}
	zero := did.MustParse("did:peer:0" + ed.Multikey())
	if got, err := dir.Lookup(t.Context(), zero.String()+"#"+ed.Multikey()[1:9], crypto.Authentication); err != nil || !got.Equal(ed) {
		t.Errorf("numalgo 0: %v, %v", got, err)
	}
}

func TestPeer2Legacy(t *testing.T) {
	t.Parallel()
	v := "did:peer:2.V" + public(t, crypto.Ed25519, 1).Multikey()
	list := did.MustParse(v + service(`[{"t":"dm","s":"1"},{"t":"other","s":"2"},{"t":"dm","s":"3"}]`))
	if _, err := (didpeer.Resolver{}).Resolve(t.Context(), list); !errors.Is(err, did.ErrInvalid) {
		t.Errorf("a list was accepted: %v", err)
	}
	doc := resolve(t, didpeer.Resolver{Legacy: true}, list)
	if diff := cmp.Diff([]did.Endpoint{{URI: "1"}, {URI: "3"}}, doc.DIDComm()); diff != "" {
		t.Error(diff)
	}
	if s := doc.Services(); len(s) != 3 || s[2].ID != list.String()+"#service-2" {
		t.Errorf("services %v", s)
	}
	for _, text := range []string{`[1]`, `["dm"]`, `[[]]`, `[null]`, `7`, `"x"`} {
		if _, err := (didpeer.Resolver{Legacy: true}).Resolve(t.Context(), did.MustParse(v+service(text))); !errors.Is(err, did.ErrInvalid) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestResolveRefuses(t *testing.T) {
	t.Parallel()
	ed, x := public(t, crypto.Ed25519, 1).Multikey(), public(t, crypto.X25519, 2).Multikey()
	v := "did:peer:2.V" + ed
	tests := []struct {
		name, id string
		want     error
	}{
		{"another method", "did:key:" + ed, did.ErrMethod},
		{"numalgo 1", "did:peer:1zQmZMygzYqNwU6Uhmewx5Xepf2VLp5S4HLSwwgf2aiKZuwa", did.ErrMethod},
		{"numalgo 1, too short", "did:peer:1z479cbc07c3f991725836a3a", did.ErrInvalid},
		{"numalgo 1, another base", "did:peer:1x479cbc07c3f991725836a3aa2a581ca2029198aa420bc9", did.ErrInvalid},
		{"numalgo 1, a dot", "did:peer:1z.479cbc07c3f991725836a3aa2a581ca2029198aa420bc9", did.ErrInvalid},
		{"numalgo 1, nothing", "did:peer:1", did.ErrInvalid},
		{"numalgo 3, not met", "did:peer:3zQmS19jtYDvGtKVrJhQnRFpBQAx3pJ9omx2HpNrcXFuRCz9", did.ErrNotFound},
		{"numalgo 5", "did:peer:5z", did.ErrMethod},
		{"numalgo of a letter", "did:peer:z", did.ErrMethod},
		{"0: no key", "did:peer:0", did.ErrInvalid},
		{"0: agreement key", "did:peer:0" + x, did.ErrInvalid},
		{"0: broken key", "did:peer:0" + ed[:30], did.ErrInvalid},
		{"0: element behind", "did:peer:0" + ed + ".V" + ed, did.ErrInvalid},
		{"2: no element", "did:peer:2", did.ErrInvalid},
		{"2: empty element", "did:peer:2.", did.ErrInvalid},
		{"2: empty element between", v + "..V" + ed, did.ErrInvalid},
		{"2: no dot", "did:peer:2V" + ed, did.ErrInvalid},
		{"2: purpose alone", "did:peer:2.V", did.ErrInvalid},
		{"2: unknown purpose", "did:peer:2.X" + ed, did.ErrInvalid},
		{"2: purpose in lower case", "did:peer:2.v" + ed, did.ErrInvalid},
		{"2: agreement key to sign", "did:peer:2.V" + x, did.ErrInvalid},
		{"2: signing key to agree", "did:peer:2.E" + ed, did.ErrInvalid},
		{"2: agreement key to assert", "did:peer:2.A" + x, did.ErrInvalid},
		{"2: long key", "did:peer:2.Vz" + strings.Repeat("6", 4000), did.ErrInvalid},
		{"2: too many keys", "did:peer:2" + strings.Repeat(".V"+ed, did.MaxMethods+1), did.ErrInvalid},
		{"2: very many elements", "did:peer:2" + strings.Repeat(".S", 4000), did.ErrInvalid},
		{"2: too many services", v + strings.Repeat(service(`{}`), did.MaxServices+1), did.ErrInvalid},
		{"2: empty service", v + ".S", did.ErrInvalid},
		{"2: service not base64url", v + ".Se30%3D", did.ErrInvalid},
		{"2: service with stray bits", v + ".Se31", did.ErrInvalid},
		{"2: service not JSON", v + service(`{"t":"dm"`), did.ErrInvalid},
		{"2: two JSON values", v + service(`{}{}`), did.ErrInvalid},
		{"2: member twice", v + service(`{"s":"a","s":"b"}`), did.ErrInvalid},
		{"2: member in both spellings", v + service(`{"s":"a","serviceEndpoint":"b"}`), did.ErrInvalid},
		{"2: member in both spellings, deep", v + service(`{"s":{"r":["a"],"routingKeys":[]}}`), did.ErrInvalid},
		{"2: absolute service id", v + service(`{"id":"did:a:b#s","t":"dm","s":"u"}`), did.ErrInvalid},
		{"2: service id is a number", v + service(`{"id":1,"t":"dm","s":"u"}`), did.ErrInvalid},
		{"2: service id is null", v + service(`{"id":null,"t":"dm","s":"u"}`), did.ErrInvalid},
		{"2: service id is an object", v + service(`{"id":{"x":"#s"},"t":"dm","s":"u"}`), did.ErrInvalid},
		{"2: service id is a list", v + service(`{"id":["#s"],"t":"dm","s":"u"}`), did.ErrInvalid},
		{"2: service id twice", v + service(`{"id":"#s","id":"#s","t":"dm","s":"u"}`), did.ErrInvalid},
		{"2: service one level too deep", v + service(`{"a":`+strings.Repeat("[", 14)+strings.Repeat("]", 14)+`}`), did.ErrInvalid},
		{"2: text behind the service", v + service(`{} x`), did.ErrInvalid},
		{"2: text longer than a document", "did:peer:2" + strings.Repeat(".V"+ed, did.MaxMethods) + strings.Repeat(service(`{}`), did.MaxServices), did.ErrInvalid},
		{"2: abbreviations that make the text too long", "did:peer:2" + strings.Repeat(".V"+ed, 6) +
			service(`{"x":{"t":["dm"`+strings.Repeat(`,"dm"`, 1000)+`]}}`), did.ErrInvalid},
		{"2: deep service", v + service(`{"a":`+strings.Repeat("[", 200)+strings.Repeat("]", 200)+`}`), did.ErrInvalid},
		{"2: list of services", v + service(`[{"t":"dm","s":"u"}]`), did.ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc, err := didpeer.Resolver{}.Resolve(t.Context(), did.MustParse(tt.id))
			if !errors.Is(err, tt.want) || doc != nil {
				t.Errorf("got %v, %v; want %v", doc, err, tt.want)
			}
		})
	}
	if _, err := (didpeer.Resolver{}).Resolve(t.Context(), did.DID{}); err == nil {
		t.Error("the zero DID was resolved")
	}
}

func TestPeer0(t *testing.T) {
	t.Parallel()
	for _, c := range []crypto.Curve{crypto.Ed25519, crypto.P256, crypto.P384, crypto.P521, crypto.Secp256k1} {
		key := public(t, c, 1)
		doc := resolve(t, didpeer.Resolver{}, did.MustParse("did:peer:0"+key.Multikey()))
		if diff := cmp.Diff([]string{key.Multikey()}, multikeys(doc.Authentication())); diff != "" {
			t.Errorf("%v authentication %s", c, diff)
		}
		var want []string
		switch {
		case c.CanAgree():
			want = []string{key.Multikey()}
		case c == crypto.Ed25519:
			derived, err := key.X25519()
			if err != nil {
				t.Fatal(err)
			}
			want = []string{derived.Multikey()}
		}
		if diff := cmp.Diff(want, multikeys(doc.KeyAgreement())); diff != "" {
			t.Errorf("%v keyAgreement %s", c, diff)
		}
		if doc.Services() != nil {
			t.Errorf("%v has services", c)
		}
	}
}

// FuzzPeer2Service reaches what lies behind the base64url of a service, which FuzzPeerDID hardly does.
func FuzzPeer2Service(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"t":"dm","s":{"uri":"u","a":["didcomm/v2"],"r":["#k"]},"id":"#s"}`, `[{"t":"dm","s":"u"},{"type":["x","dm"]}]`,
		`{"s":[{"uri":"u"},"v",1.50]}`, `{"t":"dm","t":"dm"}`, `{"id":{"id":"#s"}}`, `[`, `{"\u0074":"d\u006d"}`,
	} {
		f.Add(s)
	}
	v := "did:peer:2.V" + public(f, crypto.Ed25519, 1).Multikey()
	f.Fuzz(func(t *testing.T, text string) {
		id, err := did.Parse(v + service(text))
		if err != nil {
			return
		}
		strict, strictErr := didpeer.Resolver{}.Resolve(t.Context(), id)
		doc, err := didpeer.Resolver{Legacy: true}.Resolve(t.Context(), id)
		if err != nil {
			if !errors.Is(err, did.ErrInvalid) || strictErr == nil {
				t.Fatalf("with Legacy %v, without %v", err, strictErr)
			}
			return
		}
		sameAsText(t, doc)
		if strictErr == nil && string(strict.JSON()) != string(doc.JSON()) {
			t.Fatalf("Legacy changes %s to %s", strict.JSON(), doc.JSON())
		}
		three, err := didpeer.Create3(id)
		if err != nil || doc.AlsoKnownAs()[0] != three {
			t.Fatalf("numalgo 3 is %s, %v", three, err)
		}
		if short, err := (didpeer.Resolver{Legacy: true, Known: knows(id).Known}).Resolve(t.Context(), three); err != nil || short.ID() != three {
			t.Fatalf("%s: %v", three, err)
		}
	})
}
