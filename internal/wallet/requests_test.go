package wallet_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/basicmessage"
	"github.com/parley-im/parley/messaging/messagingtest"
	"github.com/parley-im/parley/messaging/receipts"
	"github.com/parley-im/parley/messaging/userprofile"
)

// strangers makes two wallets at work, of which dora knows alice by her DID.
func strangers(t *testing.T) (alice, dora *wallet.Wallet) {
	t.Helper()
	alice, dora = run(t, folder(t, "alice")), run(t, folder(t, "dora"))
	self, err := alice.Self(t.Context())
	must(t, err)
	c, err := dora.Add(t.Context(), control.AddRequest{DID: self.LongDID, Addrs: self.Addrs, Name: "alice"})
	if err != nil || c.Name != "alice" || !c.Pending || len(c.Keys) == 0 || c.DID != self.DID {
		t.Fatalf("%+v, %v", c, err)
	}
	return alice, dora
}

// knock sends a message to somebody who does not know us, and returns its id.
func knock(t *testing.T, w *wallet.Wallet, to, text string) string {
	t.Helper()
	s, err := w.Send(t.Context(), control.SendRequest{To: to, Text: text, Timeout: patience})
	if err != nil || s.State != "sent" {
		t.Fatalf("%+v, %v", s, err)
	}
	return s.ID
}

func TestAcceptRequest(t *testing.T) {
	alice, dora := strangers(t)
	ctx := t.Context()
	id := knock(t, dora, "alice", "hello, it is me")
	held, err := alice.Requests(ctx)
	if err != nil || len(held) != 1 || held[0].ID != id || held[0].Content != "hello, it is me" || held[0].Received.IsZero() {
		t.Fatalf("%+v, %v", held, err)
	}
	unseen, err := alice.Receive(ctx, control.ReceiveRequest{})
	must(t, err)
	same(t, "shown before it is accepted", len(unseen), 0)
	status, err := alice.Status(ctx)
	must(t, err)
	same(t, "requests in the status", status.Requests, 1)
	present, err := alice.Changes(ctx, control.ChangesRequest{})
	must(t, err)
	same(t, "requests among the changes", present.Requests, 1)
	_, err = dora.Send(ctx, control.SendRequest{To: "alice", Text: "?", Wait: "delivered", Timeout: 200 * time.Millisecond})
	same(t, "a second message", code(t, err), control.CodeTimeout)

	c, err := alice.SettleRequest(ctx, control.RequestDecision{From: held[0].Short, Name: "dora"})
	if err != nil || c.Name != "dora" || c.Blocked || c.Pending || c.DID != held[0].From || len(c.Keys) == 0 {
		t.Fatalf("%+v, %v", c, err)
	}
	got, err := alice.Receive(ctx, control.ReceiveRequest{Wait: patience})
	if err != nil || len(got) == 0 || got[0].ID != id || got[0].FromName != "dora" {
		t.Fatalf("%+v, %v", got, err)
	}
	comes(t, dora, id, inbox.Delivered)
	unread(t, alice, 2) // the second one follows by itself
	must(t, alice.Mark(ctx, control.MarkRequest{IDs: []string{id}, Acked: true}))
	comes(t, dora, id, inbox.Read)
	_, err = alice.SettleRequest(ctx, control.RequestDecision{From: held[0].From})
	same(t, "settling it again", code(t, err), control.CodeUnknown)
}

// Whoever accepts somebody for a moment online stays until that one was told, if it is there.
func TestAcceptRequestTells(t *testing.T) {
	alice, dora := strangers(t)
	ctx := t.Context()
	knock(t, dora, "alice", "hello")
	held, err := alice.Requests(ctx)
	must(t, err)
	_, err = alice.SettleRequest(ctx, control.RequestDecision{From: held[0].From, Timeout: patience})
	must(t, err)
	told, err := alice.Store().Sent(ctx, inbox.SentQuery{To: did.MustParse(held[0].From)})
	if err != nil || len(told) != 1 || told[0].Type != receipts.Type || told[0].State != inbox.Delivered {
		t.Errorf("%+v, %v", told, err)
	}
}

// A wallet that is not online has nothing to wait for, and one whose contact is away does not wait for ever.
func TestAcceptRequestWithoutTelling(t *testing.T) {
	for name, timeout := range map[string]time.Duration{"offline": time.Hour, "they are away": time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			alice := open(t, folder(t, "alice"))
			if timeout < time.Hour {
				must(t, alice.Listen(t.Context())) // and nothing more: its node does not work
			}
			self, err := alice.Self(t.Context())
			must(t, err)
			from := did.MustParse("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK")
			r := inbox.Request{Entry: inbox.Entry{Owner: did.MustParse(self.DID), From: from, MessageID: "1", Payload: []byte("{}"), Received: time.Now()}}
			if status, err := alice.Store().Hold(t.Context(), r); err != nil || status != inbox.Held {
				t.Fatal(status, err)
			}
			if c, err := alice.SettleRequest(t.Context(), control.RequestDecision{From: from.String(), Timeout: timeout}); err != nil || c.Blocked {
				t.Errorf("%+v, %v", c, err)
			}
		})
	}
}

func TestBlockRequest(t *testing.T) {
	alice, dora := strangers(t)
	ctx := t.Context()
	id := knock(t, dora, "alice", "buy")
	held, err := alice.Requests(ctx)
	must(t, err)
	c, err := alice.SettleRequest(ctx, control.RequestDecision{From: held[0].From, Block: true})
	if err != nil || !c.Blocked || !strings.HasPrefix(c.Name, "blocked-") {
		t.Fatalf("%+v, %v", c, err)
	}
	cs, err := alice.Contacts(ctx)
	if err != nil || len(cs) != 1 || !cs[0].Blocked {
		t.Errorf("contacts: %+v, %v", cs, err)
	}
	left, err := alice.Requests(ctx)
	must(t, err)
	same(t, "requests", len(left), 0)
	must(t, dora.Store().Wake(ctx, did.MustParse(cs0(t, dora)), time.Now()))
	again, err := dora.Sent(ctx, control.SentRequest{ID: id})
	must(t, err)
	same(t, "state at the sender", again[0].State, "sent")
	got, err := alice.Receive(ctx, control.ReceiveRequest{All: true})
	must(t, err)
	same(t, "received", len(got), 0)
}

// cs0 is the DID of the wallet's only contact.
func cs0(t *testing.T, w *wallet.Wallet) string {
	t.Helper()
	cs, err := w.Contacts(t.Context())
	must(t, err)
	return cs[0].DID
}

// Somebody who waits here, and whom the user adds, is let in.
func TestAddAccepts(t *testing.T) {
	alice, dora := strangers(t)
	ctx := t.Context()
	id := knock(t, dora, "alice", "hi")
	self, err := dora.Self(ctx)
	must(t, err)
	c, err := alice.Add(ctx, control.AddRequest{DID: self.LongDID, Addrs: self.Addrs[:1], Name: "dora"})
	if err != nil || c.Name != "dora" || len(c.Addrs) != 1 {
		t.Fatalf("%+v, %v", c, err)
	}
	comes(t, dora, id, inbox.Delivered)
	left, err := alice.Requests(ctx)
	must(t, err)
	same(t, "requests", len(left), 0)
}

func TestAddDIDRefuses(t *testing.T) {
	alice, dora := strangers(t)
	a, err := alice.Self(t.Context())
	must(t, err)
	d, err := dora.Self(t.Context())
	must(t, err)
	key := "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
	foreign := d.Addrs[0]
	carol := open(t, folder(t, "carol"))
	for name, test := range map[string]struct {
		r    control.AddRequest
		want string
		says string
	}{
		"no DID":                {control.AddRequest{DID: "alice"}, control.CodeUsage, "no DID"},
		"a link as well":        {control.AddRequest{DID: a.LongDID, Link: "https://x"}, control.CodeUsage, "not both"},
		"short form":            {control.AddRequest{DID: a.DID}, control.CodeUnknown, "short form"},
		"altered":               {control.AddRequest{DID: a.LongDID[:len(a.LongDID)-2]}, control.CodeUnknown, "cannot resolve"},
		"unknown method":        {control.AddRequest{DID: "did:nope:1"}, control.CodeUnknown, "cannot resolve"},
		"no service":            {control.AddRequest{DID: key}, control.CodeUsage, "no DIDComm service"},
		"no multiaddr":          {control.AddRequest{DID: a.LongDID, Addrs: []string{"192.0.2.1:80"}}, control.CodeUsage, "192.0.2.1:80"},
		"no address for us":     {control.AddRequest{DID: a.LongDID, Addrs: []string{"/unix/a"}}, control.CodeUsage, "/unix/a"},
		"address of another":    {control.AddRequest{DID: a.LongDID, Addrs: []string{foreign}}, control.CodeUsage, "somebody else"},
		"too many addresses":    {control.AddRequest{DID: a.LongDID, Addrs: make([]string, 17)}, control.CodeUsage, "16"},
		"a name that is no one": {control.AddRequest{DID: a.LongDID, Name: "two words"}, control.CodeUsage, "name"},
	} {
		_, err := carol.Add(t.Context(), test.r)
		if got := code(t, err); got != test.want || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %s, %v; want %s that says %q", name, got, err, test.want, test.says)
		}
	}
	_, err = dora.Add(t.Context(), control.AddRequest{DID: a.LongDID})
	same(t, "a contact", code(t, err), control.CodeUsage)
	_, err = dora.Add(t.Context(), control.AddRequest{DID: d.LongDID})
	same(t, "ourselves", code(t, err), control.CodeUsage)
	cs, err := carol.Contacts(t.Context())
	must(t, err)
	same(t, "contacts that were left", len(cs), 0)
	c, err := carol.Add(t.Context(), control.AddRequest{DID: " " + a.LongDID + "\n"})
	if err != nil || !strings.HasPrefix(c.Name, "friend-") || c.DID != a.DID {
		t.Errorf("%+v, %v", c, err)
	}
}

// letter is a sealed message of a party of another network to a wallet.
func letter(t *testing.T, from *messagingtest.Party, to *did.Document, m *messaging.Message) []byte {
	t.Helper()
	m.From, m.To = from.Identity.DID, []did.DID{to.ID()}
	payload, err := m.Marshal()
	must(t, err)
	var keys []envelope.Recipient
	for _, k := range to.KeyAgreement() {
		keys = append(keys, envelope.Recipient{KID: k.ID.String(), Key: k.Key})
	}
	mine := did.URL{DID: m.From, Fragment: from.Identity.Document.KeyAgreement()[0].ID.Fragment}
	sealed, err := envelope.Seal(t.Context(), from.Keys, payload, envelope.Options{To: keys, From: mine.String()})
	must(t, err)
	return sealed
}

// crowd has so many strangers each leave a message, and returns the verdicts on them.
func crowd(t *testing.T, w *wallet.Wallet, count int, message func(i int) *messaging.Message) (all []messaging.Verdict, parties []*messagingtest.Party) {
	t.Helper()
	self, err := w.Self(t.Context())
	must(t, err)
	doc, err := w.Document(t.Context(), did.MustParse(self.LongDID))
	must(t, err)
	var network messagingtest.Network
	for i := range count {
		p, err := network.NewParty(fmt.Sprintf("stranger-%d", i))
		must(t, err)
		sealed := letter(t, p, doc, message(i))
		all = append(all, w.Node().Accept(t.Context(), p.Identity.DID, [][]byte{sealed})...)
		parties = append(parties, p)
	}
	return all, parties
}

func TestRequestsFlood(t *testing.T) {
	alice := open(t, folder(t, "alice"))
	ctx := t.Context()
	text := func(i int) *messaging.Message {
		m := basicmessage.New(wallet.Nobody, fmt.Sprint("text ", i))
		m.ID = fmt.Sprint(i)
		return m
	}
	verdicts, _ := crowd(t, alice, inbox.MaxRequests+1, text)
	for i, v := range verdicts {
		want := messaging.Held
		if i == inbox.MaxRequests {
			want = messaging.Busy
		}
		if v.Kind != want {
			t.Errorf("stranger %d: %+v, want %v", i, v, want)
		}
	}
	held, err := alice.Requests(ctx)
	must(t, err)
	same(t, "held", len(held), inbox.MaxRequests)
	for i, r := range held {
		same(t, "order", r.Content, fmt.Sprint("text ", i))
	}
	_, err = alice.SettleRequest(ctx, control.RequestDecision{From: "did:peer:4zQm"})
	same(t, "a prefix of many", code(t, err), control.CodeUsage)
	_, err = alice.SettleRequest(ctx, control.RequestDecision{From: ""})
	same(t, "a prefix of nothing", code(t, err), control.CodeUnknown)
	for i, ref := range []string{held[0].From, held[1].Short, held[2].From[:24], held[3].From[len("did:peer:"):24]} {
		c, err := alice.SettleRequest(ctx, control.RequestDecision{From: ref, Block: i%2 > 0})
		if err != nil || c.DID != held[i].From {
			t.Errorf("%s: %+v, %v", ref, c, err)
		}
	}
	status, err := alice.Status(ctx)
	must(t, err)
	same(t, "requests left", status.Requests, inbox.MaxRequests-4)
	same(t, "contacts", status.Contacts, 4)
}

// The name of a contact is the user's, or made of what the stranger calls itself; the user's is taken as it is
// or refused.
func TestRequestNames(t *testing.T) {
	alice := open(t, folder(t, "alice"))
	ctx := t.Context()
	names := []string{"Dora", "dora", "\x1b[31mEve", "", "Mallory"}
	_, parties := crowd(t, alice, len(names), func(i int) *messaging.Message {
		m := userprofile.New(wallet.Nobody, userprofile.Of(names[i], ""), false)
		m.ID = fmt.Sprint(i)
		return m
	})
	held, err := alice.Requests(ctx)
	must(t, err)
	same(t, "held", len(held), len(names))
	settle := func(i int, name string, block bool) (control.Contact, error) {
		t.Helper()
		same(t, "what it calls itself", held[i].DisplayName, names[i])
		return alice.SettleRequest(ctx, control.RequestDecision{From: parties[i].DID().String(), Name: name, Block: block})
	}
	for i, want := range []string{"Dora", "dora-2"} {
		c, err := settle(i, "", false)
		must(t, err)
		same(t, "name", c.Name, want)
		same(t, "display name", c.DisplayName, names[i])
	}
	_, err = settle(2, "DORA", false)
	same(t, "a name that is taken", code(t, err), control.CodeUsage)
	_, err = settle(2, "two words", false)
	same(t, "a name that is none", code(t, err), control.CodeUsage)
	c, err := settle(2, "", false)
	if err != nil || !inbox.ValidName(c.Name) {
		t.Errorf("%+v, %v", c, err)
	}
	c, err = settle(3, "", false)
	if err != nil || !strings.HasPrefix(c.Name, "friend-") {
		t.Errorf("%+v, %v", c, err)
	}
	c, err = settle(4, "spam", true)
	if err != nil || c.Name != "spam" || !c.Blocked {
		t.Errorf("%+v, %v", c, err)
	}
}

// A request may be settled while nobody is at work: what follows from it happens later.
func TestAcceptWhileIdle(t *testing.T) {
	home := folder(t, "alice")
	alice, leave := visit(t, home)
	self, err := alice.Self(t.Context())
	must(t, err)
	dora := run(t, folder(t, "dora"))
	_, err = dora.Add(t.Context(), control.AddRequest{DID: self.LongDID, Addrs: self.Addrs, Name: "alice"})
	must(t, err)
	id := knock(t, dora, "alice", "hi")
	leave()

	idle, err := wallet.Open(t.Context(), home, wallet.Options{})
	must(t, err)
	held, err := idle.Requests(t.Context())
	must(t, err)
	_, err = idle.SettleRequest(context.Background(), control.RequestDecision{From: held[0].From})
	must(t, err)
	must(t, idle.Close())
	run(t, home)
	comes(t, dora, id, inbox.Delivered)
}
