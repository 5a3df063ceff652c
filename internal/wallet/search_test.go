package wallet_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

const textType = "https://didcomm.org/basicmessage/2.0/message"

var (
	carol = did.MustParse("did:example:carol")
	dave  = did.MustParse("did:example:dave")
)

// past is a wallet's past that tests write.
type past struct {
	t     testing.TB
	w     *wallet.Wallet
	owner did.DID
	clock time.Time
	n     int
}

func newPast(t testing.TB, w *wallet.Wallet) *past {
	t.Helper()
	self, err := w.Self(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := &past{t: t, w: w, owner: did.MustParse(self.DID), clock: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}
	for name, id := range map[string]did.DID{"carol": carol, "dave": dave} {
		if err := w.Store().AddContact(t.Context(), inbox.Contact{DID: id, Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// next is the payload of the next message, with its id and time. The body stands in it as it is.
func (p *past) next(typ, body string) (id, payload string, at time.Time) {
	p.n++
	p.clock = p.clock.Add(time.Minute)
	id = fmt.Sprintf("m%d", p.n)
	return id, fmt.Sprintf(`{"id":%q,"type":%q,"body":%s}`, id, typ, body), p.clock
}

// came writes a message that was received, which then is kept or not.
func (p *past) came(from did.DID, typ, body string, d inbox.Disposition) {
	p.t.Helper()
	id, payload, at := p.next(typ, body)
	r, err := p.w.Store().Put(p.t.Context(), inbox.Arrival{Entry: inbox.Entry{
		Owner: p.owner, From: from, MessageID: id, Type: typ, ThreadID: id, Payload: []byte(payload), Received: at}})
	if err == nil {
		err = p.w.Store().Handled(p.t.Context(), p.owner, r[0].Seq, d)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// went writes a message that was sent.
func (p *past) went(to did.DID, typ, body string) {
	p.t.Helper()
	id, payload, at := p.next(typ, body)
	_, err := p.w.Store().Enqueue(p.t.Context(), inbox.Parcel{Owner: p.owner, To: to, MessageID: id, Type: typ, Payload: []byte(payload), Created: at})
	if err != nil {
		p.t.Fatal(err)
	}
}

func text(s string) string {
	b, _ := json.Marshal(map[string]string{"content": s})
	return string(b)
}

// foundIDs are the messages that were found, in order; those sent have a > before them.
func foundIDs(list []control.Found) string {
	var s []string
	for _, f := range list {
		if f.Sent != nil {
			s = append(s, ">"+f.Sent.ID)
		} else {
			s = append(s, f.Received.ID)
		}
	}
	return strings.Join(s, " ")
}

func TestSearch(t *testing.T) {
	w := open(t, folder(t, "alice"))
	p := newPast(t, w)
	p.came(carol, textType, text("Grüße from Köln"), inbox.Kept)                                    // m1
	p.went(carol, textType, text("the INVOICE is in the post"))                                     // m2
	p.came(dave, textType, `{"content":"gr\u00fc\u00dfe, say \"content\" \/ invoice"}`, inbox.Kept) // m3
	p.went(dave, textType, text("no\nnews"))                                                        // m4
	p.came(carol, "https://x.org/chess/1.0/move", `{"move":{"to":"e4 invoice"},"list":["a",{"invoice":"b"}]}`, inbox.Kept)
	p.came(carol, "https://x.org/chess/1.0/move", `{"invoice":7}`, inbox.Kept) // m6: a name, and no text
	p.came(carol, "https://didcomm.org/trust-ping/2.0/ping", `{"a":"invoice"}`, inbox.Consumed)
	p.went(carol, "https://didcomm.org/trust-ping/2.0/ping", `{"a":"invoice"}`) // m8
	p.came(dave, "https://didcomm.org/report-problem/2.0/problem-report", `{"code":"e.m","comment":"the invoice"}`, inbox.Kept)
	p.came(carol, textType, `{"content":"caf\u0065\u0301 \ud83d\ude00"}`, inbox.Kept) // m10: a decomposed é and a smile
	for _, tc := range []struct {
		name string
		r    control.SearchRequest
		want string
	}{
		{"in both directions, oldest first", control.SearchRequest{Text: "invoice"}, ">m2 m3 m5 m9"},
		{"the newest", control.SearchRequest{Text: "Invoice", Limit: 2}, "m5 m9"},
		{"with one contact", control.SearchRequest{Text: "invoice", With: "carol"}, ">m2 m5"},
		{"with a prefix of a name", control.SearchRequest{Text: "invoice", With: "da"}, "m3 m9"},
		{"beyond ASCII, in both forms of JSON", control.SearchRequest{Text: "GRÜẞE"}, "m1 m3"},
		{"what JSON escapes", control.SearchRequest{Text: `"content" / I`}, "m3"},
		{"a line break", control.SearchRequest{Text: "no\nnews"}, ">m4"},
		{"a letter between two that are escaped", control.SearchRequest{Text: "\nn"}, ">m4"},
		{"a surrogate pair", control.SearchRequest{Text: "\U0001f600"}, "m10"},
		{"a combining mark", control.SearchRequest{Text: "fe\u0301"}, "m10"},
		{"what is JSON only", control.SearchRequest{Text: `{"content`}, ""},
		{"a name in JSON", control.SearchRequest{Text: "content"}, "m3"},
		{"a type", control.SearchRequest{Text: "basicmessage"}, ""},
		{"nothing", control.SearchRequest{Text: "nowhere"}, ""},
	} {
		got, err := w.Search(t.Context(), tc.r)
		if err != nil || foundIDs(got) != tc.want {
			t.Errorf("%s: %s, %v, want %s", tc.name, foundIDs(got), err, tc.want)
		}
	}
	for name, tc := range map[string]struct {
		r    control.SearchRequest
		want string
	}{
		"no text":          {control.SearchRequest{}, control.CodeUsage},
		"a long text":      {control.SearchRequest{Text: strings.Repeat("x", 2000)}, control.CodeUsage},
		"no UTF-8":         {control.SearchRequest{Text: "\xff"}, control.CodeUsage},
		"a negative limit": {control.SearchRequest{Text: "x", Limit: -1}, control.CodeUsage},
		"an unknown name":  {control.SearchRequest{Text: "x", With: "nobody"}, control.CodeUnknown},
	} {
		_, err := w.Search(t.Context(), tc.r)
		same(t, name, code(t, err), tc.want)
	}
	// Somebody who was removed has left his messages behind.
	if err := w.Store().RemoveContact(t.Context(), dave); err != nil {
		t.Fatal(err)
	}
	got, err := w.Search(t.Context(), control.SearchRequest{Text: "invoice", With: dave.String()})
	if err != nil || foundIDs(got) != "m3 m9" {
		t.Errorf("of somebody who was removed: %s, %v", foundIDs(got), err)
	}
}

// The order of each direction stays though the clock went back between two messages.
func TestSearchAfterTheClockWentBack(t *testing.T) {
	w := open(t, folder(t, "alice"))
	p := newPast(t, w)
	p.came(carol, textType, text("x"), inbox.Kept)
	p.went(carol, textType, text("x"))
	p.clock = p.clock.Add(-time.Hour)
	p.came(carol, textType, text("x"), inbox.Kept)
	p.went(carol, textType, text("x"))
	got, err := w.Search(t.Context(), control.SearchRequest{Text: "x"})
	if err != nil || foundIDs(got) != "m1 m3 >m2 >m4" {
		t.Errorf("%s, %v", foundIDs(got), err)
	}
}

// Everything is read, and what is damaged is named.
func TestCheck(t *testing.T) {
	home := folder(t, "alice")
	w := open(t, home)
	before, err := w.Check(t.Context())
	if err != nil || before.Rows == 0 || len(before.Damaged)+len(before.Problems) > 0 || before.SQLite == "" || before.Schema == 0 || before.Bytes == 0 {
		t.Fatalf("%+v, %v", before, err)
	}
	p := newPast(t, w)
	p.came(carol, textType, text("x"), inbox.Kept)
	after, err := w.Check(t.Context())
	if err != nil || after.Rows < before.Rows+3 {
		t.Errorf("%d rows, then %d, %v", before.Rows, after.Rows, err)
	}
	if _, held := wallet.Held(home); !held {
		t.Error("an open wallet is not held")
	}
	must(t, w.Close())
	if pid, held := wallet.Held(home); held {
		t.Errorf("a closed wallet is held by %d", pid)
	}
}

// BenchmarkSearch looks through 100,000 messages for what one of them says, and for what none does.
func BenchmarkSearch(b *testing.B) {
	listen := []string{"/ip4/127.0.0.1/udp/0/quic-v1"}
	home := b.TempDir() + "/w"
	if _, err := wallet.Create(b.Context(), home, wallet.CreateOptions{Name: "a", Listen: listen}); err != nil {
		b.Fatal(err)
	}
	w, err := wallet.Open(b.Context(), home, wallet.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	fillPast(b, newPast(b, w), 50_000)
	for name, what := range map[string]string{"one": "needle number 778 ", "none": "not there", "ünï": "häystack", "all": "haystack"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				list, err := w.Search(b.Context(), control.SearchRequest{Text: what})
				if err != nil || (len(list) > 0) != (name == "one" || name == "all") {
					b.Fatal(len(list), err)
				}
			}
		})
	}
}

// fillPast writes so many messages in each direction.
func fillPast(b *testing.B, p *past, n int) {
	b.Helper()
	const batch = 1000
	for range n / batch {
		var as []inbox.Arrival
		var ps []inbox.Parcel
		for range batch {
			id, payload, at := p.next(textType, text(fmt.Sprintf("haystack, needle number %d \"quoted\"\nand so on and on", p.n)))
			as = append(as, inbox.Arrival{Entry: inbox.Entry{Owner: p.owner, From: carol, MessageID: id, Type: textType, ThreadID: id, Payload: []byte(payload), Received: at}})
			id, payload, at = p.next(textType, text("haystack, a message of ours, of some length as messages have it"))
			ps = append(ps, inbox.Parcel{Owner: p.owner, To: dave, MessageID: id, Type: textType, Payload: []byte(payload), Created: at})
		}
		results, err := p.w.Store().Put(context.Background(), as...)
		if err == nil {
			_, err = p.w.Store().Enqueue(context.Background(), ps...)
		}
		for _, r := range results {
			if err == nil {
				err = p.w.Store().Handled(context.Background(), p.owner, r.Seq, inbox.Kept)
			}
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
