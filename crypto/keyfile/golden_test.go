package keyfile_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/keyfile"
)

// goldenPassphrase opens testdata/protected.key, goldenRing testdata/keyring.key. All files there hold the root
// 00 01 … 1f.
const goldenPassphrase = "correct horse battery staple"

func goldenRing() *memoryRing {
	return &memoryRing{entries: map[string]string{"EBESExQVFhcYGRobHB0eHw": "the secret in the golden keyring"}}
}

// golden is what a root must give in every version: whoever changes it takes away everybody's
// keys.
type golden struct {
	Subkeys   map[string]string   `json:"subkeys"`   // label → hex
	Transport string              `json:"transport"` // public key in hex
	DIDKeys   map[string][]string `json:"did_keys"`  // curve → multikeys of index 0, 1, 2^32-1
}

var curves = []crypto.Curve{
	crypto.X25519, crypto.Ed25519, crypto.P256, crypto.P384, crypto.P521, crypto.Secp256k1,
}

func derived(t *testing.T, s *keyfile.Store, labels []string) golden {
	t.Helper()
	g := golden{Subkeys: map[string]string{}, DIDKeys: map[string][]string{}}
	for _, label := range labels {
		k := s.Subkey(label)
		g.Subkeys[label] = hex.EncodeToString(k[:])
	}
	g.Transport = hex.EncodeToString(s.Transport()[32:])
	for _, c := range curves {
		for _, index := range []uint32{0, 1, 1<<32 - 1} {
			g.DIDKeys[c.String()] = append(g.DIDKeys[c.String()], mustDIDKey(t, s, c, index).Multikey())
		}
	}
	return g
}

func TestGolden(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var want golden
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]keyfile.Protection{
		"plain": {}, "protected": under([]byte(goldenPassphrase)), "keyring": {Ring: goldenRing()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := copyGolden(t, name+".key")
			s, err := keyfile.Open(t.Context(), path, p)
			if err != nil {
				t.Fatal(err)
			}
			if s.Kind() != p.Kind() || s.Protected() != (name == "protected") {
				t.Errorf("Kind() = %v, Protected() = %v", s.Kind(), s.Protected())
			}
			if diff := cmp.Diff(want, derived(t, s, []string{"", "data", "Data", "data\x00"})); diff != "" {
				t.Errorf("derived keys have changed (-want +got):\n%s", diff)
			}
		})
	}
}

// copyGolden puts a file of testdata into a private folder, since git keeps no modes.
func copyGolden(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return writeKeyFile(t, data)
}

func writeKeyFile(t *testing.T, data []byte) string {
	t.Helper()
	path := newPath(t)
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// newPath names a key file in a folder that does not exist yet.
func newPath(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "wallet", "wallet.key")
}

func mustDIDKey(t *testing.T, s *keyfile.Store, c crypto.Curve, index uint32) crypto.PublicKey {
	t.Helper()
	k, err := s.DIDKey(c, index)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestEveryDerivedKeyIsItsOwn(t *testing.T) {
	t.Parallel()
	s := mustCreate(t, newPath(t), nil)
	seen := map[string]string{}
	add := func(name string, key []byte) {
		if other, ok := seen[string(key)]; ok {
			t.Errorf("%s is %s", name, other)
		}
		seen[string(key)] = name
	}
	for _, label := range []string{"", "a", "A", "a\x00", "\x00a", "Ed25519\x00\x00\x00\x00\x00\x00", "parley transport v1\x00"} {
		k := s.Subkey(label)
		add("subkey "+label, k[:])
		if again := s.Subkey(label); again != k {
			t.Errorf("subkey %q differs from call to call", label)
		}
	}
	transport := s.Transport()
	if !bytes.Equal(transport, s.Transport()) {
		t.Error("the transport key differs from call to call")
	}
	add("transport seed", transport.Seed())
	add("transport", transport[32:])
	for _, c := range curves {
		for index := range uint32(20) {
			k := mustDIDKey(t, s, c, index)
			if !k.Equal(mustDIDKey(t, s, c, index)) {
				t.Errorf("%v key %d differs from call to call", c, index)
			}
			add(k.Multikey(), k.Bytes())
		}
	}
	other := mustCreate(t, newPath(t), nil)
	add("subkey of another root", func() []byte { k := other.Subkey("a"); return k[:] }())
	add("transport of another root", other.Transport()[32:])
	add("DID key of another root", mustDIDKey(t, other, crypto.Ed25519, 0).Bytes())
}

func TestDIDKeyRefusesUnknownCurves(t *testing.T) {
	t.Parallel()
	s := mustCreate(t, newPath(t), nil)
	for _, c := range []crypto.Curve{0, -1, 7} {
		if k, err := s.DIDKey(c, 0); err == nil || !k.IsZero() {
			t.Errorf("%v: %v, %v", c, k, err)
		}
	}
}
