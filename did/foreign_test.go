package did_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

// foreignDocument is a document in the manner of another method's software, with what must be read from it. They are
// written by hand, with keys of our own.
type foreignDocument struct {
	Name           string          `json:"name"`
	Document       json.RawMessage `json:"document"`
	Authentication []string        `json:"authentication"`
	KeyAgreement   []string        `json:"keyAgreement"`
	Endpoints      []string        `json:"endpoints"`
}

func foreignDocuments(t testing.TB) []foreignDocument {
	t.Helper()
	text, err := os.ReadFile("testdata/documents.json")
	if err != nil {
		t.Fatal(err)
	}
	var out []foreignDocument
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	if len(out) < 5 {
		t.Fatalf("only %d documents", len(out))
	}
	return out
}

// Documents as other software writes them: what DIDComm needs is read, the rest does no harm.
func TestForeignDocuments(t *testing.T) {
	t.Parallel()
	for _, d := range foreignDocuments(t) {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			doc, err := did.ParseDocument(d.Document)
			if err != nil {
				t.Fatal(err)
			}
			var endpoints []string
			for _, e := range doc.DIDComm() {
				endpoints = append(endpoints, e.URI)
			}
			fragments := func(ms []did.VerificationMethod) []string {
				var out []string
				for _, m := range ms {
					out = append(out, m.ID.Fragment)
				}
				return out
			}
			for name, pair := range map[string][2][]string{
				"authentication": {d.Authentication, fragments(doc.Authentication())},
				"keyAgreement":   {d.KeyAgreement, fragments(doc.KeyAgreement())},
				"endpoints":      {d.Endpoints, endpoints},
			} {
				if diff := cmp.Diff(pair[0], pair[1], cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%s %s", name, diff)
				}
			}
			for _, m := range doc.KeyAgreement() {
				if _, err := doc.Key(m.ID, crypto.KeyAgreement); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
