package did_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
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
			b.ReportMetric(agreements(b, resolve), "×X25519")
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

// agreements returns how many X25519 operations with a key at hand take the time of op. The two take turns and the
// medians are compared, so that a machine that is busy for a moment favours neither.
func agreements(b *testing.B, op func()) float64 {
	b.Helper()
	own, err := crypto.GenerateKey(crypto.X25519)
	if err != nil {
		b.Fatal(err)
	}
	peer := publicKey(b, crypto.X25519, 2)
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
