package did_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/internal/vectors"
)

// looseDocument reads the documents of the vectors in the simplest way, to compare with.
type looseDocument struct {
	ID             string            `json:"id"`
	Methods        []looseMethod     `json:"verificationMethod"`
	Authentication []json.RawMessage `json:"authentication"`
	KeyAgreement   []json.RawMessage `json:"keyAgreement"`
	Service        []struct {
		Endpoint json.RawMessage `json:"serviceEndpoint"`
	} `json:"service"`
}

type looseMethod struct {
	ID        string          `json:"id"`
	JWK       json.RawMessage `json:"publicKeyJwk"`
	Multibase string          `json:"publicKeyMultibase"`
}

// keys returns the ids and multikeys of a relationship whose curve passes.
func (d looseDocument) keys(t *testing.T, refs []json.RawMessage, usable func(crypto.Curve) bool) map[string]string {
	t.Helper()
	all := make(map[string]looseMethod)
	for _, m := range d.Methods {
		all[m.ID] = m
	}
	out := make(map[string]string)
	for _, ref := range refs {
		var id string
		var m looseMethod
		if json.Unmarshal(ref, &id) == nil {
			var ok bool
			if m, ok = all[id]; !ok {
				t.Logf("%s refers to %s, which it does not have", d.ID, id)
				continue
			}
		} else if err := json.Unmarshal(ref, &m); err != nil {
			t.Fatal(err)
		}
		key, err := crypto.ParseMultikey(m.Multibase)
		if m.JWK != nil {
			key, err = crypto.ParseJWK(m.JWK)
		}
		if err != nil {
			t.Fatalf("%s: %v", m.ID, err)
		}
		if usable(key.Curve()) {
			out[m.ID] = key.Multikey()
		}
	}
	return out
}

func listed(ms []did.VerificationMethod) map[string]string {
	out := make(map[string]string)
	for _, m := range ms {
		out[m.ID.String()] = m.Key.Multikey()
	}
	return out
}

func TestSharedDocuments(t *testing.T) {
	t.Parallel()
	var texts []json.RawMessage
	for _, name := range []string{"sicpa/diddocs.json", "generated/diddocs.json"} {
		var several []json.RawMessage
		vectors.Load(t, name, &several)
		texts = append(texts, several...)
	}
	for _, name := range []string{"didcomm-spec-v2.1/diddoc-alice.json", "didcomm-spec-v2.1/diddoc-bob.json"} {
		var one json.RawMessage
		vectors.Load(t, name, &one)
		texts = append(texts, one)
	}
	endpoints := 0
	for _, text := range texts {
		var want looseDocument
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		doc, err := did.ParseDocument(text)
		if err != nil {
			t.Fatalf("%s: %v", want.ID, err)
		}
		if doc.ID().String() != want.ID {
			t.Errorf("the document of %s is about %s", want.ID, doc.ID())
		}
		if diff := cmp.Diff(want.keys(t, want.Authentication, crypto.Curve.CanSign), listed(doc.Authentication())); diff != "" {
			t.Errorf("%s authentication %s", want.ID, diff)
		}
		if diff := cmp.Diff(want.keys(t, want.KeyAgreement, crypto.Curve.CanAgree), listed(doc.KeyAgreement())); diff != "" {
			t.Errorf("%s keyAgreement %s", want.ID, diff)
		}
		var all []did.Endpoint
		for _, s := range want.Service {
			var es []did.Endpoint
			if err := json.Unmarshal(s.Endpoint, &es); err != nil {
				t.Fatal(err)
			}
			all = append(all, es...)
		}
		if diff := cmp.Diff(all, doc.DIDComm()); diff != "" {
			t.Errorf("%s endpoints %s", want.ID, diff)
		}
		endpoints += len(all)
		checkConsistent(t, doc)
	}
	if len(texts) < 10 || endpoints < 4 {
		t.Errorf("only %d documents with %d endpoints were read", len(texts), endpoints)
	}
}

// The did:key documents of the vectors use older suites than we write; the keys must be read
// from them all the same.
func TestSharedDIDKeyDocuments(t *testing.T) {
	t.Parallel()
	var file struct {
		Positive []struct {
			Document json.RawMessage `json:"expected_did_document"`
			JWK      json.RawMessage `json:"public_key_jwk"`
			Derived  string          `json:"derived_key_agreement_multibase"`
		} `json:"positive"`
	}
	vectors.Load(t, "did-key/vectors.json", &file)
	for _, v := range file.Positive {
		doc, err := did.ParseDocument(v.Document)
		if err != nil {
			t.Fatal(err)
		}
		key, err := crypto.ParseJWK(v.JWK)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{key.Multikey()}
		if v.Derived != "" {
			want = append(want, v.Derived)
		}
		if diff := cmp.Diff(want, multikeys(doc.Methods())); diff != "" {
			t.Errorf("%s: %s", doc.ID(), diff)
		}
	}
	if len(file.Positive) != 22 {
		t.Errorf("%d documents were read", len(file.Positive))
	}
}
