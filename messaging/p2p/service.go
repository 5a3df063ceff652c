package p2p

import (
	"context"
	"sync"

	"github.com/parley-im/parley/messaging"
)

// service is the time in which a Transport serves: it lets Send in when it has begun, and waits for
// everybody inside when it ends.
type service struct {
	begun   chan struct{} // closed when receiver is set
	stopped chan struct{} // closed when nobody may come in any more
	inside  sync.WaitGroup
	spare   spares

	mu       sync.Mutex // guards the rest
	receiver messaging.Receiver
	over     bool
}

// serving returns the service, which begins with Serve.
func (t *Transport) serving() *service {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.service == nil {
		t.service = &service{begun: make(chan struct{}), stopped: make(chan struct{})}
	}
	return t.service
}

// begin calls prepare and then lets callers in. It reports false when the service has begun or ended before.
func (s *service) begin(r messaging.Receiver, prepare func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || s.receiver != nil {
		return false
	}
	s.receiver = r
	prepare()
	close(s.begun)
	return true
}

// enter waits until the service has begun and keeps it from ending until leave. The context that it
// returns ends with the service.
func (s *service) enter(ctx context.Context) (inner context.Context, leave func(), err error) {
	select {
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	case <-s.stopped:
		return nil, nil, ErrClosed
	case <-s.begun:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return nil, nil, ErrClosed
	}
	s.inside.Add(1)
	inner, cancel := context.WithCancel(ctx)
	s.inside.Go(func() {
		select {
		case <-s.stopped:
			cancel()
		case <-inner.Done():
		}
	})
	return inner, func() { cancel(); s.inside.Done() }, nil
}

// stop lets nobody in any more, tells those inside and waits for them.
func (s *service) stop() {
	s.mu.Lock()
	if !s.over {
		s.over = true
		close(s.stopped)
	}
	s.mu.Unlock()
	s.inside.Wait()
	s.spare.close()
}
