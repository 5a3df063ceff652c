package didweb_test

import (
	"errors"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didweb"
)

// addresses are DIDs and where their documents are; the first ones are those of the specification's text.
var addresses = map[string]string{
	"did:web:w3c-ccg.github.io":                "https://w3c-ccg.github.io/.well-known/did.json",
	"did:web:w3c-ccg.github.io:user:alice":     "https://w3c-ccg.github.io/user/alice/did.json",
	"did:web:example.com%3A3000":               "https://example.com:3000/.well-known/did.json",
	"did:web:example.com%3A3000:user:alice":    "https://example.com:3000/user/alice/did.json",
	"did:web:example.com%3a3000":               "https://example.com:3000/.well-known/did.json",
	"did:web:example.com%3A443":                "https://example.com:443/.well-known/did.json",
	"did:web:example.com%3A65535":              "https://example.com:65535/.well-known/did.json",
	"did:web:example.com:3000":                 "https://example.com/3000/did.json",
	"did:web:Example.COM:Users:Alice":          "https://example.com/Users/Alice/did.json",
	"did:web:localhost%3A8443":                 "https://localhost:8443/.well-known/did.json",
	"did:web:192.0.2.1":                        "https://192.0.2.1/.well-known/did.json",
	"did:web:xn--bcher-kva.example":            "https://xn--bcher-kva.example/.well-known/did.json",
	"did:web:example.com:a.b-c_d":              "https://example.com/a.b-c_d/did.json",
	"did:web:example.com:...":                  "https://example.com/.../did.json",
	"did:web:example.com:.well-known":          "https://example.com/.well-known/did.json",
	"did:web:example.com:b%C3%BCcher":          "https://example.com/b%C3%BCcher/did.json",
	"did:web:example.com:%7Ealice":             "https://example.com/%7Ealice/did.json",
	"did:web:example.com:a%3Fb%23c%3Ad%40e%20": "https://example.com/a%3Fb%23c%3Ad%40e%20/did.json",
}

// traps are well-formed DIDs that have no URL, with a word of the reason.
var traps = map[string]string{
	"did:web:%65xample.com":                        "letters, digits",
	"did:web:example%2Ecom":                        "letters, digits",
	"did:web:user%40example.com":                   "letters, digits",
	"did:web:user%3Apass%40example.com":            "port",
	"did:web:example.com%2Fadmin":                  "letters, digits",
	"did:web:example.com%3F":                       "letters, digits",
	"did:web:example.com%23":                       "letters, digits",
	"did:web:example.com%00":                       "letters, digits",
	"did:web:example.com%5C":                       "letters, digits",
	"did:web:b%C3%BCcher.example":                  "letters, digits",
	"did:web:under_score.example":                  "letters, digits",
	"did:web:%5B%3A%3A1%5D":                        "letters, digits",
	"did:web:%3A3000":                              "empty",
	"did:web::user":                                "empty",
	"did:web:example.com.":                         "dot",
	"did:web:example.com.%3A443":                   "dot",
	"did:web:.example.com":                         "dot",
	"did:web:example..com":                         "dot",
	"did:web:-example.com":                         "hyphen",
	"did:web:example-.com":                         "hyphen",
	"did:web:" + strings.Repeat("a", 64):           "63 bytes",
	"did:web:" + strings.Repeat("a.", 127) + "com": "253 bytes",
	"did:web:example.com%3A":                       "port",
	"did:web:example.com%3A0":                      "port",
	"did:web:example.com%3A0443":                   "port",
	"did:web:example.com%3A65536":                  "port",
	"did:web:example.com%3A443%3A443":              "port",
	"did:web:example.com%3A443%2Fa":                "port",
	"did:web:example.com%3A443%40evil.example":     "port",
	"did:web:example.com::user":                    "empty",
	"did:web:example.com:..:user":                  "another folder",
	"did:web:example.com:.":                        "another folder",
	"did:web:example.com:%2E%2E":                   `"%2E"`,
	"did:web:example.com:.%2e":                     `"%2e"`,
	"did:web:example.com:a%2Fb":                    `"%2F"`,
	"did:web:example.com:a%2fb":                    `"%2f"`,
	"did:web:example.com:a%5Cb":                    `"%5C"`,
	"did:web:example.com:a%252Fb":                  `"%25"`,
	"did:web:example.com:a%00":                     `"%00"`,
	"did:web:example.com:a%0D%0AHost%3A":           `"%0D"`,
	"did:web:example.com:%7F":                      `"%7F"`,
	"did:web:example.com:%61":                      `"%61"`,
	"did:web:example.com:%FF":                      "UTF-8",
}

func TestURL(t *testing.T) {
	t.Parallel()
	for id, want := range addresses {
		if got, err := didweb.URL(did.MustParse(id)); err != nil || got != want {
			t.Errorf("URL(%s) = %q, %v, want %q", id, got, err, want)
		}
	}
}

func TestURLRefusesTraps(t *testing.T) {
	t.Parallel()
	for id, reason := range traps {
		got, err := didweb.URL(did.MustParse(id))
		if !errors.Is(err, did.ErrInvalid) || got != "" || !strings.Contains(err.Error(), reason) {
			t.Errorf("URL(%s) = %q, %v, want an error that says %q", id, got, err, reason)
		}
	}
}

func TestURLIsOfWebOnly(t *testing.T) {
	t.Parallel()
	for _, id := range []did.DID{{}, did.MustParse("did:webvh:abc:example.com"), did.MustParse("did:key:z6Mk")} {
		if got, err := didweb.URL(id); !errors.Is(err, did.ErrMethod) || got != "" {
			t.Errorf("URL(%v) = %q, %v, want ErrMethod", id, got, err)
		}
	}
}

// FuzzWebDID checks that a URL says nothing but what the DID says: read back, it gives the DID.
func FuzzWebDID(f *testing.F) {
	for id := range addresses {
		f.Add(strings.TrimPrefix(id, "did:web:"))
	}
	for id := range traps {
		f.Add(strings.TrimPrefix(id, "did:web:"))
	}
	f.Fuzz(func(t *testing.T, name string) {
		id, err := did.Parse("did:web:" + name)
		if err != nil {
			return
		}
		text, err := didweb.URL(id)
		if err != nil {
			if !errors.Is(err, did.ErrInvalid) {
				t.Fatalf("URL(%q): %v does not wrap ErrInvalid", id, err)
			}
			return
		}
		u, err := url.Parse(text)
		if err != nil {
			t.Fatalf("URL(%q) = %q: %v", id, text, err)
		}
		if u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery || u.String() != text {
			t.Fatalf("URL(%q) = %q is more than a host and a path", id, text)
		}
		if path.Clean(u.Path) != u.Path || strings.ContainsAny(u.Path, "\\\x00\r\n") {
			t.Fatalf("URL(%q) = %q: the path can be read in two ways", id, text)
		}
		if back := spell(u, strings.Contains(name, ":")); !sameSpelling(back, name) {
			t.Fatalf("URL(%q) = %q, which spells %q", id, text, back)
		}
	})
}

// spell undoes URL, with a host in lower case.
func spell(u *url.URL, hasPath bool) string {
	host := strings.Replace(u.Host, ":", "%3A", 1)
	folder := strings.TrimSuffix(u.EscapedPath(), "/did.json")
	if !hasPath && folder == "/.well-known" {
		return host
	}
	return host + strings.ReplaceAll(folder, "/", ":")
}

// sameSpelling compares hosts without regard to case, and paths exactly.
func sameSpelling(a, b string) bool {
	hostA, pathA, _ := strings.Cut(a, ":")
	hostB, pathB, _ := strings.Cut(b, ":")
	return strings.EqualFold(hostA, hostB) && pathA == pathB
}
