package envelope_test

import (
	"context"
	stdcrypto "crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	josecipher "github.com/go-jose/go-jose/v4/cipher"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
)

// bare does what a message of one recipient cannot do without: the X25519 operations, the KDF, the
// key wrap and the content encryption, on keys that are ready to use and with nothing parsed.
type bare struct {
	own, peer *ecdh.PrivateKey
	agreeing  int // agreements: 1 for anoncrypt, 2 for authcrypt
	plaintext []byte
	wrapped   []byte
	sealed    []byte
	iv, aad   []byte
}

func newBare(b *testing.B, agreeing int, plaintext []byte) *bare {
	b.Helper()
	key := func() *ecdh.PrivateKey {
		k, err := ecdh.X25519().GenerateKey(rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		return k
	}
	x := &bare{
		own: key(), peer: key(), agreeing: agreeing, plaintext: plaintext,
		iv: make([]byte, 16), aad: make([]byte, 400),
	}
	x.seal(b)
	return x
}

func (x *bare) kek(b *testing.B) cipher.Block {
	var z []byte
	for range x.agreeing {
		ze, err := x.own.ECDH(x.peer.PublicKey())
		if err != nil {
			b.Fatal(err)
		}
		z = append(z, ze...)
	}
	kdf := josecipher.NewConcatKDF(stdcrypto.SHA256, z, lengthPrefixed([]byte("ECDH-1PU+A256KW")),
		lengthPrefixed(x.aad[:40]), lengthPrefixed(x.aad[:32]), binary.BigEndian.AppendUint32(nil, 256), nil)
	kek := make([]byte, 32)
	kdf.Read(kek)
	block, err := aes.NewCipher(kek)
	if err != nil {
		b.Fatal(err)
	}
	return block
}

func (x *bare) seal(b *testing.B) {
	if _, err := ecdh.X25519().GenerateKey(rand.Reader); err != nil {
		b.Fatal(err)
	}
	cek := make([]byte, 64)
	rand.Read(cek)
	rand.Read(x.iv)
	aead, err := josecipher.NewCBCHMAC(cek, aes.NewCipher)
	if err != nil {
		b.Fatal(err)
	}
	x.sealed = aead.Seal(nil, x.iv, x.plaintext, x.aad)
	if x.wrapped, err = josecipher.KeyWrap(x.kek(b), cek); err != nil {
		b.Fatal(err)
	}
}

func (x *bare) open(b *testing.B) {
	cek, err := josecipher.KeyUnwrap(x.kek(b), x.wrapped)
	if err != nil {
		b.Fatal(err)
	}
	aead, err := josecipher.NewCBCHMAC(cek, aes.NewCipher)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := aead.Open(nil, x.iv, x.sealed, x.aad); err != nil {
		b.Fatal(err)
	}
}

// compare runs both in turns, so that a busy machine disturbs both alike, and reports how many times as long as its
// primitives the whole takes. The slowest tenth of each is left out: others had the processor.
func compare(b *testing.B, whole, primitives func()) {
	b.ReportAllocs()
	var w, p []time.Duration
	for b.Loop() {
		start := time.Now()
		whole()
		middle := time.Now()
		primitives()
		w, p = append(w, middle.Sub(start)), append(p, time.Since(middle))
	}
	b.ReportMetric(0, "ns/op") // the sum of both says nothing
	b.ReportMetric(mean(w), "ns/whole")
	b.ReportMetric(mean(p), "ns/primitives")
	b.ReportMetric(mean(w)/mean(p), "ratio")
}

// mean is that of all but the slowest tenth, in nanoseconds.
func mean(times []time.Duration) float64 {
	slices.Sort(times)
	kept := times[:max(1, len(times)*9/10)]
	var sum time.Duration
	for _, t := range kept {
		sum += t
	}
	return float64(sum) / float64(len(kept))
}

// BenchmarkEnvelope seals and opens 1 KiB for one recipient beside the bare primitives.
func BenchmarkEnvelope(b *testing.B) {
	p := standard(b)
	to := p.to[:1]
	payload := []byte(plaintextOf(1 << 10))
	ctx := context.Background()
	// Remembering the agreement of the two parties leaves authcrypt with one, beside the same primitives as
	// without: a ratio below 1 is what it saves.
	remembering := *p
	remembering.aliceKeys, remembering.bobKeys = crypto.RememberAgreements(p.alice, 0), crypto.RememberAgreements(p.bob, 0)
	for _, f := range []struct {
		name     string
		pair     *pair
		options  envelope.Options
		agreeing int
	}{
		{"anoncrypt", p, envelope.Options{To: to}, 1},
		{"authcrypt", p, envelope.Options{To: to, From: aliceKey}, 2},
		{"authcrypt-remembered", &remembering, envelope.Options{To: to, From: aliceKey}, 1},
	} {
		p := f.pair
		x := newBare(b, f.agreeing, payload)
		b.Run("seal/"+f.name, func(b *testing.B) {
			compare(b, func() {
				if _, err := envelope.Seal(ctx, p.sealing(), payload, f.options); err != nil {
					b.Fatal(err)
				}
			}, func() { x.seal(b) })
		})
		sealed := p.seal(b, string(payload), f.options)
		b.Run("open/"+f.name, func(b *testing.B) {
			compare(b, func() {
				if _, err := p.open(sealed); err != nil {
					b.Fatal(err)
				}
			}, func() { x.open(b) })
		})
	}
}
