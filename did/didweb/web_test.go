package didweb_test

import (
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didweb"
	"github.com/parley-im/parley/did/fetch"
)

// host serves what put was given last.
type host struct {
	*httptest.Server
	mu   sync.Mutex // guards what follows
	path string
	kind string
	text []byte
}

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{}
	h.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		if r.URL.Path != h.path {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", h.kind)
		w.Write(h.text)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *host) put(path, kind string, text []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.path, h.kind, h.text = path, kind, text
}

func (h *host) resolver(t *testing.T, allowPrivate bool) didweb.Resolver {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(h.Certificate())
	c := fetch.New(fetch.Options{AllowPrivate: allowPrivate, Roots: roots})
	t.Cleanup(c.Close)
	return didweb.Resolver{Fetch: c}
}

// TestOverHTTPS creates a DID, hosts its document and swaps its key, all over a real connection.
func TestOverHTTPS(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	id, err := didweb.Create(strings.TrimPrefix(h.URL, "https://"), "users", "alice")
	if err != nil {
		t.Fatal(err)
	}
	r := h.resolver(t, true)
	if _, err := r.Resolve(t.Context(), id); !errors.Is(err, did.ErrNotFound) {
		t.Fatalf("before it is hosted: %v", err)
	}
	o := wallet(t)
	o.DID = id
	for seed := range byte(2) {
		o.Authentication[0] = public(t, crypto.Ed25519, 50+seed)
		text, err := didweb.Document(o)
		if err != nil {
			t.Fatal(err)
		}
		h.put("/users/alice/did.json", "application/did+ld+json", text)
		doc, err := r.Resolve(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		checkKeys(t, doc.Authentication(), o.Authentication)
	}
	if _, err := h.resolver(t, false).Resolve(t.Context(), id); !errors.Is(err, did.ErrUnsafe) {
		t.Errorf("with public addresses only: %v", err)
	}
}

func TestMediaTypes(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	id, err := didweb.Create(strings.TrimPrefix(h.URL, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	r := h.resolver(t, true)
	text := []byte(`{"id":"` + id.String() + `"}`)
	for kind, ok := range map[string]bool{
		"application/did+json":                     true,
		"application/did+ld+json":                  true,
		"application/did":                          true,
		"application/json":                         true,
		"application/json; charset=utf-8":          true,
		"application/ld+json; profile=\"a\"":       true,
		"application/jsonld":                       true,
		"text/plain":                               false,
		"text/plain; charset=utf-8":                false,
		"text/json":                                false,
		"text/html":                                false,
		"image/svg+xml":                            false,
		"application/octet-stream":                 false,
		"application/vnd.example+json":             false,
		"application/x; y=\"application/json\"":    false,
		"multipart/form-data; b=application/json":  false,
		"application/jsonapplication/json":         false,
		"application/json, text/html":              false,
		"":                                         false,
		" ":                                        false,
		"json":                                     false,
		"application/did+json, application/did+ld": false,
	} {
		h.put("/.well-known/did.json", kind, text)
		_, err := r.Resolve(t.Context(), id)
		if ok && err != nil || !ok && !errors.Is(err, did.ErrInvalid) {
			t.Errorf("%q: %v, want accepted: %v", kind, err, ok)
		}
	}
}
