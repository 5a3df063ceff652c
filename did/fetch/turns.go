package fetch

import (
	"context"
	"sync"
)

// turns bounds the requests at one time, of all and of each host. It is safe for concurrent use.
type turns struct {
	all     chan struct{} // a request at work holds one place
	perHost int

	mu    sync.Mutex // guards hosts and the counts in it
	hosts map[string]*host
}

// host is forgotten with the last request that waits or works.
type host struct {
	places   chan struct{}
	requests int
}

func newTurns(all, perHost int) *turns {
	return &turns{all: make(chan struct{}, all), perHost: perHost, hosts: make(map[string]*host)}
}

// enter waits until a request to the host of that name may start, and returns what has to be called once when it has
// ended. The error is that of ctx.
func (t *turns) enter(ctx context.Context, name string) (leave func(), err error) {
	h := t.join(name)
	if err := take(ctx, h.places); err != nil {
		t.part(name, h)
		return nil, err
	}
	if err := take(ctx, t.all); err != nil {
		<-h.places
		t.part(name, h)
		return nil, err
	}
	return func() {
		<-t.all
		<-h.places
		t.part(name, h)
	}, nil
}

func take(ctx context.Context, places chan<- struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *turns) join(name string) *host {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.hosts[name]
	if h == nil {
		h = &host{places: make(chan struct{}, t.perHost)}
		t.hosts[name] = h
	}
	h.requests++
	return h
}

func (t *turns) part(name string, h *host) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if h.requests--; h.requests == 0 {
		delete(t.hosts, name)
	}
}
