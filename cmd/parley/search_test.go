package main

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/control/controltest"
)

// What a search shows: who, and the text around the hit, on one line.
func TestFoundIsShown(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("before ", 20) + "The Needle" + strings.Repeat(" after", 60)
	list := []control.Found{
		{V: 1, Received: &control.Message{FromName: "bob", Content: "a needle\nin two lines", Received: noon}},
		{V: 1, Sent: &control.Sent{ToName: "bob", Content: "NEEDLE", Created: noon}},
		{V: 1, Received: &control.Message{FromName: "bob", Content: long, Received: noon}},
		{V: 1, Received: &control.Message{FromName: "bob", Type: "https://x/y/1.0/z", Body: []byte(`{"a":"needle"}`), Received: noon}},
		{V: 1, Received: &control.Message{FromName: "bob", Content: "\x1b[2Jneedle\u202e", Received: noon}},
	}
	p, out, errOut := testPrinter(false)
	if err := (&app{print: p}).showFound(control.SearchRequest{Text: "needle", Limit: 5}, list); err != nil {
		t.Fatal(err)
	}
	want := "2026-11-20T12:00:00Z bob: a needle in two lines\n2026-11-20T12:00:00Z you to bob: NEEDLE\n" +
		"2026-11-20T12:00:00Z bob: … before before before before before The Needle" + (strings.Repeat(" after", 60))[:200] + "…\n" +
		"2026-11-20T12:00:00Z bob: [https://x/y/1.0/z] {\"a\":\"needle\"}\n" +
		"2026-11-20T12:00:00Z bob: \\x1b[2Jneedle\\u202e\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := errOut.String(); got != "These are the newest; for more: --limit 10\n" {
		t.Errorf("note %q", got)
	}
	terminal, out, _ := testPrinter(true)
	if err := (&app{print: terminal}).showFound(control.SearchRequest{Text: "needle"}, list[1:2]); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(out.String(), "\x1b[7mNEEDLE\x1b[0m\n") {
		t.Errorf("at a terminal: %q", out)
	}
}

func TestNothingFound(t *testing.T) {
	t.Parallel()
	p, out, errOut := testPrinter(false)
	if err := (&app{print: p}).showFound(control.SearchRequest{Text: "parley add\x1b"}, nil); err != nil {
		t.Fatal(err)
	}
	if out.Len() > 0 || errOut.String() != "Nothing has parley add\\x1b in it.\n" {
		t.Errorf("%q, %q", out, errOut)
	}
}

func TestHeadAndTail(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, head, tail string }{
		{"", "", ""}, {"abc", "abc", "abc"}, {"abcd", "abc…", "…bcd"}, {"äöü€", "äöü…", "…öü€"}, {"\xff\xfe\xfd\xfc", "\xff\xfe\xfd…", "…\xfe\xfd\xfc"},
	} {
		if h, l := head(tc.in, 3), tail(tc.in, 3); h != tc.head || l != tc.tail {
			t.Errorf("%q: %q and %q, want %q and %q", tc.in, h, l, tc.head, tc.tail)
		}
	}
}

// The request is what the flags say.
func TestSearchAsks(t *testing.T) {
	t.Parallel()
	w := &controltest.Wallet{Answer: func(_ context.Context, c controltest.Call) (any, error) {
		return []control.Found{{V: 1, Sent: &control.Sent{V: 1, Content: "x", Created: noon}}}, nil
	}}
	list, err := w.Search(t.Context(), control.SearchRequest{Text: "x"})
	if err != nil {
		t.Fatal(err)
	}
	p, out, _ := testPrinter(false)
	p.json = true
	if err := (&app{print: p}).showFound(control.SearchRequest{Text: "x"}, list); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), `{"v":1,"sent":{"v":1,`) || strings.Contains(out.String(), "received") {
		t.Errorf("%s", out)
	}
}
