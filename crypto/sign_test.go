package crypto_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/big"
	"slices"
	"testing"

	"github.com/parley-im/parley/crypto"
)

var sigSizes = map[crypto.Curve]int{
	crypto.Ed25519: 64, crypto.P256: 64, crypto.P384: 96, crypto.P521: 132, crypto.Secp256k1: 64,
}

func TestSignAndVerify(t *testing.T) {
	t.Parallel()
	forEachCurve(t, func(t *testing.T, k crypto.PrivateKey) {
		c := k.Public().Curve()
		for _, msg := range [][]byte{nil, {}, []byte("m"), bytes.Repeat([]byte("long"), 5000)} {
			sig, err := k.Sign(msg)
			if !c.CanSign() {
				if err == nil {
					t.Error("a curve for agreement signs")
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(sig) != sigSizes[c] {
				t.Errorf("%d bytes, want %d", len(sig), sigSizes[c])
			}
			if err := k.Public().Verify(msg, sig); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	msg := []byte("a message")
	forEachCurve(t, func(t *testing.T, k crypto.PrivateKey) {
		pub := k.Public()
		if !pub.Curve().CanSign() {
			err := pub.Verify(msg, make([]byte, 64))
			if err == nil || errors.Is(err, crypto.ErrSignature) {
				t.Errorf("got %v, want an error about the curve", err)
			}
			return
		}
		sig, err := k.Sign(msg)
		if err != nil {
			t.Fatal(err)
		}
		refuse := func(name string, p crypto.PublicKey, m, s []byte) {
			t.Helper()
			if err := p.Verify(m, s); !errors.Is(err, crypto.ErrSignature) {
				t.Errorf("%s: got %v, want ErrSignature", name, err)
			}
		}
		refuse("other message", pub, msg[1:], sig)
		refuse("other key", mustGenerate(t, pub.Curve()).Public(), msg, sig)
		refuse("nil", pub, msg, nil)
		refuse("short", pub, msg, sig[:len(sig)-1])
		refuse("long", pub, msg, append(slices.Clone(sig), 0))
		refuse("all zero", pub, msg, make([]byte, len(sig)))
		refuse("all ones", pub, msg, bytes.Repeat([]byte{0xff}, len(sig)))
		for i := range sig {
			bad := slices.Clone(sig)
			bad[i] ^= 0x10
			refuse("flipped bit", pub, msg, bad)
		}
		half := len(sig) / 2
		refuse("r is zero", pub, msg, append(make([]byte, half), sig[half:]...))
		refuse("s is zero", pub, msg, append(slices.Clone(sig[:half]), make([]byte, half)...))
	})
}

// RFC 8812 allows high S, and other DIDComm implementations emit it half of the time.
func TestES256KHighS(t *testing.T) {
	t.Parallel()
	order, ok := new(big.Int).SetString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16)
	if !ok {
		t.Fatal("bad constant")
	}
	half := new(big.Int).Rsh(order, 1)
	k := mustGenerate(t, crypto.Secp256k1)
	for i := range 64 {
		msg := []byte{byte(i)}
		sig, err := k.Sign(msg)
		if err != nil {
			t.Fatal(err)
		}
		s := new(big.Int).SetBytes(sig[32:])
		if s.Cmp(half) > 0 {
			t.Fatalf("emitted a high S: %x", sig)
		}
		high := slices.Clone(sig)
		new(big.Int).Sub(order, s).FillBytes(high[32:])
		if err := k.Public().Verify(msg, high); err != nil {
			t.Fatalf("high S refused: %v", err)
		}
		// s + order means the same number and must stay outside.
		if over := new(big.Int).Add(order, s); over.BitLen() <= 256 {
			over.FillBytes(high[32:])
			if err := k.Public().Verify(msg, high); err == nil {
				t.Fatal("an S above the order was accepted")
			}
		}
	}
}

// RFC 8032 section 7.1, TEST 2.
func TestEd25519KnownAnswer(t *testing.T) {
	t.Parallel()
	k, err := crypto.NewPrivateKey(crypto.Ed25519, unhex(t, "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(k.Public().Bytes()); got != "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c" {
		t.Errorf("public key %s", got)
	}
	sig, err := k.Sign([]byte{0x72})
	if err != nil {
		t.Fatal(err)
	}
	want := "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
	if got := hex.EncodeToString(sig); got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func FuzzVerify(f *testing.F) {
	var keys []crypto.PublicKey
	msg := []byte("message")
	for i, c := range allCurves[1:] { // X25519 does not sign
		_, k := fixedKey(f, c)
		sig, err := k.Sign(msg)
		if err != nil {
			f.Fatal(err)
		}
		keys = append(keys, k.Public())
		f.Add(uint8(i), msg, sig)
	}
	f.Add(uint8(0), []byte(nil), []byte(nil))
	f.Fuzz(func(t *testing.T, i uint8, m, sig []byte) {
		k := keys[int(i)%len(keys)]
		err := k.Verify(m, sig)
		if err != nil && !errors.Is(err, crypto.ErrSignature) {
			t.Fatalf("got %v, want ErrSignature", err)
		}
		if err == nil && k.Verify(append(slices.Clone(m), 0), sig) == nil {
			t.Fatal("one signature fits two messages")
		}
	})
}
