package didweb_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didweb"
)

var _ did.Resolver = didweb.Resolver{}

func TestResolve(t *testing.T) {
	t.Parallel()
	o := wallet(t)
	text, err := didweb.Document(o)
	if err != nil {
		t.Fatal(err)
	}
	s := &shelf{url: "https://example.com/users/alice/did.json", text: string(text)}
	doc, err := didweb.Resolver{Fetch: s}.Resolve(t.Context(), o.DID)
	if err != nil {
		t.Fatal(err)
	}
	if doc.ID() != o.DID || doc.Version() != "" || !cmp.Equal(doc.JSON(), text) {
		t.Errorf("document of %v, version %q:\n%s", doc.ID(), doc.Version(), doc.JSON())
	}
	checkKeys(t, doc.Authentication(), o.Authentication)
	checkKeys(t, doc.KeyAgreement(), o.KeyAgreement)
	want := []string{fmt.Sprint(did.MaxDocument, " ", s.url,
		" [application/did+json application/did+ld+json application/did application/json application/ld+json application/jsonld]")}
	if diff := cmp.Diff(want, s.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

// TestResolveWrongDocuments has hosts that answer with what is not the document of the DID.
func TestResolveWrongDocuments(t *testing.T) {
	t.Parallel()
	const id = "did:web:Example.com:alice"
	tests := map[string]struct{ text, says string }{
		"other id":       {`{"id":"did:web:example.com:bob"}`, "did:web:example.com:bob"},
		"other method":   {`{"id":"did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"}`, "did:key"},
		"other case":     {`{"id":"did:web:example.com:alice"}`, "did:web:example.com:alice"},
		"id with more":   {`{"id":"did:web:Example.com:alice#key-1"}`, "id"},
		"no id":          {`{}`, "id"},
		"two ids":        {`{"id":"did:web:Example.com:alice","id":"did:web:Example.com:bob"}`, "id"},
		"nothing":        {``, "document"},
		"no object":      {`"did:web:Example.com:alice"`, "document"},
		"something more": {`{"id":"did:web:Example.com:alice"}{}`, "document"},
		"resolution":     {`{"didDocument":{"id":"did:web:Example.com:alice"}}`, "id"},
		"deep":           {`{"id":"did:web:Example.com:alice","a":` + strings.Repeat("[", 99) + strings.Repeat("]", 99) + `}`, "deep"},
		"long":           {`{"id":"did:web:Example.com:alice","a":"` + strings.Repeat("a", did.MaxDocument) + `"}`, "longer"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := didweb.Resolver{Fetch: &shelf{url: "https://example.com/alice/did.json", text: test.text}}
			doc, err := r.Resolve(t.Context(), did.MustParse(id))
			if !errors.Is(err, did.ErrInvalid) || doc != nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("Resolve = %v, %v, want ErrInvalid that says %q", doc, err, test.says)
			}
		})
	}
}

func TestResolveExactID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"did:web:Example.com", "did:web:example.com", "did:web:example.com%3A443", "did:web:example.com%3a443"} {
		u, err := didweb.URL(did.MustParse(id))
		if err != nil {
			t.Fatal(err)
		}
		r := didweb.Resolver{Fetch: &shelf{url: u, text: fmt.Sprintf(`{"id":%q}`, id)}}
		if doc, err := r.Resolve(t.Context(), did.MustParse(id)); err != nil || doc.ID().String() != id {
			t.Errorf("%s: %v, %v", id, doc, err)
		}
	}
}

func TestResolvePassesOnWhatTheFetcherSays(t *testing.T) {
	t.Parallel()
	for _, want := range []error{did.ErrNotFound, did.ErrUnsafe, did.ErrInvalid, context.Canceled} {
		r := didweb.Resolver{Fetch: &shelf{err: fmt.Errorf("fetch: %w", want)}}
		if doc, err := r.Resolve(t.Context(), did.MustParse("did:web:example.com")); !errors.Is(err, want) || doc != nil {
			t.Errorf("Resolve = %v, %v, want %v", doc, err, want)
		}
	}
}

// TestResolveAsksNobody for DIDs that have no URL.
func TestResolveAsksNobody(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	r := didweb.Resolver{Fetch: s}
	for id := range traps {
		if doc, err := r.Resolve(t.Context(), did.MustParse(id)); !errors.Is(err, did.ErrInvalid) || doc != nil {
			t.Errorf("%s: %v, %v, want ErrInvalid", id, doc, err)
		}
	}
	for _, id := range []did.DID{{}, did.MustParse("did:key:z6Mk")} {
		if doc, err := r.Resolve(t.Context(), id); !errors.Is(err, did.ErrMethod) || doc != nil {
			t.Errorf("%v: %v, %v, want ErrMethod", id, doc, err)
		}
	}
	if len(s.asked) > 0 {
		t.Errorf("asked %v", s.asked)
	}
	if _, err := (didweb.Resolver{}).Resolve(t.Context(), did.MustParse("did:web:example.com")); !errors.Is(err, did.ErrMethod) {
		t.Errorf("without a fetcher: %v, want ErrMethod", err)
	}
}
