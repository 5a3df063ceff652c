package crypto_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/parley-im/parley/crypto"
)

func TestGenerateJWK(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"X25519", "ed25519", "P-256", "p-384", "P-521", "SECP256K1"} {
		c, err := crypto.ParseCurve(name)
		if err != nil || !strings.EqualFold(c.String(), name) {
			t.Fatalf("ParseCurve(%q) = %v, %v", name, c, err)
		}
		key, jwk, err := crypto.GenerateJWK(c)
		if err != nil {
			t.Fatal(err)
		}
		read, err := crypto.ParsePrivateJWK(jwk)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !read.Public().Equal(key.Public()) || key.Public().Curve() != c {
			t.Errorf("%s: the text is of another key", name)
		}
		other, _, err := crypto.GenerateJWK(c)
		if err != nil || other.Public().Equal(key.Public()) {
			t.Errorf("%s: the same key twice, or %v", name, err)
		}
	}
	signing, jwk, err := crypto.GenerateJWK(crypto.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	want, err := signing.Public().X25519()
	if err != nil {
		t.Fatal(err)
	}
	derived, text, err := crypto.AgreementJWK(jwk)
	if err != nil || !derived.Public().Equal(want) {
		t.Errorf("the derived key is %v, want %v: %v", derived.Public(), want, err)
	}
	if read, err := crypto.ParsePrivateJWK(text); err != nil || !read.Public().Equal(want) {
		t.Errorf("the text of the derived key: %v", err)
	}
	other, _, err := crypto.GenerateJWK(crypto.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	d := jwk[bytes.Index(jwk, []byte(`,"d":`)):]
	for name, bad := range map[string]string{
		"another curve": string(text), "public": string(signing.Public().JWK()), "no JSON": "{",
		"another kty":          strings.Replace(string(jwk), "OKP", "EC", 1),
		"another's public key": strings.TrimSuffix(string(other.Public().JWK()), "}") + string(d),
	} {
		if _, _, err := crypto.AgreementJWK([]byte(bad)); err == nil {
			t.Errorf("%s: derived", name)
		}
	}
	if _, _, err := crypto.GenerateJWK(0); err == nil {
		t.Error("a key of no curve")
	}
	if _, err := crypto.ParseCurve("P-257"); err == nil || !strings.Contains(err.Error(), "P-256") {
		t.Errorf("P-257: %v", err)
	}
}
