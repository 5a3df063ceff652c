package didpeer_test

import (
	"testing"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didpeer"
	"github.com/parley-im/parley/did/internal/beside"
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
			b.ReportMetric(beside.X25519(b, op), beside.Unit)
		})
	}
}
