package beside

import (
	"slices"
	"testing"
	"time"

	"github.com/parley-im/parley/crypto"
)

// Unit names the result of X25519 in a benchmark.
const Unit = "×X25519"

const (
	rounds = 101
	calls  = 10 // in one round
)

// X25519 returns how many X25519 agreements, with a key at hand, take the time of op. The two take turns and the
// medians are compared, so that a machine that is busy for a moment favours neither.
func X25519(b *testing.B, op func()) float64 {
	b.Helper()
	own, err := crypto.GenerateKey(crypto.X25519)
	if err != nil {
		b.Fatal(err)
	}
	other, err := crypto.GenerateKey(crypto.X25519)
	if err != nil {
		b.Fatal(err)
	}
	peer := other.Public()
	agree := func() {
		if _, err := own.Agree(peer); err != nil {
			b.Fatal(err)
		}
	}
	var ops, agrees [rounds]time.Duration
	for i := range rounds {
		ops[i], agrees[i] = timed(op), timed(agree)
	}
	slices.Sort(ops[:])
	slices.Sort(agrees[:])
	return float64(ops[rounds/2]) / float64(agrees[rounds/2])
}

func timed(f func()) time.Duration {
	start := time.Now()
	for range calls {
		f()
	}
	return time.Since(start)
}
