package sqlite_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/inbox/sqlite"
)

const benchSize = 1024

func benchArrival(i int) inbox.Arrival {
	a := arrival(i)
	a.Payload = bytes.Repeat([]byte("x"), benchSize)
	return a
}

// compare reports how much longer b's operations took than writing as many bytes to a file with an
// fsync for each operation, in the same folder and run.
func compare(b *testing.B, folder string, size int) {
	b.Helper()
	b.StopTimer()
	each := b.Elapsed() / time.Duration(b.N)
	f, err := os.Create(filepath.Join(folder, "bare"))
	noErr(b, err)
	text := make([]byte, size)
	rounds := max(20, min(b.N, 300))
	begin := time.Now()
	for range rounds {
		_, err := f.Write(text)
		noErr(b, err)
		noErr(b, f.Sync())
	}
	bare := time.Since(begin) / time.Duration(rounds)
	noErr(b, f.Close())
	b.ReportMetric(float64(bare.Nanoseconds()), "bare-ns/op")
	b.ReportMetric(float64(each)/float64(bare), "x-bare")
}

func benchStore(b *testing.B) (*sqlite.Store, string) {
	b.Helper()
	path := tempPath(b)
	return open(b, path), filepath.Dir(path)
}

func BenchmarkPut(b *testing.B) {
	b.Run("one caller", func(b *testing.B) {
		s, folder := benchStore(b)
		b.ResetTimer()
		for i := range b.N {
			_, err := s.Put(b.Context(), benchArrival(i))
			noErr(b, err)
		}
		compare(b, folder, benchSize)
	})
	b.Run("64 callers", func(b *testing.B) {
		s, folder := benchStore(b)
		b.ResetTimer()
		concurrently(64, b.N, func(i int) error {
			_, err := s.Put(b.Context(), benchArrival(i))
			return err
		}, b)
		compare(b, folder, benchSize)
	})
	b.Run("batch of 64", func(b *testing.B) {
		s, folder := benchStore(b)
		b.ResetTimer()
		for i := range b.N {
			as := make([]inbox.Arrival, 64)
			for j := range as {
				as[j] = benchArrival(64*i + j)
			}
			_, err := s.Put(b.Context(), as...)
			noErr(b, err)
		}
		compare(b, folder, 64*benchSize)
	})
}

// concurrently calls fn n times from so many goroutines.
func concurrently(callers, n int, fn func(i int) error, b testing.TB) {
	work := make(chan int)
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for i := range work {
				if err := fn(i); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	wg.Wait()
}

// BenchmarkEnqueueSettle queues a message, claims it and settles it: three commits.
func BenchmarkEnqueueSettle(b *testing.B) {
	s, folder := benchStore(b)
	b.ResetTimer()
	for i := range b.N {
		p := parcel(bob, i)
		p.Payload = bytes.Repeat([]byte("x"), benchSize)
		enqueue(b, s, p)
		bs, err := s.Claim(b.Context(), now, now.Add(hour), inbox.Limit{})
		noErr(b, err)
		noErr(b, s.Settle(b.Context(), bs[0], []inbox.Outcome{{State: inbox.Delivered}}, now, time.Time{}))
	}
	compare(b, folder, benchSize)
}

// BenchmarkDrain claims and settles a queue of 10,000 parcels in batches of 64.
func BenchmarkDrain(b *testing.B) {
	s, _ := benchStore(b)
	for n := range b.N {
		b.StopTimer()
		for chunk := range 10 {
			ps := make([]inbox.Parcel, 1000)
			for i := range ps {
				ps[i] = parcel(bob, n*10_000+chunk*1000+i)
			}
			enqueue(b, s, ps...)
		}
		b.StartTimer()
		for done := 0; done < 10_000; {
			bs, err := s.Claim(b.Context(), now, now.Add(hour), inbox.Limit{})
			noErr(b, err)
			outs := make([]inbox.Outcome, len(bs[0].Parcels))
			for i := range outs {
				outs[i].State = inbox.Delivered
			}
			noErr(b, s.Settle(b.Context(), bs[0], outs, now, time.Time{}))
			done += len(outs)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/10000")
}

// BenchmarkList reads a page of 100 entries out of 10,000.
func BenchmarkList(b *testing.B) {
	s, _ := benchStore(b)
	for chunk := range 10 {
		as := make([]inbox.Arrival, 1000)
		for i := range as {
			as[i] = benchArrival(chunk*1000 + i)
		}
		_, err := s.Put(b.Context(), as...)
		noErr(b, err)
	}
	for name, q := range map[string]inbox.Query{
		"newest of a contact": {From: bob, Newest: true}, "pending": {Dispositions: []inbox.Disposition{inbox.Pending}},
	} {
		b.Run(fmt.Sprint(name), func(b *testing.B) {
			for range b.N {
				es, err := s.List(b.Context(), q)
				noErr(b, err)
				if len(es) != 100 {
					b.Fatalf("%d entries", len(es))
				}
			}
		})
	}
}
