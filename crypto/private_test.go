package crypto_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	stdjson "encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/parley-im/parley/crypto"
)

func TestPrivateKeyIsNeverPrinted(t *testing.T) {
	t.Parallel()
	for _, c := range allCurves {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			secret, k := fixedKey(t, c)
			for name, text := range renderings(t, k) {
				if !strings.Contains(text, "private key") {
					t.Errorf("%s: %q does not say that it is a private key", name, text)
				}
				refuseSecret(t, name, text, secret)
			}
			hidden := struct{ key crypto.PrivateKey }{k} // fmt cannot call methods here
			for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%s", "%q", "%d"} {
				refuseSecret(t, "unexported field "+verb, fmt.Sprintf(verb, hidden), secret)
			}
		})
	}
}

// renderings prints k in every way that the standard library and go-json-experiment know.
func renderings(t *testing.T, k crypto.PrivateKey) map[string]string {
	t.Helper()
	out := map[string]string{"String": k.String(), "GoString": k.GoString(), "LogValue": k.LogValue().String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %[1]v"} {
		out["value "+verb] = fmt.Sprintf(verb, k)
		out["pointer "+verb] = fmt.Sprintf(verb, &k)
		out["field "+verb] = fmt.Sprintf(verb, struct{ Key crypto.PrivateKey }{k})
	}
	v1, err := stdjson.Marshal(map[string]any{"k": k, "p": &k})
	if err != nil {
		t.Fatal(err)
	}
	v2, err := json.Marshal(struct{ K crypto.PrivateKey }{k})
	if err != nil {
		t.Fatal(err)
	}
	var text, js bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("x", "k", k)
	slog.New(slog.NewJSONHandler(&js, nil)).Info("x", "k", k)
	out["json v1"], out["json v2"], out["slog text"], out["slog json"] = string(v1), string(v2), text.String(), js.String()
	return out
}

func refuseSecret(t *testing.T, name, text string, secret []byte) {
	t.Helper()
	part := secret[8:16]
	for _, enc := range []string{
		string(part), hex.EncodeToString(part), strings.ToUpper(hex.EncodeToString(part)),
		base64.StdEncoding.EncodeToString(secret[9:15]), strings.Trim(fmt.Sprint(part), "[]"), strings.Trim(fmt.Sprintf("%#v", part), "[]byte{}"),
	} {
		if strings.Contains(text, enc) {
			t.Errorf("%s: %q holds the secret", name, text)
		}
	}
}

func TestNewPrivateKeyRefuses(t *testing.T) {
	t.Parallel()
	order := map[crypto.Curve]string{
		crypto.P256:      "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
		crypto.P384:      "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
		crypto.P521:      "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
		crypto.Secp256k1: "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
	}
	for _, c := range allCurves {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			secret, _ := fixedKey(t, c)
			bad := map[string][]byte{
				"nil": nil, "short": secret[1:], "long": append([]byte{0}, secret...),
			}
			if n, err := hex.DecodeString(order[c]); err == nil && len(n) > 0 {
				bad["zero"] = make([]byte, len(n))
				bad["order"] = n
				bad["all ones"] = bytes.Repeat([]byte{0xff}, len(n))
				last := bytes.Clone(n)
				last[len(last)-1]--
				if _, err := crypto.NewPrivateKey(c, last); err != nil {
					t.Errorf("order minus one: %v", err)
				}
			}
			for name, b := range bad {
				if k, err := crypto.NewPrivateKey(c, b); err == nil || !k.IsZero() {
					t.Errorf("%s: accepted", name)
				}
			}
		})
	}
}

func TestNewPrivateKeyCopies(t *testing.T) {
	t.Parallel()
	for _, c := range allCurves {
		secret, k := fixedKey(t, c)
		pub := k.Public()
		msg, sig := []byte("message"), []byte(nil)
		clear(secret)
		if c.CanSign() {
			var err error
			if sig, err = k.Sign(msg); err != nil {
				t.Fatal(err)
			}
			if err := pub.Verify(msg, sig); err != nil {
				t.Errorf("%v: the key changed with the caller's slice: %v", c, err)
			}
		}
		if c.CanAgree() {
			checkAgree(t, k, mustGenerate(t, c))
		}
	}
}

func TestGenerateKeyDiffers(t *testing.T) {
	t.Parallel()
	forEachCurve(t, func(t *testing.T, k crypto.PrivateKey) {
		if mustGenerate(t, k.Public().Curve()).Public().Equal(k.Public()) {
			t.Error("two generated keys are the same")
		}
	})
}

func TestAgree(t *testing.T) {
	t.Parallel()
	size := map[crypto.Curve]int{crypto.X25519: 32, crypto.P256: 32, crypto.P384: 48, crypto.P521: 66}
	forEachCurve(t, func(t *testing.T, a crypto.PrivateKey) {
		c := a.Public().Curve()
		b := mustGenerate(t, c)
		if !c.CanAgree() {
			if _, err := a.Agree(b.Public()); err == nil {
				t.Error("a curve for signatures agrees")
			}
			return
		}
		z := checkAgree(t, a, b)
		if len(z) != size[c] {
			t.Errorf("%d bytes, want %d", len(z), size[c])
		}
		for _, other := range allCurves {
			if other != c {
				if _, err := a.Agree(mustGenerate(t, other).Public()); err == nil {
					t.Errorf("agrees with a key on %v", other)
				}
			}
		}
		if _, err := a.Agree(crypto.PublicKey{}); err == nil {
			t.Error("agrees with the zero key")
		}
	})
}

// checkAgree fails the test unless both sides reach one secret that is not all zero.
func checkAgree(t *testing.T, a, b crypto.PrivateKey) []byte {
	t.Helper()
	za, err := a.Agree(b.Public())
	if err != nil {
		t.Fatal(err)
	}
	zb, err := b.Agree(a.Public())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(za, zb) || bytes.Equal(za, make([]byte, len(za))) {
		t.Errorf("secrets %x and %x", za, zb)
	}
	return za
}

func TestZeroPrivateKey(t *testing.T) {
	t.Parallel()
	var k crypto.PrivateKey
	if !k.IsZero() || !k.Public().IsZero() {
		t.Error("the zero key is a key")
	}
	if _, err := k.Sign(nil); err == nil {
		t.Error("the zero key signs")
	}
	if _, err := k.Agree(mustGenerate(t, crypto.X25519).Public()); err == nil {
		t.Error("the zero key agrees")
	}
	if fmt.Sprint(k) != "private key" {
		t.Error("the zero key prints itself")
	}
}
