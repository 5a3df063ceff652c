package p2p

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// closable is an outlet that knows whether it has been ended.
type closable struct {
	bytesPipe
	ended atomic.Bool
}

func (c *closable) Close() error { c.ended.Store(true); return nil }

func newSpare() (*outlet, *closable) {
	c := &closable{}
	return &outlet{w: &wire{pipe: c}}, c
}

func TestSpareIsKeptAndTakenOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s spares
		r := route{peer: "p"}
		if s.take(r) != nil {
			t.Error("took what was never put")
		}
		o, c := newSpare()
		s.put(r, o, time.Second)
		time.Sleep(time.Second - 1) // simulated
		if s.take(r) != o || c.ended.Load() {
			t.Fatal("it was not kept")
		}
		if s.take(r) != nil {
			t.Error("two have it")
		}
		time.Sleep(time.Minute)
		if c.ended.Load() {
			t.Error("it was ended while somebody had it")
		}
	})
}

func TestSpareEndsAfterItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s spares
		r := route{peer: "p"}
		o, c := newSpare()
		s.put(r, o, time.Second)
		time.Sleep(time.Second)
		synctest.Wait()
		if !c.ended.Load() || s.take(r) != nil || len(s.kept) != 0 {
			t.Error("it was kept too long")
		}
	})
}

func TestSpareIsReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s spares
		r := route{peer: "p"}
		old, oldPipe := newSpare()
		s.put(r, old, time.Second)
		time.Sleep(time.Second / 2)
		o, c := newSpare()
		s.put(r, o, time.Second)
		if !oldPipe.ended.Load() {
			t.Error("the one before was not ended")
		}
		time.Sleep(time.Second * 3 / 4)
		if c.ended.Load() || s.take(r) != o {
			t.Error("the timer of the one before ended the new one")
		}
	})
}

func TestSparesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s spares
		var pipes []*closable
		for i := range maxReused + 3 {
			o, c := newSpare()
			pipes = append(pipes, c)
			s.put(route{peer: peer.ID(fmt.Sprint(i))}, o, time.Hour)
			time.Sleep(time.Nanosecond)
		}
		for i, c := range pipes {
			if c.ended.Load() != (i < 3) {
				t.Errorf("number %d: ended is %v", i, c.ended.Load())
			}
		}
		s.close()
		for i, c := range pipes {
			if !c.ended.Load() {
				t.Errorf("number %d is open after close", i)
			}
		}
		o, c := newSpare()
		s.put(route{}, o, time.Hour)
		if !c.ended.Load() || s.take(route{}) != nil {
			t.Error("something was kept after close")
		}
	})
}
