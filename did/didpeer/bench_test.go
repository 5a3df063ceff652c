package didpeer_test

import (
	"slices"
	"testing"
	"time"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didpeer"
)

// BenchmarkResolve measures what resolving costs without a cache, also as a multiple of one X25519 agreement at the
// same time (×X25519): making us resolve a DID must cost a stranger's victim no more than an envelope does. The DIDs
// are a wallet's: an Ed25519 key, an X25519 key and one service.
func BenchmarkResolve(b *testing.B) {
	o := wallet(b)
	long, two := create4(b, o), create2(b, o)
	zero, err := didpeer.Create0(o.Authentication[0])
	if err != nil {
		b.Fatal(err)
	}
	three := create3(b, two)
	r := knows(long, two)
	for _, c := range []struct {
		name string
		id   did.DID
	}{{"0", zero}, {"2", two}, {"3", three}, {"4 long", long}, {"4 short", long.Canonical()}} {
		b.Run(c.name, func(b *testing.B) {
			op := func() {
				if _, err := r.Resolve(b.Context(), c.id); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				op()
			}
			b.ReportMetric(agreements(b, op), "×X25519")
		})
	}
}

// agreements returns how many X25519 agreements take the time of op. The two take turns, so that a machine that is
// busy or slows down does not favour one of them, and the medians are compared.
func agreements(b *testing.B, op func()) float64 {
	b.Helper()
	secret := make([]byte, 32)
	secret[0] = 7
	key, err := crypto.NewPrivateKey(crypto.X25519, secret)
	if err != nil {
		b.Fatal(err)
	}
	peer := public(b, crypto.X25519, 2)
	agree := func() {
		if _, err := key.Agree(peer); err != nil {
			b.Fatal(err)
		}
	}
	var ops, agrees []time.Duration
	for range 101 {
		ops, agrees = append(ops, timed(op)), append(agrees, timed(agree))
	}
	slices.Sort(ops)
	slices.Sort(agrees)
	return float64(ops[len(ops)/2]) / float64(agrees[len(agrees)/2])
}

func timed(f func()) time.Duration {
	start := time.Now()
	for range 10 {
		f()
	}
	return time.Since(start)
}
