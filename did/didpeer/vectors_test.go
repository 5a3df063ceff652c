package didpeer_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didpeer"
	"github.com/parley-im/parley/internal/vectors"
)

type vector struct {
	ID        string          `json:"id"`
	DID       string          `json:"did"`
	Result    string          `json:"result"`
	Reason    string          `json:"reason"`
	Lines     []string        `json:"lines"`
	Document  json.RawMessage `json:"expected_did_document"`
	Clarified json.RawMessage `json:"expected_did_document_clarified"`
	JWK       json.RawMessage `json:"public_key_jwk"`
	DIDKey    string          `json:"equivalent_did_key"`
	Long      string          `json:"long_form"`
	Short     string          `json:"short_form"`
	LongDoc   json.RawMessage `json:"expected_long_form_document"`
	ShortDoc  json.RawMessage `json:"expected_short_form_document"`
}

func TestSharedPeer4(t *testing.T) {
	t.Parallel()
	var file struct {
		Positive []vector `json:"positive"`
		Negative []vector `json:"negative_generated"`
	}
	vectors.Load(t, "did-peer/peer-4.json", &file)
	for _, v := range file.Positive {
		long, short := did.MustParse(v.Long), did.MustParse(v.Short)
		if long.Canonical() != short {
			t.Errorf("%s: the canonical form is %s", v.ID, long.Canonical())
		}
		r := knows(long)
		for id, text := range map[did.DID]json.RawMessage{long: v.LongDoc, short: v.ShortDoc} {
			got := resolve(t, r, id)
			if diff := cmp.Diff(tree(t, text), tree(t, got.JSON())); diff != "" {
				t.Errorf("%s as %.80s: %s", v.ID, id, diff)
			}
			sameMeaning(t, v.ID, text, got)
			if len(got.Authentication()) == 0 {
				t.Errorf("%s: no key was read", v.ID)
			}
		}
	}
	refuseAll(t, didpeer.Resolver{Legacy: true}, file.Negative)
	if len(file.Positive) != 7 || len(file.Negative) != 7 {
		t.Errorf("%d and %d vectors were read", len(file.Positive), len(file.Negative))
	}
}

func TestSharedPeer02(t *testing.T) {
	t.Parallel()
	var file struct {
		Zero      []vector `json:"numalgo0"`
		Clarified []vector `json:"numalgo2_clarified"`
		Legacy    []vector `json:"numalgo2_sicpa_legacy"`
		Refused   []vector `json:"negative_sicpa"`
		Generated []vector `json:"negative_generated"`
		Syntax    []vector `json:"level1_syntax"`
	}
	vectors.Load(t, "did-peer/peer-0-2-3.json", &file)
	for _, v := range file.Zero {
		got := resolve(t, didpeer.Resolver{}, did.MustParse(v.DID))
		if v.DIDKey != "" {
			if m := got.Authentication()[0].Key.Multikey(); "did:key:"+m != v.DIDKey {
				t.Errorf("%s has the key %s", v.ID, m)
			}
			continue
		}
		want := parseDocument(t, v.Document)
		if diff := cmp.Diff(multikeys(want.Authentication()), multikeys(got.Authentication())); diff != "" {
			t.Errorf("%s: %s", v.ID, diff)
		}
		legacyNames(t, v, want, got)
	}
	for _, v := range file.Clarified {
		got := resolve(t, didpeer.Resolver{}, did.MustParse(v.DID))
		if diff := cmp.Diff(tree(t, v.Document), tree(t, got.JSON())); diff != "" {
			t.Errorf("%s: %s", v.ID, diff)
		}
		sameMeaning(t, v.ID, v.Document, got)
	}
	for _, v := range file.Legacy {
		checkLegacy(t, v)
	}
	refuseAll(t, didpeer.Resolver{Legacy: true}, file.Refused)
	refuseAll(t, didpeer.Resolver{}, file.Generated)
	checkSyntax(t, file.Syntax)
	if n := len(file.Zero) + len(file.Clarified) + len(file.Legacy) + len(file.Refused) + len(file.Generated); n != 46 {
		t.Errorf("%d vectors were read", n)
	}
}

// checkLegacy reads what the SICPA libraries made: by the specification as it stands now where
// that allows it, with the same keys and endpoints, and under their key names.
func checkLegacy(t *testing.T, v vector) {
	t.Helper()
	r := didpeer.Resolver{Legacy: v.Result == "acceptable"}
	got := resolve(t, r, did.MustParse(v.DID))
	if v.Clarified != nil {
		if diff := cmp.Diff(tree(t, v.Clarified), tree(t, got.JSON())); diff != "" {
			t.Errorf("%s: %s", v.ID, diff)
		}
	} else if _, err := (didpeer.Resolver{}).Resolve(t.Context(), did.MustParse(v.DID)); !errors.Is(err, did.ErrInvalid) {
		t.Errorf("%s was accepted without Legacy: %v", v.ID, err)
	}
	want := parseDocument(t, v.Document)
	if diff := cmp.Diff(multikeys(want.Authentication()), multikeys(got.Authentication())); diff != "" {
		t.Errorf("%s authentication %s", v.ID, diff)
	}
	if diff := cmp.Diff(multikeys(want.KeyAgreement()), multikeys(got.KeyAgreement())); diff != "" {
		t.Errorf("%s keyAgreement %s", v.ID, diff)
	}
	if diff := cmp.Diff(want.DIDComm(), got.DIDComm()); diff != "" {
		t.Errorf("%s endpoints %s", v.ID, diff)
	}
	legacyNames(t, v, want, got)
}

// legacyNames looks the keys of got up under the names that they have in want.
func legacyNames(t *testing.T, v vector, want, got *did.Document) {
	t.Helper()
	for purpose, ms := range purposes(want) {
		for _, m := range ms {
			if key, err := got.Key(m.ID, purpose); err != nil || !key.Equal(m.Key) {
				t.Errorf("%s: the key %s: %v", v.ID, m.ID.Fragment, err)
			}
		}
	}
}

// sameMeaning compares what is read from the expected text with what was resolved.
func sameMeaning(t *testing.T, name string, text json.RawMessage, got *did.Document) {
	t.Helper()
	want := parseDocument(t, text)
	for purpose, ms := range purposes(want) {
		if diff := cmp.Diff(ids(ms), ids(purposes(got)[purpose])); diff != "" {
			t.Errorf("%s %v %s", name, purpose, diff)
		}
	}
	if diff := cmp.Diff(want.Services(), got.Services()); diff != "" {
		t.Errorf("%s services %s", name, diff)
	}
}

// checkSyntax reads the examples of the numalgo 1 era: all that is well-formed is a DID, and
// nothing of it is resolved here.
func checkSyntax(t *testing.T, vs []vector) {
	t.Helper()
	for _, v := range vs {
		for _, line := range v.Lines {
			id, err := did.Parse(line)
			if line == "" {
				continue
			}
			if v.Result == "valid" && err != nil {
				t.Errorf("%s: %v", v.ID, err)
			}
			if err != nil {
				continue
			}
			if _, err := (didpeer.Resolver{}).Resolve(t.Context(), id); err == nil {
				t.Errorf("%s: %s was resolved", v.ID, line)
			}
		}
	}
	if len(vs) != 13 {
		t.Errorf("%d syntax vectors were read", len(vs))
	}
}

func refuseAll(t *testing.T, r didpeer.Resolver, vs []vector) {
	t.Helper()
	for _, v := range vs {
		id, err := did.Parse(v.DID)
		if err == nil {
			_, err = r.Resolve(t.Context(), id)
		}
		if err == nil {
			t.Errorf("%s %s was accepted: %s", v.ID, v.Reason, v.DID)
		}
		if strings.Contains(v.Reason, "short form") && !errors.Is(err, did.ErrNotFound) {
			t.Errorf("%s: %v is not ErrNotFound", v.Reason, err)
		}
	}
}
