package did_test

import (
	"context"
	"testing"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/internal/beside"
)

// BenchmarkCache measures a remembered answer, also in X25519 operations ("×X25519").
func BenchmarkCache(b *testing.B) {
	cache := did.NewCache(&counting{t: b}, 0, 0)
	for _, c := range []struct{ name, id string }{
		{"short DID", shortForm}, {"long DID", longForm}, {"DID of the network", "did:web:example.com"},
	} {
		b.Run(c.name, func(b *testing.B) {
			id, ctx := did.MustParse(c.id), b.Context()
			resolve := func() {
				if _, err := cache.Resolve(ctx, id); err != nil {
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

// BenchmarkNewDocument and BenchmarkParseDocument measure the two ways to the same document.
func BenchmarkNewDocument(b *testing.B) {
	d := ann(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := did.NewDocument(d); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseDocument(b *testing.B) {
	text := annText(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := did.ParseDocument(text); err != nil {
			b.Fatal(err)
		}
	}
}

// TestCachedAnswersCostNoAllocation is not parallel, because it counts the allocations of the whole process.
func TestCachedAnswersCostNoAllocation(t *testing.T) {
	s := &switchable{t: t}
	cache := did.NewCache(s, 0, 0)
	known, refused := did.MustParse("did:web:example.com"), did.MustParse("did:web:example.org")
	s.expect(cache, known, nil, 1)
	s.err = did.ErrNotFound
	s.expect(cache, refused, did.ErrNotFound, 2)
	ctx := context.Background()
	for name, ask := range map[string]func(){
		"document": func() { _, _ = cache.Resolve(ctx, known) },
		"fresh":    func() { _, _ = cache.Refresh(ctx, known, did.MaxTTL) },
		"failure":  func() { _, _ = cache.Resolve(ctx, refused) },
	} {
		if n := testing.AllocsPerRun(1000, ask); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	s.expectAsked(2)
}
