package p2p

import (
	"sync"
	"time"
)

// spares keeps outbound streams for a while after their last use. The zero value is ready.
type spares struct {
	mu     sync.Mutex // guards the rest
	kept   map[route]*spare
	closed bool
}

type spare struct {
	outlet *outlet
	timer  *time.Timer
	since  time.Time
}

// take returns the stream that is kept for a route, or nil. The caller owns it.
func (s *spares) take(r route) *outlet {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.kept[r]
	if k == nil || !k.timer.Stop() {
		return nil // when the timer has fired, the stream is about to be ended
	}
	delete(s.kept, r)
	return k.outlet
}

// put keeps a stream for as long as reuse. It replaces what was kept for the route, and when there are
// too many the one that has been kept longest.
func (s *spares) put(r route, o *outlet, reuse time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		o.end()
		return
	}
	if s.kept == nil {
		s.kept = map[route]*spare{}
	}
	s.drop(r)
	if len(s.kept) >= maxReused {
		s.drop(s.oldest())
	}
	k := &spare{outlet: o, since: time.Now()}
	k.timer = time.AfterFunc(reuse, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.kept[r] == k {
			delete(s.kept, r)
			o.end()
		}
	})
	s.kept[r] = k
}

// drop ends what is kept for a route. The lock is held.
func (s *spares) drop(r route) {
	if k := s.kept[r]; k != nil {
		k.timer.Stop()
		delete(s.kept, r)
		k.outlet.end()
	}
}

// oldest returns the route of the stream that has been kept longest. The lock is held.
func (s *spares) oldest() route {
	var oldest route
	var since time.Time
	for r, k := range s.kept {
		if since.IsZero() || k.since.Before(since) {
			oldest, since = r, k.since
		}
	}
	return oldest
}

// close ends everything that is kept and keeps nothing more.
func (s *spares) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for r := range s.kept {
		s.drop(r)
	}
}
