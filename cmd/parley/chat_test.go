package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
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

// talk is a wallet with a contact bob to chat with. Changes are handed out one by one.
type talk struct {
	received []control.Message
	sent     []control.Sent
	changes  chan control.Changes
	onSend   func(s control.Sent)

	mu    sync.Mutex
	acked []int64 // guarded by mu
	texts []string
}

func (k *talk) wallet() *controltest.Wallet {
	return &controltest.Wallet{Answer: func(ctx context.Context, c controltest.Call) (any, error) {
		switch c.Method {
		case "ChangeContact":
			return control.Contact{Name: "bob", DID: "did:x:bob"}, nil
		case "Receive":
			if c.Args[0].(control.ReceiveRequest).All {
				return k.received, nil
			}
			return nil, nil
		case "Sent":
			return k.sent, nil
		case "Changes":
			if c.Args[0] == (control.ChangesRequest{}) {
				return control.Changes{V: 1, Rev: 100}, nil
			}
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case ch := <-k.changes:
				return ch, nil
			}
		case "Mark":
			k.mu.Lock()
			defer k.mu.Unlock()
			k.acked = append(k.acked, c.Args[0].(control.MarkRequest).Seqs...)
		case "Send":
			k.mu.Lock()
			k.texts = append(k.texts, c.Args[0].(control.SendRequest).Text)
			s := control.Sent{ID: fmt.Sprintf("id%d", len(k.texts)), To: "did:x:bob", State: "queued", Content: c.Args[0].(control.SendRequest).Text}
			k.mu.Unlock()
			if k.onSend != nil {
				k.onSend(s)
			}
			return s, nil
		}
		return nil, nil
	}}
}

// play chats with the input, and returns what was shown.
func (k *talk) play(t *testing.T, input io.Reader) (out, errOut string, err error) {
	t.Helper()
	p, o, e := testPrinter(false)
	// The printer's writers are shared by the chat's goroutines; here they take turns by themselves.
	var mu sync.Mutex
	p.out = writerFunc(func(b []byte) (int, error) { mu.Lock(); defer mu.Unlock(); return o.Write(b) })
	err = (&app{print: p, in: input, out: o}).chat(t.Context(), k.wallet(), "bo")
	return o.String(), e.String(), err
}

func TestChat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := &talk{changes: make(chan control.Changes, 10)}
		k.received = []control.Message{
			{Seq: 1, From: "did:x:bob", FromName: "bob", Content: "old", Received: noon, Acked: true},
			{Seq: 2, From: "did:x:bob", FromName: "bob", Content: "unread", Received: noon.Add(2 * time.Minute)},
		}
		k.sent = []control.Sent{
			{ID: "p", To: "did:x:bob", Type: "ping", State: "delivered", Created: noon},
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
		out, errOut, err := k.play(t, strings.NewReader("\nhello\n"))
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
		if diff := cmp.Diff([]int64{2, 3}, k.acked); diff != "" {
			t.Errorf("acked (-want +got):\n%s", diff)
		}
	})
}

// To one who is away: the reason once, and an end after a while.
func TestChatWithNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := &talk{changes: make(chan control.Changes, 10)}
		k.onSend = func(s control.Sent) {
			s.Problem = "no route"
			k.changes <- control.Changes{Rev: 101, Sent: []control.Sent{s}}
			k.changes <- control.Changes{Rev: 102, Sent: []control.Sent{s}}
		}
		began := time.Now()
		out, errOut, err := k.play(t, strings.NewReader("hello\r\n"))
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
	k := &talk{}
	if _, _, err := k.play(t, bytes.NewReader(bytes.Repeat([]byte("x"), maxText+1))); err == nil || !strings.Contains(err.Error(), "too long") {
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
	if err := (&app{print: p, in: reader, out: out}).chat(t.Context(), w, "bob"); control.ErrorOf(err).Code != control.CodeNoDaemon {
		t.Errorf("when the daemon goes: %v, want %v", err, gone)
	}
}
