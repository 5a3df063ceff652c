package did_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/did"
)

// refresh asks for a document that is at most a minute old, and returns its version.
func (s *switchable) refresh(cache *did.Cache, id did.DID, want error, asked int) string {
	s.t.Helper()
	doc, err := cache.Refresh(s.t.Context(), id, time.Minute)
	if !errors.Is(err, want) || (doc == nil) != (want != nil) {
		s.t.Errorf("refreshing %s: %v, %v; want %v", id, doc, err, want)
	}
	s.expectAsked(asked)
	if doc == nil {
		return ""
	}
	return doc.Version()
}

func TestRefreshAsksAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &switchable{t: t, version: "1-a"}
		cache := did.NewCache(s, 0, 0)
		id := numberedDID(1)
		if got := s.refresh(cache, id, nil, 1); got != "1-a" {
			t.Errorf("the first document has version %q", got)
		}
		s.version = "2-b"
		time.Sleep(time.Minute)
		if got := s.refresh(cache, id, nil, 1); got != "1-a" {
			t.Errorf("a document of just a minute has version %q", got)
		}
		time.Sleep(time.Nanosecond)
		if got := s.refresh(cache, id, nil, 2); got != "2-b" {
			t.Errorf("after a minute the version is %q", got)
		}
		s.expect(cache, id, nil, 2)
		if n := cache.Len(); n != 1 {
			t.Errorf("%d documents are held", n)
		}
		// The new document has its whole time before it.
		time.Sleep(did.MaxNetworkTTL - time.Nanosecond)
		s.expect(cache, id, nil, 2)
		time.Sleep(time.Nanosecond)
		s.expect(cache, id, nil, 3)
	})
}

// The age counts from the question: what the host changed while it answered slowly must be seen.
func TestRefreshCountsFromTheQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &switchable{t: t}
		cache := did.NewCache(did.ResolverFunc(func(ctx context.Context, id did.DID) (*did.Document, error) {
			time.Sleep(50 * time.Second)
			return s.Resolve(ctx, id)
		}), 0, 0)
		s.expect(cache, numberedDID(1), nil, 1)
		time.Sleep(11 * time.Second)
		s.refresh(cache, numberedDID(1), nil, 2)
	})
}

func TestRefreshThatFailsKeepsTheDocument(t *testing.T) {
	t.Parallel()
	for _, failure := range []error{errHost, did.ErrNotFound, did.ErrInvalid, did.ErrRewritten, did.ErrUnsafe} {
		t.Run(failure.Error(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &switchable{t: t}
				cache := did.NewCache(s, 0, 0)
				id := numberedDID(1)
				s.expect(cache, id, nil, 1)
				began := time.Now()
				time.Sleep(2 * time.Minute)
				s.err = failure
				s.refresh(cache, id, failure, 2)
				s.expect(cache, id, nil, 2) // the old document stays
				// The host is asked once a minute, however often others give us a reason.
				for range 6 {
					s.refresh(cache, id, failure, 2)
					time.Sleep(did.FailureTTL)
				}
				s.refresh(cache, id, failure, 2)
				time.Sleep(time.Nanosecond)
				s.refresh(cache, id, failure, 3)
				// Who is in a hurry waits for the failure's own time all the same.
				if _, err := cache.Refresh(t.Context(), id, 0); !errors.Is(err, failure) || s.asked != 3 {
					t.Errorf("in a hurry: %v, asked %d times", err, s.asked)
				}
				time.Sleep(did.MaxNetworkTTL - time.Since(began) - time.Nanosecond)
				s.expect(cache, id, nil, 3)
				time.Sleep(time.Nanosecond)
				s.expect(cache, id, failure, 4)
				s.err = nil
				time.Sleep(did.FailureTTL)
				s.refresh(cache, id, nil, 5)
			})
		})
	}
}

// The owner's word that a DID is given up counts at once.
func TestRefreshOfADeactivatedDID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &switchable{t: t}
		cache := did.NewCache(s, 0, 0)
		s.expect(cache, numberedDID(1), nil, 1)
		time.Sleep(2 * time.Minute)
		s.err = did.ErrDeactivated
		s.refresh(cache, numberedDID(1), did.ErrDeactivated, 2)
		s.expect(cache, numberedDID(1), did.ErrDeactivated, 2)
		if n := cache.Len(); n != 0 {
			t.Errorf("%d documents are held", n)
		}
	})
}

// Documents of offline methods cannot change.
func TestRefreshOfAnOfflineMethod(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &switchable{t: t}
		cache := did.NewCache(s, 0, 0)
		s.expect(cache, did.MustParse(longForm), nil, 1)
		time.Sleep(time.Hour)
		s.refresh(cache, did.MustParse(longForm), nil, 1)
	})
}

// While one caller refreshes, others get the document that is there, and one more who refreshes shares the flight.
func TestRefreshSharesOneFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &switchable{t: t, version: "1-a"}
		cache := did.NewCache(did.ResolverFunc(func(ctx context.Context, id did.DID) (*did.Document, error) {
			time.Sleep(time.Second)
			return s.Resolve(ctx, id)
		}), 0, 0)
		id := numberedDID(1)
		s.expect(cache, id, nil, 1)
		time.Sleep(2 * time.Minute)
		s.version = "2-b"
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				doc, err := cache.Refresh(t.Context(), id, time.Minute)
				if err != nil || doc.Version() != "2-b" {
					t.Errorf("refreshed to %v, %v", doc, err)
				}
			})
		}
		synctest.Wait()
		before := time.Now()
		doc, err := cache.Resolve(t.Context(), id)
		if err != nil || doc.Version() != "1-a" || !time.Now().Equal(before) {
			t.Errorf("meanwhile: %v, %v after %v", doc, err, time.Since(before))
		}
		wg.Wait()
		s.expectAsked(2)
	})
}
