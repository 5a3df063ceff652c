package jose

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"testing"

	"golang.org/x/crypto/chacha20"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/internal/vectors"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func equal(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got %x, want %x", what, got, want)
	}
}

func privateKey(t *testing.T, jwk json.RawMessage) crypto.PrivateKey {
	t.Helper()
	k, err := crypto.ParsePrivateJWK(jwk)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func agree(t *testing.T, k crypto.PrivateKey, peer crypto.PublicKey) []byte {
	t.Helper()
	z, err := k.Agree(peer)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// TestPrimitives runs jose/primitives.json; an entry that no case knows fails.
func TestPrimitives(t *testing.T) {
	t.Parallel()
	type vector struct {
		ID          string          `json:"id"`
		Ephemeral   json.RawMessage `json:"ephemeral_jwk"`
		Recipient   json.RawMessage `json:"recipient_jwk"`
		AlgorithmID string          `json:"algorithm_id"`
		APU, APV    string
		KeyDataLen  int    `json:"keydatalen"`
		Z           string `json:"z_hex"`
		Key64       string `json:"expected_key_b64u"`
		Key         string `json:"key_hex"`
		Nonce       string `json:"nonce_hex"`
		Nonce16     string `json:"nonce16_hex"`
		AAD         string `json:"aad_hex"`
		Plaintext   string `json:"plaintext_hex"`
		Ciphertext  string `json:"ciphertext_hex"`
		Tag         string `json:"tag_hex"`
		Expected    string `json:"expected_hex"`
		KEK         string `json:"kek_hex"`
		Data        string `json:"data_hex"`
		Wrapped     string `json:"wrapped_hex"`
		IV          string `json:"iv_hex"`
	}
	var file struct{ Vectors []vector }
	vectors.Load(t, "jose/primitives.json", &file)
	cases := map[string]func(*testing.T, vector){
		"RFC7518-Appendix-C ECDH-ES Concat KDF": func(t *testing.T, v vector) {
			eph, own := privateKey(t, v.Ephemeral), privateKey(t, v.Recipient)
			z := agree(t, eph, own.Public())
			equal(t, "Z", z, unhex(t, v.Z))
			equal(t, "Z from the other side", agree(t, own, eph.Public()), z)
			key := derive(v.AlgorithmID, z, []byte(v.APU), []byte(v.APV), nil, v.KeyDataLen/8)
			if got := base64.RawURLEncoding.EncodeToString(key); got != v.Key64 {
				t.Errorf("key %s, want %s", got, v.Key64)
			}
		},
		"draft-irtf-cfrg-xchacha-03 A.3.1": func(t *testing.T, v vector) {
			checkContent(t, XC20P, unhex(t, v.Key), unhex(t, v.Nonce), unhex(t, v.AAD), unhex(t, v.Plaintext), unhex(t, v.Ciphertext), unhex(t, v.Tag))
		},
		"draft-irtf-cfrg-xchacha-03 2.2.1 HChaCha20": func(t *testing.T, v vector) {
			got, err := chacha20.HChaCha20(unhex(t, v.Key), unhex(t, v.Nonce16))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "subkey", got, unhex(t, v.Expected))
		},
		"RFC3394 4.6": func(t *testing.T, v vector) {
			wrapped, err := wrap(unhex(t, v.KEK), unhex(t, v.Data))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "wrapped", wrapped, unhex(t, v.Wrapped))
			equal(t, "unwrapped", unwrap(unhex(t, v.KEK), wrapped, 32), unhex(t, v.Data))
		},
		"RFC7518 B.3 A256CBC-HS512": func(t *testing.T, v vector) {
			checkContent(t, A256CBCHS512, unhex(t, v.Key), unhex(t, v.IV), unhex(t, v.AAD), unhex(t, v.Plaintext), unhex(t, v.Ciphertext), unhex(t, v.Tag))
		},
	}
	for _, v := range file.Vectors {
		run, ok := cases[v.ID]
		if !ok {
			t.Errorf("no case for %q", v.ID)
			continue
		}
		delete(cases, v.ID)
		t.Run(v.ID, func(t *testing.T) { run(t, v) })
	}
	for id := range cases {
		t.Errorf("%q is not in the file", id)
	}
}

func checkContent(t *testing.T, enc Encryption, key, iv, aad, plaintext, ciphertext, tag []byte) {
	t.Helper()
	aead, err := enc.aead(key)
	if err != nil {
		t.Fatal(err)
	}
	sealed := slices.Concat(ciphertext, tag)
	equal(t, "sealed", aead.Seal(nil, iv, plaintext, aad), sealed)
	j := JWE{Header: Header{Enc: enc}, aad: aad, iv: iv, sealed: sealed}
	got, err := j.open(key)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "opened", got, plaintext)
}

// TestAppendixB runs the example of ECDH-1PU draft 4. Its A128KW is not for DIDComm, so it drives
// the pieces, and Parse refuses the whole.
func TestAppendixB(t *testing.T) {
	t.Parallel()
	var v struct {
		JWE        json.RawMessage
		Protected  struct{ Alg, APU, APV string }
		Sender     json.RawMessage `json:"sender_key"`
		Ephemeral  json.RawMessage `json:"ephemeral_key"`
		Plaintext  string          `json:"expected_plaintext"`
		Recipients []struct {
			KID     string          `json:"kid"`
			Private json.RawMessage `json:"private_key_jwk"`
			Z       string          `json:"z_hex"`
			KEK     string          `json:"kek_hex"`
			CEK     string          `json:"cek_hex"`
			Key     string          `json:"encrypted_key"`
		}
	}
	vectors.Load(t, "jose/ecdh-1pu-draft04-appendix-b.json", &v)
	var parts struct{ Protected, IV, Ciphertext, Tag string }
	if err := json.Unmarshal(v.JWE, &parts); err != nil {
		t.Fatal(err)
	}
	octets := func(s string) []byte {
		b, err := decode([]byte(s), 0)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	sender, eph := privateKey(t, v.Sender), privateKey(t, v.Ephemeral)
	for _, r := range v.Recipients {
		own := privateKey(t, r.Private)
		z := slices.Concat(agree(t, own, eph.Public()), agree(t, own, sender.Public()))
		equal(t, "Z", z, unhex(t, r.Z))
		kek := derive(v.Protected.Alg, z, octets(v.Protected.APU), octets(v.Protected.APV), octets(parts.Tag), 16)
		equal(t, "KEK", kek, unhex(t, r.KEK))
		cek := unwrap(kek, octets(r.Key), 64)
		equal(t, "CEK", cek, unhex(t, r.CEK))
		wrapped, err := wrap(kek, cek)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "encrypted_key", wrapped, octets(r.Key))
		j := JWE{
			Header: Header{Enc: A256CBCHS512}, aad: []byte(parts.Protected), iv: octets(parts.IV),
			sealed: slices.Concat(octets(parts.Ciphertext), octets(parts.Tag)),
		}
		plaintext, err := j.open(cek)
		if err != nil || string(plaintext) != v.Plaintext {
			t.Errorf("%s: %q, %v", r.KID, plaintext, err)
		}
	}
	if len(v.Recipients) != 2 {
		t.Errorf("%d recipients, want 2", len(v.Recipients))
	}
	if _, err := Parse(v.JWE); err == nil {
		t.Error("A128KW was not refused")
	}
}

// TestUnwrapLengths: whatever is not exactly a wrapped content key gives a random one.
func TestUnwrapLengths(t *testing.T) {
	t.Parallel()
	kek, cek := make([]byte, kekSize), bytes.Repeat([]byte{7}, 64)
	for _, n := range []int{0, 8, 16, 32, 40, 56, 64} {
		wrapped, err := wrap(kek, cek[:n])
		if err != nil {
			t.Fatal(err)
		}
		got := unwrap(kek, wrapped, 64)
		if len(got) != 64 || bytes.Equal(got, cek) != (n == 64) {
			t.Errorf("wrapped %d bytes: got %x", n, got)
		}
		if n < 64 && bytes.Equal(got, unwrap(kek, wrapped, 64)) {
			t.Errorf("wrapped %d bytes: the substitute is not random", n)
		}
	}
	if got := unwrap(kek, nil, 32); len(got) != 32 {
		t.Errorf("no wrapped key: %d bytes", len(got))
	}
}

// TestTagInKDF: the tag, its length prefix and its absence each give another key.
func TestTagInKDF(t *testing.T) {
	t.Parallel()
	z, tag := []byte("shared secret"), bytes.Repeat([]byte{1}, 32)
	with := derive(ECDH1PU, z, nil, nil, tag, 32)
	if bytes.Equal(with, derive(ECDH1PU, z, nil, nil, nil, 32)) {
		t.Error("the tag does not enter")
	}
	tag[31] ^= 1
	if bytes.Equal(with, derive(ECDH1PU, z, nil, nil, tag, 32)) {
		t.Error("the end of the tag does not enter")
	}
}
