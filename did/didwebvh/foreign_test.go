package didwebvh_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didwebvh"
)

// foreign is a log of testdata, with what a careless reader makes of it.
type foreign struct {
	log, witness string
	id           did.DID // of the last entry
	versions     []string
	signingKey   string // the last document's first authentication key
}

// later is after the time of every entry of testdata.
func later() time.Time { return time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC) }

func loadForeign(t testing.TB, name string) foreign {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	f := foreign{log: string(text)}
	if text, err = os.ReadFile(filepath.Join("testdata", name+".witness.json")); err == nil {
		f.witness = string(text)
	} else if !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for line := range strings.Lines(f.log) {
		var e struct {
			VersionID string `json:"versionId"`
			State     struct {
				ID     string              `json:"id"`
				Method []map[string]string `json:"verificationMethod"`
			} `json:"state"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		f.versions = append(f.versions, e.VersionID)
		f.id, f.signingKey = did.MustParse(e.State.ID), e.State.Method[0]["publicKeyMultibase"]
	}
	return f
}

// resolve asks for the log's DID with log and witness in place of its own.
func (f foreign) resolve(t testing.TB, log, witness string) (*did.Document, error) {
	t.Helper()
	url, err := didwebvh.URL(f.id)
	if err != nil {
		t.Fatal(err)
	}
	at := files{url: log, strings.Replace(url, "did.jsonl", "did-witness.json", 1): witness}
	return didwebvh.Resolver{Fetch: at, Now: later}.Resolve(t.Context(), f.id)
}

func TestForeignLogs(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		url     string
		agree   int // agreement keys
		service int
	}{
		"ts-rotation":    {"https://example.com/people/ada/did.jsonl", 1, 1},
		"ts-prerotation": {"https://example.com:8443/.well-known/did.jsonl", 1, 0},
		"ts-moved":       {"https://example.org/ada/did.jsonl", 1, 0},
		"ts-witnessed":   {"https://example.com/.well-known/did.jsonl", 1, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := loadForeign(t, name)
			if url, err := didwebvh.URL(f.id); err != nil || url != tt.url {
				t.Errorf("URL %s, %v, want %s", url, err, tt.url)
			}
			doc, err := f.resolve(t, f.log, f.witness)
			if err != nil {
				t.Fatal(err)
			}
			if want := f.versions[len(f.versions)-1]; doc.Version() != want {
				t.Errorf("version %s, want %s", doc.Version(), want)
			}
			if keys := doc.Authentication(); len(keys) != 1 || keys[0].Key.Multikey() != f.signingKey {
				t.Errorf("authentication keys %v, want %s", keys, f.signingKey)
			}
			if n := len(doc.KeyAgreement()); n != tt.agree {
				t.Errorf("%d agreement keys, want %d", n, tt.agree)
			}
			if n := len(doc.DIDComm()); n != tt.service {
				t.Errorf("%d endpoints, want %d", n, tt.service)
			}
		})
	}
}

func TestForeignEverything(t *testing.T) {
	t.Parallel()
	f := loadForeign(t, "py-everything")
	doc, err := f.resolve(t, f.log, f.witness)
	if err != nil {
		t.Fatal(err)
	}
	if doc.Version() != f.versions[3] || len(doc.AlsoKnownAs()) != 1 {
		t.Errorf("version %s, also known as %v", doc.Version(), doc.AlsoKnownAs())
	}
	if want := `"Z":[0.1,1e+21,0,100000000000000000000,null,true]`; !bytes.Contains(doc.JSON(), []byte(want)) {
		t.Errorf("the document is not canonical: %s", doc.JSON())
	}
	if _, err := f.resolve(t, f.log, "[]"); !errors.Is(err, did.ErrInvalid) {
		t.Errorf("without the witnesses' proofs: %v", err)
	}
}

func TestForeignDeactivated(t *testing.T) {
	t.Parallel()
	f := loadForeign(t, "ts-deactivated")
	if _, err := f.resolve(t, f.log, ""); !errors.Is(err, did.ErrDeactivated) {
		t.Errorf("got %v, want ErrDeactivated", err)
	}
}

// TestEveryBitCounts flips one bit in every third byte of a log and in every byte of a witness file.
func TestEveryBitCounts(t *testing.T) {
	t.Parallel()
	f := loadForeign(t, "ts-witnessed")
	flip := func(s string, i int) string {
		b := []byte(s)
		b[i] ^= 1 << (i % 7)
		return string(b)
	}
	for i := 0; i < len(f.log); i += 3 {
		doc, err := f.resolve(t, flip(f.log, i), f.witness)
		if err == nil || doc != nil {
			t.Errorf("byte %d of the log: it still resolves", i)
		}
	}
	// The file has two versions. Only proofs of the second are needed, those of the first are spare.
	needed := strings.LastIndex(f.witness, `"versionId"`)
	for i := needed; i < len(f.witness); i++ {
		doc, err := f.resolve(t, f.log, flip(f.witness, i))
		if err == nil || doc != nil {
			t.Errorf("byte %d of the witness file: the log still resolves", i)
		}
	}
}
