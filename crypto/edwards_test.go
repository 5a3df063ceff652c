package crypto_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha512"
	"testing"

	"github.com/parley-im/parley/crypto"
)

// The base point of edwards25519 has y = 4/5, that of curve25519 u = 9 (RFC 7748 section 4.1).
func TestX25519OfBasePoint(t *testing.T) {
	t.Parallel()
	raw := append([]byte{0x58}, bytes.Repeat([]byte{0x66}, 31)...)
	got, err := mustPublic(t, crypto.Ed25519, raw).X25519()
	if err != nil {
		t.Fatal(err)
	}
	want := mustPublic(t, crypto.X25519, append([]byte{9}, make([]byte, 31)...))
	if !got.Equal(want) {
		t.Errorf("got %x, want %x", got.Bytes(), want.Bytes())
	}
}

// Both signs of x map to one u: the map forgets them.
func TestX25519IgnoresSign(t *testing.T) {
	t.Parallel()
	for range 8 {
		pub := mustGenerate(t, crypto.Ed25519).Public()
		raw := pub.Bytes()
		raw[31] ^= 0x80
		a, errA := pub.X25519()
		b, errB := mustPublic(t, crypto.Ed25519, raw).X25519()
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if !a.Equal(b) {
			t.Errorf("%x and its negative give different keys", pub.Bytes())
		}
	}
}

// The scalar of an Ed25519 key is also the scalar of its X25519 sibling (RFC 8032 section 5.1.5).
func TestX25519MatchesScalar(t *testing.T) {
	t.Parallel()
	for range 8 {
		seed := make([]byte, 32)
		rand.Read(seed)
		h := sha512.Sum512(seed)
		k, err := crypto.NewPrivateKey(crypto.Ed25519, seed)
		if err != nil {
			t.Fatal(err)
		}
		scalar, err := crypto.NewPrivateKey(crypto.X25519, h[:32])
		if err != nil {
			t.Fatal(err)
		}
		got, err := k.Public().X25519()
		if err != nil {
			t.Fatal(err)
		}
		if !got.Equal(scalar.Public()) {
			t.Errorf("seed %x: got %x, want %x", seed, got.Bytes(), scalar.Public().Bytes())
		}
	}
}

func TestX25519RefusesOtherCurves(t *testing.T) {
	t.Parallel()
	forEachCurve(t, func(t *testing.T, k crypto.PrivateKey) {
		_, err := k.Public().X25519()
		if want := k.Public().Curve() == crypto.Ed25519; (err == nil) != want {
			t.Errorf("got %v", err)
		}
	})
}
