package wallet_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/parley-im/parley/did"
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
