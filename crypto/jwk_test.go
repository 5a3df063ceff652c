package crypto_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/internal/vectors"
)

// xGood is made up; any 32 bytes are an X25519 key. It holds both - and _.
const (
	xGood = "-wgVIi88SVZjcH2Kl6SxvsvY5fL_DBkmM0BNWmd0gY4"
	okp   = `{"kty":"OKP","crv":"X25519","x":"` + xGood + `"}`
)

func TestJWKForm(t *testing.T) {
	t.Parallel()
	x := mustPublic(t, crypto.X25519, make([]byte, 32))
	want := `{"crv":"X25519","kty":"OKP","x":"` + strings.Repeat("A", 43) + `"}`
	if got := string(x.JWK()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	k, err := crypto.NewPrivateKey(crypto.Secp256k1, append(make([]byte, 31), 1)) // 1·G
	if err != nil {
		t.Fatal(err)
	}
	want = `{"crv":"secp256k1","kty":"EC","x":"eb5mfvncu6xVoGKVzocLBwKb_NstzijZWfKBWxb4F5g","y":"SDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj_sQ1Lg"}`
	if got := string(k.Public().JWK()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParseJWKIgnoresOtherMembers(t *testing.T) {
	t.Parallel()
	plain, err := crypto.ParseJWK([]byte(okp))
	if err != nil {
		t.Fatal(err)
	}
	extra := `{"kid":"did:example:a#1","use":"sig","alg":"ECDH-ES+A256KW","key_ops":["deriveKey"],"x5c":[{"a":1}],` + okp[1:]
	got, err := crypto.ParseJWK([]byte(extra))
	if err != nil {
		t.Fatal(err)
	}
	if !got.Equal(plain) {
		t.Errorf("got %v, want %v", got, plain)
	}
}

func TestParseJWKRefuses(t *testing.T) {
	t.Parallel()
	field := func(name, value string) string { return fmt.Sprintf(`{"kty":"OKP","crv":"X25519",%q:%s}`, name, value) }
	ec := string(mustGenerate(t, crypto.P256).Public().JWK())
	other := string(mustGenerate(t, crypto.P256).Public().JWK())
	yOf := func(s string) string { return s[strings.Index(s, `"y"`):] }
	p521 := mustGenerate(t, crypto.P521).Public().Bytes()
	tests := map[string]string{
		"empty":                    ``,
		"null":                     `null`,
		"array":                    `[` + okp + `]`,
		"string":                   `"` + xGood + `"`,
		"trailing data":            okp + `{}`,
		"truncated":                okp[:len(okp)-1],
		"duplicate x":              `{"x":"` + xGood + `",` + okp[1:],
		"duplicate unknown member": `{"a":1,"a":2,` + okp[1:],
		"X instead of x":           strings.Replace(okp, `"x"`, `"X"`, 1),
		"no kty":                   strings.Replace(okp, `"kty":"OKP",`, ``, 1),
		"no crv":                   strings.Replace(okp, `"crv":"X25519",`, ``, 1),
		"no x":                     `{"kty":"OKP","crv":"X25519"}`,
		"null x":                   field("x", `null`),
		"number x":                 field("x", `1`),
		"empty x":                  field("x", `""`),
		"kty of other case":        strings.Replace(okp, `OKP`, `okp`, 1),
		"crv of other case":        strings.Replace(okp, `X25519`, `x25519`, 1),
		"kty of other family":      strings.Replace(okp, `OKP`, `EC`, 1),
		"unknown crv":              strings.Replace(okp, `X25519`, `X448`, 1),
		"y on OKP":                 strings.Replace(okp, `}`, `,"y":"`+xGood+`"}`, 1),
		"private member":           strings.Replace(okp, `}`, `,"d":"`+xGood+`"}`, 1),
		"empty private member":     strings.Replace(okp, `}`, `,"d":""}`, 1),
		"padding":                  field("x", `"`+xGood+`="`),
		"line feed":                field("x", `"`+xGood[:20]+`\n`+xGood[20:]+`"`),
		"carriage return":          field("x", `"`+xGood+`\r"`),
		"stray bits":               field("x", `"`+xGood[:42]+`R"`),
		"standard alphabet":        field("x", `"`+strings.Replace(xGood, "-", "+", 1)+`"`),
		"31 bytes":                 field("x", `"`+base64.RawURLEncoding.EncodeToString(make([]byte, 31))+`"`),
		"33 bytes":                 field("x", `"`+base64.RawURLEncoding.EncodeToString(make([]byte, 33))+`"`),
		"no y":                     strings.Replace(ec, `"y"`, `"z"`, 1),
		"off the curve":            strings.Replace(ec, yOf(ec), yOf(other), 1),
		"other curve of 32 bytes":  strings.Replace(ec, "P-256", "secp256k1", 1),
		"P-521 without its zeros":  shortP521(p521),
		"invalid UTF-8":            "{\"a\":\"\xff\"," + okp[1:],
		"over 16 KiB":              `{"a":"` + strings.Repeat("a", 16<<10) + `",` + okp[1:],
	}
	for name, s := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if s == ec {
				t.Fatal("the mutation changed nothing")
			}
			if k, err := crypto.ParseJWK([]byte(s)); err == nil || !k.IsZero() {
				t.Errorf("accepted as %v", k)
			}
		})
	}
}

// shortP521 writes a P-521 key whose coordinates have 65 instead of 66 bytes.
func shortP521(raw []byte) string {
	b64 := base64.RawURLEncoding.EncodeToString
	return fmt.Sprintf(`{"kty":"EC","crv":"P-521","x":%q,"y":%q}`, b64(raw[2:67]), b64(raw[68:]))
}

func TestParsePrivateJWK(t *testing.T) {
	t.Parallel()
	for _, c := range allCurves {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			secret, k := fixedKey(t, c)
			text := privateJWK(k.Public(), secret)
			got, err := crypto.ParsePrivateJWK([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if !got.Public().Equal(k.Public()) {
				t.Errorf("got %v, want %v", got.Public(), k.Public())
			}
		})
	}
}

func TestParsePrivateJWKRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range allCurves {
		secret, k := fixedKey(t, c)
		d := base64.RawURLEncoding.EncodeToString(secret)
		good := privateJWK(k.Public(), secret)
		wrong := slices.Clone(secret)
		wrong[len(wrong)/2] ^= 1
		tests := map[string]string{
			"no d":             string(k.Public().JWK()),
			"d of another key": privateJWK(k.Public(), wrong),
			"public of other":  privateJWK(mustGenerate(t, c).Public(), secret),
			"short d":          privateJWK(k.Public(), secret[1:]),
			"long d":           privateJWK(k.Public(), append([]byte{0}, secret...)),
			"padded d":         strings.Replace(good, d, d+"=", 1),
			"broken d":         strings.Replace(good, d, d[:10]+`\n`+d[10:], 1),
			"duplicate d":      strings.Replace(good, `{`, `{"d":"`+d+`",`, 1),
			"d twice escaped":  strings.Replace(good, `{`, `{"\u0064":"`+d+`",`, 1),
			"number d":         strings.Replace(good, `"`+d+`"`, `1`, 1),
			"no x":             strings.Replace(good, `"x"`, `"q"`, 1),
			"no kty":           strings.Replace(good, `"kty"`, `"q"`, 1),
			"unknown crv":      strings.Replace(good, c.String(), "P-224", 1),
			"truncated":        good[:len(good)-1],
		}
		for name, s := range tests {
			t.Run(c.String()+"/"+name, func(t *testing.T) {
				t.Parallel()
				got, err := crypto.ParsePrivateJWK([]byte(s))
				if err == nil || !got.IsZero() {
					t.Fatal("accepted")
				}
				if strings.Contains(err.Error(), d[4:12]) {
					t.Errorf("the error quotes the secret: %v", err)
				}
			})
		}
	}
}

// fixedKey returns a key on c that is the same in every run, with its secret.
func fixedKey(t testing.TB, c crypto.Curve) ([]byte, crypto.PrivateKey) {
	t.Helper()
	sizes := map[crypto.Curve]int{crypto.P384: 48, crypto.P521: 66}
	secret := make([]byte, max(32, sizes[c]))
	for i := range secret[2:] { // two leading zeros keep P-521 within its order
		secret[2+i] = byte(i + 11)
	}
	k, err := crypto.NewPrivateKey(c, secret)
	if err != nil {
		t.Fatal(err)
	}
	return secret, k
}

func privateJWK(pub crypto.PublicKey, secret []byte) string {
	j := string(pub.JWK())
	return j[:len(j)-1] + `,"d":"` + base64.RawURLEncoding.EncodeToString(secret) + `"}`
}

// FuzzJWK: what is read as a public key is written as the same, and none is both public and private.
func FuzzJWK(f *testing.F) {
	for _, c := range allCurves {
		secret, k := fixedKey(f, c)
		f.Add(k.Public().JWK())
		f.Add([]byte(privateJWK(k.Public(), secret)))
	}
	f.Add([]byte(okp))
	f.Add([]byte(`{"kty":"EC","crv":"P-256"}`))
	f.Add([]byte(`null`))
	vectors.Seeds(f, func(seed []byte) { f.Add(seed) })
	f.Fuzz(func(t *testing.T, b []byte) {
		if k, err := crypto.ParseJWK(b); err == nil {
			again, err := crypto.ParseJWK(k.JWK())
			if err != nil || !again.Equal(k) {
				t.Fatalf("%s is written back as %s: %v", b, k.JWK(), err)
			}
		}
		if k, err := crypto.ParsePrivateJWK(b); err == nil {
			if _, err := crypto.ParseJWK(b); err == nil {
				t.Fatalf("both private and public: %s", b)
			}
			if k.Public().IsZero() {
				t.Fatal("a private key without its public key")
			}
		}
	})
}
