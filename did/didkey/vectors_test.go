package didkey_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didkey"
	"github.com/parley-im/parley/internal/vectors"
)

type vectorFile struct {
	Positive []struct {
		DID      string          `json:"did"`
		JWK      json.RawMessage `json:"public_key_jwk"`
		Document json.RawMessage `json:"expected_did_document"`
		Derived  string          `json:"derived_key_agreement_multibase"`
	} `json:"positive"`
	Negative []struct {
		DID    string `json:"did"`
		Reason string `json:"reason"`
	} `json:"negative"`
}

func TestSharedVectors(t *testing.T) {
	t.Parallel()
	var file vectorFile
	vectors.Load(t, "did-key/vectors.json", &file)
	for _, v := range file.Positive {
		key, err := crypto.ParseJWK(v.JWK)
		if err != nil {
			t.Fatal(err)
		}
		if id, err := didkey.Create(key); err != nil || id.String() != v.DID {
			t.Errorf("created %s, %v; want %s", id, err, v.DID)
		}
		want, err := did.ParseDocument(v.Document)
		if err != nil {
			t.Fatal(err)
		}
		got := resolve(t, v.DID)
		if diff := cmp.Diff(byID(want.Authentication()), byID(got.Authentication())); diff != "" {
			t.Errorf("%s authentication %s", v.DID, diff)
		}
		if diff := cmp.Diff(byID(want.KeyAgreement()), byID(got.KeyAgreement())); diff != "" {
			t.Errorf("%s keyAgreement %s", v.DID, diff)
		}
		if v.Derived != "" && got.KeyAgreement()[0].Key.Multikey() != v.Derived {
			t.Errorf("%s derives %s, want %s", v.DID, got.KeyAgreement()[0].Key, v.Derived)
		}
	}
	for _, v := range file.Negative {
		id, err := did.Parse(v.DID)
		if err == nil {
			_, err = didkey.Resolver{}.Resolve(t.Context(), id)
		}
		if err == nil {
			t.Errorf("%s (%s) was accepted", v.DID, v.Reason)
		}
	}
	if len(file.Positive) != 22 || len(file.Negative) != 10 {
		t.Errorf("%d and %d vectors were read", len(file.Positive), len(file.Negative))
	}
}

func byID(ms []did.VerificationMethod) map[string]string {
	out := make(map[string]string)
	for _, m := range ms {
		out[m.ID.String()] = m.Key.Multikey()
	}
	return out
}
