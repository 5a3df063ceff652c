package didkey_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didkey"
	"github.com/parley-im/parley/internal/vectors"
)

type vectorFile struct {
	Positive []positive `json:"positive"`
	Negative []struct {
		DID    string `json:"did"`
		Reason string `json:"reason"`
	} `json:"negative"`
}

type positive struct {
	DID      string          `json:"did"`
	Curve    string          `json:"curve"`
	Seed     string          `json:"seed"`
	JWK      json.RawMessage `json:"public_key_jwk"`
	Document json.RawMessage `json:"expected_did_document"`
	Derived  string          `json:"derived_key_agreement_multibase"`
}

// relationships are what a did:key document says of its keys, as lists of ids.
type relationships struct {
	ID                   string   `json:"id"`
	Authentication       []string `json:"authentication"`
	AssertionMethod      []string `json:"assertionMethod"`
	CapabilityInvocation []string `json:"capabilityInvocation"`
	CapabilityDelegation []string `json:"capabilityDelegation"`
	KeyAgreement         []string `json:"keyAgreement"`
}

// TestSharedVectors runs all of the shared did:key vectors and logs how many there were: the positive ones of each
// curve, the documents of the method's own test suite, and each negative one with the reason of its refusal.
func TestSharedVectors(t *testing.T) {
	t.Parallel()
	var file vectorFile
	vectors.Load(t, "did-key/vectors.json", &file)
	created, documents := make(map[string]int), make(map[string]int)
	for _, v := range file.Positive {
		checkCreated(t, v)
		created[v.Curve]++
	}
	for id, text := range suiteDocuments(t) {
		documents[checkDocument(t, id, text)]++
	}
	var table strings.Builder
	for _, c := range curves {
		fmt.Fprintf(&table, "\n%-10s created and resolved %d, document of the suite %d", c, created[c.String()], documents[c.String()])
	}
	for _, v := range file.Negative {
		fmt.Fprintf(&table, "\nrefused: %s: %v", v.Reason, checkRefused(t, v.DID))
	}
	t.Log("vectors table", table.String())
	want := map[string]int{"Ed25519": 5, "X25519": 4, "P-256": 3, "P-384": 2, "P-521": 2, "secp256k1": 6}
	if diff := cmp.Diff(want, created); diff != "" {
		t.Error("vectors of each curve", diff)
	}
	if diff := cmp.Diff(want, documents); diff != "" {
		t.Error("documents of each curve", diff)
	}
	if len(file.Negative) != 10 {
		t.Errorf("%d negative vectors were read", len(file.Negative))
	}
}

// checkCreated makes the DID from its key, and from the seed where there is one, and resolves it.
func checkCreated(t *testing.T, v positive) {
	t.Helper()
	key, err := crypto.ParseJWK(v.JWK)
	if err != nil {
		t.Fatal(err)
	}
	if id, err := didkey.Create(key); err != nil || id.String() != v.DID || key.Curve().String() != v.Curve {
		t.Errorf("created %s, %v; want %s", id, err, v.DID)
	}
	if v.Seed != "" {
		seed, err := hex.DecodeString(v.Seed)
		if err != nil {
			t.Fatal(err)
		}
		if own := public(t, key.Curve(), seed); !own.Equal(key) {
			t.Errorf("%s: the seed gives %s", v.DID, own)
		}
	}
	checkDocument(t, v.DID, v.Document)
	if got := resolve(t, v.DID); v.Derived != "" && got.KeyAgreement()[0].Key.Multikey() != v.Derived {
		t.Errorf("%s derives %s, want %s", v.DID, got.KeyAgreement()[0].Key, v.Derived)
	}
}

// checkDocument compares what a DID resolves to with the document that is given for it: the keys by their ids, and
// all relationships. It returns the curve of the first key.
func checkDocument(t *testing.T, id string, text []byte) string {
	t.Helper()
	want, err := did.ParseDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	got := resolve(t, id)
	for name, pair := range map[string][2][]did.VerificationMethod{
		"methods":        {want.Methods(), got.Methods()},
		"authentication": {want.Authentication(), got.Authentication()},
		"keyAgreement":   {want.KeyAgreement(), got.KeyAgreement()},
	} {
		if diff := cmp.Diff(byID(pair[0]), byID(pair[1])); diff != "" {
			t.Errorf("%s %s %s", id, name, diff)
		}
	}
	var wantLists, gotLists relationships
	if err := json.Unmarshal(text, &wantLists); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(got.JSON(), &gotLists); err != nil {
		t.Fatal(err)
	}
	curve := got.Methods()[0].Key.Curve()
	if curve == crypto.Secp256k1 {
		wantLists.KeyAgreement = nil // left out on purpose, see the package's comment
	}
	if diff := cmp.Diff(wantLists, gotLists); diff != "" {
		t.Errorf("%s %s", id, diff)
	}
	return curve.String()
}

// suiteDocuments returns the documents of the files that are taken over as they are from the method's test suite.
func suiteDocuments(t *testing.T) map[string]json.RawMessage {
	t.Helper()
	out := make(map[string]json.RawMessage)
	for _, name := range []string{"w3c-ed25519-x25519", "w3c-nist-curves", "w3c-secp256k1"} {
		var file map[string]struct {
			Document json.RawMessage `json:"didDocument"`
		}
		vectors.Load(t, "did-key/"+name+".json", &file)
		for id, v := range file {
			out[id] = v.Document
		}
	}
	var file struct {
		Documents map[string]json.RawMessage `json:"didDocument"`
	}
	vectors.Load(t, "did-key/w3c-x25519.json", &file)
	for id, text := range file.Documents {
		out[id] = text
	}
	return out
}

// checkRefused returns the error, which must be of the kind that trying again does not mend.
func checkRefused(t *testing.T, text string) error {
	t.Helper()
	id, err := did.Parse(text)
	if err == nil {
		_, err = didkey.Resolver{}.Resolve(t.Context(), id)
	}
	if !errors.Is(err, did.ErrInvalid) {
		t.Errorf("%s: %v, want %v", text, err, did.ErrInvalid)
	}
	return err
}

func byID(ms []did.VerificationMethod) map[string]string {
	out := make(map[string]string)
	for _, m := range ms {
		out[m.ID.String()] = m.Key.Multikey()
	}
	return out
}
