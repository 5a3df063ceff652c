package crypto_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"testing"

	"github.com/mr-tron/base58"

	"github.com/parley-im/parley/crypto"
)

func TestPublicKeyIsNotComparable(t *testing.T) {
	t.Parallel()
	for _, v := range []any{crypto.PublicKey{}, crypto.PrivateKey{}} {
		if reflect.TypeOf(v).Comparable() {
			t.Errorf("%T can be compared with ==", v)
		}
	}
}

func TestPublicKeyRoundTrips(t *testing.T) {
	t.Parallel()
	forEachCurve(t, func(t *testing.T, k crypto.PrivateKey) {
		pub := k.Public()
		again := map[string]func() (crypto.PublicKey, error){
			"bytes":    func() (crypto.PublicKey, error) { return crypto.NewPublicKey(pub.Curve(), pub.Bytes()) },
			"jwk":      func() (crypto.PublicKey, error) { return crypto.ParseJWK(pub.JWK()) },
			"multikey": func() (crypto.PublicKey, error) { return crypto.ParseMultikey(pub.Multikey()) },
		}
		for name, parse := range again {
			got, err := parse()
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if !got.Equal(pub) || got.Curve() != pub.Curve() || got.Fingerprint() != pub.Fingerprint() {
				t.Errorf("%s: got %v, want %v", name, got, pub)
			}
		}
		if pub.String() != pub.Multikey() {
			t.Errorf("String() = %q, want the multikey", pub)
		}
	})
}

func TestPublicKeyBytes(t *testing.T) {
	t.Parallel()
	sizes := map[crypto.Curve]int{
		crypto.X25519: 32, crypto.Ed25519: 32, crypto.P256: 65, crypto.P384: 97, crypto.P521: 133, crypto.Secp256k1: 65,
	}
	forEachCurve(t, func(t *testing.T, k crypto.PrivateKey) {
		pub := k.Public()
		raw := pub.Bytes()
		if len(raw) != sizes[pub.Curve()] {
			t.Fatalf("%d bytes, want %d", len(raw), sizes[pub.Curve()])
		}
		made, err := crypto.NewPublicKey(pub.Curve(), raw)
		if err != nil {
			t.Fatal(err)
		}
		raw[len(raw)-1] ^= 1 // neither what was passed in nor what came out is shared
		if !made.Equal(pub) || bytes.Equal(pub.Bytes(), raw) {
			t.Error("the key shares memory with a caller")
		}
	})
}

func TestCompressedPoints(t *testing.T) {
	t.Parallel()
	for _, c := range []crypto.Curve{crypto.P256, crypto.P384, crypto.P521, crypto.Secp256k1} {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			seen := map[byte]bool{}
			for len(seen) < 2 { // both signs of y
				pub := mustGenerate(t, c).Public()
				raw := pub.Bytes()
				short := slices.Clone(raw[:(len(raw)+1)/2])
				short[0] = 2 + raw[len(raw)-1]&1
				seen[short[0]] = true
				got, err := crypto.NewPublicKey(c, short)
				if err != nil {
					t.Fatal(err)
				}
				if !got.Equal(pub) {
					t.Fatalf("compressed form of %v read as %v", pub, got)
				}
			}
		})
	}
}

func TestNewPublicKeyRefuses(t *testing.T) {
	t.Parallel()
	forEachCurve(t, func(t *testing.T, k crypto.PrivateKey) {
		c, raw := k.Public().Curve(), k.Public().Bytes()
		bad := map[string][]byte{
			"nil":      nil,
			"empty":    {},
			"short":    raw[:len(raw)-1],
			"long":     append(slices.Clone(raw), 0),
			"one byte": {4},
			"infinity": {0},
		}
		if len(raw) > 32 {
			for _, tag := range []byte{0, 1, 2, 3, 5, 6, 7, 0x84} { // 6 and 7 are the hybrid encoding
				point := slices.Clone(raw)
				point[0] = tag
				bad[fmt.Sprintf("tag %d", tag)] = point
			}
			off := slices.Clone(raw)
			off[len(off)-1] ^= 1
			bad["off the curve"] = off
			bad["origin"] = append([]byte{4}, make([]byte, len(raw)-1)...)
			over := append([]byte{4}, bytes.Repeat([]byte{0xff}, len(raw)-1)...)
			bad["coordinates over p"] = over
			bad["compressed x over p"] = append([]byte{2}, over[1:(len(raw)+1)/2]...)
			bad["x only"] = raw[1 : (len(raw)+1)/2]
		}
		for name, b := range bad {
			if got, err := crypto.NewPublicKey(c, b); err == nil || !got.IsZero() {
				t.Errorf("%s: accepted as %v", name, got)
			}
		}
	})
}

func TestEqual(t *testing.T) {
	t.Parallel()
	raw := bytes.Repeat([]byte{9}, 32)
	x := mustPublic(t, crypto.X25519, raw)
	if !x.Equal(mustPublic(t, crypto.X25519, raw)) {
		t.Error("equal keys differ")
	}
	if x.Equal(crypto.PublicKey{}) || !(crypto.PublicKey{}).Equal(crypto.PublicKey{}) {
		t.Error("the zero key equals only itself")
	}
	// The same 32 bytes on another curve are another key.
	ed := mustGenerate(t, crypto.Ed25519).Public()
	if ed.Equal(mustPublic(t, crypto.X25519, ed.Bytes())) {
		t.Error("keys on two curves are equal")
	}
}

func TestZeroPublicKey(t *testing.T) {
	t.Parallel()
	var k crypto.PublicKey
	if !k.IsZero() || k.Curve() != 0 || k.Bytes() != nil || k.JWK() != nil || k.Multikey() != "" || k.String() != "" {
		t.Error("the zero key has an encoding")
	}
	if err := k.Verify(nil, make([]byte, 64)); err == nil {
		t.Error("the zero key verifies")
	}
	if _, err := k.X25519(); err == nil {
		t.Error("the zero key converts")
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	forEachCurve(t, func(t *testing.T, k crypto.PrivateKey) {
		data, err := base58.Decode(k.Public().Multikey()[1:])
		if err != nil {
			t.Fatal(err)
		}
		if got, want := k.Public().Fingerprint(), sha256.Sum256(data); got != want {
			t.Errorf("got %x, want %x", got, want)
		}
	})
}

// smallOrder lists the y coordinates of the eight points of order 1, 2, 4 and 8 on edwards25519.
var smallOrder = []string{
	"0100000000000000000000000000000000000000000000000000000000000000",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
}

func TestEd25519PointsAreChecked(t *testing.T) {
	t.Parallel()
	refuse := func(name string, raw []byte) {
		for _, sign := range []byte{0, 0x80} {
			b := slices.Clone(raw)
			b[31] |= sign
			if _, err := crypto.NewPublicKey(crypto.Ed25519, b); err == nil {
				t.Errorf("%s: accepted %x", name, b)
			}
		}
	}
	for _, s := range smallOrder {
		raw, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		refuse("small order", raw)
	}
	// p to p+18 are second encodings of 0 to 18.
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	for i := range int64(19) {
		raw := new(big.Int).Add(p, big.NewInt(i)).FillBytes(make([]byte, 32))
		slices.Reverse(raw)
		refuse("not canonical", raw)
	}
	refuse("y = 2 is not on the curve", append([]byte{2}, make([]byte, 31)...))
}

// Half of all y belong to a point, and a check that let through more or fewer would be wrong.
func TestEd25519AcceptsHalfOfAllStrings(t *testing.T) {
	t.Parallel()
	accepted := 0
	for i := range 2000 {
		raw := sha256.Sum256(fmt.Append(nil, i))
		raw[31] &= 0x7f
		if _, err := crypto.NewPublicKey(crypto.Ed25519, raw[:]); err == nil {
			accepted++
		}
	}
	if accepted < 900 || accepted > 1100 { // 4.5 standard deviations
		t.Errorf("%d of 2000 strings accepted, want about 1000", accepted)
	}
}

func mustPublic(t testing.TB, c crypto.Curve, raw []byte) crypto.PublicKey {
	t.Helper()
	k, err := crypto.NewPublicKey(c, raw)
	if err != nil {
		t.Fatal(err)
	}
	return k
}
