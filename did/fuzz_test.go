package did_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/internal/vectors"
)

func FuzzDID(f *testing.F) {
	for _, s := range []string{
		"", "did:a:b", "did:web:localhost%3A1:x", shortForm, longForm, "did:peer:4:", "did:peer:4z:z",
		strings.Repeat("\xf6", 120), strings.Repeat("\x01", 120), strings.Repeat("\u0080\xff", 40), strings.Repeat("\"", 120),
		"DID:a:b", "did:a:b#c", "did:a:%2", "did:a::", "did:\x00:a", "did:a:b?", "did:a:b/%", "did:web:ä",
	} {
		f.Add(s)
	}
	seeds(f, func(text string) { f.Add(text) }, func([]byte) {})
	f.Fuzz(func(t *testing.T, s string) {
		var d did.DID
		var err error
		// A DID shares its text, and an error quotes little of it.
		bounded(t, 16<<10, func() { d, err = did.Parse(s) })
		if err != nil {
			checkRefusal(t, err)
			return
		}
		if d.String() != s || d.Method() == "" || len(s) > did.MaxLength {
			t.Fatalf("%q became %q", s, d)
		}
		c := d.Canonical()
		if c.Canonical() != c || !d.Same(c) || c.Hash() != d.Hash() || c.Short() != d.Short() {
			t.Fatalf("%q has the canonical form %q", d, c)
		}
		if u, err := did.ParseURL(s); err != nil || u != (did.URL{DID: d}) {
			t.Fatalf("%q as a URL: %v, %v", s, u, err)
		}
		var again did.DID
		if text, err := d.MarshalText(); err != nil || again.UnmarshalText(text) != nil || again != d {
			t.Fatalf("%q came back from its text as %q", d, again)
		}
	})
}

func FuzzDocument(f *testing.F) {
	doc, _ := alice(f)
	f.Add(doc.JSON())
	for _, s := range []string{
		`{"id":"did:a:b"}`, `{"id":"did:a:b","service":[{"type":"DIDCommMessaging","serviceEndpoint":[{"uri":"u"}]}]}`,
		`{"id":"` + longForm + `","authentication":[{"id":"#k"},"#k"]}`, `{"id":"did:a:b","keyAgreement":[{}]}`, `[[[[`, `{"id":`,
	} {
		f.Add([]byte(s))
	}
	for _, d := range foreignDocuments(f) {
		f.Add([]byte(d.Document))
	}
	seeds(f, func(string) {}, func(text []byte) { f.Add(text) })
	f.Fuzz(func(t *testing.T, text []byte) {
		var doc *did.Document
		var err error
		bounded(t, uint64(16*len(text)+64<<10), func() { doc, err = did.ParseDocument(text) })
		if err != nil {
			checkRefusal(t, err)
			return
		}
		if string(doc.JSON()) != string(text) || doc.ID().IsZero() {
			t.Fatal("text or id were lost")
		}
		checkConsistent(t, doc)
		again, err := did.ParseDocument(doc.JSON())
		if err != nil {
			t.Fatal(err)
		}
		compareDocuments(t, doc, again)
		rebuilt, err := did.NewDocument(draftOf(doc))
		if err != nil && !strings.Contains(err.Error(), "longer than") {
			t.Fatalf("its parts are refused: %v", err)
		}
		if err == nil {
			compareDocuments(t, doc, rebuilt)
		}
	})
}

// bounded fails when fn allocates more than limit bytes.
func bounded(t *testing.T, limit uint64, fn func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > limit {
		t.Fatalf("it cost %d bytes, limit %d", got, limit)
	}
}

func checkRefusal(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, did.ErrInvalid) {
		t.Fatalf("%v is not ErrInvalid", err)
	}
	if len(err.Error()) > 500 {
		t.Fatalf("the error has %d bytes", len(err.Error()))
	}
}

// draftOf takes a document apart.
func draftOf(doc *did.Document) did.Draft {
	d := did.Draft{
		ID: doc.ID(), AlsoKnownAs: doc.AlsoKnownAs(), Methods: doc.Methods(), Services: doc.Services(), Text: doc.JSON,
	}
	place := make(map[string]int)
	for i, m := range d.Methods {
		place[m.ID.Fragment] = i
	}
	for _, m := range doc.Authentication() {
		d.Authentication = append(d.Authentication, place[m.ID.Fragment])
	}
	for _, m := range doc.KeyAgreement() {
		d.KeyAgreement = append(d.KeyAgreement, place[m.ID.Fragment])
	}
	return d
}

// compareDocuments checks that everything that can be asked of two documents has the same answer.
func compareDocuments(t testing.TB, want, got *did.Document) {
	t.Helper()
	type answers struct {
		ID             did.DID
		AKA            []did.DID
		Methods        []did.VerificationMethod
		Authentication []did.VerificationMethod
		KeyAgreement   []did.VerificationMethod
		Services       []did.Service
		Pins           [][32]byte
		JSON           string
	}
	of := func(d *did.Document) answers {
		return answers{
			d.ID(), d.AlsoKnownAs(), d.Methods(), d.Authentication(), d.KeyAgreement(), d.Services(), d.Pins(), string(d.JSON()),
		}
	}
	same := cmp.Comparer(func(a, b did.DID) bool { return a == b })
	if diff := cmp.Diff(of(want), of(got), same, cmpopts.EquateEmpty()); diff != "" {
		t.Fatal(diff)
	}
}

// seeds calls the functions once for every DID, and every object that may be a document, in the shared vectors, the
// negative ones included. Without PARLEY_VECTORS there are none.
func seeds(f *testing.F, id func(string), document func([]byte)) {
	f.Helper()
	if os.Getenv(vectors.Env) == "" {
		return
	}
	found := make(map[string]bool)
	once := func(s string, add func()) {
		if len(s) <= 16<<10 && !found[s] {
			found[s] = true
			add()
		}
	}
	var walk func(any)
	walk = func(value any) {
		switch v := value.(type) {
		case string:
			if strings.HasPrefix(v, "did:") {
				once(v, func() { id(v) })
			}
		case []any:
			for _, one := range v {
				walk(one)
			}
		case map[string]any:
			if text, err := json.Marshal(v); err == nil && (v["verificationMethod"] != nil || v["keyAgreement"] != nil) {
				once(string(text), func() { document(text) })
			}
			for _, one := range v {
				walk(one)
			}
		}
	}
	dir := vectors.Dir(f)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".json" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var file any
		if err := json.Unmarshal(data, &file); err != nil {
			return err
		}
		walk(file)
		return nil
	})
	if err != nil || len(found) < 50 {
		f.Fatalf("%d seeds were found: %v", len(found), err)
	}
}
