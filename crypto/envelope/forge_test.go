package envelope_test

import (
	stdcrypto "crypto"
	"crypto/aes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	josecipher "github.com/go-jose/go-jose/v4/cipher"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/crypto/jose"
)

var b64 = base64.RawURLEncoding

func unb64(t testing.TB, s string) []byte {
	t.Helper()
	b, err := b64.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// lengthPrefixed is the encoding of the Concat KDF's inputs.
func lengthPrefixed(b []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
}

// forge is what the owner of bobKey can do with an authcrypt message that is also for bobSecond:
// unwrap the content key, and put payload under it. It shares no code with what it attacks.
func forge(t testing.TB, p *pair, sealed, payload []byte) []byte {
	t.Helper()
	return edit(t, sealed, func(m object) {
		protected := m["protected"].(string)
		h := headerOf(t, protected)
		epkJWK, err := json.Marshal(h["epk"])
		if err != nil {
			t.Fatal(err)
		}
		epk, err := crypto.ParseJWK(epkJWK)
		if err != nil {
			t.Fatal(err)
		}
		own := fixedKey(t, crypto.X25519, bobKey)
		ze, err := own.Agree(epk)
		if err != nil {
			t.Fatal(err)
		}
		zs, err := own.Agree(p.docs[crypto.KeyAgreement][aliceKey])
		if err != nil {
			t.Fatal(err)
		}
		public := append(binary.BigEndian.AppendUint32(nil, 256), lengthPrefixed(unb64(t, m["tag"].(string)))...)
		kdf := josecipher.NewConcatKDF(stdcrypto.SHA256, append(ze, zs...), lengthPrefixed([]byte("ECDH-1PU+A256KW")),
			lengthPrefixed(unb64(t, h["apu"].(string))), lengthPrefixed(unb64(t, h["apv"].(string))), public, nil)
		kek := make([]byte, 32)
		kdf.Read(kek)
		block, err := aes.NewCipher(kek)
		if err != nil {
			t.Fatal(err)
		}
		wrapped := m["recipients"].([]any)[0].(object)["encrypted_key"].(string)
		cek, err := josecipher.KeyUnwrap(block, unb64(t, wrapped))
		if err != nil {
			t.Fatalf("the insider cannot even unwrap: %v", err)
		}
		aead, err := josecipher.NewCBCHMAC(cek, aes.NewCipher)
		if err != nil {
			t.Fatal(err)
		}
		out := aead.Seal(nil, unb64(t, m["iv"].(string)), payload, []byte(protected))
		m["ciphertext"] = b64.EncodeToString(out[:len(out)-32])
		m["tag"] = b64.EncodeToString(out[len(out)-32:])
	})
}

// compactJWS signs hello with the kid in the protected header.
func compactJWS(t testing.TB, kid string) string {
	t.Helper()
	protected := b64.EncodeToString([]byte(`{"alg":"EdDSA","kid":"` + kid + `"}`))
	input := protected + "." + b64.EncodeToString([]byte(hello))
	signature, err := fixedKey(t, crypto.Ed25519, kid).Sign([]byte(input))
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + b64.EncodeToString(signature)
}

// protectedKID is the same as general JSON serialization.
func protectedKID(t testing.TB, kid string) []byte {
	t.Helper()
	parts := strings.Split(compactJWS(t, kid), ".")
	out, err := json.Marshal(object{
		"payload": parts[1], "signatures": []object{{"protected": parts[0], "signature": parts[2]}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// compactJWE encrypts hello to bobKey as aries does: kid in the protected header, no apv.
func compactJWE(t testing.TB, p *pair) []byte {
	t.Helper()
	eph := fixedKey(t, crypto.X25519, "ephemeral")
	z, err := eph.Agree(p.to[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	return compactWith(t, eph.Public(), z)
}

// compactWith puts the pieces together by hand, because package jose does not emit this form. z
// is the shared secret that epk is said to lead to.
func compactWith(t testing.TB, epk crypto.PublicKey, z []byte) []byte {
	t.Helper()
	protected := b64.EncodeToString([]byte(`{"alg":"` + jose.ECDHES + `","enc":"A256CBC-HS512","kid":"` + bobKey +
		`","epk":` + string(epk.JWK()) + `}`))
	kdf := josecipher.NewConcatKDF(stdcrypto.SHA256, z, lengthPrefixed([]byte(jose.ECDHES)),
		lengthPrefixed(nil), lengthPrefixed(nil), binary.BigEndian.AppendUint32(nil, 256), nil)
	kek, cek, iv := make([]byte, 32), make([]byte, 64), make([]byte, 16)
	kdf.Read(kek)
	block, err := aes.NewCipher(kek)
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := josecipher.KeyWrap(block, cek)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := josecipher.NewCBCHMAC(cek, aes.NewCipher)
	if err != nil {
		t.Fatal(err)
	}
	out := aead.Seal(nil, iv, []byte(hello), []byte(protected))
	return []byte(strings.Join([]string{
		protected, b64.EncodeToString(wrapped), b64.EncodeToString(iv),
		b64.EncodeToString(out[:len(out)-32]), b64.EncodeToString(out[len(out)-32:]),
	}, "."))
}

// TestLowOrder: a message whose ephemeral key is a point of low order, and whose content key is
// wrapped under the all-zero secret that such a point gives, would open without the check.
func TestLowOrder(t *testing.T) {
	t.Parallel()
	p := standard(t)
	for _, point := range []string{ // u coordinates, little-endian
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		u, err := hex.DecodeString(point)
		if err != nil {
			t.Fatal(err)
		}
		epk, err := crypto.NewPublicKey(crypto.X25519, u)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.open(compactWith(t, epk, make([]byte, 32))); err != envelope.ErrOpen {
			t.Errorf("%s: got %v, %v, want ErrOpen itself", point, got, err)
		}
	}
}

// TestUnknownKIDCosts: what is sealed to nobody here takes the time of what is sealed to a key of ours and does not
// open. Times are measured elsewhere; this counts what is allocated, which the cryptography decides.
func TestUnknownKIDCosts(t *testing.T) {
	p := standard(t)
	open := func(ring crypto.KeyStore, sealed []byte, want error) uint64 {
		_, err := envelope.Open(t.Context(), ring, p.docs, sealed, envelope.OpenOptions{}) // makes stand-ins once
		if !errors.Is(err, want) {
			t.Fatalf("got %v, want %v", err, want)
		}
		return allocated(func() { _, _ = envelope.Open(t.Context(), ring, p.docs, sealed, envelope.OpenOptions{}) })
	}
	one := envelope.Options{To: p.to[:1]}
	sealed := p.seal(t, hello+strings.Repeat(" ", 64<<10), one)
	unknown := open(crypto.NewKeyring(), sealed, envelope.ErrNotForUs)
	wrong := crypto.NewKeyring()
	wrong.Add(bobKey, fixedKey(t, crypto.X25519, "another"))
	refused := open(wrong, sealed, envelope.ErrOpen)
	if unknown < refused*9/10 || unknown > refused*11/10 {
		t.Errorf("%d bytes for an unknown kid, %d for a wrong key", unknown, refused)
	}
}
