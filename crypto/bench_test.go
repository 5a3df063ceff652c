package crypto_test

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/rand"
	"testing"

	"github.com/parley-im/parley/crypto"
)

// Each pair measures an operation of this package beside the bare one of the standard library.

func BenchmarkSignEd25519(b *testing.B) {
	msg := make([]byte, 1024)
	secret, k := fixedKey(b, crypto.Ed25519)
	std := ed25519.NewKeyFromSeed(secret)
	b.Run("parley", func(b *testing.B) {
		for b.Loop() {
			if _, err := k.Sign(msg); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("std", func(b *testing.B) {
		for b.Loop() {
			ed25519.Sign(std, msg)
		}
	})
}

func BenchmarkVerifyEd25519(b *testing.B) {
	msg := make([]byte, 1024)
	secret, k := fixedKey(b, crypto.Ed25519)
	std := ed25519.NewKeyFromSeed(secret)
	sig := ed25519.Sign(std, msg)
	stdPub, pub := std.Public().(ed25519.PublicKey), k.Public()
	b.Run("parley", func(b *testing.B) {
		for b.Loop() {
			if err := pub.Verify(msg, sig); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("std", func(b *testing.B) {
		for b.Loop() {
			if !ed25519.Verify(stdPub, msg, sig) {
				b.Fatal("refused")
			}
		}
	})
}

func BenchmarkAgree(b *testing.B) {
	for c, std := range map[crypto.Curve]ecdh.Curve{crypto.X25519: ecdh.X25519(), crypto.P256: ecdh.P256()} {
		secret, k := fixedKey(b, c)
		peer := mustGenerate(b, c).Public()
		stdKey, err := std.NewPrivateKey(secret)
		if err != nil {
			b.Fatal(err)
		}
		stdPeer, err := std.NewPublicKey(peer.Bytes())
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.String()+"/parley", func(b *testing.B) {
			for b.Loop() {
				if _, err := k.Agree(peer); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.String()+"/std", func(b *testing.B) {
			for b.Loop() {
				if _, err := stdKey.ECDH(stdPeer); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSignOtherCurves(b *testing.B) {
	msg := make([]byte, 1024)
	for _, c := range []crypto.Curve{crypto.P256, crypto.P384, crypto.P521, crypto.Secp256k1} {
		_, k := fixedKey(b, c)
		b.Run(c.String(), func(b *testing.B) {
			for b.Loop() {
				if _, err := k.Sign(msg); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The cost of checking a key on the way in.
func BenchmarkNewPublicKey(b *testing.B) {
	for _, c := range allCurves {
		raw := mustGenerate(b, c).Public().Bytes()
		b.Run(c.String(), func(b *testing.B) {
			for b.Loop() {
				if _, err := crypto.NewPublicKey(c, raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// An ephemeral key is made for every envelope.
func BenchmarkGenerateX25519(b *testing.B) {
	b.Run("parley", func(b *testing.B) {
		for b.Loop() {
			mustGenerate(b, crypto.X25519)
		}
	})
	b.Run("std", func(b *testing.B) {
		for b.Loop() {
			if _, err := ecdh.X25519().GenerateKey(rand.Reader); err != nil {
				b.Fatal(err)
			}
		}
	})
}
