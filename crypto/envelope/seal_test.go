package envelope_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
)

// TestRoundTrip: whatever is sealed opens as it was, in every form and on every curve, with either
// key of Bob's, and proves what the form can prove and nothing else.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	agree := []crypto.Curve{crypto.X25519, crypto.P256, crypto.P384, crypto.P521}
	sign := []crypto.Curve{crypto.Ed25519, crypto.P256, crypto.P384, crypto.P521, crypto.Secp256k1}
	rapid.Check(t, func(rt *rapid.T) {
		p := newPair(t, rapid.SampledFrom(agree).Draw(rt, "agree"), rapid.SampledFrom(sign).Draw(rt, "sign"))
		f := rapid.SampledFrom(p.forms()).Draw(rt, "form")
		payload, err := json.Marshal(map[string]any{
			"id": rapid.String().Draw(rt, "id"), "from": alice, "body": rapid.MapOf(rapid.String(), rapid.Int()).Draw(rt, "body"),
		})
		if err != nil {
			rt.Fatal(err)
		}
		ctx := context.Background()
		sealed, err := envelope.Seal(ctx, p.alice, payload, f.options)
		if err != nil {
			rt.Fatal(err)
		}
		want := &envelope.Opened{Payload: payload, Proof: envelope.Proof{
			SenderKey: f.options.From, SignerKey: f.options.Signer, Layers: f.layers,
		}}
		ring := p.bob
		if f.options.To != nil {
			want.RecipientKIDs = []string{bobKey, bobSecond}
			want.RecipientKey = rapid.SampledFrom(want.RecipientKIDs).Draw(rt, "recipient")
			ring = crypto.NewKeyring()
			ring.Add(want.RecipientKey, fixedKey(t, p.to[0].Key.Curve(), want.RecipientKey))
		}
		got, err := envelope.Open(ctx, ring, p.docs, sealed, envelope.OpenOptions{CheckSigner: checkSigner})
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Errorf("opened (-want +got):\n%s", diff)
		}
		kids, err := envelope.Recipients(sealed)
		if err != nil || !slices.Equal(kids, want.RecipientKIDs) {
			rt.Errorf("Recipients gives %v, %v", kids, err)
		}
	})
}

// TestSealedForm: what goes out is what DIDComm v2.1 describes, member by member.
func TestSealedForm(t *testing.T) {
	t.Parallel()
	p := standard(t)
	var jwe struct {
		Protected  string
		Recipients []struct {
			Header map[string]string
			Key    string `json:"encrypted_key"`
		}
		IV, Ciphertext, Tag string
	}
	if err := json.Unmarshal(p.seal(t, hello, p.forms()[4].options), &jwe); err != nil {
		t.Fatal(err)
	}
	h := headerOf(t, jwe.Protected)
	delete(h, "epk")
	want := map[string]any{
		"typ": "application/didcomm-encrypted+json", "alg": "ECDH-1PU+A256KW", "enc": "A256CBC-HS512",
		"skid": aliceKey, "apu": "ZGlkOmV4YW1wbGU6YWxpY2UjYWdyZWU",
		// SHA-256 of "did:example:bob#agree.did:example:bob#agree-2"
		"apv": apvOf(bobKey, bobSecond),
	}
	if diff := cmp.Diff(want, h); diff != "" {
		t.Errorf("protected header (-want +got):\n%s", diff)
	}
	edit(t, p.seal(t, hello, envelope.Options{To: []envelope.Recipient{p.to[1], p.to[0]}}), inHeader(t, func(h object) {
		if h["apv"] != want["apv"] {
			t.Error("apv depends on the order of the recipients")
		}
	}))
	for i, kid := range []string{bobKey, bobSecond} {
		if diff := cmp.Diff(map[string]string{"kid": kid}, jwe.Recipients[i].Header); diff != "" {
			t.Errorf("recipient %d (-want +got):\n%s", i, diff)
		}
	}
	var jws struct {
		Payload    string
		Signatures []struct {
			Protected, Signature string
			Header               map[string]string
		}
	}
	if err := json.Unmarshal(p.seal(t, hello, p.forms()[0].options), &jws); err != nil {
		t.Fatal(err)
	}
	want = map[string]any{"typ": "application/didcomm-signed+json", "alg": "EdDSA"}
	if diff := cmp.Diff(want, headerOf(t, jws.Signatures[0].Protected)); diff != "" {
		t.Errorf("JWS header (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"kid": aliceSign}, jws.Signatures[0].Header); diff != "" || len(jws.Signatures) != 1 {
		t.Errorf("JWS unprotected header (-want +got):\n%s", diff)
	}
}

// TestSealIsFresh: no key, nonce or ephemeral key comes twice.
func TestSealIsFresh(t *testing.T) {
	t.Parallel()
	p := standard(t)
	seen := map[string]bool{}
	for range 20 {
		edit(t, p.seal(t, hello, p.forms()[1].options), func(m object) {
			for _, name := range []string{"protected", "iv", "ciphertext", "tag"} {
				if v := m[name].(string); seen[v] {
					t.Errorf("%s came twice", name)
				} else {
					seen[v] = true
				}
			}
		})
	}
}

func TestSealRefuses(t *testing.T) {
	t.Parallel()
	p := standard(t)
	ctx := context.Background()
	other := envelope.Recipient{KID: "did:example:carol#1", Key: p.to[0].Key}
	nist := envelope.Recipient{KID: bob + "#p256", Key: fixedKey(t, crypto.P256, "x").Public()}
	ed := envelope.Recipient{KID: bob + "#ed", Key: fixedKey(t, crypto.Ed25519, "x").Public()}
	var many []envelope.Recipient
	for i := range envelope.MaxRecipients + 1 {
		many = append(many, envelope.Recipient{KID: fmt.Sprint(bob, "#", i), Key: p.to[0].Key})
	}
	p.alice.Add("did:example:carol#sign", fixedKey(t, crypto.Ed25519, "carol"))
	p.alice.Add(alice+"#p256", fixedKey(t, crypto.P256, "alice"))
	for _, c := range []struct {
		name    string
		payload string
		o       envelope.Options
		want    error
	}{
		{"nothing", hello, envelope.Options{}, nil},
		{"From without To", hello, envelope.Options{From: aliceKey}, nil},
		{"From and Signer without To", hello, envelope.Options{From: aliceKey, Signer: aliceSign}, nil},
		{"Enc without To", hello, envelope.Options{Signer: aliceSign, Enc: envelope.XC20P}, nil},
		{"ProtectSender without From", hello, envelope.Options{To: p.to, ProtectSender: true}, nil},
		{"ProtectSender with Signer", hello, envelope.Options{To: p.to, From: aliceKey, Signer: aliceSign, ProtectSender: true}, nil},
		{"authcrypt with A256GCM", hello, envelope.Options{To: p.to, From: aliceKey, Enc: envelope.A256GCM}, nil},
		{"unknown Enc", hello, envelope.Options{To: p.to, Enc: "A128GCM"}, envelope.ErrUnsupported},
		{"signer of another DID", hello, envelope.Options{To: p.to, From: aliceKey, Signer: "did:example:carol#sign"}, nil},
		{"unknown sender", hello, envelope.Options{To: p.to, From: alice + "#no"}, crypto.ErrUnknownKey},
		{"unknown signer", hello, envelope.Options{Signer: alice + "#no"}, crypto.ErrUnknownKey},
		{"signer that cannot sign", hello, envelope.Options{Signer: aliceKey}, envelope.ErrUnsupported},
		{"sender on another curve", hello, envelope.Options{To: p.to, From: alice + "#p256"}, nil},
		{"two DIDs", hello, envelope.Options{To: append(slices.Clone(p.to), other)}, nil},
		{"two curves", hello, envelope.Options{To: append(slices.Clone(p.to), nist)}, nil},
		{"a signing key", hello, envelope.Options{To: []envelope.Recipient{ed}}, nil},
		{"the zero key", hello, envelope.Options{To: []envelope.Recipient{{KID: bobKey}}}, nil},
		{"one kid twice", hello, envelope.Options{To: []envelope.Recipient{p.to[0], p.to[0]}}, nil},
		{"no kid", hello, envelope.Options{To: []envelope.Recipient{{Key: p.to[0].Key}}}, nil},
		{"kid not UTF-8", hello, envelope.Options{To: []envelope.Recipient{{KID: "\xff", Key: p.to[0].Key}}}, nil},
		{"33 recipients", hello, envelope.Options{To: many}, nil},
		{"payload no JSON", "hello", envelope.Options{To: p.to}, envelope.ErrMalformed},
		{"payload an array", "[]", envelope.Options{To: p.to}, envelope.ErrMalformed},
		{"payload with a duplicate", `{"a":1,"a":1}`, envelope.Options{To: p.to}, envelope.ErrMalformed},
		{"payload sealed", string(p.seal(t, hello, p.forms()[1].options)), envelope.Options{To: p.to}, envelope.ErrMalformed},
		{"payload signed", string(p.seal(t, hello, p.forms()[0].options)), envelope.Options{To: p.to}, envelope.ErrMalformed},
		{"payload over 1 MiB", `{"a":"` + strings.Repeat("x", envelope.MaxSize) + `"}`, envelope.Options{To: p.to}, envelope.ErrTooLarge},
		{"result over 1 MiB", `{"a":"` + strings.Repeat("x", envelope.MaxSize/4*3) + `"}`, envelope.Options{To: p.to}, envelope.ErrTooLarge},
		{"second layer over 1 MiB", `{"a":"` + strings.Repeat("x", envelope.MaxSize/10*6) + `"}`,
			envelope.Options{To: p.to, From: aliceKey, ProtectSender: true}, envelope.ErrTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sealed, err := envelope.Seal(ctx, p.alice, []byte(c.payload), c.o)
			if err == nil || sealed != nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// TestSealLarge: 384 KiB of plaintext fit into every form (architecture: three layers cost 2.4 ×).
func TestSealLarge(t *testing.T) {
	t.Parallel()
	p := standard(t)
	payload := `{"from":"did:example:alice","body":"` + strings.Repeat("x", 384<<10) + `"}`
	for _, f := range p.forms() {
		got, err := p.open(p.seal(t, payload, f.options))
		if err != nil || string(got.Payload) != payload {
			t.Errorf("%s: %v", f.name, err)
		}
	}
}
