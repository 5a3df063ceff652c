package fetch_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/fetch"
)

// TestSlowHosts wants the end of each request at its Timeout, and an error that is not the caller's context's.
func TestSlowHosts(t *testing.T) {
	t.Parallel()
	tests := map[string]http.HandlerFunc{
		"no header": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"no body": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
		"byte by byte": func(w http.ResponseWriter, r *http.Request) {
			tick := time.NewTicker(brief / 20)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					io.WriteString(w, "a")
					w.(http.Flusher).Flush()
				case <-r.Context().Done():
					return
				}
			}
		},
		"body not finished": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "10")
			io.WriteString(w, "{}")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
	}
	for name, handler := range tests {
		for _, http2 := range []bool{false, true} {
			t.Run(name+" HTTP/2 "+strconv.FormatBool(http2), func(t *testing.T) {
				t.Parallel()
				s := serve(t, http2, handler)
				got, err := s.client(t, fetch.Options{Timeout: brief}).Fetch(t.Context(), s.URL, 1000)
				if got != nil {
					t.Errorf("got %q", got)
				}
				wantError(t, err, nil, "no whole answer within 100ms")
				if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
					t.Errorf("%v is the error of a context that has not ended", err)
				}
			})
		}
	}
}

// TestSilentHandshake wants the connection closed when the request ends, although net/http would keep on dialling.
func TestSilentHandshake(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	closed := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			closed <- err
			return
		}
		defer conn.Close()
		if _, err := conn.Read(make([]byte, 1)); err != nil { // the first byte of a hello
			closed <- err
			return
		}
		cancel()
		_, err = io.Copy(io.Discard, conn)
		closed <- err
	}()
	c := client(t, fetch.Options{AllowPrivate: true, Timeout: time.Hour})
	if _, err := c.Fetch(ctx, "https://"+l.Addr().String(), 10); !errors.Is(err, context.Canceled) {
		t.Errorf("Fetch: %v", err)
	}
	if err := <-closed; err != nil {
		t.Errorf("the connection ended with %v", err)
	}
}

// TestEndlessBody wants the host cut off soon after the limit. What is under way in buffers of the kernel is some
// megabytes.
func TestEndlessBody(t *testing.T) {
	t.Parallel()
	const most = 32 << 20
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		sent := make(chan int, 1)
		s := serve(t, http2, func(w http.ResponseWriter, _ *http.Request) {
			chunk, n := make([]byte, 4<<10), 0
			for {
				if _, err := w.Write(chunk); err != nil {
					sent <- n
					return
				}
				n += len(chunk)
			}
		})
		_, err := s.client(t, fetch.Options{}).Fetch(t.Context(), s.URL, 64<<10)
		wantError(t, err, did.ErrInvalid, "longer than 65536 bytes")
		n := <-sent // the host noticed
		if n > most {
			t.Errorf("%s: %d bytes were sent", name, n)
		}
		t.Logf("%s: %d bytes were sent for a limit of 65536", name, n)
	}
}

// TestHeaderFloods sends headers that have no end.
func TestHeaderFloods(t *testing.T) {
	t.Parallel()
	tests := map[string]http.HandlerFunc{
		"many fields": func(w http.ResponseWriter, _ *http.Request) {
			for i := range 10_000 {
				w.Header().Set("X-"+strconv.Itoa(i), "a")
			}
		},
		"long field": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("a", 64<<10))
		},
		"interim answers": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X", strings.Repeat("a", 1<<10))
			for r.Context().Err() == nil {
				w.WriteHeader(http.StatusEarlyHints)
			}
		},
	}
	for name, handler := range tests {
		for _, http2 := range []bool{false, true} {
			t.Run(name+" HTTP/2 "+strconv.FormatBool(http2), func(t *testing.T) {
				t.Parallel()
				s := serve(t, http2, handler)
				_, err := s.client(t, fetch.Options{}).Fetch(t.Context(), s.URL, 1000)
				wantError(t, err, nil)
				if strings.Contains(err.Error(), "within") {
					t.Errorf("the flood went on until the timeout: %v", err)
				}
			})
		}
	}
}

// TestBrokenConnections wants errors that may pass.
func TestBrokenConnections(t *testing.T) {
	t.Parallel()
	hijack := func(w http.ResponseWriter, say string, linger bool) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		io.WriteString(conn, say)
		if tcp, ok := conn.(interface{ NetConn() net.Conn }).NetConn().(*net.TCPConn); ok && !linger {
			tcp.SetLinger(0) // closing resets the connection
			tcp.Close()
		}
		conn.Close()
	}
	tests := map[string]struct {
		say    string
		linger bool
	}{
		"reset before an answer": {"", false},
		"end before an answer":   {"", true},
		"reset in the body":      {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", false},
		"end in the body":        {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", true},
		"end in a chunk":         {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{}", true},
		"bad chunk":              {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}", true},
		"not HTTP":               {"\x1b[2Jhello " + strings.Repeat("a", 3000) + "\r\n\r\n", true},
		"compressed transfer":    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", true},
		"two lengths":            {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, false, func(w http.ResponseWriter, _ *http.Request) { hijack(w, test.say, test.linger) })
			got, err := s.client(t, fetch.Options{}).Fetch(t.Context(), s.URL, 1000)
			if got != nil {
				t.Errorf("got %q", got)
			}
			wantError(t, err, nil)
		})
	}
}

func TestPlainHTTP(t *testing.T) {
	t.Parallel()
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("asked in the clear") }))
	t.Cleanup(plain.Close)
	c := client(t, fetch.Options{AllowPrivate: true})
	_, err := c.Fetch(t.Context(), plain.URL, 10)
	wantError(t, err, did.ErrInvalid, "https")
	_, err = c.Fetch(t.Context(), strings.Replace(plain.URL, "http", "https", 1), 10)
	wantError(t, err, nil)
}

// TestCrowdAtServers counts at the servers how many requests are at work at one time.
func TestCrowdAtServers(t *testing.T) {
	t.Parallel()
	for _, http2 := range []bool{false, true} {
		var now, most atomic.Int32
		full := make(chan struct{})
		filled := sync.OnceFunc(func() { close(full) })
		s := serve(t, http2, func(w http.ResponseWriter, _ *http.Request) {
			n := now.Add(1)
			defer now.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			if n == 4 {
				filled()
			}
			<-full // the first four stay until all of them are here
			io.WriteString(w, "{}")
		})
		c := s.client(t, fetch.Options{Requests: 4, PerHost: 2, Timeout: time.Minute, Resolver: names(t, loopback)})
		failed := make(chan error, 100)
		for i := range cap(failed) {
			go func() {
				_, err := c.Fetch(t.Context(), s.at(strconv.Itoa(i%10)+"a.example.com"), 10)
				failed <- err
			}()
		}
		for range cap(failed) {
			if err := <-failed; err != nil {
				t.Error(err)
			}
		}
		if most.Load() != 4 {
			t.Errorf("HTTP/2 %v: %d requests at one time, want 4", http2, most.Load())
		}
	}
}

// TestWaitingCounts wants a request that never gets its turn to end in time.
func TestWaitingCounts(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	s := serve(t, false, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived) // panics for a second request, which must not come
		<-r.Context().Done()
	})
	c := s.client(t, fetch.Options{PerHost: 1, Timeout: time.Minute})
	working, finish := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := c.Fetch(working, s.URL, 10)
		first <- err
	}()
	<-arrived
	waiting, cancel := context.WithTimeout(t.Context(), brief)
	defer cancel()
	if _, err := c.Fetch(waiting, s.URL, 10); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting: %v", err)
	}
	if len(first) != 0 {
		t.Error("the request waited for the one before it")
	}
	finish()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("working: %v", err)
	}
}
