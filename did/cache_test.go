package did_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/did"
)

// counting resolves every DID to its minimal document and counts how often it is asked.
type counting struct {
	t     testing.TB
	asked atomic.Int64
}

func (c *counting) Resolve(_ context.Context, id did.DID) (*did.Document, error) {
	c.asked.Add(1)
	return did.ParseDocument(fmt.Appendf(nil, `{"id":%q}`, id))
}

// expect resolves id and checks how often the resolver has been asked since the start.
func (c *counting) expect(cache *did.Cache, id did.DID, asked int64) {
	c.t.Helper()
	doc, err := cache.Resolve(c.t.Context(), id)
	if err != nil || doc.ID() != id {
		c.t.Fatalf("resolving %s: %v", id, err)
	}
	if got := c.asked.Load(); got != asked {
		c.t.Errorf("after %s the resolver was asked %d times, want %d", id.Short(), got, asked)
	}
}

func numberedDID(i int) did.DID { return did.MustParse(fmt.Sprintf("did:a:%d", i)) }

func TestCacheEvictsTheLeastRecentlyUsed(t *testing.T) {
	t.Parallel()
	c := &counting{t: t}
	cache := did.NewCache(c, 3, time.Hour)
	for i := range 3 {
		c.expect(cache, numberedDID(i), int64(i+1))
	}
	c.expect(cache, numberedDID(0), 3) // 1 is the oldest now
	c.expect(cache, numberedDID(3), 4)
	if n := cache.Len(); n != 3 {
		t.Errorf("%d documents are held", n)
	}
	c.expect(cache, numberedDID(0), 4)
	c.expect(cache, numberedDID(2), 4)
	c.expect(cache, numberedDID(3), 4)
	c.expect(cache, numberedDID(1), 5)
}

func TestCacheBoundsBytes(t *testing.T) {
	t.Parallel()
	big := did.ResolverFunc(func(_ context.Context, id did.DID) (*did.Document, error) {
		return did.ParseDocument(fmt.Appendf(nil, `{"id":%q,"x":%q}`, id, strings.Repeat("x", 60<<10)))
	})
	cache := did.NewCache(big, 100, time.Hour) // 400 KiB of text
	for i := range 50 {
		if _, err := cache.Resolve(t.Context(), numberedDID(i)); err != nil {
			t.Fatal(err)
		}
	}
	if n := cache.Len(); n != 6 {
		t.Errorf("%d documents of 60 KiB are held in 400 KiB", n)
	}
	// One that is bigger than everything allowed is answered and not kept.
	tiny := did.NewCache(big, 1, time.Hour)
	if _, err := tiny.Resolve(t.Context(), numberedDID(0)); err != nil || tiny.Len() != 0 {
		t.Errorf("%d documents are held, %v", tiny.Len(), err)
	}
}

func TestCacheForgetsWithTime(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		ttl      time.Duration
		id       string
		believed time.Duration
	}{
		{"as said", time.Minute, "did:a:1", time.Minute},
		{"default", 0, "did:a:1", time.Hour},
		{"negative", -1, "did:a:1", time.Hour},
		{"too long", 1000 * time.Hour, "did:a:1", time.Hour},
		{"as said, offline", 2 * time.Hour, "did:key:1", 2 * time.Hour},
		{"default, offline", 0, "did:peer:1", 24 * time.Hour},
		{"too long, offline", 1000 * time.Hour, "did:jwk:1", 24 * time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := &counting{t: t}
				cache := did.NewCache(c, 0, tt.ttl)
				id := did.MustParse(tt.id)
				c.expect(cache, id, 1)
				time.Sleep(tt.believed - time.Nanosecond)
				c.expect(cache, id, 1)
				time.Sleep(time.Nanosecond)
				c.expect(cache, id, 2)
				if n := cache.Len(); n != 1 {
					t.Errorf("%d documents are held", n)
				}
			})
		})
	}
}

func TestCacheSharesOneFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &counting{t: t}
		slow := did.ResolverFunc(func(ctx context.Context, id did.DID) (*did.Document, error) {
			time.Sleep(time.Second)
			return c.Resolve(ctx, id)
		})
		cache := did.NewCache(slow, 0, 0)
		var wg sync.WaitGroup
		docs := make([]*did.Document, 100)
		for i := range docs {
			wg.Go(func() {
				var err error
				if docs[i], err = cache.Resolve(t.Context(), numberedDID(1)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, doc := range docs {
			if doc != docs[0] {
				t.Fatal("the callers got different documents")
			}
		}
		if n := c.asked.Load(); n != 1 {
			t.Errorf("the resolver was asked %d times", n)
		}
	})
}

func TestCacheRefusesAnotherDIDsDocument(t *testing.T) {
	t.Parallel()
	cache := did.NewCache(fixed(minimal(t, did.MustParse(longForm)), nil), 0, 0)
	for _, id := range []string{shortForm, longForm + "x", "did:a:b"} {
		if _, err := cache.Resolve(t.Context(), did.MustParse(id)); !errors.Is(err, did.ErrInvalid) {
			t.Errorf("%.70s: got %v, want ErrInvalid", id, err)
		}
	}
	if n := cache.Len(); n != 0 {
		t.Errorf("%d documents are held", n)
	}
}

// A forged long form has the canonical form of its victim. Whatever it resolves to must never
// be the answer for the victim's short or true long form, nor the other way round.
func TestCacheKeepsFormsApart(t *testing.T) {
	t.Parallel()
	c := &counting{t: t}
	cache := did.NewCache(c, 0, 0)
	forged := did.MustParse(shortForm + ":zForged")
	forms := []did.DID{forged, did.MustParse(longForm), did.MustParse(shortForm)}
	for i, id := range forms {
		c.expect(cache, id, int64(i+1))
	}
	for _, id := range forms {
		c.expect(cache, id, 3)
	}
}

func TestCacheCallersLeave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var started, cancelled atomic.Int64
		cache := did.NewCache(did.ResolverFunc(func(ctx context.Context, id did.DID) (*did.Document, error) {
			started.Add(1)
			select {
			case <-ctx.Done():
				cancelled.Add(1)
				return nil, ctx.Err()
			case <-time.After(time.Minute):
				return did.ParseDocument(fmt.Appendf(nil, `{"id":%q}`, id))
			}
		}), 0, 0)
		ask := func(patience time.Duration) error {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			_, err := cache.Resolve(ctx, numberedDID(1))
			return err
		}
		// The first caller leaves, the second stays: the flight goes on.
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := ask(time.Second); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("impatient caller: %v", err)
			}
		})
		wg.Go(func() {
			if err := ask(time.Hour); err != nil {
				t.Errorf("patient caller: %v", err)
			}
		})
		wg.Wait()
		if started.Load() != 1 || cancelled.Load() != 0 {
			t.Errorf("%d started, %d cancelled", started.Load(), cancelled.Load())
		}
		// All callers leave: it is cancelled, and the next caller starts anew.
		cache.Forget(numberedDID(1))
		if err := ask(time.Second); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("lone caller: %v", err)
		}
		if err := ask(time.Hour); err != nil {
			t.Errorf("after a cancelled flight: %v", err)
		}
		if started.Load() != 3 || cancelled.Load() != 1 {
			t.Errorf("%d started, %d cancelled", started.Load(), cancelled.Load())
		}
	})
}

func TestCacheForget(t *testing.T) {
	t.Parallel()
	c := &counting{t: t}
	cache := did.NewCache(c, 0, 0)
	c.expect(cache, numberedDID(1), 1)
	c.expect(cache, numberedDID(2), 2)
	cache.Forget(numberedDID(1))
	cache.Forget(numberedDID(7))
	c.expect(cache, numberedDID(2), 2)
	c.expect(cache, numberedDID(1), 3)
}

// A resolution that began before Forget may hold the document of before; it must not be kept.
func TestCacheForgetDuringFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &counting{t: t}
		cache := did.NewCache(did.ResolverFunc(func(ctx context.Context, id did.DID) (*did.Document, error) {
			time.Sleep(time.Second)
			return c.Resolve(ctx, id)
		}), 0, 0)
		var wg sync.WaitGroup
		wg.Go(func() { c.expect(cache, numberedDID(1), 1) })
		synctest.Wait()
		cache.Forget(numberedDID(1))
		wg.Wait()
		if n := cache.Len(); n != 0 {
			t.Errorf("%d documents are held", n)
		}
		c.expect(cache, numberedDID(1), 2)
	})
}

// A caller who leaves the resolution of before must not take the one of after with him.
func TestCacheForgetThenLeave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &counting{t: t}
		cache := did.NewCache(did.ResolverFunc(func(ctx context.Context, id did.DID) (*did.Document, error) {
			time.Sleep(time.Second)
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			return c.Resolve(ctx, id)
		}), 0, 0)
		ctx, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := cache.Resolve(ctx, numberedDID(1)); !errors.Is(err, context.Canceled) {
				t.Errorf("who left got %v", err)
			}
		})
		synctest.Wait()
		cache.Forget(numberedDID(1))
		wg.Go(func() { c.expect(cache, numberedDID(1), 1) })
		synctest.Wait()
		leave()
		synctest.Wait()
		wg.Go(func() { c.expect(cache, numberedDID(1), 1) })
		wg.Wait()
		c.expect(cache, numberedDID(1), 1)
	})
}

func TestCacheSurvivesAResolverThatExits(t *testing.T) {
	t.Parallel()
	cache := did.NewCache(did.ResolverFunc(func(context.Context, did.DID) (*did.Document, error) {
		runtime.Goexit()
		return nil, nil
	}), 0, 0)
	for range 2 {
		if doc, err := cache.Resolve(t.Context(), numberedDID(1)); err == nil || doc != nil {
			t.Errorf("got %v, %v", doc, err)
		}
	}
}

func TestCacheConcurrently(t *testing.T) {
	t.Parallel()
	c := &counting{t: t}
	cache := did.NewCache(c, 8, time.Millisecond)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				id := numberedDID(rand.IntN(20))
				ctx, cancel := context.WithCancel(t.Context())
				if rand.IntN(10) == 0 {
					cancel()
				}
				doc, err := cache.Resolve(ctx, id)
				if err == nil && doc.ID() != id || err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("resolving %s: %v, %v", id, doc, err)
				}
				if rand.IntN(50) == 0 {
					cache.Forget(id)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	if n := cache.Len(); n > 8 {
		t.Errorf("%d documents are held", n)
	}
}
