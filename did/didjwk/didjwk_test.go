package didjwk_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didjwk"
)

var curves = []crypto.Curve{
	crypto.Ed25519, crypto.X25519, crypto.P256, crypto.P384, crypto.P521, crypto.Secp256k1,
}

// public returns a key that depends only on the curve and the seed.
func public(t testing.TB, c crypto.Curve, seed byte) crypto.PublicKey {
	t.Helper()
	secret := make([]byte, max(map[crypto.Curve]int{crypto.P384: 48, crypto.P521: 66}[c], 32))
	secret[len(secret)-1], secret[len(secret)-2] = seed, 3
	key, err := crypto.NewPrivateKey(c, secret)
	if err != nil {
		t.Fatal(err)
	}
	return key.Public()
}

func create(t testing.TB, key crypto.PublicKey) did.DID {
	t.Helper()
	id, err := didjwk.Create(key)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// of returns the did:jwk of any text.
func of(jwk string) string { return "did:jwk:" + base64.RawURLEncoding.EncodeToString([]byte(jwk)) }

func resolve(t testing.TB, id string) *did.Document {
	t.Helper()
	doc, err := didjwk.Resolver{}.Resolve(t.Context(), did.MustParse(id))
	if err != nil {
		t.Fatal(err)
	}
	sameAsText(t, doc)
	return doc
}

// sameAsText fails unless the document's text, read anew, means the same as the document, which was made without it.
func sameAsText(t testing.TB, doc *did.Document) {
	t.Helper()
	again, err := did.ParseDocument(doc.JSON())
	if err != nil {
		t.Fatalf("%s: %v", doc.JSON(), err)
	}
	exact := cmp.Comparer(func(a, b did.DID) bool { return a == b })
	for name, part := range map[string]func(*did.Document) any{
		"id":             func(d *did.Document) any { return d.ID() },
		"methods":        func(d *did.Document) any { return d.Methods() },
		"authentication": func(d *did.Document) any { return d.Authentication() },
		"keyAgreement":   func(d *did.Document) any { return d.KeyAgreement() },
		"others":         func(d *did.Document) any { return []any{d.AlsoKnownAs(), d.Services()} },
	} {
		if diff := cmp.Diff(part(again), part(doc), exact, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s is not that of the text: %s\n%s", name, diff, doc.JSON())
		}
	}
}

// tree decodes JSON for comparison.
func tree(t testing.TB, text []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestCreate(t *testing.T) {
	t.Parallel()
	for _, c := range curves {
		key := public(t, c, 1)
		id := create(t, key)
		doc := resolve(t, id.String())
		if doc.ID() != id || len(doc.Methods()) != 1 || !doc.Methods()[0].Key.Equal(key) || doc.Methods()[0].ID.String() != id.String()+"#0" {
			t.Errorf("%v: %s resolves to %s", c, id, doc.JSON())
		}
		if got := len(doc.Authentication()) == 1; got != c.CanSign() {
			t.Errorf("%v: may sign: %v", c, got)
		}
		if got := len(doc.KeyAgreement()) == 1; got != c.CanAgree() {
			t.Errorf("%v: may agree: %v", c, got)
		}
		// Software that does not know curves must come to the same from the text.
		for _, relation := range []string{"authentication", "assertionMethod", "capabilityInvocation", "capabilityDelegation"} {
			if _, listed := tree(t, doc.JSON())[relation]; listed != c.CanSign() {
				t.Errorf("%v: %s is listed: %v", c, relation, listed)
			}
		}
		if _, listed := tree(t, doc.JSON())["keyAgreement"]; listed != c.CanAgree() {
			t.Errorf("%v: keyAgreement is listed: %v", c, listed)
		}
	}
	if id, err := didjwk.Create(crypto.PublicKey{}); !errors.Is(err, did.ErrInvalid) || !id.IsZero() {
		t.Errorf("no key gave %s, %v", id, err)
	}
}

// TestGolden pins the text that a key gives: a DID must not change with a release.
func TestGolden(t *testing.T) {
	t.Parallel()
	for c, want := range map[crypto.Curve]string{
		crypto.X25519:    `{"crv":"X25519","kty":"OKP","use":"enc","x":"X"}`,
		crypto.Ed25519:   `{"crv":"Ed25519","kty":"OKP","use":"sig","x":"X"}`,
		crypto.P256:      `{"crv":"P-256","kty":"EC","x":"X","y":"Y"}`,
		crypto.P521:      `{"crv":"P-521","kty":"EC","x":"X","y":"Y"}`,
		crypto.Secp256k1: `{"crv":"secp256k1","kty":"EC","use":"sig","x":"X","y":"Y"}`,
	} {
		key := public(t, c, 1)
		members := tree(t, key.JWK())
		want = strings.Replace(want, `"X"`, `"`+members["x"].(string)+`"`, 1)
		if y, ok := members["y"].(string); ok {
			want = strings.Replace(want, `"Y"`, `"`+y+`"`, 1)
		}
		if got := create(t, key).String(); got != of(want) {
			t.Errorf("%v: %s is not of %s", c, got, want)
		}
	}
}

// TestWeb5 compares with another implementation: see testdata/README.md.
func TestWeb5(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/web5.json")
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
	if len(cases) != 4*len(curves) {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			got, want := tree(t, resolve(t, c.DID).JSON()), tree(t, c.Document)
			// That implementation lists one context less and the newer name of the type.
			delete(got, "@context")
			delete(want, "@context")
			want["verificationMethod"].([]any)[0].(map[string]any)["type"] = "JsonWebKey2020"
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUse(t *testing.T) {
	t.Parallel()
	members := strings.TrimPrefix(string(public(t, crypto.P256, 1).JWK()), "{")
	both := []bool{true, true}
	for use, want := range map[string][]bool{
		`"use":"sig",`: {true, false}, `"use":"enc",`: {false, true}, `"u\u0073e":"\u0065nc",`: {false, true}, ``: both, `"use":null,`: both,
		`"use":"tls",`: both, `"USE":"enc",`: both, `"use":"",`: both, `"x-use":"enc",`: both, `"key_ops":["sign"],"alg":"ES256",`: both,
	} {
		doc := resolve(t, of(`{`+use+members))
		if got := []bool{len(doc.Authentication()) == 1, len(doc.KeyAgreement()) == 1}; !cmp.Equal(got, want) {
			t.Errorf("%s: signs and agrees %v, want %v", use, got, want)
		}
		if len(doc.Methods()) != 1 {
			t.Errorf("%s: %d methods", use, len(doc.Methods()))
		}
	}
}

func TestKeyIDs(t *testing.T) {
	t.Parallel()
	key := public(t, crypto.P256, 1)
	id := of(`{"kid":"mine",` + strings.TrimPrefix(string(key.JWK()), "{"))
	dir := did.Directory(didjwk.Resolver{})
	for _, p := range []crypto.Purpose{crypto.Authentication, crypto.KeyAgreement} {
		if got, err := dir.Lookup(t.Context(), id+"#0", p); err != nil || !got.Equal(key) {
			t.Errorf("purpose %v: %v, %v", p, got, err)
		}
		for _, name := range []string{"#mine", "#1", "#00", "#key-1"} {
			if _, err := dir.Lookup(t.Context(), id+name, p); !errors.Is(err, crypto.ErrUnknownKey) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestResolveRefuses(t *testing.T) {
	t.Parallel()
	good := string(public(t, crypto.P256, 1).JWK())
	ed := string(public(t, crypto.Ed25519, 1).JWK())
	with := func(members string) string { return of("{" + members + "," + good[1:]) }
	// whole is good in whole groups of base64, without its last byte.
	whole := of(strings.Repeat(" ", (4-len(good)%3)%3) + good[:len(good)-1])
	resolve(t, whole+of("}")[8:])
	resolve(t, whole+of("} ")[8:])
	tests := []struct {
		name, id string
		want     error
	}{
		{"another method", "did:key:z6Mk", did.ErrMethod},
		{"a method that starts alike", "did:jwks:" + of(good)[8:], did.ErrMethod},
		{"something behind it", of(good) + ":x", did.ErrInvalid},
		{"a dot", of(good) + ".x", did.ErrInvalid},
		{"padding", whole + of("} ")[8:] + "%3D", did.ErrInvalid},
		{"stray bits", strings.TrimSuffix(whole+of("}")[8:], "Q") + "R", did.ErrInvalid},
		{"one character too many", whole + of("} ")[8:] + "A", did.ErrInvalid},
		{"cut short", whole, did.ErrInvalid},
		{"not JSON", of(good[:len(good)-1]), did.ErrInvalid},
		{"two values", of(good + good), did.ErrInvalid},
		{"an array", of("[" + good + "]"), did.ErrInvalid},
		{"a string", of(`"x"`), did.ErrInvalid},
		{"null", of("null"), did.ErrInvalid},
		{"an empty object", of("{}"), did.ErrInvalid},
		{"invalid UTF-8", with("\"a\":\"\xff\""), did.ErrInvalid},
		{"a private key", with(`"d":"AAAA"`), did.ErrInvalid},
		{"a private key, escaped", with(`"\u0064":"AAAA"`), did.ErrInvalid},
		{"a symmetric key", of(`{"kty":"oct","k":"AAAA"}`), did.ErrInvalid},
		{"an RSA key", of(`{"kty":"RSA","n":"AQAB","e":"AQAB"}`), did.ErrInvalid},
		{"an unknown curve", of(`{"kty":"OKP","crv":"Ed448","x":"AAAA"}`), did.ErrInvalid},
		{"a member twice", with(`"kty":"EC"`), did.ErrInvalid},
		{"use twice", with(`"use":"sig","use":"enc"`), did.ErrInvalid},
		{"use twice, escaped", with(`"use":"sig","u\u0073e":"enc"`), did.ErrInvalid},
		{"use is a list", with(`"use":["sig"]`), did.ErrInvalid},
		{"use is a number", with(`"use":1`), did.ErrInvalid},
		{"a point off the curve", of(strings.Replace(good, `"x":"`, `"x":"A`, 1)), did.ErrInvalid},
		{"y of another curve", of(`{"y":"AA",` + ed[1:]), did.ErrInvalid},
		{"too long", with(`"x5c":["` + strings.Repeat("A", 1000) + `"]`), did.ErrInvalid},
		{"much too long", of(strings.Repeat(" ", 6000)), did.ErrInvalid},
		{"too many arrays", with(`"a":` + strings.Repeat("[", 13) + strings.Repeat("]", 13)), did.ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc, err := didjwk.Resolver{}.Resolve(t.Context(), did.MustParse(tt.id))
			if !errors.Is(err, tt.want) || doc != nil {
				t.Errorf("got %v, %v; want %v", doc, err, tt.want)
			}
			if err != nil && len(err.Error()) > 300 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
	if _, err := (didjwk.Resolver{}).Resolve(t.Context(), did.DID{}); err == nil {
		t.Error("the zero DID was resolved")
	}
	// What is just within the limits resolves, and its text can be read.
	resolve(t, with(`"a":`+strings.Repeat("[", 12)+strings.Repeat("]", 12)))
	resolve(t, with(`"a":"`+strings.Repeat("A", 1024-len(good)-len(`"a":"",`))+`"`))
}

// One key has many DIDs, and each keeps its own text.
func TestAnyOrder(t *testing.T) {
	t.Parallel()
	key := public(t, crypto.Ed25519, 1)
	x := tree(t, key.JWK())["x"].(string)
	seen := map[did.DID]bool{}
	for _, jwk := range []string{
		`{"kty":"OKP","crv":"Ed25519","x":"` + x + `"}`,
		`{"x":"` + x + `","crv":"Ed25519","kty":"OKP"}`,
		" {\n\t\"kty\" : \"OKP\", \"crv\" : \"Ed25519\", \"x\" : \"" + x + "\" }\n",
		`{"kty":"\u004fKP","crv":"Ed25519","x":"` + x + `","kid":"ü"}`,
	} {
		doc := resolve(t, of(jwk))
		if ms := doc.Authentication(); len(ms) != 1 || !ms[0].Key.Equal(key) {
			t.Errorf("%s gave %v", jwk, ms)
		}
		written := tree(t, doc.JSON())["verificationMethod"].([]any)[0].(map[string]any)["publicKeyJwk"]
		if diff := cmp.Diff(any(tree(t, []byte(jwk))), written); diff != "" {
			t.Errorf("the JWK in the document: %s", diff)
		}
		seen[doc.ID()] = true
	}
	if len(seen) != 4 {
		t.Errorf("%d DIDs", len(seen))
	}
}

func FuzzJWK(f *testing.F) {
	for _, c := range curves {
		f.Add(public(f, c, 1).JWK())
	}
	good := public(f, crypto.P256, 1).JWK()
	f.Add(bytes.Replace(good, []byte("{"), []byte(`{"use":"enc","a":[{"b":null}],`), 1))
	f.Add(bytes.Replace(good, []byte("{"), []byte(`{"use":7,`), 1))
	f.Add([]byte(`{"kty":"OKP","d":""}`))
	f.Fuzz(func(t *testing.T, jwk []byte) {
		id, err := did.Parse(of(string(jwk)))
		if err != nil {
			return
		}
		doc, err := didjwk.Resolver{}.Resolve(t.Context(), id)
		if err != nil {
			if !errors.Is(err, did.ErrInvalid) {
				t.Fatalf("unexpected kind of error: %v", err)
			}
			return
		}
		if doc.ID() != id || len(doc.Methods()) != 1 {
			t.Fatalf("%s gave %s", id, doc.JSON())
		}
		if key, err := crypto.ParseJWK(jwk); err != nil || !key.Equal(doc.Methods()[0].Key) {
			t.Fatalf("%s is not the key of %s: %v", doc.Methods()[0].Key, jwk, err)
		}
		sameAsText(t, doc)
	})
}

func FuzzDIDJWK(f *testing.F) {
	for _, c := range curves {
		f.Add(create(f, public(f, c, 1)).String())
	}
	f.Add("did:jwk:e30")
	f.Add("did:jwk:e30.%41")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := did.Parse(s)
		if err != nil {
			return
		}
		doc, err := didjwk.Resolver{}.Resolve(t.Context(), id)
		if err != nil {
			if !errors.Is(err, did.ErrInvalid) && !errors.Is(err, did.ErrMethod) {
				t.Fatalf("unexpected kind of error: %v", err)
			}
			return
		}
		if doc.ID() != id {
			t.Fatalf("%s gave the document of %s", id, doc.ID())
		}
		sameAsText(t, doc)
	})
}
