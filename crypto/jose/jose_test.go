package jose_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/jose"
)

func newKey(t testing.TB, c crypto.Curve) crypto.PrivateKey {
	t.Helper()
	k, err := crypto.GenerateKey(c)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// seal encrypts to one fresh X25519 key per kid.
func seal(t testing.TB, plaintext string, kids ...string) ([]byte, secrets) {
	t.Helper()
	keys := secrets{}
	var o jose.EncryptOptions
	for _, kid := range kids {
		keys[kid] = newKey(t, crypto.X25519)
		o.To = append(o.To, jose.RecipientKey{KID: kid, Key: keys[kid].Public()})
	}
	sealed, err := jose.Encrypt([]byte(plaintext), o)
	if err != nil {
		t.Fatal(err)
	}
	return sealed, keys
}

func signed(t testing.TB, payload string, c crypto.Curve) ([]byte, crypto.PublicKey) {
	t.Helper()
	k := newKey(t, c)
	out, err := jose.Sign([]byte(payload), jose.SignOptions{KID: "did:x:a#1", Curve: c, Typ: "JWM", Sign: k.Sign})
	if err != nil {
		t.Fatal(err)
	}
	return out, k.Public()
}

// TestEncryptRoundTrip: every plaintext opens for every recipient, on every curve and cipher.
func TestEncryptRoundTrip(t *testing.T) {
	t.Parallel()
	curves := []crypto.Curve{crypto.X25519, crypto.P256, crypto.P384, crypto.P521}
	rapid.Check(t, func(rt *rapid.T) {
		curve := rapid.SampledFrom(curves).Draw(rt, "curve")
		plaintext := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(rt, "plaintext")
		kids := rapid.SliceOfNDistinct(rapid.StringN(1, 20, 60), 1, 4, rapid.ID).Draw(rt, "kids")
		keys, sender := secrets{}, newKey(t, curve)
		o := jose.EncryptOptions{
			Enc: rapid.SampledFrom([]jose.Encryption{"", jose.A256CBCHS512, jose.A256GCM, jose.XC20P}).Draw(rt, "enc"),
			APV: rapid.SliceOf(rapid.Byte()).Draw(rt, "apv"),
		}
		if rapid.Bool().Draw(rt, "authenticated") {
			o.Enc, o.Sender, o.SKID, o.APU = "", sender.Agree, "did:x:a#1", []byte("did:x:a#1")
		}
		for _, kid := range kids {
			kid = strings.ToValidUTF8(kid, "?")
			keys[kid] = newKey(t, curve)
			o.To = append(o.To, jose.RecipientKey{KID: kid, Key: keys[kid].Public()})
		}
		if len(keys) != len(kids) {
			rt.Skip("kids collide")
		}
		sealed, err := jose.Encrypt(plaintext, o)
		if err != nil {
			rt.Fatal(err)
		}
		doc, err := jose.Parse(sealed)
		if err != nil {
			rt.Fatal(err)
		}
		h := doc.JWE.Header
		if h.SKID != o.SKID || !bytes.Equal(h.APU, o.APU) || !bytes.Equal(h.APV, o.APV) {
			rt.Errorf("header %+v", h)
		}
		for i, r := range doc.JWE.Recipients {
			if r.KID != o.To[i].KID {
				rt.Errorf("kid %q, want %q", r.KID, o.To[i].KID)
			}
			got, err := doc.JWE.Decrypt(i, keys[r.KID].Agree, sender.Public())
			if err != nil || !bytes.Equal(got, plaintext) {
				rt.Errorf("%q: %x, %v", r.KID, got, err)
			}
		}
	})
}

func TestSignRoundTrip(t *testing.T) {
	t.Parallel()
	for curve, alg := range map[crypto.Curve]string{
		crypto.Ed25519: "EdDSA", crypto.P256: "ES256", crypto.P384: "ES384",
		crypto.P521: "ES512", crypto.Secp256k1: "ES256K",
	} {
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			raw, key := signed(t, "payload", curve)
			doc, err := jose.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			s := doc.JWS.Signatures[0]
			if s.Alg != alg || s.Typ != "JWM" || s.KID != "did:x:a#1" || s.KIDProtected {
				t.Errorf("signature %+v", s)
			}
			if err := s.Verify(key); err != nil || string(doc.JWS.Payload) != "payload" {
				t.Errorf("%q: %v", doc.JWS.Payload, err)
			}
			if err := s.Verify(newKey(t, curve).Public()); !errors.Is(err, crypto.ErrSignature) {
				t.Errorf("another key: got %v, want ErrSignature", err)
			}
			if err := s.Verify(newKey(t, crypto.X25519).Public()); err == nil {
				t.Error("verified with a key that cannot sign")
			}
			if err := s.Verify(crypto.PublicKey{}); err == nil {
				t.Error("verified with the zero key")
			}
		})
	}
	if _, err := jose.Sign(nil, jose.SignOptions{Curve: crypto.X25519}); !errors.Is(err, jose.ErrUnsupported) {
		t.Errorf("X25519: got %v, want ErrUnsupported", err)
	}
}

// TestVerifyAlg: a signature counts only under the name of its own algorithm, also when it is good
// in itself. EdDSA has two names.
func TestVerifyAlg(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		alg string
		key crypto.PrivateKey
		ok  bool
	}{
		{"EdDSA", newKey(t, crypto.Ed25519), true},
		{"Ed25519", newKey(t, crypto.Ed25519), true},
		{"ES256", newKey(t, crypto.Ed25519), false},
		{"ES256", newKey(t, crypto.P256), true},
		{"ES256K", newKey(t, crypto.P256), false},
		{"ES384", newKey(t, crypto.P256), false},
		{"ES256", newKey(t, crypto.Secp256k1), false},
	} {
		protected := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"` + c.alg + `"}`))
		signature, err := c.key.Sign([]byte(protected + ".e30"))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jose.Parse([]byte(protected + ".e30." + base64.RawURLEncoding.EncodeToString(signature)))
		if err != nil {
			t.Fatal(err)
		}
		if err := doc.JWS.Signatures[0].Verify(c.key.Public()); (err == nil) != c.ok {
			t.Errorf("%s with a key on %v: %v", c.alg, c.key.Public().Curve(), err)
		}
	}
}

// TestOtherForms: the flattened and the compact form of a message open like the general one.
func TestOtherForms(t *testing.T) {
	t.Parallel()
	sealed, keys := seal(t, "hello", "did:x:b#1")
	flat := edit(t, sealed, func(m map[string]any) {
		r := m["recipients"].([]any)[0].(map[string]any)
		m["header"], m["encrypted_key"] = r["header"], r["encrypted_key"]
		delete(m, "recipients")
	})
	if got, err := decryptAs(flat, "did:x:b#1", keys); err != nil || string(got) != "hello" {
		t.Errorf("flattened JWE: %q, %v", got, err)
	}
	raw, key := signed(t, "hello", crypto.Ed25519)
	flatJWS := edit(t, raw, func(m map[string]any) {
		for name, v := range m["signatures"].([]any)[0].(map[string]any) {
			m[name] = v
		}
		delete(m, "signatures")
	})
	var m map[string]string
	json.Unmarshal(edit(t, flatJWS, func(m map[string]any) { delete(m, "header") }), &m)
	compact := m["protected"] + "." + m["payload"] + "." + m["signature"]
	for form, data := range map[string][]byte{"flattened": flatJWS, "compact": []byte(compact)} {
		doc, err := jose.Parse(data)
		if err != nil {
			t.Fatalf("%s JWS: %v", form, err)
		}
		if err := doc.JWS.Signatures[0].Verify(key); err != nil || doc.JWS.Compact != (form == "compact") {
			t.Errorf("%s JWS: %v", form, err)
		}
	}
}

func TestParseCompactJWE(t *testing.T) {
	t.Parallel()
	sealed, _ := seal(t, "hello", "did:x:b#1")
	var parts map[string]any
	withKID := edit(t, sealed, func(m map[string]any) {
		header(t, m, func(h map[string]any) { h["kid"] = "did:x:b#1" })
		parts = m
	})
	if _, err := jose.Parse(withKID); err != nil {
		t.Errorf("equal kid in both headers: %v", err)
	}
	key := parts["recipients"].([]any)[0].(map[string]any)["encrypted_key"]
	compact := fmt.Sprintf("%s.%s.%s.%s.%s", parts["protected"], key, parts["iv"], parts["ciphertext"], parts["tag"])
	doc, err := jose.Parse([]byte(compact))
	if err != nil {
		t.Fatal(err)
	}
	if !doc.JWE.Compact || len(doc.JWE.Recipients) != 1 || doc.JWE.Recipients[0].KID != "did:x:b#1" {
		t.Errorf("recipients %+v", doc.JWE.Recipients)
	}
	for name, bad := range map[string]string{
		"line break":   strings.Replace(compact, ".", ".\n", 4),
		"space":        compact + " ",
		"six parts":    compact + ".",
		"four parts":   compact[:strings.LastIndex(compact, ".")],
		"all dots":     "e" + strings.Repeat(".", 1000),
		"empty header": "e" + "." + compact,
	} {
		if _, err := jose.Parse([]byte(bad)); !errors.Is(err, jose.ErrMalformed) {
			t.Errorf("%s: got %v, want ErrMalformed", name, err)
		}
	}
}

// TestParseRefusesJWE changes one thing of a good JWE at a time.
func TestParseRefusesJWE(t *testing.T) {
	t.Parallel()
	sealed, _ := seal(t, "hello", "did:x:b#1", "did:x:b#2")
	in := func(change func(h map[string]any)) func(map[string]any) {
		return func(m map[string]any) { header(t, m, change) }
	}
	set := func(name string, v any) func(map[string]any) {
		return func(m map[string]any) { m[name] = v }
	}
	first := func(change func(r map[string]any)) func(map[string]any) {
		return func(m map[string]any) { change(m["recipients"].([]any)[0].(map[string]any)) }
	}
	unprotected := func(name string) func(map[string]any) {
		return first(func(r map[string]any) { r["header"].(map[string]any)[name] = "x" })
	}
	for _, c := range []struct {
		name   string
		change func(m map[string]any)
		want   error
	}{
		{"zip", in(set("zip", "DEF")), jose.ErrUnsupported},
		{"crit", in(set("crit", []string{"exp"})), jose.ErrUnsupported},
		{"empty crit", in(set("crit", []string{})), jose.ErrUnsupported},
		{"b64", in(set("b64", false)), jose.ErrUnsupported},
		{"alg dir", in(set("alg", "dir")), jose.ErrUnsupported},
		{"alg RSA", in(set("alg", "RSA-OAEP-256")), jose.ErrUnsupported},
		{"alg PBES2", in(set("alg", "PBES2-HS256+A128KW")), jose.ErrUnsupported},
		{"alg in lower case", in(set("alg", "ecdh-es+a256kw")), jose.ErrUnsupported},
		{"alg missing", in(func(h map[string]any) { delete(h, "alg") }), jose.ErrUnsupported},
		{"alg a number", in(set("alg", 1)), jose.ErrMalformed},
		{"enc A128GCM", in(set("enc", "A128GCM")), jose.ErrUnsupported},
		{"1PU with A256GCM", in(func(h map[string]any) { h["alg"], h["enc"] = jose.ECDH1PU, "A256GCM" }), jose.ErrUnsupported},
		{"1PU with XC20P", in(func(h map[string]any) { h["alg"], h["enc"] = jose.ECDH1PU, "XC20P" }), jose.ErrUnsupported},
		{"epk missing", in(func(h map[string]any) { delete(h, "epk") }), jose.ErrMalformed},
		{"epk null", in(set("epk", nil)), jose.ErrMalformed},
		{"epk with d", in(func(h map[string]any) { h["epk"].(map[string]any)["d"] = "AA" }), jose.ErrMalformed},
		{"epk for signing", in(set("epk", json.RawMessage(newKey(t, crypto.Ed25519).Public().JWK()))), jose.ErrUnsupported},
		{"epk off the curve", in(set("epk", map[string]string{"kty": "EC", "crv": "P-256", "x": zeros(32), "y": zeros(32)})), jose.ErrMalformed},
		{"apv with padding", in(set("apv", "AA==")), jose.ErrMalformed},
		{"apv with stray bits", in(set("apv", "AB")), jose.ErrMalformed},
		{"apu a number", in(set("apu", 7)), jose.ErrMalformed},
		{"kid for two recipients", in(set("kid", "did:x:b#1")), jose.ErrMalformed},
		{"protected missing", func(m map[string]any) { delete(m, "protected") }, jose.ErrMalformed},
		{"protected null", set("protected", nil), jose.ErrMalformed},
		{"protected no base64url", set("protected", "{}"), jose.ErrMalformed},
		{"protected an array", set("protected", "W10"), jose.ErrMalformed},
		{"protected and more", set("protected", base64.RawURLEncoding.EncodeToString([]byte("{} {}"))), jose.ErrMalformed},
		{"iv missing", func(m map[string]any) { delete(m, "iv") }, jose.ErrMalformed},
		{"iv short", set("iv", zeros(12)), jose.ErrMalformed},
		{"iv with a line break", set("iv", zeros(16)[:4]+"\n"+zeros(16)[4:]), jose.ErrMalformed},
		{"tag short", set("tag", zeros(16)), jose.ErrMalformed},
		{"tag long", set("tag", zeros(33)), jose.ErrMalformed},
		{"tag empty", set("tag", ""), jose.ErrMalformed},
		{"ciphertext with padding", set("ciphertext", "AA=="), jose.ErrMalformed},
		{"ciphertext in the other alphabet", set("ciphertext", "+/+/"), jose.ErrMalformed},
		{"aad", set("aad", "AA"), jose.ErrUnsupported},
		{"no recipients", set("recipients", []any{}), jose.ErrMalformed},
		{"recipients an object", set("recipients", map[string]any{}), jose.ErrMalformed},
		{"recipients null", set("recipients", nil), jose.ErrMalformed},
		{"a recipient null", set("recipients", []any{nil}), jose.ErrMalformed},
		{"general and flattened", set("encrypted_key", zeros(72)), jose.ErrMalformed},
		{"kid in the shared header", set("unprotected", map[string]string{"kid": "x"}), jose.ErrMalformed},
		{"alg in the shared header", set("unprotected", map[string]string{"alg": jose.ECDHES}), jose.ErrMalformed},
		{"kid missing", first(func(r map[string]any) { delete(r, "header") }), jose.ErrMalformed},
		{"kid empty", first(func(r map[string]any) { r["header"] = map[string]string{"kid": ""} }), jose.ErrMalformed},
		{"kid twice", first(func(r map[string]any) { r["header"] = map[string]string{"kid": "did:x:b#2"} }), jose.ErrMalformed},
		{"encrypted_key missing", first(func(r map[string]any) { delete(r, "encrypted_key") }), jose.ErrMalformed},
		{"encrypted_key a number", first(func(r map[string]any) { r["encrypted_key"] = 1 }), jose.ErrMalformed},
		{"unprotected alg", unprotected("alg"), jose.ErrMalformed},
		{"unprotected epk", unprotected("epk"), jose.ErrMalformed},
		{"unprotected crit", unprotected("crit"), jose.ErrMalformed},
		{"unprotected zip", unprotected("zip"), jose.ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			doc, err := jose.Parse(edit(t, sealed, c.change))
			if !errors.Is(err, c.want) || doc.JWE != nil {
				t.Errorf("got %v, want %v and no document", err, c.want)
			}
		})
	}
	if _, err := jose.Parse(edit(t, sealed, set("unknown", []int{1}))); err != nil {
		t.Errorf("an unknown member: %v", err)
	}
	if _, err := jose.Parse(edit(t, sealed, in(set("apu", nil)))); err != nil {
		t.Errorf("a null apu: %v", err)
	}
}

// zeros is n zero bytes in base64url.
func zeros(n int) string { return base64.RawURLEncoding.EncodeToString(make([]byte, n)) }

func TestParseRefusesJWS(t *testing.T) {
	t.Parallel()
	raw, _ := signed(t, "hello", crypto.Ed25519)
	one := func(change func(s map[string]any)) func(map[string]any) {
		return func(m map[string]any) { change(m["signatures"].([]any)[0].(map[string]any)) }
	}
	in := func(name string, v any) func(map[string]any) {
		return one(func(s map[string]any) { header(t, s, func(h map[string]any) { h[name] = v }) })
	}
	for _, c := range []struct {
		name   string
		change func(m map[string]any)
		want   error
	}{
		{"alg none", in("alg", "none"), jose.ErrUnsupported},
		{"alg HS256", in("alg", "HS256"), jose.ErrUnsupported},
		{"alg empty", in("alg", ""), jose.ErrUnsupported},
		{"alg null", in("alg", nil), jose.ErrMalformed},
		{"crit", in("crit", []string{"b64"}), jose.ErrUnsupported},
		{"b64", in("b64", false), jose.ErrUnsupported},
		{"two kids", in("kid", "did:x:other#1"), jose.ErrMalformed},
		{"protected missing", one(func(s map[string]any) { delete(s, "protected") }), jose.ErrMalformed},
		{"signature missing", one(func(s map[string]any) { delete(s, "signature") }), jose.ErrMalformed},
		{"signature with padding", one(func(s map[string]any) { s["signature"] = "AA==" }), jose.ErrMalformed},
		{"unprotected alg", one(func(s map[string]any) { s["header"] = map[string]string{"alg": "EdDSA"} }), jose.ErrMalformed},
		{"header a string", one(func(s map[string]any) { s["header"] = "x" }), jose.ErrMalformed},
		{"signatures empty", func(m map[string]any) { m["signatures"] = []any{} }, jose.ErrMalformed},
		{"general and flattened", func(m map[string]any) { m["signature"] = "AA" }, jose.ErrMalformed},
		{"protected a number", one(func(s map[string]any) { s["protected"] = 1 }), jose.ErrMalformed},
		{"protected no JSON", one(func(s map[string]any) { s["protected"] = "AAAA" }), jose.ErrMalformed},
		{"protected with padding", one(func(s map[string]any) { s["protected"] = "e30=" }), jose.ErrMalformed},
		{"signature a number", one(func(s map[string]any) { s["signature"] = 1 }), jose.ErrMalformed},
		{"a signature null", func(m map[string]any) { m["signatures"] = []any{nil} }, jose.ErrMalformed},
		{"payload a number", func(m map[string]any) { m["payload"] = 1 }, jose.ErrMalformed},
		{"payload with stray bits", func(m map[string]any) { m["payload"] = "AB" }, jose.ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			doc, err := jose.Parse(edit(t, raw, c.change))
			if !errors.Is(err, c.want) || doc.JWS != nil {
				t.Errorf("got %v, want %v and no document", err, c.want)
			}
		})
	}
}

// TestParseJSON: what is no JOSE at all.
func TestParseJSON(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return strings.Repeat(`{"a":[`, n/2) + strings.Repeat("]}", n/2) }
	for _, c := range []struct {
		name, data string
		want       error
	}{
		{"empty", "", jose.ErrMalformed},
		{"array", "[]", jose.ErrMalformed},
		{"string", `"x"`, jose.ErrMalformed},
		{"null", "null", jose.ErrMalformed},
		{"plaintext", `{"id":"1","type":"x","payload":"y","ciphertext_count":1}`, nil},
		{"trailing object", `{}{}`, jose.ErrMalformed},
		{"trailing garbage", `{} x`, jose.ErrMalformed},
		{"white space around", " \n{} \t", nil},
		{"byte order mark", "\ufeff{}", jose.ErrMalformed},
		{"bad UTF-8", "{\"a\":\"\xff\"}", jose.ErrMalformed},
		{"lone surrogate in a name", `{"\ud800":1}`, jose.ErrMalformed},
		{"lone surrogate", `{"a":"\ud800"}`, jose.ErrMalformed},
		{"duplicate member", `{"a":1,"a":2}`, jose.ErrMalformed},
		{"duplicate member in disguise", `{"a":1,"\u0061":2}`, jose.ErrMalformed},
		{"duplicate member deep down", `{"b":[{"a":1,"a":2}]}`, jose.ErrMalformed},
		{"unterminated string", `{"a":"`, jose.ErrMalformed},
		{"depth 16", deep(jose.MaxDepth), nil},
		{"depth 18", deep(jose.MaxDepth + 2), jose.ErrMalformed},
		{"a million brackets", strings.Repeat("[", jose.MaxSize), jose.ErrMalformed},
		{"brackets in a string", `{"a":"` + strings.Repeat(`[\"{\\`, 100) + `"}`, nil},
		{"too large", strings.Repeat(" ", jose.MaxSize+1), jose.ErrTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if _, err := jose.Parse([]byte(c.data)); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// TestErrorsQuoteNothing: an error must not carry what a message says into a log.
func TestErrorsQuoteNothing(t *testing.T) {
	t.Parallel()
	for _, data := range []string{`{"secret":1,"secret":2}`, `{"secret":secret}`, `{"a":"secret` + "\x01" + `"}`} {
		_, err := jose.Parse([]byte(data))
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("error %v", err)
		}
	}
}

func TestRecipientLimit(t *testing.T) {
	t.Parallel()
	var kids []string
	for i := range jose.MaxRecipients {
		kids = append(kids, fmt.Sprint("did:x:b#", i))
	}
	sealed, keys := seal(t, "hello", kids...)
	for _, kid := range []string{kids[0], kids[len(kids)-1]} {
		if got, err := decryptAs(sealed, kid, keys); err != nil || string(got) != "hello" {
			t.Errorf("%s: %q, %v", kid, got, err)
		}
	}
	more := edit(t, sealed, func(m map[string]any) {
		m["recipients"] = append(m["recipients"].([]any), map[string]any{"header": map[string]string{"kid": "x"}, "encrypted_key": ""})
	})
	if _, err := jose.Parse(more); !errors.Is(err, jose.ErrMalformed) {
		t.Errorf("33 recipients: got %v, want ErrMalformed", err)
	}
	key := newKey(t, crypto.X25519).Public()
	o := jose.EncryptOptions{To: slices.Repeat([]jose.RecipientKey{{KID: "x", Key: key}}, 33)}
	if _, err := jose.Encrypt(nil, o); err == nil {
		t.Error("sealed to 33 recipients")
	}
}

func TestEncryptRefuses(t *testing.T) {
	t.Parallel()
	x, p := newKey(t, crypto.X25519), newKey(t, crypto.P256)
	to := []jose.RecipientKey{{KID: "x", Key: x.Public()}}
	failing := errors.New("key store is closed")
	for _, c := range []struct {
		name string
		o    jose.EncryptOptions
		want error
	}{
		{"nobody", jose.EncryptOptions{}, nil},
		{"mixed curves", jose.EncryptOptions{To: append(to, jose.RecipientKey{KID: "p", Key: p.Public()})}, nil},
		{"a signing key", jose.EncryptOptions{To: []jose.RecipientKey{{KID: "e", Key: newKey(t, crypto.Ed25519).Public()}}}, nil},
		{"unknown enc", jose.EncryptOptions{To: to, Enc: "A128GCM"}, jose.ErrUnsupported},
		{"1PU with GCM", jose.EncryptOptions{To: to, Sender: x.Agree, Enc: jose.A256GCM}, jose.ErrUnsupported},
		{"sender on another curve", jose.EncryptOptions{To: to, Sender: p.Agree}, nil},
		{"sender fails", jose.EncryptOptions{To: to, Sender: func(crypto.PublicKey) ([]byte, error) { return nil, failing }}, failing},
	} {
		if _, err := jose.Encrypt([]byte("x"), c.o); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	if _, err := jose.Encrypt(make([]byte, jose.MaxSize-1000), jose.EncryptOptions{To: to}); err != jose.ErrTooLarge {
		t.Errorf("1 MiB: got %v, want ErrTooLarge", err)
	}
	if _, err := jose.Encrypt(make([]byte, jose.MaxSize/4*3), jose.EncryptOptions{To: to}); err != jose.ErrTooLarge {
		t.Errorf("3/4 MiB: got %v, want ErrTooLarge", err)
	}
	o := jose.SignOptions{KID: "x", Curve: crypto.Ed25519, Sign: newKey(t, crypto.Ed25519).Sign}
	for _, n := range []int{jose.MaxSize, jose.MaxSize / 4 * 3} {
		if _, err := jose.Sign(make([]byte, n), o); err != jose.ErrTooLarge {
			t.Errorf("sign %d bytes: got %v, want ErrTooLarge", n, err)
		}
	}
	o.Sign = func([]byte) ([]byte, error) { return nil, failing }
	if _, err := jose.Sign(nil, o); !errors.Is(err, failing) {
		t.Errorf("signing fails: got %v", err)
	}
}
