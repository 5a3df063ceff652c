package didkey_test

import (
	"bytes"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did/didkey"
	"github.com/parley-im/parley/did/internal/beside"
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
			b.ReportMetric(beside.X25519(b, resolve), beside.Unit)
		})
	}
}

func fixedSecret(c crypto.Curve) []byte {
	size := map[crypto.Curve]int{crypto.P384: 48, crypto.P521: 66}[c]
	secret := bytes.Repeat([]byte{1}, max(size, 32))
	secret[0] = 0
	return secret
}
