package inbox

import (
	"context"
	"sync"
)

// Watchers is what a driver needs for Store.Watch. The zero value is ready; all methods may be
// called by many goroutines at once, and none blocks.
type Watchers struct {
	mu     sync.Mutex
	closed bool
	open   map[chan struct{}]func() bool // the value stops waiting for the end of the context
}

// Watch returns a channel that holds one hint. It is closed when ctx ends or Close is called.
func (w *Watchers) Watch(ctx context.Context) <-chan struct{} {
	ch := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || ctx.Err() != nil {
		close(ch)
		return ch
	}
	if w.open == nil {
		w.open = make(map[chan struct{}]func() bool)
	}
	w.open[ch] = context.AfterFunc(ctx, func() { w.end(ch) })
	return ch
}

func (w *Watchers) end(ch chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.open[ch]; ok {
		delete(w.open, ch)
		close(ch)
	}
}

// Notify leaves a hint in every open channel that holds none.
func (w *Watchers) Notify() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ch := range w.open {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// Close closes all channels, those of later calls of Watch as well.
func (w *Watchers) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for ch, stop := range w.open {
		stop()
		close(ch)
	}
	clear(w.open)
}
