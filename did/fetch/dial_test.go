package fetch_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/fetch"
)

func document(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") }

// TestPrivateHosts asks loopback in every spelling. No connection may arrive at the server, which is there.
func TestPrivateHosts(t *testing.T) {
	t.Parallel()
	s := serve(t, false, document)
	c := client(t, fetch.Options{Roots: s.roots(), Resolver: names(t, loopback)})
	tests := map[string]error{
		"127.0.0.1":              did.ErrUnsafe,
		"127.9.9.9":              did.ErrUnsafe,
		"0.0.0.0":                did.ErrUnsafe,
		"::1":                    did.ErrUnsafe,
		"::":                     did.ErrUnsafe,
		"::ffff:127.0.0.1":       did.ErrUnsafe,
		"64:ff9b::127.0.0.1":     did.ErrUnsafe,
		"169.254.169.254":        did.ErrUnsafe,
		"localhost":              did.ErrUnsafe,
		"example.com":            did.ErrUnsafe,
		"2130706433":             did.ErrInvalid,
		"017700000001":           did.ErrInvalid,
		"0x7f.1":                 did.ErrInvalid,
		"127.1":                  did.ErrInvalid,
		"127.0.0.1.":             did.ErrInvalid,
		"localhost.":             did.ErrInvalid,
		"①②⑦.0.0.1":              did.ErrInvalid,
		"example.com@127.0.0.1":  did.ErrInvalid,
		"example.com%2f@0.0.0.0": did.ErrInvalid,
	}
	for host, want := range tests {
		_, err := c.Fetch(t.Context(), s.at(host), 10)
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", host, err, want)
			continue
		}
		if want == did.ErrUnsafe {
			wantError(t, err, want, "--allow-private-networks")
		}
	}
	if n := s.connections.Load(); n != 0 {
		t.Errorf("%d connections arrived", n)
	}
}

func TestAllowPrivate(t *testing.T) {
	t.Parallel()
	s := serve(t, false, document)
	c := s.client(t, fetch.Options{Resolver: names(t, loopback)})
	for _, host := range []string{"127.0.0.1", "::ffff:127.0.0.1", "example.com"} {
		got, err := c.Fetch(t.Context(), s.at(host), 10)
		if host == "::ffff:127.0.0.1" && err == nil || string(got) == "{}" {
			continue
		}
		t.Errorf("%s: %q, %v", host, got, err)
	}
}

// errOffline keeps a test from the public address that the Client would have dialled.
var errOffline = errors.New("offline")

// TestNameThatFlips has a name server that answers with a public address first and with loopback after that. What
// counts is the address that is dialled.
func TestNameThatFlips(t *testing.T) {
	t.Parallel()
	public, private := netip.MustParseAddr("8.8.8.8"), netip.MustParseAddr("127.0.0.1")
	tests := map[string]struct {
		answer  func(n int) []netip.Addr
		verdict []netip.Addr // of addresses that were allowed, in order
	}{
		"flip":          {func(n int) []netip.Addr { return []netip.Addr{public, private}[min(n, 2)-1:][:1] }, []netip.Addr{public}},
		"always":        {loopback, nil},
		"public first":  {func(int) []netip.Addr { return []netip.Addr{public, private} }, []netip.Addr{public, public, public}},
		"private first": {func(int) []netip.Addr { return []netip.Addr{private, public} }, []netip.Addr{public, public, public}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, false, document)
			c := client(t, fetch.Options{Roots: s.roots(), Resolver: names(t, test.answer)})
			var allowed []netip.Addr
			refused := 0
			c.Watch(func(a netip.Addr, verdict error) error {
				if verdict != nil {
					refused++
					return verdict
				}
				allowed = append(allowed, a)
				return errOffline
			})
			for range 3 {
				if got, err := c.Fetch(t.Context(), s.at("example.com"), 10); err == nil {
					t.Errorf("Fetch = %q", got)
				}
			}
			if diff := cmp.Diff(test.verdict, allowed, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
				t.Errorf("allowed (-want +got):\n%s", diff)
			}
			if refused == 0 || slices.Contains(allowed, private) || s.connections.Load() != 0 {
				t.Errorf("%d refused, %v allowed, %d connections", refused, allowed, s.connections.Load())
			}
		})
	}
}

// TestFlipReachesAllowedLoopback makes sure that the name server of TestNameThatFlips leads to the server at all.
func TestFlipReachesAllowedLoopback(t *testing.T) {
	t.Parallel()
	s := serve(t, false, document)
	c := s.client(t, fetch.Options{Resolver: names(t, loopback)})
	var dialled []netip.Addr
	c.Watch(func(a netip.Addr, verdict error) error {
		dialled = append(dialled, a)
		return verdict
	})
	if got, err := c.Fetch(t.Context(), s.at("example.com"), 10); err != nil || string(got) != "{}" {
		t.Errorf("Fetch = %q, %v", got, err)
	}
	if len(dialled) != 1 || dialled[0] != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("dialled %v", dialled)
	}
}

func TestNameThatIsNotThere(t *testing.T) {
	t.Parallel()
	c := client(t, fetch.Options{Resolver: names(t, func(int) []netip.Addr { return nil })})
	_, err := c.Fetch(t.Context(), "https://example.com/", 10)
	wantError(t, err, nil, "example.com")
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, err = client(t, fetch.Options{AllowPrivate: true}).Fetch(t.Context(), "https://"+l.Addr().String(), 10)
	wantError(t, err, nil, "refused")
}
