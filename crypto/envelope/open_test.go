package envelope_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/crypto/jose"
)

// raw seals with package jose, so that a test can break the rules of this one.
func raw(t testing.TB, payload []byte, o jose.EncryptOptions) []byte {
	t.Helper()
	sealed, err := jose.Encrypt(payload, o)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func sum(s string) []byte {
	h := sha256.Sum256([]byte(s))
	return h[:]
}

// anon and auth are what Seal would give package jose for Bob's first key.
func (p *pair) anon() jose.EncryptOptions {
	return jose.EncryptOptions{To: []jose.RecipientKey{jose.RecipientKey(p.to[0])}, APV: sum(bobKey)}
}

func (p *pair) auth(t testing.TB) jose.EncryptOptions {
	o := p.anon()
	o.SKID, o.APU = aliceKey, []byte(aliceKey)
	o.Sender = fixedKey(t, p.to[0].Key.Curve(), aliceKey).Agree
	return o
}

func (p *pair) sign(t testing.TB, payload []byte, kid string) []byte {
	t.Helper()
	o := jose.SignOptions{KID: kid, Curve: crypto.Ed25519, Sign: fixedKey(t, crypto.Ed25519, kid).Sign}
	signed, err := jose.Sign(payload, o)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// TestOpenRefusesChanges changes one thing of a good message at a time.
func TestOpenRefusesChanges(t *testing.T) {
	t.Parallel()
	p := standard(t)
	authcrypt := p.seal(t, hello, envelope.Options{To: p.to, From: aliceKey})
	signed := p.seal(t, hello, envelope.Options{Signer: aliceSign})
	head := func(change func(object)) func(object) { return inHeader(t, change) }
	one := func(change func(object)) func(object) {
		return func(m object) { change(m["signatures"].([]any)[0].(object)) }
	}
	lowOrder := json.RawMessage(`{"kty":"OKP","crv":"X25519","x":"` + zeros(32) + `"}`)
	for _, c := range []struct {
		name   string
		sealed []byte
		change func(m object)
		want   error
	}{
		{"zip", authcrypt, head(set("zip", "DEF")), envelope.ErrUnsupported},
		{"unknown crit", authcrypt, head(set("crit", []string{"x"})), envelope.ErrUnsupported},
		{"alg dir", authcrypt, head(set("alg", "dir")), envelope.ErrUnsupported},
		{"typ", authcrypt, head(set("typ", "application/didcomm-plain+json")), envelope.ErrMalformed},
		{"apv missing", authcrypt, head(drop("apv")), envelope.ErrMalformed},
		{"apv of others", authcrypt, head(set("apv", apvOf(bobKey))), envelope.ErrMalformed},
		{"apu missing", authcrypt, head(drop("apu")), envelope.ErrMalformed},
		{"apu and skid missing", authcrypt, head(func(h object) { delete(h, "apu"); delete(h, "skid") }), envelope.ErrMalformed},
		{"apu not UTF-8", authcrypt, head(func(h object) { h["apu"] = "_w"; delete(h, "skid") }), envelope.ErrMalformed},
		{"apu empty", authcrypt, head(set("apu", "")), envelope.ErrMalformed},
		{"apu of another", authcrypt, head(set("apu", apvOf("x"))), envelope.ErrMalformed},
		{"skid of another", authcrypt, head(set("skid", alice+"#other")), envelope.ErrMalformed},
		{"skid missing", authcrypt, head(drop("skid")), envelope.ErrOpen}, // legal, but not what was sealed
		{"typ missing", authcrypt, head(drop("typ")), envelope.ErrOpen},
		{"alg swapped", authcrypt, head(set("alg", jose.ECDHES)), envelope.ErrOpen},
		{"low order epk", authcrypt, head(set("epk", lowOrder)), envelope.ErrOpen},
		{"another epk", authcrypt, head(set("epk", json.RawMessage(p.to[0].Key.JWK()))), envelope.ErrOpen},
		{"epk on another curve", authcrypt, head(set("epk", json.RawMessage(fixedKey(t, crypto.P256, "x").Public().JWK()))), envelope.ErrOpen},
		{"recipient removed", authcrypt, func(m object) { m["recipients"] = m["recipients"].([]any)[:1] }, envelope.ErrMalformed},
		{"recipient renamed", authcrypt, inRecipient(1, set("header", object{"kid": bob + "#x"})), envelope.ErrMalformed},
		{"recipient twice", authcrypt, inRecipient(1, set("header", object{"kid": bobKey})), envelope.ErrMalformed},
		{"iv", authcrypt, flip("iv"), envelope.ErrOpen},
		{"ciphertext", authcrypt, flip("ciphertext"), envelope.ErrOpen},
		{"ciphertext empty", authcrypt, set("ciphertext", ""), envelope.ErrOpen},
		{"tag", authcrypt, flip("tag"), envelope.ErrOpen},
		{"tag truncated", authcrypt, set("tag", zeros(16)), envelope.ErrMalformed},
		{"signature", signed, one(flip("signature")), envelope.ErrOpen},
		{"signature empty", signed, one(set("signature", "")), envelope.ErrOpen},
		{"signature of another alg", signed, one(func(m object) { inHeader(t, set("alg", "ES256"))(m) }), envelope.ErrOpen},
		{"alg none", signed, one(func(m object) { inHeader(t, set("alg", "none"))(m) }), envelope.ErrUnsupported},
		{"typ of the signature", signed, one(func(m object) { inHeader(t, set("typ", "JWT"))(m) }), envelope.ErrMalformed},
		{"payload", signed, flip("payload"), errSigner},
		{"kid missing", signed, one(drop("header")), envelope.ErrMalformed},
		{"kid of another", signed, one(set("header", object{"kid": "did:example:carol#1"})), errSigner},
		{"kid unknown", signed, one(set("header", object{"kid": alice + "#no"})), crypto.ErrUnknownKey},
		{"kid without the purpose", signed, one(set("header", object{"kid": aliceKey})), crypto.ErrUnknownKey},
		{"two signatures", signed, func(m object) { m["signatures"] = slices.Repeat(m["signatures"].([]any), 2) }, envelope.ErrUnsupported},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := p.open(edit(t, c.sealed, c.change))
			if !errors.Is(err, c.want) || got != nil {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// TestNoOracle: every decryption that fails gives the same error value, whatever went wrong.
func TestNoOracle(t *testing.T) {
	t.Parallel()
	p := standard(t)
	key := func(v any) func(object) {
		return func(m object) {
			inRecipient(0, set("encrypted_key", v))(m)
			inRecipient(1, set("encrypted_key", v))(m)
		}
	}
	for _, f := range p.forms()[1:] {
		sealed := p.seal(t, hello, f.options)
		for name, change := range map[string]func(object){
			"empty encrypted_key": key(""), "8 bytes": key(zeros(8)), "16 bytes": key(zeros(16)), "40 bytes": key(zeros(40)),
			"72 bytes": key(zeros(72)), "80 bytes": key(zeros(80)), "not base64url": key("!!!"), "padded": key("AA=="),
			"tag": flip("tag"), "iv": flip("iv"), "ciphertext": flip("ciphertext"),
			"swapped keys": func(m object) {
				r := m["recipients"].([]any)
				a, b := r[0].(object), r[1].(object)
				a["encrypted_key"], b["encrypted_key"] = b["encrypted_key"], a["encrypted_key"]
			},
			"another epk": inHeader(t, set("epk", json.RawMessage(p.to[0].Key.JWK()))),
		} {
			if _, err := p.open(edit(t, sealed, change)); err != envelope.ErrOpen {
				t.Errorf("%s, %s: got %v, want ErrOpen itself", f.name, name, err)
			}
		}
	}
	// The right form by the wrong sender: Mallory claims to be Alice.
	o := p.auth(t)
	o.Sender = fixedKey(t, crypto.X25519, "mallory").Agree
	if _, err := p.open(raw(t, []byte(hello), o)); err != envelope.ErrOpen {
		t.Errorf("forged sender: got %v, want ErrOpen itself", err)
	}
	// A wrapped key of the wrong size, made by somebody who knows the right KEK, is no oracle either.
	for _, enc := range []jose.Encryption{jose.A256GCM, jose.XC20P} {
		o := p.anon()
		o.Enc = enc
		sealed := edit(t, raw(t, []byte(hello), o), inHeader(t, set("enc", "A256CBC-HS512")))
		sealed = edit(t, sealed, set("iv", zeros(16)))
		sealed = edit(t, sealed, set("tag", zeros(32)))
		if _, err := p.open(sealed); err != envelope.ErrOpen {
			t.Errorf("%s as CBC: got %v, want ErrOpen itself", enc, err)
		}
	}
}

// TestEveryByte damages every byte of a message of each form in several ways. None may open. The
// message has one recipient, because encrypted_key is authenticated for its own recipient only.
func TestEveryByte(t *testing.T) {
	t.Parallel()
	p := standard(t)
	p.to = p.to[:1]
	for _, f := range p.forms() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			sealed := p.seal(t, `{"from":"did:example:alice"}`, f.options)
			if _, err := p.open(sealed); err != nil {
				t.Fatal(err)
			}
			for i, c := range sealed {
				for _, bad := range []byte{c ^ 1, c ^ 0x20, c ^ 0x80, '"', ' ', '\\'} {
					if bad == c {
						continue
					}
					damaged := slices.Clone(sealed)
					damaged[i] = bad
					p.mustRefuse(t, damaged)
				}
				p.mustRefuse(t, slices.Delete(slices.Clone(sealed), i, i+1))
				p.mustRefuse(t, sealed[:i])
			}
		})
	}
}

func (p *pair) mustRefuse(t *testing.T, sealed []byte) {
	t.Helper()
	got, err := p.open(sealed)
	if got != nil || err == nil || !refused(err) {
		t.Errorf("got %v for %.2000s", err, sealed)
	}
}

// TestNestings seals every nesting of up to four layers, and only those of the table may open.
func TestNestings(t *testing.T) {
	t.Parallel()
	p := standard(t)
	wrap := map[envelope.Layer]func([]byte) []byte{
		envelope.Anoncrypt: func(b []byte) []byte { return raw(t, b, p.anon()) },
		envelope.Authcrypt: func(b []byte) []byte { return raw(t, b, p.auth(t)) },
		envelope.Sign:      func(b []byte) []byte { return p.sign(t, b, aliceSign) },
	}
	check := func(string, []byte) error { return nil }
	var try func(layers []envelope.Layer, sealed []byte)
	try = func(layers []envelope.Layer, sealed []byte) {
		foreign := slices.Equal(layers, []envelope.Layer{envelope.Anoncrypt, envelope.Authcrypt, envelope.Sign})
		for _, accept := range []bool{false, true} {
			o := envelope.OpenOptions{CheckSigner: check, AcceptForeignNesting: accept}
			got, err := envelope.Open(context.Background(), p.bob, p.docs, sealed, o)
			allowed := slices.ContainsFunc(p.forms(), func(f form) bool { return slices.Equal(f.layers, layers) })
			switch allowed = allowed || accept && foreign; {
			case len(layers) == 0:
				if err != envelope.ErrPlaintext {
					t.Errorf("plaintext: %v", err)
				}
			case allowed && (err != nil || !slices.Equal(got.Layers, layers)):
				t.Errorf("%v: %v", layers, err)
			case !allowed && (!errors.Is(err, envelope.ErrUnsupported) || got != nil):
				t.Errorf("%v: got %v, want ErrUnsupported", layers, err)
			}
		}
		if len(layers) < 4 {
			for l, f := range wrap {
				try(append([]envelope.Layer{l}, layers...), f(sealed))
			}
		}
	}
	try(nil, []byte(hello))
}

// TestCoRecipient: a recipient of an authcrypt message, who knows the content key, puts other
// content under it. Another recipient must notice, because the tag is in the key derivation.
func TestCoRecipient(t *testing.T) {
	t.Parallel()
	p := standard(t)
	for _, protect := range []bool{false, true} {
		o := envelope.Options{To: p.to, From: aliceKey}
		sealed := p.seal(t, hello, o)
		forged := forge(t, p, sealed, []byte(`{"from":"did:example:alice","body":"forged"}`))
		if protect {
			forged = raw(t, forged, jose.EncryptOptions{To: []jose.RecipientKey{jose.RecipientKey(p.to[1])}, APV: sum(bobSecond)})
		}
		honest := crypto.NewKeyring()
		honest.Add(bobSecond, fixedKey(t, crypto.X25519, bobSecond))
		got, err := envelope.Open(context.Background(), honest, p.docs, forged, envelope.OpenOptions{})
		if err != envelope.ErrOpen {
			t.Errorf("protected %v: got %v, %v, want ErrOpen itself", protect, got, err)
		}
	}
}

// TestPartial: a key damaged for one of our keys does not lose the message.
func TestPartial(t *testing.T) {
	t.Parallel()
	p := standard(t)
	sealed := edit(t, p.seal(t, hello, envelope.Options{To: p.to, From: aliceKey}), inRecipient(0, set("encrypted_key", zeros(72))))
	got, err := p.open(sealed)
	if err != nil || got.RecipientKey != bobSecond {
		t.Errorf("got %+v, %v, want it opened by %s", got, err, bobSecond)
	}
}

// TestInnerRecipient: both layers must be for one DID of ours, and whether we have another one
// must not show.
func TestInnerRecipient(t *testing.T) {
	t.Parallel()
	p := standard(t)
	const other = "did:example:bob-elsewhere#agree"
	inner := raw(t, []byte(hello), p.auth(t))
	key := fixedKey(t, crypto.X25519, other)
	outer := raw(t, inner, jose.EncryptOptions{To: []jose.RecipientKey{{KID: other, Key: key.Public()}}, APV: sum(other)})
	p.bob.Add(other, key)
	if got, err := p.open(outer); err != envelope.ErrOpen {
		t.Errorf("got %v, %v, want ErrOpen itself", got, err)
	}
	if _, err := p.open(inner); err != nil {
		t.Errorf("the inner one alone: %v", err)
	}
}

// TestCheckSigner: what may be looked up, and when.
func TestCheckSigner(t *testing.T) {
	t.Parallel()
	p := standard(t)
	ctx := context.Background()
	const carol = "did:example:carol#sign"
	p.docs[crypto.Authentication][carol] = fixedKey(t, crypto.Ed25519, carol).Public()
	unprotected := p.sign(t, []byte(hello), aliceSign)
	lookups := &counting{Directory: p.docs}
	open := func(sealed []byte, check func(string, []byte) error) error {
		*lookups = counting{Directory: p.docs}
		_, err := envelope.Open(ctx, p.bob, lookups, sealed, envelope.OpenOptions{CheckSigner: check})
		return err
	}
	if err := open(unprotected, nil); !errors.Is(err, envelope.ErrUnsupported) || lookups.n != 0 {
		t.Errorf("unprotected kid, no check: %v after %d look-ups", err, lookups.n)
	}
	refusal := errors.New("not from them")
	if err := open(unprotected, func(string, []byte) error { return refusal }); !errors.Is(err, refusal) || lookups.n != 0 {
		t.Errorf("check refuses: %v after %d look-ups", err, lookups.n)
	}
	var seen string
	accept := func(kid string, payload []byte) error { seen = kid + string(payload); return nil }
	if err := open(unprotected, accept); err != nil || lookups.n != 1 || seen != aliceSign+hello {
		t.Errorf("check accepts: %v after %d look-ups; it saw %s", err, lookups.n, seen)
	}
	if err := open(raw(t, unprotected, p.auth(t)), nil); err != nil {
		t.Errorf("inside authcrypt of the same DID: %v", err)
	}
	byCarol := p.sign(t, []byte(hello), carol)
	if err := open(raw(t, byCarol, p.auth(t)), accept); !errors.Is(err, envelope.ErrMalformed) || lookups.n != 1 {
		t.Errorf("inside authcrypt of another DID: %v after %d look-ups", err, lookups.n)
	}
	if err := open(raw(t, unprotected, p.anon()), nil); !errors.Is(err, envelope.ErrUnsupported) {
		t.Errorf("inside anoncrypt, no check: %v", err)
	}
	if err := open(protectedKID(t, aliceSign), nil); err != nil {
		t.Errorf("protected kid, no check: %v", err)
	}
}

// counting counts look-ups.
type counting struct {
	crypto.Directory
	n int
}

func (c *counting) Lookup(ctx context.Context, kid string, p crypto.Purpose) (crypto.PublicKey, error) {
	c.n++
	return c.Directory.Lookup(ctx, kid, p)
}

// failing is a KeyStore and a Directory out of order.
type failing struct {
	crypto.KeyStore
	public, agree, lookup error
}

func (f failing) Public(ctx context.Context, kid string) (crypto.PublicKey, error) {
	if f.public != nil {
		return crypto.PublicKey{}, f.public
	}
	return f.KeyStore.Public(ctx, kid)
}

func (f failing) Agree(context.Context, string, crypto.PublicKey) ([]byte, error) {
	return nil, f.agree
}

func (f failing) Lookup(context.Context, string, crypto.Purpose) (crypto.PublicKey, error) {
	return crypto.PublicKey{}, f.lookup
}

// TestOutages: a failure of ours is told apart from one of the message, so that a retry can help.
func TestOutages(t *testing.T) {
	t.Parallel()
	p := standard(t)
	outage := errors.New("out of order")
	authcrypt := p.seal(t, hello, envelope.Options{To: p.to, From: aliceKey})
	bad := edit(t, authcrypt, inHeader(t, set("epk", json.RawMessage(`{"kty":"OKP","crv":"X25519","x":"`+zeros(32)+`"}`))))
	for _, c := range []struct {
		name   string
		keys   crypto.KeyStore
		docs   crypto.Directory
		sealed []byte
		want   error
	}{
		{"the key store fails", failing{public: outage}, p.docs, authcrypt, outage},
		{"agreeing fails", failing{KeyStore: p.bob, agree: outage}, p.docs, authcrypt, outage},
		{"agreeing fails by the point", failing{KeyStore: p.bob, agree: outage}, p.docs, bad, envelope.ErrOpen},
		{"the directory fails", p.bob, failing{lookup: outage}, authcrypt, outage},
		{"the sender is unknown", p.bob, crypto.Keys{}, authcrypt, crypto.ErrUnknownKey},
		{"the sender's key is on another curve", p.bob, crypto.Keys{aliceKey: fixedKey(t, crypto.P256, "x").Public()}, authcrypt, envelope.ErrOpen},
		{"not for us", crypto.NewKeyring(), failing{lookup: outage}, authcrypt, envelope.ErrNotForUs},
	} {
		_, err := envelope.Open(context.Background(), c.keys, c.docs, c.sealed, envelope.OpenOptions{})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	if _, err := envelope.Open(context.Background(), p.bob, nil, authcrypt, envelope.OpenOptions{}); err == nil {
		t.Error("opened without a directory")
	}
	anon := p.seal(t, hello, envelope.Options{To: p.to})
	if _, err := envelope.Open(context.Background(), p.bob, nil, anon, envelope.OpenOptions{}); err != nil {
		t.Errorf("anoncrypt needs no directory: %v", err)
	}
}

// TestForms: media types and the compact form that aries sends.
func TestForms(t *testing.T) {
	t.Parallel()
	p := standard(t)
	for typ, ok := range map[string]bool{
		"": true, "application/didcomm-encrypted+json": true, "didcomm-encrypted+json": true,
		"Application/DIDComm-Encrypted+JSON": true, "application/": false, "JWM": false, "application/didcomm-signed+json": false,
	} {
		o := p.anon()
		o.Typ = typ
		if _, err := p.open(raw(t, []byte(hello), o)); (err == nil) != ok {
			t.Errorf("encrypted with typ %q: %v", typ, err)
		}
	}
	for typ, ok := range map[string]bool{
		"": true, "JWM": true, "application/didcomm-signed+json": true, "didcomm-signed+json": true, "JWT": false,
	} {
		o := jose.SignOptions{KID: aliceSign, Curve: crypto.Ed25519, Typ: typ, Sign: fixedKey(t, crypto.Ed25519, aliceSign).Sign}
		signed, err := jose.Sign([]byte(hello), o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.open(signed); (err == nil) != ok {
			t.Errorf("signed with typ %q: %v", typ, err)
		}
	}
	if _, err := p.open([]byte(compactJWS(t, aliceSign))); !errors.Is(err, envelope.ErrUnsupported) {
		t.Errorf("compact JWS: got %v, want ErrUnsupported", err)
	}
	got, err := p.open(compactJWE(t, p))
	if err != nil || got.RecipientKey != bobKey || !slices.Equal(got.RecipientKIDs, []string{bobKey}) {
		t.Errorf("compact JWE without apv: %+v, %v", got, err)
	}
}

// TestLimits: what is refused before anything is opened.
func TestLimits(t *testing.T) {
	t.Parallel()
	p := standard(t)
	o := p.anon()
	deep := `{"a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + "}"
	for _, c := range []struct {
		name   string
		sealed []byte
		want   error
	}{
		{"over 1 MiB", []byte(`{"a":"` + strings.Repeat("x", envelope.MaxSize) + `"}`), envelope.ErrTooLarge},
		{"plaintext", []byte(hello), envelope.ErrPlaintext},
		{"nothing", nil, envelope.ErrMalformed},
		{"garbage", []byte("\x00\x01"), envelope.ErrMalformed},
		{"sealed garbage", raw(t, []byte("hello"), o), envelope.ErrMalformed},
		{"sealed array", raw(t, []byte("[]"), o), envelope.ErrMalformed},
		{"sealed nothing", raw(t, nil, o), envelope.ErrMalformed},
		{"sealed duplicate", raw(t, []byte(`{"id":"1","id":"2"}`), o), envelope.ErrMalformed},
		{"sealed depth", raw(t, []byte(deep), o), envelope.ErrMalformed},
	} {
		if _, err := p.open(c.sealed); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	for data, want := range map[string]error{
		hello: envelope.ErrPlaintext, "[]": envelope.ErrMalformed, strings.Repeat(" ", envelope.MaxSize+1): envelope.ErrTooLarge,
	} {
		if _, err := envelope.Recipients([]byte(data)); !errors.Is(err, want) {
			t.Errorf("Recipients: got %v, want %v", err, want)
		}
	}
}
