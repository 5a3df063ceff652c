package fetch_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/fetch"
)

var _ did.Fetcher = (*fetch.Client)(nil)

func TestFetch(t *testing.T) {
	t.Parallel()
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2 too": true} { // which is not spoken all the same
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := make(chan *http.Request, 3)
			s := serve(t, http2, func(w http.ResponseWriter, r *http.Request) {
				asked <- r
				w.Header().Set("Set-Cookie", "id=1")
				w.Header().Set("Content-Type", "Application/JSON; charset=utf-8")
				w.Write([]byte("{}"))
			})
			c := s.client(t, fetch.Options{})
			for range 2 {
				got, err := c.Fetch(t.Context(), s.URL+"/a%2Fb/did.json", 2, "application/did+json", "application/json")
				if err != nil || string(got) != "{}" {
					t.Fatalf("Fetch = %q, %v", got, err)
				}
			}
			if len(asked) != 2 || s.connections.Load() != 1 {
				t.Fatalf("%d requests on %d connections, want 2 on one", len(asked), s.connections.Load())
			}
			close(asked)
			for r := range asked {
				if r.Proto != "HTTP/1.1" || r.Method != http.MethodGet || r.RequestURI != "/a%2Fb/did.json" {
					t.Errorf("asked with %s %s %s", r.Method, r.RequestURI, r.Proto)
				}
				if r.Header.Get("Accept-Encoding") != "identity" || r.Header.Get("Cookie") != "" ||
					r.Header.Get("Accept") != "application/did+json, application/json" {
					t.Errorf("header %v", r.Header)
				}
			}
		})
	}
}

// TestAnswers tells apart what a host may say. Every answer comes from a host of HTTP/1.1 and from one that
// speaks HTTP/2 as well.
func TestAnswers(t *testing.T) {
	t.Parallel()
	typed := func(header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil // none unless the test says so
			for i := 0; i < len(header); i += 2 {
				w.Header().Add(header[i], header[i+1])
			}
			w.Write([]byte("{}"))
		}
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	const kind, coding = "Content-Type", "Content-Encoding"
	tests := map[string]struct {
		answer http.HandlerFunc
		want   error // nil: an error that may pass
		says   string
	}{
		"404":            {status(404), did.ErrNotFound, "404"},
		"410":            {status(410), did.ErrNotFound, "410"},
		"401":            {status(401), nil, "401"},
		"500":            {status(500), nil, "500"},
		"503":            {status(503), nil, "503"},
		"204":            {status(204), nil, "204"},
		"206":            {status(206), nil, "206"},
		"304":            {status(304), nil, "304"},
		"no type":        {typed(), did.ErrInvalid, "0 media types"},
		"two types":      {typed(kind, "application/json", kind, "application/json"), did.ErrInvalid, "2 media types"},
		"HTML":           {typed(kind, "text/html"), did.ErrInvalid, `"text/html"`},
		"text":           {typed(kind, "text/plain; charset=utf-8"), did.ErrInvalid, `"text/plain`},
		"suffix":         {typed(kind, "application/json-seq"), did.ErrInvalid, "json-seq"},
		"list of types":  {typed(kind, "application/json, text/html"), did.ErrInvalid, "media type"},
		"broken type":    {typed(kind, "application/json; x=\""+strings.Repeat("a", 500)), did.ErrInvalid, "media type"},
		"gzip":           {typed(kind, "application/json", coding, "gzip"), did.ErrInvalid, `"gzip"`},
		"deflate":        {typed(kind, "application/json", coding, "identity", coding, "deflate"), did.ErrInvalid, `"deflate"`},
		"unknown coding": {typed(kind, "application/json", coding, "x-own"), did.ErrInvalid, `"x-own"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, http2 := range []bool{false, true} {
				s := serve(t, http2, test.answer)
				got, err := s.client(t, fetch.Options{}).Fetch(t.Context(), s.URL, 100, "application/json")
				if got != nil {
					t.Errorf("got %q", got)
				}
				wantError(t, err, test.want, test.says)
			}
		})
	}
}

func TestAnyTypeWithoutTypes(t *testing.T) {
	t.Parallel()
	s := serve(t, false, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/jsonl")
		w.Header().Set("Content-Encoding", "identity")
		w.Write([]byte("{}\n"))
	})
	if got, err := s.client(t, fetch.Options{}).Fetch(t.Context(), s.URL, 3); err != nil || string(got) != "{}\n" {
		t.Errorf("Fetch = %q, %v", got, err)
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	for name, chunked := range map[string]bool{"length": false, "chunked": true} {
		s := serve(t, false, func(w http.ResponseWriter, _ *http.Request) {
			w.Write(bytes.Repeat([]byte("a"), 10))
			if chunked {
				w.(http.Flusher).Flush()
			}
		})
		c := s.client(t, fetch.Options{})
		if got, err := c.Fetch(t.Context(), s.URL, 10); err != nil || len(got) != 10 {
			t.Errorf("%s: Fetch = %q, %v, want 10 bytes", name, got, err)
		}
		_, err := c.Fetch(t.Context(), s.URL, 9)
		wantError(t, err, did.ErrInvalid, "longer than 9 bytes")
	}
}

// TestLengthIsBelieved wants an announced body refused before any of it has come.
func TestLengthIsBelieved(t *testing.T) {
	t.Parallel()
	s := serve(t, false, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "11")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	_, err := s.client(t, fetch.Options{}).Fetch(t.Context(), s.URL, 10)
	wantError(t, err, did.ErrInvalid, "longer than 10 bytes")
}

// TestRedirects wants an error that names the other host, which must not be asked.
func TestRedirects(t *testing.T) {
	t.Parallel()
	other := serve(t, false, func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("{}")) })
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	t.Cleanup(plain.Close)
	tests := map[string]struct {
		code           int
		location, says string
	}{
		"301":       {301, other.URL, strings.TrimPrefix(other.URL, "https://")},
		"302":       {302, other.URL + "/did.json", "127.0.0.1"},
		"303":       {303, plain.URL, strings.TrimPrefix(plain.URL, "http://")},
		"307":       {307, "//localhost/did.json", `"localhost"`},
		"308":       {308, "https://evil.example/did.json", `"evil.example"`},
		"same host": {302, "/elsewhere.json", "127.0.0.1"},
		"nowhere":   {302, "", "127.0.0.1"},
		"broken":    {302, "https://%zz/", "redirect"},
		"long":      {302, "https://" + strings.Repeat("a", 10_000), "redirect"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, false, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/did.json" {
					t.Error("a redirect was followed")
				}
				w.Header().Set("Location", test.location)
				w.WriteHeader(test.code)
			})
			roots := s.roots()
			roots.AddCert(other.Certificate())
			_, err := client(t, fetch.Options{Roots: roots, AllowPrivate: true}).Fetch(t.Context(), s.URL+"/did.json", 100)
			wantError(t, err, nil, "redirect", test.says)
		})
	}
	t.Cleanup(func() {
		if n := other.connections.Load(); n != 0 {
			t.Errorf("the other host has %d connections", n)
		}
	})
}

// TestGzipBomb sends what would be 10 MB. It is refused unread although it would pass as a body.
func TestGzipBomb(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 10 {
		z.Write(make([]byte, 1<<20))
	}
	z.Close()
	s := serve(t, true, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(bomb.Bytes())
	})
	_, err := s.client(t, fetch.Options{}).Fetch(t.Context(), s.URL, bomb.Len(), "application/json")
	wantError(t, err, did.ErrInvalid, "gzip")
}

// TestProxyIsNotAsked cannot run beside others, which would have the same environment.
func TestProxyIsNotAsked(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the proxy was asked") }))
	defer proxy.Close()
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY"} {
		t.Setenv(name, proxy.URL)
	}
	t.Setenv("NO_PROXY", "")
	s := serve(t, false, func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("{}")) })
	// Proxies are never asked for loopback addresses, so the host needs a name.
	c := s.client(t, fetch.Options{Resolver: names(t, loopback)})
	if _, err := c.Fetch(t.Context(), s.at("example.com"), 10); err != nil {
		t.Error(err)
	}
}

func TestContextOfTheCaller(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	s := serve(t, false, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	c := s.client(t, fetch.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	if _, err := c.Fetch(ctx, s.URL, 10); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	late, cancel := context.WithTimeout(t.Context(), 1)
	defer cancel()
	if _, err := c.Fetch(late, s.URL, 10); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("too late: %v", err)
	}
	_, err := c.Fetch(ctx, "http://example.com", 10)
	wantError(t, err, did.ErrInvalid, "https")
}
