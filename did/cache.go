package did

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// maxTTL is the longest time a document is believed without asking again.
	maxTTL = 24 * time.Hour
	// entryBudget is what a cached document may weigh on average, in bytes of text.
	entryBudget = 4 << 10
)

// Cache is a Resolver that remembers what another one found. It keeps the documents used last,
// lets concurrent questions about one DID share one resolution, and remembers no errors. It is
// safe for concurrent use.
//
// The key is the exact DID asked for. The long and the short form of a did:peer:4 are entries
// of their own, so a long form, true or forged, never answers for anything but itself.
type Cache struct {
	resolver Resolver
	max      int
	ttl      time.Duration

	mu      sync.Mutex // guards everything below
	entries map[DID]*list.Element
	order   *list.List // of *entry, the one used last in front
	bytes   int        // sum of entry.size
	flights map[DID]*flight
}

type entry struct {
	id    DID
	doc   *Document
	until time.Time
}

func (e *entry) size() int { return len(e.id.s) + len(e.doc.text) }

// flight is one resolution that is under way. doc and err belong to its goroutine until done
// is closed; waiters is guarded by Cache.mu.
type flight struct {
	done    chan struct{}
	doc     *Document
	err     error
	waiters int
	cancel  context.CancelFunc
}

// NewCache returns a cache in front of r. It holds at most limit documents and limit × 4 KiB
// of their text, and believes each for ttl. A limit below 1 means 1024; a ttl of zero or less,
// or above 24 hours, means 24 hours.
func NewCache(r Resolver, limit int, ttl time.Duration) *Cache {
	if limit < 1 {
		limit = 1024
	}
	if ttl <= 0 || ttl > maxTTL {
		ttl = maxTTL
	}
	return &Cache{
		resolver: r,
		max:      limit,
		ttl:      ttl,
		entries:  make(map[DID]*list.Element),
		order:    list.New(),
		flights:  make(map[DID]*flight),
	}
}

// Resolve returns the remembered document of id or asks the resolver. A caller whose context
// ends leaves; the resolution is cancelled only when every caller has left.
func (c *Cache) Resolve(ctx context.Context, id DID) (*Document, error) {
	c.mu.Lock()
	if doc := c.fresh(id); doc != nil {
		c.mu.Unlock()
		return doc, nil
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
	if el := c.entries[id]; el != nil {
		c.remove(el)
	}
}

// Len returns how many documents are held, those whose time has passed included.
func (c *Cache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.order.Len()
}

// fresh returns the remembered document unless its time has passed. c.mu is held.
func (c *Cache) fresh(id DID) *Document {
	el := c.entries[id]
	if el == nil {
		return nil
	}
	e := el.Value.(*entry)
	if !time.Now().Before(e.until) {
		c.remove(el)
		return nil
	}
	c.order.MoveToFront(el)
	return e.doc
}

// start begins a resolution. It lives apart from the first caller's context, because others
// may join. c.mu is held.
func (c *Cache) start(ctx context.Context, id DID) *flight {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f := &flight{done: make(chan struct{}), cancel: cancel}
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

// finish publishes a result, and remembers it unless it failed or was forgotten meanwhile.
func (c *Cache) finish(id DID, f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flights[id] == f {
		delete(c.flights, id)
		if f.err == nil {
			c.store(&entry{id, f.doc, time.Now().Add(c.ttl)})
		}
	}
	close(f.done)
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

// store adds e and drops the entries unused for longest until the bounds hold. There is no
// entry of e.id yet: a flight begins only without one, and only the flight on the board stores.
// c.mu is held.
func (c *Cache) store(e *entry) {
	c.entries[e.id] = c.order.PushFront(e)
	c.bytes += e.size()
	for c.order.Len() > c.max || c.bytes > c.max*entryBudget {
		c.remove(c.order.Back())
	}
}

// remove drops an entry. c.mu is held.
func (c *Cache) remove(el *list.Element) {
	e := c.order.Remove(el).(*entry)
	delete(c.entries, e.id)
	c.bytes -= e.size()
}
