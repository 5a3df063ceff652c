package crypto_test

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/internal/vectors"
)

// didKeyVector is an entry of did-key/vectors.json, as far as it concerns keys.
type didKeyVector struct {
	DID        string          `json:"did"`
	Curve      string          `json:"curve"`
	PublicHex  string          `json:"public_key_hex"`
	PublicJWK  json.RawMessage `json:"public_key_jwk"`
	PrivateJWK json.RawMessage `json:"private_key_jwk"`
	Seed       string          `json:"seed"`
	X25519Hex  string          `json:"derived_x25519_hex"`
	X25519     string          `json:"derived_key_agreement_multibase"`
	Reason     string          `json:"reason"`
}

func didKeyVectors(t *testing.T) (positive, negative []didKeyVector) {
	t.Helper()
	var f struct{ Positive, Negative []didKeyVector }
	vectors.Load(t, "did-key/vectors.json", &f)
	if len(f.Positive) == 0 || len(f.Negative) == 0 {
		t.Fatal("the file holds no vectors")
	}
	return f.Positive, f.Negative
}

func TestDIDKeyVectors(t *testing.T) {
	t.Parallel()
	positive, _ := didKeyVectors(t)
	for _, v := range positive {
		t.Run(v.Curve+"/"+v.DID[len(v.DID)-8:], func(t *testing.T) {
			t.Parallel()
			multikey := strings.TrimPrefix(v.DID, "did:key:")
			k, err := crypto.ParseMultikey(multikey)
			if err != nil {
				t.Fatal(err)
			}
			if k.Curve().String() != v.Curve || k.Multikey() != multikey {
				t.Errorf("read as %v %v", k.Curve(), k)
			}
			if !k.Equal(mustPublic(t, k.Curve(), unhex(t, v.PublicHex))) {
				t.Errorf("bytes %x, want the key %s", k.Bytes(), v.PublicHex)
			}
			if j, err := crypto.ParseJWK(v.PublicJWK); err != nil || !j.Equal(k) {
				t.Errorf("JWK read as %v: %v", j, err)
			}
			checkSameJSON(t, k.JWK(), v.PublicJWK)
			checkPrivateVector(t, k, v)
			checkDerivedVector(t, k, v)
		})
	}
}

func checkSameJSON(t *testing.T, got, want []byte) {
	t.Helper()
	var g, w map[string]string
	if err := json.Unmarshal(got, &g); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(want, &w); err != nil {
		t.Fatal(err)
	}
	if len(g) != len(w) {
		t.Errorf("got %s, want %s", got, want)
	}
	for name := range w {
		if g[name] != w[name] {
			t.Errorf("member %s: got %q, want %q", name, g[name], w[name])
		}
	}
}

func checkPrivateVector(t *testing.T, k crypto.PublicKey, v didKeyVector) {
	t.Helper()
	if len(v.PrivateJWK) > 0 {
		p, err := crypto.ParsePrivateJWK(v.PrivateJWK)
		if err != nil || !p.Public().Equal(k) {
			t.Errorf("private JWK belongs to %v: %v", p.Public(), err)
		}
	}
	if v.Seed != "" {
		p, err := crypto.NewPrivateKey(k.Curve(), unhex(t, v.Seed))
		if err != nil || !p.Public().Equal(k) {
			t.Errorf("seed belongs to %v: %v", p.Public(), err)
		}
	}
}

func checkDerivedVector(t *testing.T, k crypto.PublicKey, v didKeyVector) {
	t.Helper()
	if v.X25519 == "" {
		return
	}
	x, err := k.X25519()
	if err != nil {
		t.Fatal(err)
	}
	if x.Multikey() != v.X25519 || hex.EncodeToString(x.Bytes()) != v.X25519Hex {
		t.Errorf("derived %v, want %s", x, v.X25519)
	}
}

func TestDIDKeyVectorsRefused(t *testing.T) {
	t.Parallel()
	_, negative := didKeyVectors(t)
	for _, v := range negative {
		t.Run(v.Reason, func(t *testing.T) {
			t.Parallel()
			if k, err := crypto.ParseMultikey(strings.TrimPrefix(v.DID, "did:key:")); err == nil {
				t.Errorf("accepted as %v", k)
			}
		})
	}
}

// Every identity of the shared vectors has its secrets as private JWKs: a check of d against the
// public members over all curves.
func TestSecretsOfVectors(t *testing.T) {
	t.Parallel()
	n := 0
	for _, file := range []string{"didcomm-spec-v2.1/secrets-alice.json", "didcomm-spec-v2.1/secrets-bob.json", "sicpa/secrets.json", "generated/secrets.json"} {
		var raw any
		vectors.Load(t, file, &raw)
		forEachSecret(t, raw, func(jwk []byte) {
			n++
			if _, err := crypto.ParsePrivateJWK(jwk); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		})
	}
	if n == 0 {
		t.Error("no secrets found")
	}
}

// forEachSecret calls f for every object within v that has the members kty and d.
func forEachSecret(t *testing.T, v any, f func(jwk []byte)) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			forEachSecret(t, e, f)
		}
	case map[string]any:
		if v["kty"] != nil && v["d"] != nil {
			b, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			f(b)
			return
		}
		for _, e := range v {
			forEachSecret(t, e, f)
		}
	}
}
