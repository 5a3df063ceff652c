package wallet_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
	"github.com/parley-im/parley/messaging"
)

func webDocument(t *testing.T, w *wallet.Wallet, id string, addrs ...string) control.WebDocument {
	t.Helper()
	d, err := w.WebDocument(t.Context(), control.WebDocumentRequest{DID: id, Addrs: addrs})
	must(t, err)
	return d
}

// The document is one that others can use: it names our peer and the addresses, and keys of ours that no other DID of
// ours has. Asked again it has the same keys.
func TestWebDocument(t *testing.T) {
	t.Parallel()
	w := open(t, folder(t, "alice"))
	const addr = "/ip4/192.0.2.7/tcp/4001"
	self, err := w.Self(t.Context())
	must(t, err)
	first := webDocument(t, w, "did:web:example.org", addr+"/p2p/"+self.PeerID)
	same(t, "file", first.File, ".well-known/did.json")
	same(t, "URL", first.URL, "https://example.org/.well-known/did.json")
	same(t, "addresses", first.Addrs, []string{addr})
	doc, err := did.ParseDocument(first.Document)
	must(t, err)
	same(t, "endpoints", doc.DIDComm(), []did.Endpoint{{
		URI: "libp2p-peerId:" + self.PeerID, Accept: []string{"didcomm/v2"}, MultiAddrs: []string{addr},
	}})

	again, err := did.ParseDocument(webDocument(t, w, "did:web:example.org", "/dns4/example.org/tcp/1").Document)
	must(t, err)
	same(t, "keys when asked again", again.Pins(), doc.Pins())
	same(t, "new addresses", again.DIDComm()[0].MultiAddrs, []string{"/dns4/example.org/tcp/1"})

	other := webDocument(t, w, "did:web:example.org:people:al%C3%AFce", addr)
	same(t, "file in a folder", other.File, "people/alïce/did.json")
	others, err := did.ParseDocument(other.Document)
	must(t, err)
	ids := w.Identities().All()
	same(t, "identities", len(ids), 3)
	for n, i := range ids {
		same(t, "index of "+i.DID.Short(), i.Index, n)
		if i.Since.IsZero() || !i.Until.IsZero() {
			t.Errorf("%s is in use from %v until %v", i.DID.Short(), i.Since, i.Until)
		}
	}
	same(t, "the preferred one", w.Identity().DID.Method(), "peer")
	for _, key := range others.PinKeys() {
		if strings.Contains(string(first.Document), key.Multikey()) {
			t.Error("two DIDs have the same key")
		}
	}
	status, err := w.Status(t.Context())
	must(t, err)
	same(t, "identities in the status", status.Identities, []string{self.DID, first.DID, other.DID})
}

// Addresses that nobody else can reach are not published unless asked for.
func TestWebDocumentWithoutAddresses(t *testing.T) {
	t.Parallel()
	d := webDocument(t, open(t, folder(t, "alice")), "did:web:example.org") // it listens on loopback
	same(t, "addresses", len(d.Addrs), 0)
	if strings.Contains(string(d.Document), "127.0.0.1") {
		t.Errorf("published: %s", d.Document)
	}
}

func TestWebDocumentRefuses(t *testing.T) {
	t.Parallel()
	alice, bob := friends(t)
	before := len(alice.Identities().All())
	other, err := bob.Self(t.Context())
	must(t, err)
	tests := map[string]control.WebDocumentRequest{
		"nothing":                 {},
		"no DID":                  {DID: "example.org"},
		"another method":          {DID: "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"},
		"a path upwards":          {DID: "did:web:example.org:.."},
		"no multiaddr":            {DID: "did:web:example.org", Addrs: []string{"192.0.2.7:80"}},
		"the peer of another":     {DID: "did:web:example.org", Addrs: []string{"/ip4/192.0.2.7/tcp/1/p2p/" + other.PeerID}},
		"an endless address":      {DID: "did:web:example.org", Addrs: []string{"/dns4/" + strings.Repeat("a.", 5000) + "org/tcp/1"}},
		"more addresses than fit": {DID: "did:web:example.org", Addrs: make([]string, 17)},
	}
	for name, r := range tests {
		_, err := alice.WebDocument(t.Context(), r)
		same(t, name, code(t, err), control.CodeUsage)
	}
	same(t, "identities", len(alice.Identities().All()), before)
}

func TestIdentitiesAreLimited(t *testing.T) {
	t.Parallel()
	w := open(t, folder(t, "alice"))
	for n := range wallet.MaxIdentities - 1 {
		webDocument(t, w, "did:web:example.org:n"+string(rune('a'+n)), "/ip4/192.0.2.7/tcp/1")
	}
	_, err := w.WebDocument(t.Context(), control.WebDocumentRequest{DID: "did:web:example.org:more"})
	same(t, "one too many", code(t, err), control.CodeQuota)
	webDocument(t, w, "did:web:example.org:na", "/ip4/192.0.2.8/tcp/1")
}

// What a wallet holds is there when it is opened again, and in a restored one.
func TestIdentitiesAreKept(t *testing.T) {
	t.Parallel()
	home := folder(t, "alice")
	w := open(t, home)
	d := webDocument(t, w, "did:web:example.org", "/ip4/192.0.2.7/tcp/1")
	want := identityFacts(w)
	path := filepath.Join(t.TempDir(), "backup")
	_, err := w.Backup(t.Context(), control.BackupRequest{Path: path, Passphrase: "pass"})
	must(t, err)
	must(t, w.Close())
	same(t, "opened again", identityFacts(open(t, home)), want)

	b, err := wallet.OpenBackup(path, wallet.BackupKey{Passphrase: []byte("pass")})
	must(t, err)
	defer b.Close()
	restored := filepath.Join(t.TempDir(), "restored")
	_, err = wallet.Restore(t.Context(), restored, b, wallet.RestoreOptions{})
	must(t, err)
	back := open(t, restored)
	same(t, "restored", identityFacts(back), want)
	same(t, "its document", string(webDocument(t, back, d.DID, "/ip4/192.0.2.7/tcp/1").Document), string(d.Document))
}

// identityFacts are what has to stay of a wallet's identities.
func identityFacts(w *wallet.Wallet) (facts []string) {
	for _, i := range w.Identities().All() {
		text, _ := json.Marshal([]any{i.DID, i.Index, i.Since, i.Until, i.Document.Pins()})
		facts = append(facts, string(text))
	}
	return facts
}

// A wallet of an earlier version has kept nothing but its first DID.
func TestIdentitiesOfAnEarlierVersion(t *testing.T) {
	t.Parallel()
	home := folder(t, "alice")
	w := open(t, home)
	self, err := w.Self(t.Context())
	must(t, err)
	must(t, w.Store().SetSetting(t.Context(), "identities", []byte("[]")))
	must(t, w.Close())
	w = open(t, home)
	webDocument(t, w, "did:web:example.org", "/ip4/192.0.2.7/tcp/1")
	must(t, w.Close())
	all := open(t, home).Identities().All()
	same(t, "identities", len(all), 2)
	same(t, "the first", all[0].DID.String(), self.LongDID)
	same(t, "the index of the second", all[1].Index, 1)
}

// A wallet does not take on what it cannot prove to be.
func TestDamagedIdentities(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"no JSON": "identities", "keys of another": `[{"did":"did:web:example.org","index":7,"document":DOC}]`,
		"another's document": `[{"did":"did:web:example.com","index":1,"document":DOC}]`,
	} {
		home := folder(t, "alice")
		w := open(t, home)
		doc, err := json.Marshal(string(webDocument(t, w, "did:web:example.org", "/ip4/192.0.2.7/tcp/1").Document))
		must(t, err)
		must(t, w.Store().SetSetting(t.Context(), "identities", []byte(strings.Replace(value, "DOC", string(doc), 1))))
		must(t, w.Close())
		if again, err := wallet.Open(t.Context(), home, wallet.Options{}); err == nil {
			t.Errorf("%s: opened", name)
			must(t, again.Close())
		}
	}
}

// Whoever knows us by our did:web is answered by it, in both directions, with read receipts, and without us having to
// be told when we take the DID on.
func TestTalkByWebDID(t *testing.T) {
	t.Parallel()
	_, alice, bob, id := webFriends(t)
	ctx := t.Context()
	same(t, "what bob knows alice by", contactNamed(t, alice, "bob").Ours, id)
	sent, err := bob.Send(ctx, control.SendRequest{To: "alice", Text: "hello", Wait: "delivered", Timeout: patience})
	must(t, err)
	must(t, alice.Mark(ctx, control.MarkRequest{IDs: []string{sent.ID}, Acked: true}))
	if state, err := bob.Reached(ctx, sent.ID, inbox.Read); err != nil || state != inbox.Read {
		t.Errorf("after alice has read it: %v, %v", state, err)
	}
	ended, end := context.WithCancel(ctx)
	end()
	state, err := bob.Reached(ended, sent.ID, inbox.Read)
	if err != nil || state != inbox.Read {
		t.Errorf("asked without any time: %v, %v", state, err)
	}
	_, err = alice.Send(ctx, control.SendRequest{To: "bob", Text: "hello yourself", Wait: "delivered", Timeout: patience})
	must(t, err)
	got, err := bob.Receive(ctx, control.ReceiveRequest{Wait: patience})
	must(t, err)
	if len(got) != 1 || got[0].From != id || got[0].FromName != "alice" {
		t.Errorf("%+v", got)
	}
	_, err = alice.Add(ctx, control.AddRequest{DID: id})
	same(t, "adding ourselves", code(t, err), control.CodeUsage)
	_, err = bob.WebDocument(ctx, control.WebDocumentRequest{DID: id})
	same(t, "the DID of a contact", code(t, err), control.CodeUsage)
}

// Two who have added each other by DID learn by the first message which DID of theirs the other knows.
func TestBothAddByDID(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := newHost(t)
	alice, bob := runWith(t, folder(t, "alice"), h.options()), runWith(t, folder(t, "bob"), h.options())
	id := h.publish(t, alice, h.id("alice")).DID
	his, err := bob.Self(ctx)
	must(t, err)
	_, err = alice.Add(ctx, control.AddRequest{DID: his.LongDID, Addrs: his.Addrs, Name: "bob"})
	must(t, err)
	_, err = bob.Add(ctx, control.AddRequest{DID: id, Name: "alice"})
	must(t, err)
	_, err = bob.Send(ctx, control.SendRequest{To: "alice", Text: "x", Wait: "delivered", Timeout: patience})
	must(t, err)
	_, err = alice.Ping(ctx, control.PingRequest{To: "bob", Timeout: patience})
	must(t, err)
	same(t, "what bob knows", contactNamed(t, alice, "bob").Ours, id)
	same(t, "numbers", verify(t, alice, control.VerifyRequest{Name: "bob"}).Number, verify(t, bob, control.VerifyRequest{Name: "alice"}).Number)
	_, err = bob.Ping(ctx, control.PingRequest{To: "alice", Timeout: patience})
	must(t, err)
}

// A wallet that listens elsewhere than its document says finds those who know it by its did:web.
func TestWebDIDMoves(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := newHost(t)
	home := folder(t, "alice")
	alice, bob := runWith(t, home, h.options()), runWith(t, folder(t, "bob"), h.options())
	id := h.publish(t, alice, h.id("alice")).DID
	meetByDID(t, alice, bob, id)
	leave(t, alice)
	text, err := bob.QueueText(ctx, "alice", "are you there?")
	must(t, err)
	o := h.options()
	o.Listen, err = wallet.FreeAddrs(ctx, "/ip4/127.0.0.1")
	must(t, err)
	runWith(t, home, o)
	if state, err := bob.Reached(ctx, text, inbox.Delivered); err != nil || state < inbox.Delivered {
		t.Errorf("to where alice is now: %v, %v", state, err)
	}
}

// A message that a program sends from a DID of ours can be cancelled, whichever DID that is.
func TestCancelFromAnyDID(t *testing.T) {
	t.Parallel()
	_, alice, _, id := webFriends(t)
	idle := open(t, folder(t, "idle"))
	webDocument(t, idle, "did:web:example.org", "/ip4/192.0.2.7/tcp/1")
	self, err := alice.Self(t.Context())
	must(t, err)
	_, err = idle.Add(t.Context(), control.AddRequest{DID: self.LongDID})
	must(t, err)
	m := &messaging.Message{Type: "https://example.org/x/1.0/y", From: did.MustParse("did:web:example.org"), To: []did.DID{did.MustParse(self.DID)}}
	must(t, idle.Queue(t.Context(), m))
	gone, err := idle.Cancel(t.Context(), m.ID)
	must(t, err)
	same(t, "state", gone.State, "failed")
	_ = id
}
