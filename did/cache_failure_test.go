package did_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/did"
)

// switchable answers with an error while there is one, and counts how often it is asked. It is for one goroutine at
// a time.
type switchable struct {
	t       testing.TB
	err     error
	asked   int
	version string
}

func (s *switchable) Resolve(_ context.Context, id did.DID) (*did.Document, error) {
	s.asked++
	if s.err != nil {
		return nil, s.err
	}
	doc, err := did.ParseDocument(fmt.Appendf(nil, `{"id":%q}`, id))
	if err != nil {
		return nil, err
	}
	return doc.WithVersion(s.version), nil
}

// expect resolves id and checks the error, and how often the resolver has been asked since the start.
func (s *switchable) expect(cache *did.Cache, id did.DID, want error, asked int) {
	s.t.Helper()
	doc, err := cache.Resolve(s.t.Context(), id)
	if !errors.Is(err, want) || (doc == nil) != (want != nil) {
		s.t.Errorf("resolving %s: %v, %v; want %v", id, doc, err, want)
	}
	s.expectAsked(asked)
}

func (s *switchable) expectAsked(asked int) {
	s.t.Helper()
	if s.asked != asked {
		s.t.Errorf("the resolver was asked %d times, want %d", s.asked, asked)
	}
}

var errHost = errors.New("the host has no power")

func TestCacheRemembersFailuresBriefly(t *testing.T) {
	t.Parallel()
	failures := []error{
		did.ErrNotFound, did.ErrInvalid, did.ErrMethod, did.ErrDeactivated, did.ErrRewritten, did.ErrUnsafe, errHost,
		context.DeadlineExceeded, // the resolver's own patience, not the caller's
	}
	for _, failure := range failures {
		t.Run(failure.Error(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &switchable{t: t, err: fmt.Errorf("asking: %w", failure)}
				cache := did.NewCache(s, 0, 0)
				s.expect(cache, numberedDID(1), failure, 1)
				s.err = nil
				time.Sleep(did.FailureTTL - time.Nanosecond)
				s.expect(cache, numberedDID(1), failure, 1)
				s.expect(cache, numberedDID(2), nil, 2)
				time.Sleep(time.Nanosecond)
				s.expect(cache, numberedDID(1), nil, 3)
			})
		})
	}
}

// A did:peer:4 short form resolves from the moment its long form is learnt.
func TestCacheForgetsOfflineFailures(t *testing.T) {
	t.Parallel()
	for _, id := range []string{shortForm, "did:key:z1", "did:jwk:e30"} {
		s := &switchable{t: t, err: did.ErrNotFound}
		cache := did.NewCache(s, 0, 0)
		s.expect(cache, did.MustParse(id), did.ErrNotFound, 1)
		s.expect(cache, did.MustParse(id), did.ErrNotFound, 2)
		s.err = nil
		s.expect(cache, did.MustParse(id), nil, 3)
	}
}

// Bad DIDs, of which a stranger can think up any number, take the place of bad DIDs only.
func TestCacheBoundsFailures(t *testing.T) {
	t.Parallel()
	s := &switchable{t: t}
	cache := did.NewCache(s, 2, 0)
	s.expect(cache, numberedDID(0), nil, 1)
	s.err = did.ErrNotFound
	for i := range 3 {
		s.expect(cache, numberedDID(i+1), did.ErrNotFound, i+2)
	}
	s.expect(cache, numberedDID(3), did.ErrNotFound, 4)
	s.expect(cache, numberedDID(2), did.ErrNotFound, 4)
	s.expect(cache, numberedDID(1), did.ErrNotFound, 5) // was pushed out
	s.expect(cache, numberedDID(0), nil, 5)
	if n := cache.Len(); n != 1 {
		t.Errorf("%d documents are held", n)
	}
}

func TestCacheForgetsAFailure(t *testing.T) {
	t.Parallel()
	s := &switchable{t: t, err: did.ErrNotFound}
	cache := did.NewCache(s, 0, 0)
	s.expect(cache, numberedDID(1), did.ErrNotFound, 1)
	s.err = nil
	cache.Forget(numberedDID(1))
	s.expect(cache, numberedDID(1), nil, 2)
}

// That a caller's context ended says nothing of the DID.
func TestCacheRemembersNoCallersContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &switchable{t: t}
		hang := true
		cache := did.NewCache(did.ResolverFunc(func(ctx context.Context, id did.DID) (*did.Document, error) {
			if hang {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return s.Resolve(ctx, id)
		}), 0, 0)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := cache.Resolve(ctx, numberedDID(1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		hang = false
		s.expect(cache, numberedDID(1), nil, 1)
	})
}

// Callers who wait together for a failure get the one failure.
func TestCacheSharesAFailingFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &switchable{t: t, err: errHost}
		cache := did.NewCache(did.ResolverFunc(func(ctx context.Context, id did.DID) (*did.Document, error) {
			time.Sleep(time.Second)
			return s.Resolve(ctx, id)
		}), 0, 0)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := cache.Resolve(t.Context(), numberedDID(1)); !errors.Is(err, errHost) {
					t.Errorf("got %v", err)
				}
			})
		}
		wg.Wait()
		s.expectAsked(1)
	})
}
