package wallet_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didpeer"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

// DIDs of methods that are not built in are resolved by the Universal Resolver that the user names, and
// by it alone; built-in ones never reach it.
func TestUniversalResolver(t *testing.T) {
	const document = `{"@context":["https://www.w3.org/ns/did/v1"],"id":"did:example:alice"}`
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		asked++
		rw.Header().Set("Content-Type", "application/did+ld+json")
		_, _ = rw.Write([]byte(document))
	}))
	defer server.Close()
	home := folder(t, "alice")
	w, err := wallet.Open(t.Context(), home, wallet.Options{UniversalResolver: server.URL})
	must(t, err)
	self, err := w.Self(t.Context())
	must(t, err)
	for _, id := range []string{"did:example:alice", self.DID, "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"} {
		doc, err := w.Document(t.Context(), did.MustParse(id))
		if err != nil || doc.ID().String() != id {
			t.Errorf("%s: %v, %v", id, doc, err)
		}
	}
	same(t, "questions asked", asked, 1)
	must(t, w.Close())
	_, err = wallet.Open(t.Context(), home, wallet.Options{UniversalResolver: "no URL"})
	same(t, "a URL that is none", code(t, err), control.CodeUsage)
	if _, err := open(t, home).Document(t.Context(), did.MustParse("did:example:alice")); err == nil {
		t.Error("resolved without a resolver")
	}
}

// errAny stands for any error that a host is to blame for: the certificate of the test's is not for this name.
var errAny = errors.New("any error")

// Every method that is built in resolves by itself; what asks a host asks it alone, and no host of this network unless
// that is allowed.
func TestBuiltInMethods(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	w := open(t, folder(t, "alice"))
	h.publish(t, w, h.id("alice"))
	o := h.options()
	at := strings.Replace(h.server.Listener.Addr().String(), ":", "%3A", 1)
	scid := "QmRMKKVdVmbpLG9qTPXBcBrKDsgmvJ5ENvQ3uXmoHhFzCd"
	jwk := "did:jwk:eyJjcnYiOiJYMjU1MTkiLCJrdHkiOiJPS1AiLCJ4IjoiM3A3YmZYdDl3YlRUVzJIQzdPUTFOei1EUThoYmVHZE5yZngtRkctSUswOCJ9"
	for _, test := range []struct {
		id           string
		public, open error // nil: it resolves; without and with private networks
	}{
		{"did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", nil, nil},
		{jwk, nil, nil},
		{h.id("alice"), did.ErrUnsafe, nil},
		{h.id("nobody"), did.ErrUnsafe, did.ErrNotFound},
		{"did:webvh:" + scid + ":localhost" + at[strings.Index(at, "%3A"):], did.ErrUnsafe, errAny},
		{"did:plc:z72i7hdynmk6r22z27h6tvur", did.ErrUnsafe, did.ErrNotFound},
		{"did:example:alice", did.ErrMethod, did.ErrMethod},
	} {
		for private, want := range map[bool]error{false: test.public, true: test.open} {
			r, err := wallet.NewResolver(wallet.ResolverOptions{AllowPrivate: private, Roots: o.Roots, PLCDirectory: h.server.URL})
			must(t, err)
			doc, err := r.Resolve(t.Context(), did.MustParse(test.id))
			if want == errAny && err != nil && !errors.Is(err, did.ErrUnsafe) && !errors.Is(err, did.ErrMethod) {
				continue
			}
			if !errors.Is(err, want) || err == nil && doc.ID().String() != test.id {
				t.Errorf("%s, private networks %v: %v, want %v", test.id, private, err, want)
			}
			r.Close()
		}
	}
	r, err := wallet.NewResolver(wallet.ResolverOptions{})
	must(t, err)
	defer r.Close()
	if _, err := r.Resolve(t.Context(), did.MustParse("did:plc:z72i7hdynmk6r22z27h6tvur")); !errors.Is(err, did.ErrMethod) {
		t.Errorf("did:plc without a directory: %v", err)
	}
	for _, bad := range []string{"http://plc.directory", "plc.directory", "https://", "https://plc.directory?x", "https://me@plc.directory"} {
		_, err := wallet.NewResolver(wallet.ResolverOptions{PLCDirectory: bad})
		same(t, bad, code(t, err), control.CodeUsage)
	}
}

// What stands in the way of adding somebody by DID is said, with what to do about it.
func TestAddByDIDFails(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	bob, strict := openWith(t, folder(t, "bob"), h.options()), open(t, folder(t, "strict"))
	gone := h.id("gone")
	for name, test := range map[string]struct {
		w          *wallet.Wallet
		id         string
		code, hint string
	}{
		"a host of this network": {strict, gone, control.CodeTrust, "--allow-private-networks"},
		"no document":            {bob, gone, control.CodeUnknown, ""},
		"nobody there":           {bob, "did:web:127.0.0.1%3A9", control.CodeNetwork, "try again"},
		"no directory":           {bob, "did:plc:z72i7hdynmk6r22z27h6tvur", control.CodeUnknown, "PARLEY_PLC_DIRECTORY"},
		"a foreign method":       {bob, "did:example:alice", control.CodeUnknown, "PARLEY_RESOLVER"},
	} {
		_, err := test.w.Add(t.Context(), control.AddRequest{DID: test.id})
		same(t, name, code(t, err), test.code)
		var e *control.Error
		if errors.As(err, &e) && !strings.Contains(e.Hint, test.hint) {
			t.Errorf("%s: hint %q, want %q in it", name, e.Hint, test.hint)
		}
	}
}

// The older did:peer are understood: services in one list, and the short form of a did:peer:2 that is a contact's.
func TestOlderPeerDIDs(t *testing.T) {
	t.Parallel()
	w := open(t, folder(t, "alice"))
	list := base64.RawURLEncoding.EncodeToString([]byte(`[{"t":"dm","s":"https://example.com/a"},{"t":"dm","s":"https://example.com/b"}]`))
	two := "did:peer:2.Ez6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc.Vz6MkqRYqQiSgvZQdnBytw86Qbs2ZWUkGv22od935YF4s8M7V.S" + list
	doc, err := w.Document(t.Context(), did.MustParse(two))
	if err != nil || len(doc.DIDComm()) != 2 {
		t.Fatal(doc, err)
	}
	three, err := didpeer.Create3(did.MustParse(two))
	must(t, err)
	if _, err := w.Document(t.Context(), three); !errors.Is(err, did.ErrNotFound) {
		t.Errorf("the short form of somebody unknown: %v", err)
	}
	_, err = w.Add(t.Context(), control.AddRequest{DID: two, Name: "bob"})
	must(t, err)
	short, err := w.Document(t.Context(), three)
	if err != nil || short.ID() != three || !slices.Equal(short.Pins(), doc.Pins()) {
		t.Errorf("the short form of a contact: %v, %v", short, err)
	}
}
