package didweb_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didweb"
)

func TestCreate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		host string
		path []string
		want string
		url  string
	}{
		"host":      {"example.com", nil, "did:web:example.com", "https://example.com/.well-known/did.json"},
		"case":      {"Example.COM", nil, "did:web:example.com", "https://example.com/.well-known/did.json"},
		"port":      {"localhost:8443", nil, "did:web:localhost%3A8443", "https://localhost:8443/.well-known/did.json"},
		"path":      {"example.com", []string{"users", "Alice"}, "did:web:example.com:users:Alice", "https://example.com/users/Alice/did.json"},
		"encoded":   {"example.com", []string{"~bü"}, "did:web:example.com:%7Eb%C3%BC", "https://example.com/%7Eb%C3%BC/did.json"},
		"port path": {"127.0.0.1:1", []string{"a"}, "did:web:127.0.0.1%3A1:a", "https://127.0.0.1:1/a/did.json"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id, err := didweb.Create(test.host, test.path...)
			if err != nil || id.String() != test.want {
				t.Fatalf("Create = %v, %v, want %s", id, err, test.want)
			}
			if u, err := didweb.URL(id); err != nil || u != test.url {
				t.Errorf("URL = %q, %v, want %q", u, err, test.url)
			}
		})
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		host string
		path []string
	}{
		"nothing":         {"", nil},
		"scheme":          {"https://example.com", nil},
		"slash":           {"example.com/users", nil},
		"user":            {"alice@example.com", nil},
		"IPv6":            {"[::1]:443", nil},
		"international":   {"bücher.example", nil},
		"encoded host":    {"example%2Ecom", nil},
		"bad port":        {"example.com:70000", nil},
		"empty segment":   {"example.com", []string{"users", ""}},
		"parent":          {"example.com", []string{".."}},
		"slash in path":   {"example.com", []string{"users/alice"}},
		"percent in path": {"example.com", []string{"50%"}},
		"line feed":       {"example.com", []string{"a\nb"}},
		"not UTF-8":       {"example.com", []string{"\xff"}},
		"too long":        {"example.com", []string{strings.Repeat("a", did.MaxLength)}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if id, err := didweb.Create(test.host, test.path...); !errors.Is(err, did.ErrInvalid) || !id.IsZero() {
				t.Errorf("Create = %v, %v, want ErrInvalid", id, err)
			}
		})
	}
}
