package p2p

import "testing"

// After Refresh the next delivery begins with a new hello, though its stream was kept for reuse.
func TestRefresh(t *testing.T) {
	t.Parallel()
	alice(t).transport(t).Refresh() // before Open it does nothing
	p := newPair(t)
	for i, want := range []int{1, 1, 2} {
		if i == 2 {
			p.at.Refresh()
		}
		if _, err := p.send(t, p.delivery("hi")); err != nil {
			t.Fatal(err)
		}
		if n := p.ar.meetings(); n != want {
			t.Errorf("%d hellos after %d deliveries, want %d", n, i+1, want)
		}
	}
}
