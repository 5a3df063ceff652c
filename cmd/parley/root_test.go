package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/parley-im/parley/internal/control"
)

func TestFinish(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, tc := range []struct {
		name    string
		ctx     context.Context
		err     error
		started bool
		exit    int
		stderr  string
	}{
		{"done", nil, nil, true, 0, ""},
		{"before it began", nil, errors.New("unknown flag: --x"), false, 2, "error: unknown flag: --x\n  parley --help\n"},
		{"unexpected", nil, errors.New("disk on fire"), true, 1, "error: disk on fire\n"},
		{"wrapped", nil, fmt.Errorf("a: %w", &control.Error{Code: control.CodeNetwork, Message: "away"}), true, 3, "error: away\n"},
		{"trust", nil, &control.Error{Code: control.CodeTrust, Message: "m", Hint: "h"}, true, 4, "error: m\n  h\n"},
		{"quota", nil, &control.Error{Code: control.CodeQuota, Message: "m"}, true, 5, "error: m\n"},
		{"unknown", nil, &control.Error{Code: control.CodeUnknown, Message: "m"}, true, 6, "error: m\n"},
		{"no daemon", nil, errBusy, true, 7, "error: another parley process"},
		{"timeout", nil, &control.Error{Code: control.CodeTimeout, Message: "m"}, true, 8, "error: m\n"},
		{"deadline", nil, context.DeadlineExceeded, true, 8, "error: it took too long"},
		{"interrupted", ended, context.Canceled, true, 1, "error: interrupted; nothing that was queued is lost"},
		{"cancelled, but not by the user", nil, context.Canceled, true, 1, "error: context canceled\n"},
		{"the reader has left", nil, fmt.Errorf("write: %w", syscall.EPIPE), true, 1, ""},
	} {
		ctx := tc.ctx
		if ctx == nil {
			ctx = context.Background()
		}
		p, out, errOut := testPrinter(false)
		a := &app{print: p, failed: tc.err, started: tc.started}
		if got := a.finish(ctx); got != tc.exit {
			t.Errorf("%s: exit code %d, want %d", tc.name, got, tc.exit)
		}
		if got := errOut.String(); !strings.HasPrefix(got, tc.stderr) || tc.stderr == "" && got != "" || out.Len() > 0 {
			t.Errorf("%s: stderr %q, want %q; stdout %q", tc.name, got, tc.stderr, out)
		}
	}
}

func TestAsksJSON(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]bool{
		"": false, "send a b": false, "--json": true, "send --json a b": true, "send a b --json=true": true,
		"send a -- --json": false, "send --jsonx": false,
	} {
		if got := asksJSON(strings.Fields(args)); got != want {
			t.Errorf("%q: %t, want %t", args, got, want)
		}
	}
}

func TestWalletHome(t *testing.T) {
	t.Setenv("HOME", "/home/x")
	for _, tc := range []struct{ home, env, profile, want string }{
		{"", "", "", "/home/x/.local/share/parley"},
		{"", "/env", "", "/env"},
		{"/flag", "/env", "", "/flag"},
		{"", "", "work", "/home/x/.local/share/parley/profiles/work"},
		{"/flag", "", "work", "/flag/profiles/work"},
		{"", "", "../up", ""}, {"", "", "a/b", ""}, {"", "", ".", ""}, {"", "", "a\\b", ""},
	} {
		t.Setenv("PARLEY_HOME", tc.env)
		_, got, err := (&app{home: tc.home, profile: tc.profile}).walletHome()
		if got != tc.want || (err != nil) != (tc.want == "") {
			t.Errorf("%+v: %q, %v", tc, got, err)
		}
	}
	if _, got, err := (&app{home: "relative"}).walletHome(); err != nil || !filepath.IsAbs(got) {
		t.Errorf("a relative home: %q, %v", got, err)
	}
}

// Errors of usage, before anything is touched.
func TestUsageErrors(t *testing.T) {
	t.Setenv("PARLEY_HOME", filepath.Join(t.TempDir(), "none"))
	for args, want := range map[string]string{
		"nonsense":               `there is no command "parley nonsense"`,
		"sned a b":               "did you mean: parley send",
		"contacts remame a b":    "did you mean: parley contacts rename",
		"contacts whatever":      "parley contacts --help",
		"send":                   "missing NAME and TEXT",
		"send a":                 "missing TEXT",
		"send a b c":             `unexpected argument "c": put a text of several words in quotes`,
		"id x":                   `unexpected argument "x"`,
		"ack":                    "missing ID",
		"send a b --wait":        "flag needs an argument: --wait",
		"send a b --nope":        "unknown flag: --nope",
		"--nope":                 "unknown flag: --nope",
		"send a b --timeout x":   "invalid argument",
		"send a b --timeout -1s": "must not be negative",
		"send a b --wait seen":   `cannot wait for "seen"`,
		"recv --timeout -1s":     "must not be negative",
		"add x --timeout -1s":    "must not be negative",
		"ping x --timeout 0":     "more than nothing",
		"outbox --limit -1":      "must not be negative",
		"invite --expires -1h":   "more than nothing",
		"contacts rename a":      "missing NEW",
		"passphrase --no-passphrase --new-passphrase-file x": "contradict",
	} {
		var out, errOut bytes.Buffer
		code := run(t.Context(), strings.Fields(args), strings.NewReader(""), &out, &errOut)
		if code != 2 || !strings.Contains(errOut.String(), want) || out.Len() > 0 {
			t.Errorf("parley %s: exit %d, stdout %q, stderr %q, want 2 and %q", args, code, out.String(), errOut.String(), want)
		}
	}
}
