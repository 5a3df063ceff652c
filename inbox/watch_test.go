package inbox_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/parley-im/parley/inbox"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWatchers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var w inbox.Watchers
		ctx, cancel := context.WithCancel(t.Context())
		one, two := w.Watch(ctx), w.Watch(t.Context())
		w.Notify()
		w.Notify()
		<-one
		select {
		case <-one:
			t.Error("two hints are held")
		default:
		}
		cancel()
		synctest.Wait()
		w.Notify()
		if _, ok := <-one; ok {
			t.Error("a hint after the end of the context")
		}
		<-two
		w.Close()
		w.Close()
		w.Notify()
		if _, ok := <-two; ok {
			t.Error("a hint after closing")
		}
		if _, ok := <-w.Watch(t.Context()); ok {
			t.Error("an open channel after closing")
		}
	})
}

// TestWatchersAtOnce has the race detector look on while watchers come and go.
func TestWatchersAtOnce(t *testing.T) {
	t.Parallel()
	var w inbox.Watchers
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				ctx, cancel := context.WithCancel(t.Context())
				hints := w.Watch(ctx)
				w.Notify()
				<-hints
				cancel()
				for range hints {
				}
			}
		})
	}
	wg.Wait()
	w.Close()
}
