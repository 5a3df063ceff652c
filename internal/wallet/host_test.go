package wallet_test

import (
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

// host serves the documents of did:webs on loopback.
type host struct {
	server *httptest.Server
	mu     sync.Mutex
	files  map[string][]byte // guarded by mu
}

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{files: map[string][]byte{}}
	h.server = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		text, ok := h.files[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			http.NotFound(rw, r)
			return
		}
		rw.Header().Set("Content-Type", "application/json")
		_, _ = rw.Write(text)
	}))
	h.server.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that do not like the certificate
	h.server.StartTLS()
	t.Cleanup(h.server.Close)
	return h
}

// id is the did:web of a folder on the host.
func (h *host) id(name string) string {
	return "did:web:" + strings.Replace(h.server.Listener.Addr().String(), ":", "%3A", 1) + ":" + name
}

// put hosts a document in the place of the one that is there.
func (h *host) put(d control.WebDocument) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.files[d.File] = d.Document
}

// options let a wallet ask the host.
func (h *host) options() wallet.Options {
	roots := x509.NewCertPool()
	roots.AddCert(h.server.Certificate())
	return wallet.Options{AllowPrivateNetworks: true, Roots: roots}
}

// publish makes the DID one of the wallet's and hosts its document, with the addresses where the wallet listens: they
// are loopback addresses, which it would not publish by itself.
func (h *host) publish(t *testing.T, w *wallet.Wallet, id string) control.WebDocument {
	t.Helper()
	self, err := w.Self(t.Context())
	must(t, err)
	d, err := w.WebDocument(t.Context(), control.WebDocumentRequest{DID: id, Addrs: self.Addrs})
	must(t, err)
	h.put(d)
	return d
}

// webFriends are alice, whom bob knows by a did:web only, and bob.
func webFriends(t *testing.T) (h *host, alice, bob *wallet.Wallet, id string) {
	t.Helper()
	h = newHost(t)
	id = h.id("alice")
	alice, bob = runWith(t, folder(t, "alice"), h.options()), runWith(t, folder(t, "bob"), h.options())
	h.publish(t, alice, id)
	meetByDID(t, alice, bob, id)
	return h, alice, bob, id
}

// meetByDID has bob write to a DID of alice's, and alice accept him.
func meetByDID(t *testing.T, alice, bob *wallet.Wallet, id string) {
	t.Helper()
	ctx := t.Context()
	_, err := bob.Add(ctx, control.AddRequest{DID: id, Name: "alice"})
	must(t, err)
	_, err = bob.Send(ctx, control.SendRequest{To: "alice", Text: "it is me", Wait: "sent", Timeout: patience})
	must(t, err)
	requests, err := alice.Requests(ctx)
	must(t, err)
	same(t, "requests", len(requests), 1)
	_, err = alice.SettleRequest(ctx, control.RequestDecision{From: requests[0].From, Name: "bob", Timeout: patience})
	must(t, err)
	_, err = alice.Receive(ctx, control.ReceiveRequest{Wait: patience})
	must(t, err)
}

// forget has the wallet ask anew for the DID's document.
func forget(w *wallet.Wallet, id string) { w.Forget(did.MustParse(id)) }

func contactNamed(t *testing.T, w *wallet.Wallet, name string) control.Contact {
	t.Helper()
	all, err := w.Contacts(t.Context())
	must(t, err)
	for _, c := range all {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no contact %q", name)
	return control.Contact{}
}
