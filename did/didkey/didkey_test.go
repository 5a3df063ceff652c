package didkey_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didkey"
	"pgregory.net/rapid"
)

var curves = []crypto.Curve{
	crypto.Ed25519, crypto.X25519, crypto.P256, crypto.P384, crypto.P521, crypto.Secp256k1,
}

func public(t testing.TB, c crypto.Curve, secret []byte) crypto.PublicKey {
	t.Helper()
	key, err := crypto.NewPrivateKey(c, secret)
	if err != nil {
		t.Fatal(err)
	}
	return key.Public()
}

func resolve(t testing.TB, id string) *did.Document {
	t.Helper()
	doc, err := didkey.Resolver{}.Resolve(t.Context(), did.MustParse(id))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func multikeys(ms []did.VerificationMethod) []string {
	var out []string
	for _, m := range ms {
		out = append(out, m.Key.Multikey())
	}
	return out
}

// TestGolden pins the DIDs that fixed secrets give, so that a change of encoding is noticed
// without any vectors at hand.
func TestGolden(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Curve  string `json:"curve"`
		Secret string `json:"secret"`
		DID    string `json:"did"`
		Signs  string `json:"authentication"`
		Agrees string `json:"keyAgreement"`
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) != len(curves) {
		t.Fatalf("%d cases for %d curves", len(cases), len(curves))
	}
	for i, c := range cases {
		secret, err := hex.DecodeString(c.Secret)
		if err != nil || curves[i].String() != c.Curve {
			t.Fatalf("case %d: %v", i, err)
		}
		id, err := didkey.Create(public(t, curves[i], secret))
		if err != nil || id.String() != c.DID {
			t.Fatalf("%s: created %s, %v", c.Curve, id, err)
		}
		doc := resolve(t, c.DID)
		if got := strings.Join(multikeys(doc.Authentication()), " "); got != c.Signs {
			t.Errorf("%s: authentication %s, want %s", c.Curve, got, c.Signs)
		}
		if got := strings.Join(multikeys(doc.KeyAgreement()), " "); got != c.Agrees {
			t.Errorf("%s: keyAgreement %s, want %s", c.Curve, got, c.Agrees)
		}
	}
}

func TestDocument(t *testing.T) {
	t.Parallel()
	key := public(t, crypto.Ed25519, bytes.Repeat([]byte{1}, 32))
	derived, err := key.X25519()
	if err != nil {
		t.Fatal(err)
	}
	id, err := didkey.Create(key)
	if err != nil {
		t.Fatal(err)
	}
	kid, agree := id.String()+"#"+key.Multikey(), id.String()+"#"+derived.Multikey()
	method := func(kid string, k crypto.PublicKey) any {
		return map[string]any{"id": kid, "type": "Multikey", "controller": id.String(), "publicKeyMultibase": k.Multikey()}
	}
	want := map[string]any{
		"@context":             []any{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"},
		"id":                   id.String(),
		"verificationMethod":   []any{method(kid, key), method(agree, derived)},
		"authentication":       []any{kid},
		"assertionMethod":      []any{kid},
		"capabilityInvocation": []any{kid},
		"capabilityDelegation": []any{kid},
		"keyAgreement":         []any{agree},
	}
	var got map[string]any
	doc := resolve(t, id.String())
	if err := json.Unmarshal(doc.JSON(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	again, err := did.ParseDocument(doc.JSON())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(byID(again.Methods()), byID(doc.Methods())); diff != "" {
		t.Error(diff)
	}
	if ids := doc.KeyAgreement(); ids[0].ID.String() != agree {
		t.Errorf("the derived key has the id %s", ids[0].ID)
	}
}

func TestCreateRefusesNoKey(t *testing.T) {
	t.Parallel()
	if id, err := didkey.Create(crypto.PublicKey{}); !errors.Is(err, did.ErrInvalid) || !id.IsZero() {
		t.Errorf("got %s, %v", id, err)
	}
}

func TestResolveRefuses(t *testing.T) {
	t.Parallel()
	good := public(t, crypto.Ed25519, bytes.Repeat([]byte{1}, 32)).Multikey()
	tests := []struct {
		name, id string
		want     error
	}{
		{"another method", "did:web:" + good, did.ErrMethod},
		{"a method that starts alike", "did:keys:" + good, did.ErrMethod},
		{"version in front", "did:key:1.1:" + good, did.ErrInvalid},
		{"something behind", "did:key:" + good + ":x", did.ErrInvalid},
		{"another multibase", "did:key:u7QEz", did.ErrInvalid},
		{"only the multibase", "did:key:z", did.ErrInvalid},
		{"one character changed to none of base58", "did:key:" + good[:20] + "0" + good[21:], did.ErrInvalid},
		{"one character missing", "did:key:" + good[:len(good)-1], did.ErrInvalid},
		{"very long", "did:key:z" + strings.Repeat("6", 8000), did.ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc, err := didkey.Resolver{}.Resolve(t.Context(), did.MustParse(tt.id))
			if !errors.Is(err, tt.want) || doc != nil {
				t.Errorf("got %v, %v; want %v", doc, err, tt.want)
			}
		})
	}
	if _, err := (didkey.Resolver{}).Resolve(t.Context(), did.DID{}); err == nil {
		t.Error("the zero DID was resolved")
	}
}

// Whatever key a DID is created from is the key that it resolves to, for the purposes that its
// curve is fit for.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		curve := rapid.SampledFrom(curves).Draw(rt, "curve")
		size := map[crypto.Curve]int{crypto.P384: 48, crypto.P521: 66}[curve]
		if size == 0 {
			size = 32
		}
		secret := rapid.SliceOfN(rapid.Byte(), size, size).Draw(rt, "secret")
		secret[0], secret[1] = 0, 0 // below the order of every curve
		private, err := crypto.NewPrivateKey(curve, secret)
		if err != nil {
			rt.Skip("no secret of this curve")
		}
		key := private.Public()
		id, err := didkey.Create(key)
		if err != nil {
			rt.Fatal(err)
		}
		doc, err := didkey.Resolver{}.Resolve(t.Context(), id)
		if err != nil {
			rt.Fatal(err)
		}
		if doc.ID() != id {
			rt.Fatalf("the document of %s is about %s", id, doc.ID())
		}
		again, err := did.ParseDocument(doc.JSON())
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(byID(doc.Methods()), byID(again.Methods())); diff != "" {
			rt.Fatal(diff)
		}
		kid := did.URL{DID: id, Fragment: key.Multikey()}
		for purpose, fit := range map[crypto.Purpose]bool{
			crypto.Authentication: curve.CanSign(), crypto.KeyAgreement: curve.CanAgree(),
		} {
			got, err := doc.Key(kid, purpose)
			if fit && (err != nil || !got.Equal(key)) || !fit && !errors.Is(err, crypto.ErrUnknownKey) {
				rt.Fatalf("%v key for %v: %v, %v", curve, purpose, got, err)
			}
		}
		if n := len(doc.KeyAgreement()); (n == 1) != (curve != crypto.Secp256k1) {
			rt.Fatalf("%v has %d agreement keys", curve, n)
		}
	})
}

func FuzzDIDKey(f *testing.F) {
	for i, c := range curves {
		size := map[crypto.Curve]int{crypto.P384: 48, crypto.P521: 66}[c]
		secret := make([]byte, max(size, 32))
		secret[len(secret)-1] = byte(i + 1)
		f.Add(public(f, c, secret).Multikey())
	}
	for _, s := range []string{"", "z", "z6Mk", "u7QEz", "zz:z", "z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDoo0l"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, multikey string) {
		id, err := did.Parse("did:key:" + multikey)
		if err != nil {
			return
		}
		doc, err := didkey.Resolver{}.Resolve(t.Context(), id)
		if err != nil {
			if !errors.Is(err, did.ErrInvalid) {
				t.Fatalf("%v is not ErrInvalid", err)
			}
			return
		}
		// A key has one spelling: what resolves is what Create gives.
		again, err := didkey.Create(doc.Methods()[0].Key)
		if err != nil || again != id {
			t.Fatalf("%s was created again as %s, %v", id, again, err)
		}
	})
}
