package p2p

import (
	"fmt"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

func TestPace(t *testing.T) {
	t.Parallel()
	var p pace
	now := time.Unix(1_700_000_000, 0)
	count := func(id peer.ID, n int) (allowed int) {
		for range n {
			if p.allow(id, now) {
				allowed++
			}
		}
		return allowed
	}
	if got := count("a", 1000); got != paceBurst {
		t.Errorf("%d hellos at once, want %d", got, paceBurst)
	}
	if got := count("b", 1); got != 1 {
		t.Error("one peer's hellos are counted as another's")
	}
	now = now.Add(10 * paceEvery)
	if got := count("a", 1000); got != 10 {
		t.Errorf("%d hellos after a while, want 10", got)
	}
	now = now.Add(time.Hour)
	if got := count("a", 1000); got != paceBurst {
		t.Errorf("%d hellos after an hour, want %d: silence saves up no more", got, paceBurst)
	}
	now = now.Add(-time.Hour)
	for _, id := range []peer.ID{"a", "c"} {
		if got := count(id, 1000); got != paceBurst {
			t.Errorf("%d hellos of %s after the clock went back, want %d", got, id, paceBurst)
		}
	}
}

func TestPaceIsBounded(t *testing.T) {
	t.Parallel()
	var p pace
	now := time.Unix(1_700_000_000, 0)
	for i := range 3 * maxPaced {
		if !p.allow(peer.ID(fmt.Sprint(i)), now) {
			t.Fatalf("peer %d is refused its first hello", i)
		}
		if len(p.until) > maxPaced {
			t.Fatalf("%d peers remembered, at most %d", len(p.until), maxPaced)
		}
	}
	now = now.Add(time.Minute)
	p.allow("again", now)
	if len(p.until) != 1 {
		t.Errorf("%d peers remembered of whom all but one are paid off", len(p.until))
	}
}
