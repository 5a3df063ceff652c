package did

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"
)

// How long an answer is believed.
const (
	// MaxTTL is the longest time for which a document is believed. Documents of an Offline method never change.
	MaxTTL = 24 * time.Hour
	// MaxNetworkTTL is the longest time for which a document of any other method is believed.
	MaxNetworkTTL = time.Hour
	// FailureTTL is how long a failure of a method that is not Offline is believed: long enough that a stranger
	// who repeats a bad DID causes few questions, short enough that nobody waits for a host that is back.
	FailureTTL = 10 * time.Second
)

// Refresher is a Resolver's way to ask anew, such as that of a Cache, for callers who have reason to think that a
// document has changed: a message names a key that it does not list.
type Refresher interface {
	// Refresh returns a document of id that was asked for no longer than age ago, or that is being asked for now.
	Refresh(ctx context.Context, id DID, age time.Duration) (*Document, error)
}

// Cache is a Resolver that remembers what another one found. It keeps the documents used last and lets concurrent
// questions about one DID share one resolution. A failure is remembered for FailureTTL, in as many places as there
// are for documents; but not one of an Offline method, which costs nothing to repeat and ends as soon as the long form
// of a did:peer:4 is learnt, nor that a caller's context ended. It is safe for concurrent use.
//
// The key is the exact DID asked for. The long and the short form of a did:peer:4 are entries
// of their own, so a long form, true or forged, never answers for anything but itself.
type Cache struct {
	resolver Resolver
	ttl      time.Duration

	mu        sync.Mutex // guards everything below
	documents *shelf
	failures  *shelf // apart, so that bad DIDs push out no documents
	flights   map[DID]*flight
}

var _ interface {
	Resolver
	Refresher
} = (*Cache)(nil)

// flight is one resolution that is under way. doc and err belong to its goroutine until done
// is closed; waiters is guarded by Cache.mu.
type flight struct {
	began   time.Time
	done    chan struct{}
	doc     *Document
	err     error
	waiters int
	cancel  context.CancelFunc
}

// NewCache returns a cache in front of r. It holds at most limit documents and limit × 4 KiB
// of their text, and believes each for ttl, but none longer than MaxTTL, and than MaxNetworkTTL
// unless its method is Offline. A limit below 1 means 1024; a ttl of zero or less means the longest.
func NewCache(r Resolver, limit int, ttl time.Duration) *Cache {
	if limit < 1 {
		limit = 1024
	}
	if ttl <= 0 {
		ttl = MaxTTL
	}
	return &Cache{
		resolver:  r,
		ttl:       ttl,
		documents: newShelf(limit),
		failures:  newShelf(limit),
		flights:   make(map[DID]*flight),
	}
}

// Resolve returns the remembered document of id, or the failure that is remembered instead, or asks the resolver. A
// remembered answer costs no allocation. A caller whose context ends leaves; the resolution is cancelled only when
// every caller has left.
func (c *Cache) Resolve(ctx context.Context, id DID) (*Document, error) {
	return c.ask(ctx, id, math.MaxInt64)
}

// Refresh is Resolve for a caller who suspects that the document has changed: one that was asked for longer than age
// ago is asked for anew, unless id's method is Offline. When that fails the error is returned, and returned again to
// whoever refreshes within age, or FailureTTL if that is longer: the host is asked no more often than once in that
// time. The old document still answers Resolve until its time has passed, for a host that fails must not be able to
// silence a DID. Only ErrDeactivated, which the owner has said, removes it.
func (c *Cache) Refresh(ctx context.Context, id DID, age time.Duration) (*Document, error) {
	return c.ask(ctx, id, age)
}

func (c *Cache) ask(ctx context.Context, id DID, age time.Duration) (*Document, error) {
	c.mu.Lock()
	if doc, err := c.remembered(id, age); doc != nil || err != nil {
		c.mu.Unlock()
		return doc, err
	}
	f := c.flights[id]
	if f == nil {
		f = c.start(ctx, id)
	}
	f.waiters++
	c.mu.Unlock()

	select {
	case <-f.done:
		return f.doc, f.err
	case <-ctx.Done():
		c.leave(id, f)
		return nil, fmt.Errorf("resolving %s: %w", id.Short(), ctx.Err())
	}
}

// Forget drops what is remembered of id in exactly this form, so that the next Resolve asks
// again. A resolution under way answers its callers and is not remembered.
func (c *Cache) Forget(id DID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.flights, id)
	c.documents.drop(id)
	c.failures.drop(id)
}

// Len returns how many documents are held, those whose time has passed included.
func (c *Cache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.documents.order.Len()
}

// remembered returns the answer that spares a question, or neither document nor error. c.mu is held.
func (c *Cache) remembered(id DID, age time.Duration) (*Document, error) {
	now := time.Now()
	if e := c.documents.get(id, now); e != nil {
		switch {
		case now.Sub(e.since) <= age || Offline(id.Method()):
			return e.doc, nil
		case e.err != nil && now.Sub(e.tried) <= age:
			return nil, e.err
		}
	}
	if e := c.failures.get(id, now); e != nil {
		return nil, e.err
	}
	return nil, nil
}

// start begins a resolution. It lives apart from the first caller's context, because others
// may join. c.mu is held.
func (c *Cache) start(ctx context.Context, id DID) *flight {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f := &flight{began: time.Now(), done: make(chan struct{}), cancel: cancel}
	// Stands if the resolver ends its goroutine instead of returning.
	f.err = errors.New("resolving: the resolver gave no answer")
	c.flights[id] = f
	go func() {
		defer cancel()
		defer c.finish(id, f)
		f.doc, f.err = resolve(ctx, c.resolver, id)
	}()
	return f
}

// finish publishes a result, and remembers it unless it was forgotten or everybody left
// meanwhile: then the flight is off the board.
func (c *Cache) finish(id DID, f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flights[id] == f {
		delete(c.flights, id)
		c.remember(id, f)
	}
	close(f.done)
}

// remember keeps the result of a flight that is over. c.mu is held.
func (c *Cache) remember(id DID, f *flight) {
	now, offline := time.Now(), Offline(id.Method())
	switch {
	case f.err == nil:
		ttl := min(c.ttl, MaxNetworkTTL)
		if offline {
			ttl = min(c.ttl, MaxTTL)
		}
		c.documents.put(&entry{id: id, doc: f.doc, since: f.began, until: now.Add(ttl)})
	case !offline:
		if errors.Is(f.err, ErrDeactivated) {
			c.documents.drop(id)
		} else if e := c.documents.get(id, now); e != nil {
			e.err, e.tried = f.err, f.began
		}
		c.failures.put(&entry{id: id, err: f.err, until: now.Add(FailureTTL)})
	}
}

// leave counts a caller out; the last one cancels the flight and takes it off the board, so
// that nobody joins a cancelled one.
func (c *Cache) leave(id DID, f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.waiters--; f.waiters > 0 {
		return
	}
	f.cancel()
	if c.flights[id] == f {
		delete(c.flights, id)
	}
}
