package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/control/controltest"
)

func TestShowRequests(t *testing.T) {
	t.Parallel()
	hint := "parley requests accept did:x:a…b --as NAME, or parley requests block did:x:a…b\n"
	for name, tc := range map[string]struct {
		all         []control.Request
		out, errOut string
	}{
		"none": {nil, "", "Nobody waits.\n"},
		"a text": {[]control.Request{{Short: "did:x:a…b", Received: noon, Content: "hi\n\x1b[31mthere"}},
			"2026-11-20T12:00:00Z did:x:a…b: hi…\n", hint},
		"an introduction": {[]control.Request{{Short: "did:x:a…b", Received: noon, DisplayName: "\u202eDora", Body: []byte(`{"profile":{}}`)}},
			"2026-11-20T12:00:00Z did:x:a…b calls itself \\u202eDora\n", hint},
		"another type": {[]control.Request{{Short: "did:x:a…b", Received: noon, Type: "t", Body: []byte(`{"a":1}`)}},
			"2026-11-20T12:00:00Z did:x:a…b: [t] {\"a\":1}\n", hint},
		"a long text": {[]control.Request{{Short: "did:x:a…b", Received: noon, Content: strings.Repeat("x", 100)}},
			"2026-11-20T12:00:00Z did:x:a…b: " + strings.Repeat("x", 59) + "…\n", hint},
	} {
		p, out, errOut := testPrinter(false)
		if err := (&app{print: p}).showRequests(tc.all); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{tc.out, tc.errOut}, []string{out.String(), errOut.String()}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// counting is a wallet at which so many strangers wait, one more each time.
func counting(counts ...int) *controltest.Wallet {
	return &controltest.Wallet{Answer: func(context.Context, controltest.Call) (any, error) {
		if len(counts) == 0 {
			return nil, errors.New("the wallet is closed")
		}
		n := counts[0]
		counts = counts[1:]
		return control.Changes{Requests: n}, nil
	}}
}

// The user is told of strangers when there are more than before.
func TestKnocks(t *testing.T) {
	t.Parallel()
	w, k := counting(0, 1, 1, 2, 1, 2), knocks{}
	p, out, errOut := testPrinter(false)
	for range 7 {
		k.look(t.Context(), w, p)
	}
	want := "1 request waits: parley requests\n2 requests wait: parley requests\n2 requests wait: parley requests\n"
	if errOut.String() != want || out.Len() > 0 {
		t.Errorf("told %q, and %q on stdout", errOut, out)
	}
}

func TestKnocksFollow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := counting(0, 0, 1)
		p, _, errOut := testPrinter(false)
		ctx, cancel := context.WithTimeout(t.Context(), 2*requestsEvery+1)
		defer cancel()
		new(knocks).follow(ctx, w, p)
		if errOut.String() != "1 request waits: parley requests\n" {
			t.Errorf("told %q", errOut)
		}
	})
}

func TestBody(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "b.json")
	if err := os.WriteFile(file, []byte(`{"a":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ path, stdin, want, code string }{
		"none":        {"", "x", "", ""},
		"a file":      {file, "", `{"a":1}`, ""},
		"stdin":       {"-", `{}`, `{}`, ""},
		"empty stdin": {"-", "", "", control.CodeUsage},
		"no file":     {file + "x", "", "", control.CodeUsage},
		"a folder":    {filepath.Dir(file), "", "", control.CodeUsage},
		"too large":   {"-", strings.Repeat("x", maxText+1), "", control.CodeQuota},
	} {
		got, err := (&app{in: strings.NewReader(tc.stdin)}).body(tc.path)
		code := ""
		if e := control.ErrorOf(err); e != nil {
			code = e.Code
		}
		if !bytes.Equal(got, []byte(tc.want)) || code != tc.code {
			t.Errorf("%s: %q, %q, want %q, %q: %v", name, got, code, tc.want, tc.code, err)
		}
	}
}

func TestCheckLevel(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		level, contact string
		good           bool
	}{
		{"", "", true}, {"all", "", true}, {"received", "", true}, {"none", "", true}, {"default", "", false}, {"default", "bob", true},
		{"ALL", "bob", false}, {"some", "", false},
	} {
		if err := checkLevel(tc.level, tc.contact); (err == nil) != tc.good {
			t.Errorf("%q for %q: %v", tc.level, tc.contact, err)
		}
	}
}
