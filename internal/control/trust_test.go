package control_test

import (
	"testing"
	"time"

	"github.com/parley-im/parley/internal/control"
)

func TestSince(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for want, d := range map[string]time.Duration{
		"just now": 59 * time.Second, "1 minute ago": time.Minute, "59 minutes ago": 59*time.Minute + 50*time.Second,
		"1 hour ago": 61 * time.Minute, "23 hours ago": 23*time.Hour + 50*time.Minute, "1 day ago": 47 * time.Hour, "400 days ago": 400*24*time.Hour + time.Minute,
	} {
		o := control.KeyOffer{At: now.Add(-d)}
		if got := o.Since("alice", now); got != "alice's keys changed "+want+"." {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
	o := control.KeyOffer{At: now.Add(time.Hour), WasVerified: true}
	if got := o.Since("bob", now); got != "bob's keys changed just now (was verified)." {
		t.Errorf("by a clock that went back: %q", got)
	}
}
