package didkey_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did/didkey"
)

// BenchmarkResolve measures resolving without a cache, for each curve, also in X25519 operations ("×X25519"): what a
// stranger's DID costs must stay below what opening the first message costs. P-521 alone costs more, for the square
// root that its compressed point needs.
func BenchmarkResolve(b *testing.B) {
	for _, c := range curves {
		b.Run(c.String(), func(b *testing.B) {
			id, err := didkey.Create(public(b, c, fixedSecret(c)))
			if err != nil {
				b.Fatal(err)
			}
			ctx := b.Context()
			resolve := func() {
				if _, err := (didkey.Resolver{}).Resolve(ctx, id); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				resolve()
			}
			b.ReportMetric(agreements(b, resolve), "×X25519")
		})
	}
}

// agreements returns how many X25519 operations with a key at hand take the time of op. The two take turns and the
// medians are compared, so that a machine that is busy for a moment favours neither.
func agreements(b *testing.B, op func()) float64 {
	b.Helper()
	own, err := crypto.GenerateKey(crypto.X25519)
	if err != nil {
		b.Fatal(err)
	}
	peer := public(b, crypto.X25519, bytes.Repeat([]byte{2}, 32))
	agree := func() {
		if _, err := own.Agree(peer); err != nil {
			b.Fatal(err)
		}
	}
	const rounds = 101
	var ops, agrees [rounds]time.Duration
	for i := range rounds {
		ops[i], agrees[i] = timed(op), timed(agree)
	}
	slices.Sort(ops[:])
	slices.Sort(agrees[:])
	return float64(ops[rounds/2]) / float64(agrees[rounds/2])
}

// timed returns how long ten calls take.
func timed(fn func()) time.Duration {
	start := time.Now()
	for range 10 {
		fn()
	}
	return time.Since(start)
}

func fixedSecret(c crypto.Curve) []byte {
	size := map[crypto.Curve]int{crypto.P384: 48, crypto.P521: 66}[c]
	secret := bytes.Repeat([]byte{1}, max(size, 32))
	secret[0] = 0
	return secret
}
