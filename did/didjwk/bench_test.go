package didjwk_test

import (
	"testing"

	"github.com/parley-im/parley/did/didjwk"
	"github.com/parley-im/parley/did/internal/beside"
)

// BenchmarkResolve measures what resolving costs without a cache, also as a multiple of one X25519 agreement at the
// same time (×X25519).
func BenchmarkResolve(b *testing.B) {
	for _, c := range curves {
		id := create(b, public(b, c, 1))
		b.Run(c.String(), func(b *testing.B) {
			op := func() {
				if _, err := (didjwk.Resolver{}).Resolve(b.Context(), id); err != nil {
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
