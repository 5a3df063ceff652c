package fetch_test

import (
	"context"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/fetch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// brief is a Timeout for tests in which the host never answers.
const brief = 100 * time.Millisecond

// discard drops what servers say about broken clients.
var discard = log.New(io.Discard, "", 0)

// server is a TLS server on loopback whose certificate is for 127.0.0.1, ::1, example.com and *.example.com.
type server struct {
	*httptest.Server
	connections atomic.Int32
}

// serve starts a server that speaks HTTP/1.1, and HTTP/2 when asked. It ends with the test.
func serve(t testing.TB, http2 bool, h http.HandlerFunc) *server {
	t.Helper()
	s := &server{Server: httptest.NewUnstartedServer(h)}
	s.EnableHTTP2 = http2
	s.Config.ErrorLog = discard
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// at returns a URL of the server under another name.
func (s *server) at(host string) string {
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	return "https://" + net.JoinHostPort(host, port) + "/did.json"
}

func (s *server) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return pool
}

// client returns a Client that believes the server and asks private addresses, whatever o says.
func (s *server) client(t testing.TB, o fetch.Options) *fetch.Client {
	t.Helper()
	o.Roots, o.AllowPrivate = s.roots(), true
	return client(t, o)
}

func client(t testing.TB, o fetch.Options) *fetch.Client {
	t.Helper()
	c := fetch.New(o)
	t.Cleanup(c.Close)
	return c
}

// names is a name server on loopback: it answers every question for an IPv4 address, counted from 1, with what answer
// returns, and has no IPv6 addresses.
func names(t testing.TB, answer func(n int) []netip.Addr) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { conn.Close(); <-done })
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for n := 0; ; {
			size, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var found []netip.Addr
			if question := buf[12:size]; isA(question) {
				n++
				found = answer(n)
			}
			if _, err := conn.WriteTo(reply(buf[:size], found), from); err != nil {
				return
			}
		}
	}()
	var d net.Dialer
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// isA reports whether a question (RFC 1035 section 4.1.2) is for an IPv4 address.
func isA(question []byte) bool {
	i := 0
	for question[i] != 0 {
		i += 1 + int(question[i])
	}
	return binary.BigEndian.Uint16(question[i+1:]) == 1
}

// reply answers a query with its one question (RFC 1035 section 4.1) for the name at byte 12.
func reply(query []byte, found []netip.Addr) []byte {
	end := 12
	for query[end] != 0 {
		end += 1 + int(query[end])
	}
	end += 5
	out := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, byte(len(found)), 0, 0, 0, 0}, query[12:end]...)
	for _, a := range found {
		out = append(out, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		out = append(out, a.AsSlice()...)
	}
	return out
}

// loopback answers every question with 127.0.0.1.
func loopback(int) []netip.Addr { return []netip.Addr{netip.MustParseAddr("127.0.0.1")} }

// sentinels are the errors that a Fetcher promises.
var sentinels = []error{did.ErrInvalid, did.ErrNotFound, did.ErrUnsafe}

// wantError checks that err wraps want, or no sentinel when want is nil, and says the words.
func wantError(t *testing.T, err, want error, words ...string) {
	t.Helper()
	if err == nil {
		t.Error("no error")
		return
	}
	for _, s := range sentinels {
		if errors.Is(err, s) != (s == want) {
			t.Errorf("error %v wraps %q: %v", err, s, errors.Is(err, s))
		}
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
	if len(err.Error()) > 700 || strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r == 0x7f }) {
		t.Errorf("error %q is too long or has control characters", err)
	}
}
