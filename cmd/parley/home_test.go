package main

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/parley-im/parley/internal/control"
)

// The commands that hints name are for the wallet that the user named.
func TestHintsNameTheWallet(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ home, profile, hint, want string }{
		{"", "", "parley init", "parley init"},
		{"b", "", "parley init", "parley --home b init"},
		{"", "work", "see parley contacts; to meet somebody: parley add LINK", "see parley --profile work contacts; to meet somebody: parley --profile work add LINK"},
		{"it's $x", "a b", "parley outbox", `parley --home 'it'\''s $x' --profile 'a b' outbox`},
		{"b", "", "another parley process; parley's; xparley init; parley adder", "another parley process; parley's; xparley init; parley adder"},
		{"b", "", "parley --help", "parley --help"},
	} {
		p, _, errOut := testPrinter(false)
		p.aim = aim(tc.home, tc.profile)
		p.fail(&control.Error{Message: "parley init", Hint: tc.hint})
		if want := "error: parley init\n  " + tc.want + "\n"; errOut.String() != want {
			t.Errorf("%q, want %q", errOut, want)
		}
		errOut.Reset()
		p.note(faint(tc.hint), body(" parley add"))
		p.warn(tc.hint)
		if want := tc.want + " parley add\nwarning: " + tc.want + "\n"; errOut.String() != want {
			t.Errorf("%q, want %q", errOut, want)
		}
	}
}

// What is told at a terminal is broken between words, never within a command, and styles do not count.
func TestFold(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in    string
		width int
		want  string
	}{
		{"one two three", 0, "one two three"}, {"one two three", 80, "one two three"}, {"one two three", 7, "one two\nthree"},
		{"  one two three", 9, "  one two\n  three"}, {"a-word-too-long for it", 6, "a-word-too-long\nfor it"},
		{"\x1b[2mone two\x1b[0m three", 8, "\x1b[2mone two\x1b[0m\nthree"}, {"one\n  two three", 6, "one\n  two\n  three"},
		{"a  b", 80, "a  b"}, {"", 5, ""}, {"ünï cödé", 8, "ünï cödé"},
	} {
		if got := fold(tc.in, tc.width); got != tc.want {
			t.Errorf("fold(%q, %d) = %q, want %q", tc.in, tc.width, got, tc.want)
		}
	}
}

func TestShellWord(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "''", "/a/b-c_d.e": "/a/b-c_d.e", "ünï": "ünï", "a b": "'a b'", "$x": "'$x'", "it's": `'it'\''s'`, "a\nb": "'a\nb'", "~x": "'~x'", "*": "'*'",
	} {
		if got := shellWord(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

// What a command was allowed, the one that a hint names needs as well: it is repeated, unless the environment says it.
func TestHintsRepeatWhatWasAllowed(t *testing.T) {
	for _, tc := range []struct {
		env, want string
		args      []string
		allowed   bool
	}{
		{"", "--home b --allow-private-networks", []string{"--home", "b", "--allow-private-networks"}, true},
		{"", "--allow-private-networks", []string{"--allow-private-networks"}, true},
		{"true", "--home b", []string{"--home", "b"}, true},
		{"1", "", []string{"--allow-private-networks=false"}, false},
		{"perhaps", "", nil, false},
	} {
		t.Setenv("PARLEY_ALLOW_PRIVATE_NETWORKS", tc.env)
		var a app
		root := newRoot(&a)
		root.SetArgs(append(tc.args, "version"))
		a.out, a.err = io.Discard, io.Discard
		if err := root.Execute(); err != nil {
			t.Fatal(err)
		}
		if a.aim != tc.want || a.allowPrivate != tc.allowed {
			t.Errorf("%q with %q: %q, allowed %v", tc.args, tc.env, a.aim, a.allowPrivate)
		}
	}
}

// A daemon asks the hosts: the flag of the command that talks to it changes nothing.
func TestHintOfADaemon(t *testing.T) {
	t.Parallel()
	unsafe := &control.Error{Code: control.CodeTrust, Message: "m", Hint: "if that host is one of your own network: --allow-private-networks"}
	var got *control.Error
	if err := ofDaemon(unsafe); !errors.As(err, &got) || got.Code != unsafe.Code || got.Message != "m" || !strings.Contains(got.Hint, "the daemon has to run with") {
		t.Errorf("%v", got)
	}
	other := &control.Error{Code: control.CodeTrust, Hint: "Compare: parley verify alice"}
	if err := ofDaemon(other); err != error(other) {
		t.Errorf("%v", err)
	}
	if err := ofDaemon(nil); err != nil {
		t.Error(err)
	}
}
