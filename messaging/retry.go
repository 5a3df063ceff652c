package messaging

import (
	"math/rand/v2"
	"time"
)

// Retry says how long to wait after failures in a row: First after the first, then twice as long each
// time, at most Max, and each time up to a quarter more or less so that many do not come at once.
type Retry struct{ First, Max time.Duration }

// DefaultRetry starts at two seconds and ends at five minutes. A peer that comes back greets its
// contacts, which makes what waits for it due at once.
var DefaultRetry = Retry{First: 2 * time.Second, Max: 5 * time.Minute}

// After returns the pause after the given number of failures, which is at least 1.
func (r Retry) After(failures int) time.Duration {
	if r.First <= 0 || r.Max <= 0 {
		r = DefaultRetry
	}
	d := r.First
	for i := 1; i < failures && d < r.Max; i++ {
		d *= 2
	}
	d = min(d, r.Max)
	return d - d/4 + rand.N(d/2+1)
}
