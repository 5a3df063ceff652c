package crypto_test

import (
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"math/big"
	"slices"
	"testing"

	"github.com/c2sp/wycheproof"

	"github.com/parley-im/parley/crypto"
)

// wycheCase is one test of a file; public and private are hexadecimal or a JWK.
type wycheCase struct {
	ID      int             `json:"tcId"`
	Comment string          `json:"comment"`
	Flags   []string        `json:"flags"`
	Result  string          `json:"result"`
	Public  json.RawMessage `json:"public"`
	Private json.RawMessage `json:"private"`
	Shared  string          `json:"shared"`
	Msg     string          `json:"msg"`
	Sig     string          `json:"sig"`
}

type wycheGroup struct {
	PublicKey struct {
		PK           string `json:"pk"`
		Uncompressed string `json:"uncompressed"`
	} `json:"publicKey"`
	JWK   json.RawMessage `json:"publicKeyJwk"`
	Tests []wycheCase     `json:"tests"`
}

func wycheGroups(t *testing.T, file string) []wycheGroup {
	t.Helper()
	data, err := fs.ReadFile(wycheproof.TestVectors, file)
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		NumberOfTests int          `json:"numberOfTests"`
		TestGroups    []wycheGroup `json:"testGroups"`
	}
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, g := range f.TestGroups {
		n += len(g.Tests)
	}
	if n == 0 || n != f.NumberOfTests {
		t.Fatalf("%s: %d tests read, %d announced", file, n, f.NumberOfTests)
	}
	return f.TestGroups
}

func TestWycheproofSignatures(t *testing.T) {
	t.Parallel()
	for file, c := range map[string]crypto.Curve{
		"ed25519_test.json":                      crypto.Ed25519,
		"ecdsa_secp256k1_sha256_p1363_test.json": crypto.Secp256k1,
		"ecdsa_secp256r1_sha256_p1363_test.json": crypto.P256,
		"ecdsa_secp384r1_sha384_p1363_test.json": crypto.P384,
		"ecdsa_secp521r1_sha512_p1363_test.json": crypto.P521,
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			for _, g := range wycheGroups(t, file) {
				k := mustPublic(t, c, unhex(t, g.PublicKey.PK+g.PublicKey.Uncompressed))
				if len(g.JWK) > 0 {
					if j, err := crypto.ParseJWK(g.JWK); err != nil || !j.Equal(k) {
						t.Errorf("JWK %s: %v, %v", g.JWK, j, err)
					}
				}
				for _, tc := range g.Tests {
					err := k.Verify(unhex(t, tc.Msg), unhex(t, tc.Sig))
					if want := tc.Result == "valid"; (err == nil) != want {
						t.Errorf("tcId %d (%s): %s, got %v", tc.ID, tc.Comment, tc.Result, err)
					}
				}
			}
		})
	}
}

func TestWycheproofAgreement(t *testing.T) {
	t.Parallel()
	for file, c := range map[string]crypto.Curve{
		"x25519_test.json":                   crypto.X25519,
		"x25519_jwk_test.json":               crypto.X25519,
		"ecdh_secp256r1_ecpoint_test.json":   crypto.P256,
		"ecdh_secp384r1_ecpoint_test.json":   crypto.P384,
		"ecdh_secp521r1_ecpoint_test.json":   crypto.P521,
		"ecdh_secp256r1_webcrypto_test.json": crypto.P256,
		"ecdh_secp384r1_webcrypto_test.json": crypto.P384,
		"ecdh_secp521r1_webcrypto_test.json": crypto.P521,
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			for _, g := range wycheGroups(t, file) {
				for _, tc := range g.Tests {
					z, err := wycheAgree(t, c, tc)
					if !wycheWants(tc) {
						if err == nil {
							t.Errorf("tcId %d (%s): accepted", tc.ID, tc.Comment)
						}
					} else if err != nil || hex.EncodeToString(z) != tc.Shared {
						t.Errorf("tcId %d (%s): got %x, %v, want %s", tc.ID, tc.Comment, z, err, tc.Shared)
					}
				}
			}
		})
	}
}

// wycheWants decides what is "acceptable": an all-zero secret is refused, a compressed point and
// an X25519 key that is not canonical or lies on the twist are taken (RFC 7748 section 5).
func wycheWants(tc wycheCase) bool {
	return tc.Result == "valid" || tc.Result == "acceptable" && !slices.Contains(tc.Flags, "ZeroSharedSecret")
}

func wycheAgree(t *testing.T, c crypto.Curve, tc wycheCase) ([]byte, error) {
	t.Helper()
	priv := wychePrivate(t, c, tc.Private)
	var (
		peer crypto.PublicKey
		err  error
		text string
	)
	if json.Unmarshal(tc.Public, &text) == nil {
		peer, err = crypto.NewPublicKey(c, unhex(t, text))
	} else {
		peer, err = crypto.ParseJWK(tc.Public)
	}
	if err != nil {
		return nil, err
	}
	return priv.Agree(peer)
}

// wychePrivate reads a JWK, or a hexadecimal scalar, which may have leading zeros too many or few.
func wychePrivate(t *testing.T, c crypto.Curve, raw json.RawMessage) crypto.PrivateKey {
	t.Helper()
	var text string
	if json.Unmarshal(raw, &text) != nil {
		k, err := crypto.ParsePrivateJWK(raw)
		if err != nil {
			t.Fatalf("private %s: %v", raw, err)
		}
		return k
	}
	secret := unhex(t, text)
	if size := map[crypto.Curve]int{crypto.P256: 32, crypto.P384: 48, crypto.P521: 66}[c]; size > 0 {
		secret = new(big.Int).SetBytes(secret).FillBytes(make([]byte, size))
	}
	k, err := crypto.NewPrivateKey(c, secret)
	if err != nil {
		t.Fatal(err)
	}
	return k
}
