package keyfiles_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-im/parley/cmd/parley/internal/keyfiles"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didkey"
)

// The key of RFC 8037, appendix A.
const (
	public = `"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"`
	secret = `"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"`
)

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f.json")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		content, kid string // no kid: refused
	}{
		"JWK":             {`[{"kid":"did:a:b#1",` + public + `,` + secret + `}]`, "did:a:b#1"},
		"privateKeyJwk":   {`[{"id":"did:a:b#2","type":"JsonWebKey2020","privateKeyJwk":{` + public + `,` + secret + `}}]`, "did:a:b#2"},
		"a single one":    {`{"kid":"did:a:b#1",` + public + `,` + secret + `}`, "did:a:b#1"},
		"no kid":          {`[{` + public + `,` + secret + `}]`, ""},
		"kid is a DID":    {`[{"kid":"did:a:b",` + public + `,` + secret + `}]`, ""},
		"kid is no DID":   {`[{"kid":"key-1",` + public + `,` + secret + `}]`, ""},
		"public only":     {`[{"kid":"did:a:b#1",` + public + `}]`, ""},
		"kid twice":       {`[{"kid":"did:a:b#1","kid":"did:a:b#2",` + public + `,` + secret + `}]`, ""},
		"not an object":   {`["did:a:b#1"]`, ""},
		"not JSON":        {`kid`, ""},
		"empty":           {``, ""},
		"something after": {`[] []`, ""},
		"too large":       {`[` + strings.Repeat(" ", 4<<20) + `]`, ""},
		"too many":        {`[` + strings.Repeat("1,", 10_000) + `1]`, ""},
	} {
		ring, err := keyfiles.Secrets(write(t, tc.content))
		if tc.kid == "" {
			if err == nil {
				t.Errorf("%s: taken", name)
			} else if strings.Contains(err.Error(), "nWGxne") {
				t.Errorf("%s: the error shows the secret: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if key, err := ring.Public(t.Context(), tc.kid); err != nil || key.Curve() != crypto.Ed25519 {
			t.Errorf("%s: %v, %v", name, key, err)
		}
	}
	if _, err := keyfiles.Secrets(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	known := did.MustParse("did:example:alice")
	d, err := keyfiles.ReadDocuments(write(t, fmt.Sprintf(`[{"id":%q}]`, known)), didkey.Resolver{})
	if err != nil {
		t.Fatal(err)
	}
	if doc, err := d.Resolve(t.Context(), known); err != nil || doc.ID() != known {
		t.Errorf("in the file: %v", err)
	}
	if _, err := d.Resolve(t.Context(), did.MustParse("did:key:z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc")); err != nil {
		t.Errorf("by the other resolver: %v", err)
	}
	if _, err := d.Resolve(t.Context(), did.MustParse("did:example:bob")); !errors.Is(err, did.ErrMethod) {
		t.Errorf("by none: %v", err)
	}
	if _, err := keyfiles.ReadDocuments("", didkey.Resolver{}); err != nil {
		t.Errorf("without a file: %v", err)
	}
	for name, content := range map[string]string{"no id": `[{}]`, "not JSON": `x`, "a string": `["did:a:b"]`} {
		if _, err := keyfiles.ReadDocuments(write(t, content), didkey.Resolver{}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
