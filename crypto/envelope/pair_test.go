package envelope_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
)

const (
	alice     = "did:example:alice"
	bob       = "did:example:bob"
	aliceKey  = alice + "#agree"
	aliceSign = alice + "#sign"
	bobKey    = bob + "#agree"
	bobSecond = bob + "#agree-2"
	hello     = `{"id":"1","type":"https://example.com/hi","from":"did:example:alice","to":["did:example:bob"],"body":{}}`
)

// pair is Alice, who seals, and Bob, who opens. Their keys are fixed, so that vectors made with
// them stay valid.
type pair struct {
	alice, bob *crypto.Keyring
	docs       docs
	to         []envelope.Recipient // both keys of Bob

	aliceKeys, bobKeys crypto.KeyStore // what they use instead of their rings, if set
}

func (p *pair) sealing() crypto.KeyStore {
	if p.aliceKeys != nil {
		return p.aliceKeys
	}
	return p.alice
}

func (p *pair) opening() crypto.KeyStore {
	if p.bobKeys != nil {
		return p.bobKeys
	}
	return p.bob
}

// fixedKey makes the same key from the same kid.
func fixedKey(t testing.TB, c crypto.Curve, kid string) crypto.PrivateKey {
	t.Helper()
	size := map[crypto.Curve]int{crypto.P384: 48, crypto.P521: 66}[c]
	secret := bytes.Repeat([]byte(kid+"."), 66)[:max(size, 32)]
	if c == crypto.P521 {
		secret[0] = 0 // below the order
	}
	k, err := crypto.NewPrivateKey(c, secret)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newPair(t testing.TB, agree, sign crypto.Curve) *pair {
	t.Helper()
	p := &pair{
		alice: crypto.NewKeyring(), bob: crypto.NewKeyring(),
		docs: docs{crypto.Authentication: {}, crypto.KeyAgreement: {}},
	}
	add := func(ring *crypto.Keyring, c crypto.Curve, kid string, purpose crypto.Purpose) crypto.PublicKey {
		k := fixedKey(t, c, kid)
		ring.Add(kid, k)
		p.docs[purpose][kid] = k.Public()
		return k.Public()
	}
	add(p.alice, agree, aliceKey, crypto.KeyAgreement)
	add(p.alice, sign, aliceSign, crypto.Authentication)
	for _, kid := range []string{bobKey, bobSecond} {
		p.to = append(p.to, envelope.Recipient{KID: kid, Key: add(p.bob, agree, kid, crypto.KeyAgreement)})
	}
	return p
}

func standard(t testing.TB) *pair { return newPair(t, crypto.X25519, crypto.Ed25519) }

func (p *pair) seal(t testing.TB, payload string, o envelope.Options) []byte {
	t.Helper()
	sealed, err := envelope.Seal(context.Background(), p.sealing(), []byte(payload), o)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func (p *pair) open(sealed []byte) (*envelope.Opened, error) {
	return envelope.Open(context.Background(), p.opening(), p.docs, sealed, envelope.OpenOptions{CheckSigner: checkSigner, AcceptAries: true})
}

// form is one of the six combinations.
type form struct {
	name    string
	options envelope.Options
	layers  []envelope.Layer
}

func (p *pair) forms() []form {
	const a, u, s = envelope.Anoncrypt, envelope.Authcrypt, envelope.Sign
	return []form{
		{"sign", envelope.Options{Signer: aliceSign}, []envelope.Layer{s}},
		{"anoncrypt", envelope.Options{To: p.to}, []envelope.Layer{a}},
		{"anoncrypt-A256GCM", envelope.Options{To: p.to, Enc: envelope.A256GCM}, []envelope.Layer{a}},
		{"anoncrypt-XC20P", envelope.Options{To: p.to, Enc: envelope.XC20P}, []envelope.Layer{a}},
		{"authcrypt", envelope.Options{To: p.to, From: aliceKey}, []envelope.Layer{u}},
		{"anoncrypt-sign", envelope.Options{To: p.to, Signer: aliceSign}, []envelope.Layer{a, s}},
		{"authcrypt-sign", envelope.Options{To: p.to, From: aliceKey, Signer: aliceSign}, []envelope.Layer{u, s}},
		{"anoncrypt-authcrypt", envelope.Options{To: p.to, From: aliceKey, ProtectSender: true, Enc: envelope.XC20P}, []envelope.Layer{a, u}},
	}
}

// object is a JSON object on its way through a test.
type object = map[string]any

// edit changes a JSON object.
func edit(t testing.TB, doc []byte, change func(m object)) []byte {
	t.Helper()
	var m object
	if err := json.Unmarshal(doc, &m); err != nil {
		t.Fatal(err)
	}
	change(m)
	out, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// inHeader returns a change of the protected header.
func inHeader(t testing.TB, change func(h object)) func(m object) {
	return func(m object) {
		raw, err := base64.RawURLEncoding.DecodeString(m["protected"].(string))
		if err != nil {
			t.Fatal(err)
		}
		m["protected"] = base64.RawURLEncoding.EncodeToString(edit(t, raw, change))
	}
}

// inRecipient returns a change of recipient i.
func inRecipient(i int, change func(r object)) func(m object) {
	return func(m object) { change(m["recipients"].([]any)[i].(object)) }
}

func set(name string, v any) func(object) { return func(m object) { m[name] = v } }

func drop(name string) func(object) { return func(m object) { delete(m, name) } }

// zeros is n zero bytes in base64url.
func zeros(n int) string { return base64.RawURLEncoding.EncodeToString(make([]byte, n)) }

// flip changes one bit in the middle of a base64url member.
func flip(name string) func(object) {
	return func(m object) {
		raw, err := base64.RawURLEncoding.DecodeString(m[name].(string))
		if err != nil {
			panic(fmt.Sprint(name, ": ", err))
		}
		raw[len(raw)/2] ^= 1
		m[name] = base64.RawURLEncoding.EncodeToString(raw)
	}
}
func headerOf(t testing.TB, protected string) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(protected)
	if err != nil {
		t.Fatal(err)
	}
	var h map[string]any
	if err := json.Unmarshal(raw, &h); err != nil {
		t.Fatal(err)
	}
	return h
}

// apvOf is the apv of kids that are sorted already.
func apvOf(kids ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(kids, ".")))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
