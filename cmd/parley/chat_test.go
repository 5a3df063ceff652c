package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/control/controltest"
)

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// talk is a wallet with a contact bob to chat with, and alice beside. Changes are handed out one by one.
type talk struct {
	received []control.Message
	sent     []control.Sent
	bob      control.Contact
	changes  chan control.Changes
	onSend   func(s control.Sent)
	pinged   error
	greeted  func() // what a Ping finds out; called with mu held
	refuse   error  // what Send returns

	mu       sync.Mutex
	acked    [][]int64 // what each call of Mark acked; guarded by mu, as all below
	texts    []string
	answers  []control.AnswerRequest
	lists    int // calls of Receive and Sent
	requests int
}

func newTalk() *talk {
	return &talk{bob: control.Contact{Name: "bob", DID: "did:x:bob"}, changes: make(chan control.Changes, 10)}
}

func (k *talk) wallet() *controltest.Wallet {
	return &controltest.Wallet{Answer: func(ctx context.Context, c controltest.Call) (any, error) {
		k.mu.Lock()
		defer k.mu.Unlock()
		switch c.Method {
		case "ChangeContact":
			if who := c.Args[0].(string); who != k.bob.DID && (who == "" || !strings.HasPrefix(k.bob.Name, who)) {
				return nil, &control.Error{Code: control.CodeUnknown, Message: "nobody is called " + who}
			}
			return k.bob, nil
		case "Contacts":
			return []control.Contact{{Name: "alice", DID: "did:x:alice", Pending: true}, k.bob, {Name: "eve", Blocked: true}}, nil
		case "Receive":
			k.lists++
			return k.receive(c.Args[0].(control.ReceiveRequest)), nil
		case "Sent":
			k.lists++
			return k.listSent(c.Args[0].(control.SentRequest)), nil
		case "Ping":
			if k.greeted != nil {
				k.greeted()
			}
			return nil, k.pinged
		case "Changes":
			if c.Args[0] == (control.ChangesRequest{}) {
				return control.Changes{V: 1, Rev: 100, Requests: k.requests}, nil
			}
			k.mu.Unlock()
			defer k.mu.Lock()
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case ch := <-k.changes:
				return ch, nil
			}
		case "Mark":
			k.acked = append(k.acked, c.Args[0].(control.MarkRequest).Seqs)
		case "AnswerQuestion":
			k.answers = append(k.answers, c.Args[0].(control.AnswerRequest))
			return control.Sent{ID: "answer", To: "did:x:bob", State: "queued", Type: "https://didcomm.org/questionanswer/1.0/answer",
				Body: json.RawMessage(`{"response":"yes"}`), Created: noon}, nil
		case "Send":
			if k.refuse != nil {
				return nil, k.refuse
			}
			text := c.Args[0].(control.SendRequest).Text
			k.texts = append(k.texts, text)
			s := control.Sent{ID: fmt.Sprintf("id%d", len(k.texts)), To: "did:x:bob", State: "queued", Content: text, Created: noon}
			if k.onSend != nil {
				k.onSend(s)
			}
			return s, nil
		}
		return nil, nil
	}}
}

// receive answers as a wallet does.
func (k *talk) receive(r control.ReceiveRequest) []control.Message {
	var found []control.Message
	for _, m := range k.received {
		if (r.From == "" || m.From == r.From) && m.Seq > r.After && (r.All || !m.Acked) {
			found = append(found, m)
		}
	}
	if n := len(found); r.Newest && n > r.Limit {
		return found[n-r.Limit:]
	}
	return found[:min(len(found), r.Limit)]
}

func (k *talk) listSent(r control.SentRequest) []control.Sent {
	var found []control.Sent
	for _, s := range k.sent {
		if s.Seq > r.After || r.After == 0 {
			found = append(found, s)
		}
	}
	if n := len(found); r.Newest && n > r.Limit {
		return found[n-r.Limit:]
	}
	return found[:min(len(found), r.Limit)]
}

// marked is what was acked, in one list.
func (k *talk) marked() []int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Concat(k.acked...)
}

// play chats with the input, and returns what was shown.
func (k *talk) play(t *testing.T, input io.Reader, json bool) (out, errOut string, err error) {
	t.Helper()
	p, o, e := testPrinter(false)
	p.json = json
	err = (&app{print: p, json: json, in: input, out: o}).chat(t.Context(), k.wallet(), []string{"bo"})
	return o.String(), e.String(), err
}

func TestChat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newTalk()
		k.received = []control.Message{
			{Seq: 1, From: "did:x:bob", FromName: "bob", Content: "old", Received: noon, Acked: true},
			{Seq: 2, From: "did:x:bob", FromName: "bob", Content: "unread", Received: noon.Add(2 * time.Minute)},
		}
		k.sent = []control.Sent{
			{ID: "m", To: "did:x:bob", Content: "mine", State: "queued", Created: noon.Add(time.Minute)},
		}
		k.onSend = func(s control.Sent) {
			delivered := s
			delivered.State = "delivered"
			elsewhere := s
			elsewhere.To = "did:x:eve"
			k.changes <- control.Changes{Rev: 101, Sent: []control.Sent{s, elsewhere}}
			k.changes <- control.Changes{Rev: 102,
				Received: []control.Message{
					k.received[1], // seen before
					{Seq: 3, From: "did:x:bob", FromName: "bob", Content: "answer", Received: noon},
					{Seq: 4, From: "did:x:eve", FromName: "eve", Content: "not here", Received: noon},
				},
				Sent: []control.Sent{delivered, delivered},
			}
		}
		out, errOut, err := k.play(t, strings.NewReader("\nhello\n"), false)
		if err != nil {
			t.Fatal(err)
		}
		want := `2026-11-20T12:00:00Z bob: old
2026-11-20T12:01:00Z you: mine  ⧖ queued
2026-11-20T12:02:00Z bob: unread
2026-11-20T12:00:00Z bob: answer
      ✓ delivered: hello
`
		if diff := cmp.Diff(want, out); diff != "" {
			t.Errorf("output (-want +got):\n%s", diff)
		}
		if want := "Talking with bob. Ctrl-D ends it.\n"; errOut != want {
			t.Errorf("stderr %q, want %q", errOut, want)
		}
		if diff := cmp.Diff([]int64{2, 3}, k.marked()); diff != "" {
			t.Errorf("acked (-want +got):\n%s", diff)
		}
	})
}

// To one who is away: the reason once, and an end after a while.
func TestChatWithNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newTalk()
		k.onSend = func(s control.Sent) {
			s.Problem = "no route"
			k.changes <- control.Changes{Rev: 101, Sent: []control.Sent{s}}
			k.changes <- control.Changes{Rev: 102, Sent: []control.Sent{s}}
		}
		began := time.Now()
		out, errOut, err := k.play(t, strings.NewReader("hello\r\n"), false)
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != lastWait {
			t.Errorf("it took %s, want %s", took, lastWait)
		}
		if want := "      ⧖ queued: hello (no route)\n"; out != want {
			t.Errorf("stdout %q, want %q", out, want)
		}
		if !strings.Contains(errOut, "1 not delivered yet; kept") {
			t.Errorf("stderr %q", errOut)
		}
	})
}

func TestChatErrors(t *testing.T) {
	t.Parallel()
	k := newTalk()
	if _, _, err := k.play(t, bytes.NewReader(bytes.Repeat([]byte("x"), maxText+1)), false); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("a line that is too long: %v", err)
	}
	if len(k.texts) != 0 {
		t.Errorf("%d messages were sent", len(k.texts))
	}
	gone := &control.Error{Code: control.CodeNoDaemon, Message: "gone"}
	w := &controltest.Wallet{Answer: func(_ context.Context, c controltest.Call) (any, error) {
		if c.Method == "Changes" && c.Args[0] != (control.ChangesRequest{}) {
			return nil, gone
		}
		return nil, nil
	}}
	p, out, _ := testPrinter(false)
	reader, writer := io.Pipe()
	defer func() { _ = writer.Close() }()
	if err := (&app{print: p, in: reader, out: out}).chat(t.Context(), w, []string{"bob"}); control.ErrorOf(err).Code != control.CodeNoDaemon {
		t.Errorf("when the daemon goes: %v, want %v", err, gone)
	}
}

// For programs: every message of both, each time that its state changes, and nothing else.
func TestChatJSON(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newTalk()
		k.received = []control.Message{{V: 1, Seq: 1, ID: "r1", From: "did:x:bob", FromName: "bob", Content: "old", Received: noon}}
		k.onSend = func(s control.Sent) {
			s.State = "delivered"
			k.changes <- control.Changes{Rev: 101, Sent: []control.Sent{s}}
		}
		out, errOut, err := k.play(t, strings.NewReader("/help\n"), true)
		if err != nil || errOut != "" {
			t.Fatalf("%v, stderr %q", err, errOut)
		}
		var got []string
		for l := range strings.Lines(out) {
			var o struct{ ID, Content, State string }
			if err := json.Unmarshal([]byte(l), &o); err != nil {
				t.Fatal(err)
			}
			got = append(got, o.ID+" "+o.Content+" "+o.State)
		}
		if diff := cmp.Diff([]string{"r1 old ", "id1 /help queued", "id1 /help delivered"}, got); diff != "" {
			t.Errorf("objects (-want +got):\n%s", diff)
		}
	})
}

func TestChoose(t *testing.T) {
	t.Parallel()
	k := newTalk()
	a := &app{in: strings.NewReader("")}
	a.print, _, _ = testPrinter(false)
	if c, err := a.choose(t.Context(), k.wallet(), []string{"bo"}); err != nil || c.Name != "bob" {
		t.Errorf("a prefix: %+v, %v", c, err)
	}
	_, err := a.choose(t.Context(), k.wallet(), nil)
	if e := control.ErrorOf(err); err == nil || e.Exit() != 2 || e.Message != "there are 2 contacts: name one of them" || e.Hint != "parley chat alice" {
		t.Errorf("two contacts and nobody to ask: %v", err)
	}
	for _, tc := range []struct {
		name string
		all  []control.Contact
		want string
	}{
		{"nobody", nil, ""},
		{"only one who is blocked", []control.Contact{{Name: "eve", Blocked: true}}, ""},
		{"the only one", []control.Contact{{Name: "eve", Blocked: true}, {Name: "dan"}}, "dan"},
	} {
		w := &controltest.Wallet{Answer: func(context.Context, controltest.Call) (any, error) { return tc.all, nil }}
		c, err := a.choose(t.Context(), w, nil)
		if c.Name != tc.want || (err == nil) != (tc.want != "") || err != nil && control.ErrorOf(err).Hint != "parley invite, or parley add LINK" {
			t.Errorf("%s: %+v, %v", tc.name, c, err)
		}
	}
}

func TestAskWhom(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ typed, want, rest string }{
		{"2\nhello\n", "bob", "hello\n"},
		{"bo\n", "bob", ""},
		{"zoe\n7\nbob\n", "bob", ""},
		{"\n", "", ""}, {"", "", ""}, {"x\ny\nz\nbob\n", "", "bob\n"},
	} {
		k := newTalk()
		k.received = []control.Message{{Seq: 1, From: "did:x:bob"}, {Seq: 2, From: "did:x:bob"}, {Seq: 3, From: "did:x:eve"}}
		p, out, _ := testPrinter(true)
		in := strings.NewReader(tc.typed)
		a := &app{print: p, in: in, out: out}
		all := []control.Contact{{Name: "日本", DID: "did:x:alice", Pending: true}, k.bob}
		if err := a.listChoices(t.Context(), k.wallet(), all); err != nil {
			t.Fatal(err)
		}
		c, err := a.askWhom(t.Context(), k.wallet(), all)
		rest, _ := io.ReadAll(in)
		if c.Name != tc.want || (err == nil) != (tc.want != "") || string(rest) != tc.rest {
			t.Errorf("%q: %+v, %v, and %q is left", tc.typed, c, err, rest)
		}
		if list := out.String(); !strings.Contains(list, "  1  \x1b[1;36m日本\x1b[0m  ") || !strings.Contains(list, "  2  \x1b[1;36mbob\x1b[0m   \x1b[32m2 unread") {
			t.Errorf("the list is %q", list)
		}
	}
}
