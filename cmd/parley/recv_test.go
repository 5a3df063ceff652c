package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/control/controltest"
)

// mailbox is a wallet that has messages until they are acked.
func mailbox(texts ...string) *controltest.Wallet {
	var kept []control.Message
	for i, text := range texts {
		kept = append(kept, control.Message{V: 1, Seq: int64(i + 1), Rev: int64(i + 1), FromName: "bob", Content: text, Received: noon})
	}
	rev := int64(len(kept))
	return &controltest.Wallet{Answer: func(ctx context.Context, c controltest.Call) (any, error) {
		switch r := c.Args[0].(type) {
		case control.ReceiveRequest:
			var page []control.Message
			for _, m := range kept {
				if !m.Acked && m.Seq > r.After && m.Rev > r.AfterRev && len(page) < r.Limit {
					page = append(page, m)
				}
			}
			if r.ByRev {
				slices.SortFunc(page, func(a, b control.Message) int { return cmp.Compare(a.Rev, b.Rev) })
			}
			if len(page) == 0 && r.Wait > 0 {
				select {
				case <-ctx.Done():
					return nil, ctx.Err()
				case <-time.After(r.Wait):
				}
			}
			return page, nil
		case control.MarkRequest:
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			for _, seq := range r.Seqs {
				rev++
				kept[seq-1].Acked, kept[seq-1].Rev = kept[seq-1].Acked || r.Acked, rev
			}
		}
		return nil, nil
	}}
}

// marks are the numbers of the messages that were marked, acked ones positive.
func marked(w *controltest.Wallet) (seqs []int64) {
	for _, c := range w.Calls() {
		if r, ok := c.Args[0].(control.MarkRequest); ok {
			for _, seq := range r.Seqs {
				if !r.Acked {
					seq = -seq
				}
				seqs = append(seqs, seq)
			}
		}
	}
	return seqs
}

// TestReceiverFollowsLateOnes: by hand, a message is shown that came to be the user's after one that had arrived
// later, from somebody else; and none is shown twice because it was marked.
func TestReceiverFollowsLateOnes(t *testing.T) {
	t.Parallel()
	steps := [][]control.Message{
		{{Seq: 6, Rev: 10, Content: "second"}},
		{{Seq: 6, Rev: 11, Content: "second"}, {Seq: 5, Rev: 12, Content: "first, and late"}},
		{{Seq: 5, Rev: 13, Content: "first, and late"}, {Seq: 7, Rev: 14, Content: "third"}},
	}
	var after []int64
	w := &controltest.Wallet{Answer: func(_ context.Context, c controltest.Call) (any, error) {
		r, ok := c.Args[0].(control.ReceiveRequest)
		if !ok {
			return nil, nil
		}
		if !r.ByRev || r.After != 0 {
			t.Errorf("asked %+v", r)
		}
		after = append(after, r.AfterRev)
		if len(steps) == 0 {
			return []control.Message(nil), nil
		}
		page := steps[0]
		steps = steps[1:]
		return page, nil
	}}
	var out bytes.Buffer
	r := receiver{manual: true, print: &printer{out: &out, err: io.Discard, now: time.Now}}
	if err := r.run(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), "\n"); got != 3 || !strings.Contains(out.String(), "first, and late") {
		t.Errorf("shown:\n%s", out.String())
	}
	if diff := gocmp.Diff([]int64{0, 10, 12, 14}, after); diff != "" {
		t.Errorf("followed from\n%s", diff)
	}
}

func TestReceiver(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		r     receiver
		out   string
		marks []int64
		took  time.Duration
	}{
		{"what is there", receiver{}, "abc", []int64{1, 2, 3}, 0},
		{"listens for its time", receiver{timeout: 7 * time.Second}, "abc", []int64{1, 2, 3}, 7 * time.Second},
		{"limit", receiver{limit: 2, timeout: time.Hour}, "ab", []int64{1, 2}, 0},
		{"limit over what is there", receiver{limit: 5, timeout: time.Second}, "abc", []int64{1, 2, 3}, time.Second},
		{"by hand, each once", receiver{manual: true, timeout: time.Second}, "abc", []int64{-1, -2, -3}, time.Second},
		{"follow", receiver{follow: true}, "abc", []int64{1, 2, 3}, 5 * time.Hour},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := mailbox("a", "b", "c")
				p, out, _ := testPrinter(false)
				r := tc.r
				r.print = p
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Hour)
				defer cancel()
				began := time.Now()
				if err := r.run(ctx, w); err != nil && !(r.follow && errors.Is(err, context.DeadlineExceeded)) {
					t.Error(err)
				}
				if took := time.Since(began); took != tc.took {
					t.Errorf("it took %s, want %s", took, tc.took)
				}
				var want bytes.Buffer
				for _, text := range tc.out {
					want.WriteString("2026-11-20T12:00:00Z ")
					if r.manual {
						want.WriteString(" ")
					}
					want.WriteString("bob: " + string(text) + "\n")
				}
				if diff := gocmp.Diff(want.String(), out.String()); diff != "" {
					t.Errorf("output (-want +got):\n%s", diff)
				}
				if diff := gocmp.Diff(tc.marks, marked(w)); diff != "" {
					t.Errorf("marks (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// shortWriter takes so many lines and fails then.
type shortWriter struct{ lines int }

func (w *shortWriter) Write(p []byte) (int, error) {
	if w.lines--; w.lines < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

// What is shown at once is acked at once, so that its senders get one receipt.
func TestReceiverAcksAPageAtOnce(t *testing.T) {
	t.Parallel()
	w := mailbox("a", "b", "c")
	p, _, _ := testPrinter(false)
	if err := (&receiver{print: p}).run(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	marks := 0
	for _, c := range w.Calls() {
		if c.Method == "Mark" {
			marks++
		}
	}
	if marks != 1 {
		t.Errorf("%d marks, want 1", marks)
	}
}

// What could not be written is not acked, and what comes after it is not either.
func TestReceiverStopsAckingWhenItCannotWrite(t *testing.T) {
	t.Parallel()
	for lines := range 4 {
		w := mailbox("a", "b", "c")
		p, _, _ := testPrinter(false)
		p.out = &shortWriter{lines: lines}
		err := (&receiver{print: p}).run(t.Context(), w)
		if failed := errors.Is(err, io.ErrClosedPipe); failed != (lines < 3) {
			t.Errorf("%d lines: error %v", lines, err)
		}
		if got := marked(w); len(got) != lines {
			t.Errorf("%d lines were written, and %v acked", lines, got)
		}
	}
}

// Interrupted between writing and acking, the ack is still made: the user has seen the message.
func TestReceiverAcksWhatItHasShown(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	w := mailbox("a", "b")
	p, _, _ := testPrinter(false)
	p.out = writerFunc(func(b []byte) (int, error) { cancel(); return len(b), nil })
	r := &receiver{print: p}
	if err := r.show(ctx, w, []control.Message{{Seq: 1}}); err != nil {
		t.Error(err)
	}
	if diff := gocmp.Diff([]int64{1}, marked(w)); diff != "" {
		t.Errorf("marks (-want +got):\n%s", diff)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// An ack that fails ends it: else messages would be shown again and again.
func TestReceiverEndsWhenAckFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk full")
	w := &controltest.Wallet{Answer: func(_ context.Context, c controltest.Call) (any, error) {
		switch c.Method {
		case "Mark":
			return nil, broken
		case "Receive":
			return []control.Message{{Seq: 1}, {Seq: 2}}, nil
		}
		return nil, nil
	}}
	p, out, _ := testPrinter(false)
	if err := (&receiver{print: p, follow: true}).run(t.Context(), w); !errors.Is(err, broken) {
		t.Errorf("error = %v, want %v", err, broken)
	}
	if n := bytes.Count(out.Bytes(), []byte("\n")); n != 2 {
		t.Errorf("%d lines, want those of the first page", n)
	}
}
