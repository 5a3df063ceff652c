package did_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

// alice has keys embedded, referenced relatively and absolutely, of a foreign DID, dangling, of
// an unknown type, and in relationships that they do not fit.
func alice(t testing.TB) (*did.Document, map[string]crypto.PublicKey) {
	t.Helper()
	keys := map[string]crypto.PublicKey{
		"sign":   publicKey(t, crypto.Ed25519, 1),
		"agree":  publicKey(t, crypto.X25519, 2),
		"both":   publicKey(t, crypto.P256, 3),
		"eth":    publicKey(t, crypto.Secp256k1, 4),
		"inside": publicKey(t, crypto.X25519, 5),
	}
	doc := parse(t, `{
		"@context": ["https://www.w3.org/ns/did/v1"],
		"id": "did:example:alice",
		"alsoKnownAs": ["https://alice.example", "did:example:ali"],
		"verificationMethod": [
			{"id": "#sign", "type": "Multikey", "publicKeyMultibase": %q},
			{"id": "did:example:alice#agree", "type": "X25519KeyAgreementKey2020",
			 "controller": "did:example:boss", "publicKeyMultibase": %q},
			{"id": "#both", "type": "JsonWebKey2020", "controller": "did:example:alice", "publicKeyJwk": %s},
			{"id": "#bls", "type": "Bls12381G2Key2020", "publicKeyBase58": "25EEkQtcLKsEzQ6JTo9cg4W7NHpaurn4Wg6LaNPFq6JQXnrP91SDviUz7KrJVMJd76CtAZFsRLYzvgX2JGxo2ccUHtuHk7ELCWwrkBDfrXCFVfqJKDootee9iVaF6NpdJtBE"},
			{"id": "did:example:bob#stolen", "type": "Multikey", "publicKeyMultibase": %q},
			{"id": "#eth", "type": "Multikey", "publicKeyMultibase": %q}
		],
		"authentication": ["#sign", "did:example:alice#both", "#agree", "#eth", "#bls", "#sign", "did:example:bob#stolen"],
		"keyAgreement": [
			"#agree",
			{"id": "#inside", "type": "Multikey", "publicKeyMultibase": %q},
			"#nowhere", "#sign", "#eth", "did:example:alice#both"
		],
		"unknown": {"kept": ["out"]}
	}`, keys["sign"], keys["agree"], keys["both"].JWK(), publicKey(t, crypto.Ed25519, 9), keys["eth"], keys["inside"])
	return doc, keys
}

func TestDocumentKeys(t *testing.T) {
	t.Parallel()
	doc, keys := alice(t)
	const p = "did:example:alice#"
	if diff := cmp.Diff([]string{p + "sign", p + "both", p + "eth"}, ids(doc.Authentication())); diff != "" {
		t.Error("authentication", diff)
	}
	if diff := cmp.Diff([]string{p + "agree", p + "inside", p + "both"}, ids(doc.KeyAgreement())); diff != "" {
		t.Error("keyAgreement", diff)
	}
	if diff := cmp.Diff([]string{p + "sign", p + "agree", p + "both", p + "eth", p + "inside"}, ids(doc.Methods())); diff != "" {
		t.Error("methods", diff)
	}
	for _, m := range doc.Methods() {
		if !m.Key.Equal(keys[m.ID.Fragment]) {
			t.Errorf("%s has the wrong key", m.ID)
		}
		want := "did:example:alice"
		if m.ID.Fragment == "agree" {
			want = "did:example:boss"
		}
		if m.Controller.String() != want {
			t.Errorf("%s is controlled by %s", m.ID, m.Controller)
		}
	}
	if aka := doc.AlsoKnownAs(); len(aka) != 1 || aka[0].String() != "did:example:ali" {
		t.Errorf("also known as %v", aka)
	}
}

func TestDocumentKey(t *testing.T) {
	t.Parallel()
	doc, keys := alice(t)
	auth, agree := crypto.Authentication, crypto.KeyAgreement
	tests := []struct {
		name, kid string
		purpose   crypto.Purpose
		want      string
	}{
		{"signing key", "did:example:alice#sign", auth, "sign"},
		{"agreement key", "did:example:alice#agree", agree, "agree"},
		{"embedded key", "did:example:alice#inside", agree, "inside"},
		{"key of both purposes signs", "did:example:alice#both", auth, "both"},
		{"key of both purposes agrees", "did:example:alice#both", agree, "both"},
		{"signing key for agreement", "did:example:alice#sign", agree, ""},
		{"agreement key for signing", "did:example:alice#agree", auth, ""},
		{"embedded key for the other purpose", "did:example:alice#inside", auth, ""},
		{"unknown type", "did:example:alice#bls", auth, ""},
		{"key of another DID", "did:example:bob#stolen", auth, ""},
		{"its fragment", "did:example:alice#stolen", auth, ""},
		{"right fragment of another DID", "did:example:bob#sign", auth, ""},
		{"no fragment", "did:example:alice", auth, ""},
		{"path", "did:example:alice/x#sign", auth, ""},
		{"query", "did:example:alice?x#sign", auth, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			kid, err := did.ParseURL(tt.kid)
			if err != nil {
				t.Fatal(err)
			}
			got, err := doc.Key(kid, tt.purpose)
			if tt.want == "" {
				if !errors.Is(err, crypto.ErrUnknownKey) || !got.IsZero() {
					t.Errorf("got %v, %v; want ErrUnknownKey", got, err)
				}
				return
			}
			if err != nil || !got.Equal(keys[tt.want]) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
	if _, err := doc.Key(doc.Methods()[0].ID, 0); !errors.Is(err, did.ErrInvalid) {
		t.Errorf("purpose zero: %v", err)
	}
}

func TestDocumentOfEitherForm(t *testing.T) {
	t.Parallel()
	key := publicKey(t, crypto.Ed25519, 1)
	for _, form := range []string{shortForm, longForm} {
		for _, written := range []string{"#k", shortForm + "#k", longForm + "#k"} {
			doc := parse(t, `{"id":%q,"authentication":[{"id":%q,"type":"Multikey","publicKeyMultibase":%q}]}`,
				form, written, key)
			if diff := cmp.Diff([]string{form + "#k"}, ids(doc.Authentication())); diff != "" {
				t.Error(diff)
			}
			for _, asked := range []string{shortForm, longForm} {
				kid := did.URL{DID: did.MustParse(asked), Fragment: "k"}
				if got, err := doc.Key(kid, crypto.Authentication); err != nil || !got.Equal(key) {
					t.Errorf("document of %.60s, asked for %.60s: %v", form, asked, err)
				}
			}
		}
	}
}

func TestMaterial(t *testing.T) {
	t.Parallel()
	ed, x := publicKey(t, crypto.Ed25519, 1), publicKey(t, crypto.X25519, 2)
	p256, p384, p521, k1 := publicKey(t, crypto.P256, 3), publicKey(t, crypto.P384, 4),
		publicKey(t, crypto.P521, 5), publicKey(t, crypto.Secp256k1, 6)
	mb := func(k crypto.PublicKey) string { return `"publicKeyMultibase":"` + k.Multikey() + `"` }
	jwk := func(k crypto.PublicKey) string { return `"publicKeyJwk":` + string(k.JWK()) }
	b58 := func(k crypto.PublicKey) string { return `"publicKeyBase58":"` + base58Of(t, k) + `"` }
	tests := []struct {
		typ, material string
		want          crypto.PublicKey // zero: kept out
	}{
		{"Multikey", mb(ed), ed},
		{"Multikey", mb(x), x},
		{"Multikey", mb(p521), p521},
		{"JsonWebKey", jwk(p384), p384},
		{"JsonWebKey2020", jwk(k1), k1},
		{"Ed25519VerificationKey2020", mb(ed), ed},
		{"Ed25519VerificationKey2018", b58(ed), ed},
		{"Ed25519VerificationKey2018", jwk(ed), ed},
		{"X25519KeyAgreementKey2020", mb(x), x},
		{"X25519KeyAgreementKey2019", b58(x), x},
		{"EcdsaSecp256k1VerificationKey2019", b58(k1), k1},
		{"EcdsaSecp256r1VerificationKey2019", jwk(p256), p256},
		{"P256Key2021", b58(p256), p256},
		{"P384Key2021", b58(p384), p384},
		{"P521Key2021", b58(p521), p521},
		{"Ed25519VerificationKey2020", mb(x), crypto.PublicKey{}},
		{"X25519KeyAgreementKey2019", b58(p256), crypto.PublicKey{}},
		{"X25519KeyAgreementKey2020", jwk(ed), crypto.PublicKey{}},
		{"Multikey", b58(ed), crypto.PublicKey{}},
		{"Multikey", mb(ed) + "," + jwk(ed), crypto.PublicKey{}},
		{"Ed25519VerificationKey2018", b58(ed) + "," + mb(ed), crypto.PublicKey{}},
		{"Multikey", `"publicKeyMultibase":"` + ed.Multikey()[1:] + `"`, crypto.PublicKey{}},
		{"Multikey", `"publicKeyMultibase":""`, crypto.PublicKey{}},
		{"Multikey", `"x":1`, crypto.PublicKey{}},
		{"JsonWebKey2020", `"publicKeyJwk":{}`, crypto.PublicKey{}},
		{"JsonWebKey2020", `"publicKeyJwk":"x"`, crypto.PublicKey{}},
		{"Ed25519VerificationKey2018", `"publicKeyBase58":"0OIl"`, crypto.PublicKey{}},
		{"Multikey2", mb(ed), crypto.PublicKey{}},
		{"", mb(ed), crypto.PublicKey{}},
		{"Multikey", `"controller":"nobody",` + mb(ed), crypto.PublicKey{}},
	}
	for _, tt := range tests {
		doc := parse(t, `{"id":"did:a:b","verificationMethod":[{"id":"#k","type":%q,%s}]}`, tt.typ, tt.material)
		got := doc.Methods()
		switch {
		case tt.want.IsZero() && len(got) != 0:
			t.Errorf("%s with %s gave %v", tt.typ, tt.material, got[0].Key)
		case !tt.want.IsZero() && (len(got) != 1 || !got[0].Key.Equal(tt.want) || got[0].Type != tt.typ):
			t.Errorf("%s with %s gave %v", tt.typ, tt.material, got)
		}
	}
}

func TestLegacyPublicKeyMember(t *testing.T) {
	t.Parallel()
	key := publicKey(t, crypto.Ed25519, 1)
	doc := parse(t, `{"id":"did:a:b","publicKey":[{"id":"#k","type":"Multikey","publicKeyMultibase":%q}],
		"authentication":["#k"]}`, key)
	if diff := cmp.Diff([]string{key.Multikey()}, multikeys(doc.Authentication())); diff != "" {
		t.Error(diff)
	}
}

func TestPins(t *testing.T) {
	t.Parallel()
	doc, keys := alice(t)
	var want [][32]byte
	for _, name := range []string{"sign", "agree", "both", "eth", "inside"} {
		want = append(want, keys[name].Fingerprint())
	}
	slices.SortFunc(want, func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
	if diff := cmp.Diff(want, doc.Pins()); diff != "" {
		t.Error(diff)
	}
	var prints [][32]byte
	for _, key := range doc.PinKeys() {
		prints = append(prints, key.Fingerprint())
	}
	if diff := cmp.Diff(want, prints); diff != "" {
		t.Error("keys", diff)
	}
	unused := parse(t, `{"id":"did:a:b","verificationMethod":[{"id":"#k","type":"Multikey","publicKeyMultibase":%q}],
		"assertionMethod":["#k"]}`, keys["sign"])
	if pins := unused.Pins(); len(pins) != 0 {
		t.Errorf("a key of no purpose is pinned: %x", pins)
	}
	if keys := unused.PinKeys(); len(keys) != 0 {
		t.Errorf("a key of no purpose is pinned: %v", keys)
	}
}

func TestWithAliases(t *testing.T) {
	t.Parallel()
	doc, keys := alice(t)
	named := doc.WithAliases(map[string]string{"old": "sign", "agree": "sign", "gone": "nowhere"})
	lookup := func(d *did.Document, fragment string, p crypto.Purpose) (crypto.PublicKey, error) {
		return d.Key(did.URL{DID: d.ID(), Fragment: fragment}, p)
	}
	if got, err := lookup(named, "old", crypto.Authentication); err != nil || !got.Equal(keys["sign"]) {
		t.Errorf("the alias finds %v, %v", got, err)
	}
	if _, err := lookup(named, "old", crypto.KeyAgreement); !errors.Is(err, crypto.ErrUnknownKey) {
		t.Errorf("the alias has another purpose than its key: %v", err)
	}
	if got, err := lookup(named, "agree", crypto.KeyAgreement); err != nil || !got.Equal(keys["agree"]) {
		t.Errorf("an alias replaced a real name: %v, %v", got, err)
	}
	for _, d := range []*did.Document{named, doc} {
		if _, err := lookup(d, "gone", crypto.Authentication); !errors.Is(err, crypto.ErrUnknownKey) {
			t.Errorf("an alias of nothing: %v", err)
		}
	}
	if _, err := lookup(doc, "old", crypto.Authentication); !errors.Is(err, crypto.ErrUnknownKey) {
		t.Errorf("the original document changed: %v", err)
	}
	if diff := cmp.Diff(ids(doc.Methods()), ids(named.Methods())); diff != "" {
		t.Error(diff)
	}
}

func TestDocumentIsImmutable(t *testing.T) {
	t.Parallel()
	text := []byte(`{"id":"did:a:b","alsoKnownAs":["did:a:c"],"verificationMethod":[
		{"id":"#k","type":"Multikey","publicKeyMultibase":"` + publicKey(t, crypto.P256, 1).Multikey() + `"}],
		"authentication":["#k"],"keyAgreement":["#k"],
		"service":[{"id":"#s","type":"DIDCommMessaging","serviceEndpoint":
		{"uri":"u","accept":["a"],"routingKeys":["r"],"multiAddrs":["m"]}}]}`)
	given := bytes.Clone(text)
	doc, err := did.ParseDocument(given)
	if err != nil {
		t.Fatal(err)
	}
	clear(given)
	spoil := func() {
		clear(doc.JSON())
		clear(doc.AlsoKnownAs())
		clear(doc.Methods())
		clear(doc.Authentication())
		clear(doc.KeyAgreement())
		clear(doc.Pins())
		clear(doc.PinKeys())
		for _, es := range [][]did.Endpoint{doc.DIDComm(), doc.Services()[0].Endpoints} {
			clear(es[0].Accept)
			clear(es[0].RoutingKeys)
			clear(es[0].MultiAddrs)
			clear(es)
		}
		clear(doc.Services())
	}
	pins := doc.Pins()
	spoil()
	again := parse(t, "%s", text)
	if !bytes.Equal(doc.JSON(), text) || doc.AlsoKnownAs()[0] != again.AlsoKnownAs()[0] {
		t.Error("text or alias changed")
	}
	for name, got := range map[string][]did.VerificationMethod{
		"methods": doc.Methods(), "authentication": doc.Authentication(), "keyAgreement": doc.KeyAgreement(),
	} {
		if len(got) != 1 || got[0].ID.String() != "did:a:b#k" || got[0].Key.IsZero() {
			t.Errorf("%s changed: %v", name, got)
		}
	}
	if diff := cmp.Diff(again.Services(), doc.Services()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(again.DIDComm(), doc.DIDComm()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(pins, doc.Pins()); diff != "" {
		t.Error(diff)
	}
}
