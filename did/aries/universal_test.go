package aries_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/aries"
)

// universal starts a Universal Resolver on loopback.
func universal(t *testing.T, answer http.HandlerFunc) *aries.Resolver {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	r, err := aries.NewUniversal(server.URL + "/1.0/identifiers")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func reply(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "application/did+ld+json;charset=utf-8")
	fmt.Fprint(w, text)
}

func TestUniversal(t *testing.T) {
	t.Parallel()
	key := public(t, crypto.Ed25519, 1)
	document := fmt.Sprintf(`{%s,"verificationMethod":[{"id":"did:example:alice#k","type":"JsonWebKey2020",
		"controller":"did:example:alice","publicKeyJwk":%s}],"authentication":["did:example:alice#k"]}`, aliceContext, key.JWK())
	resolution := `{"@context":"https://w3id.org/did-resolution/v1","didDocument":` + document + `,"didDocumentMetadata":{}}`
	for name, text := range map[string]string{"resolution": resolution, "bare document": document} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := universal(t, func(w http.ResponseWriter, req *http.Request) {
				if req.URL.Path != "/1.0/identifiers/did:example:alice" {
					t.Errorf("asked for %s", req.URL.Path)
				}
				reply(w, text)
			})
			doc, err := r.Resolve(t.Context(), did.MustParse("did:example:alice"))
			if err != nil {
				t.Fatal(err)
			}
			if ms := doc.Authentication(); len(ms) != 1 || !ms[0].Key.Equal(key) {
				t.Errorf("resolved to %s", doc.JSON())
			}
		})
	}
}

func TestUniversalFails(t *testing.T) {
	t.Parallel()
	minimal := `{` + aliceContext + `}`
	tests := []struct {
		name   string
		answer http.HandlerFunc
		want   error
		says   string
	}{
		{"not found", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusNotFound) }, did.ErrNotFound, ""},
		{"empty", func(w http.ResponseWriter, _ *http.Request) { reply(w, "") }, did.ErrNotFound, ""},
		{"server error", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, strings.Repeat("x", 9999), 500) }, nil, "500"},
		{"another type", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, minimal) }, nil, "unsupported response"},
		{"another DID", func(w http.ResponseWriter, _ *http.Request) {
			reply(w, strings.Replace(minimal, "alice", "mallory", 1))
		}, did.ErrInvalid, ""},
		{"not JSON", func(w http.ResponseWriter, _ *http.Request) { reply(w, "<html>") }, nil, ""},
		{"too long", func(w http.ResponseWriter, _ *http.Request) { reply(w, minimal+strings.Repeat(" ", 2*did.MaxDocument)) }, nil, "longer than"},
		{"without end", func(w http.ResponseWriter, req *http.Request) {
			for req.Context().Err() == nil {
				fmt.Fprint(w, strings.Repeat(" ", 1<<16))
			}
		}, nil, "longer than"},
		{"redirect", func(w http.ResponseWriter, req *http.Request) {
			if req.URL.Path == "/1.0/other" {
				reply(w, minimal)
				return
			}
			http.Redirect(w, req, "/1.0/other", http.StatusTemporaryRedirect)
		}, nil, "redirects are refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc, err := universal(t, tt.answer).Resolve(t.Context(), did.MustParse("did:example:alice"))
			if err == nil || doc != nil {
				t.Fatalf("got %v, %v", doc, err)
			}
			if tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) || len(err.Error()) > 500 {
				t.Errorf("got %v; want %v %q", err, tt.want, tt.says)
			}
		})
	}
}

// An answer of exactly the limit still counts.
func TestUniversalReadsUpToTheLimit(t *testing.T) {
	t.Parallel()
	minimal := `{` + aliceContext + `}`
	r := universal(t, func(w http.ResponseWriter, _ *http.Request) {
		reply(w, minimal+strings.Repeat(" ", 2*did.MaxDocument-len(minimal)))
	})
	if _, err := r.Resolve(t.Context(), did.MustParse("did:example:alice")); err != nil {
		t.Error(err)
	}
}

func TestUniversalCallerLeaves(t *testing.T) {
	t.Parallel()
	asked, release := make(chan struct{}), make(chan struct{})
	r := universal(t, func(http.ResponseWriter, *http.Request) {
		close(asked)
		<-release
	})
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if _, err := r.Resolve(ctx, did.MustParse("did:example:alice")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestNewUniversalRefuses(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{"", "resolver.example", "/1.0/identifiers", "ftp://resolver.example/", "https://", "http://[::1", "file:///etc"} {
		if r, err := aries.NewUniversal(endpoint); err == nil || r != nil {
			t.Errorf("%q was accepted", endpoint)
		}
	}
}
