package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// testscript's own stop ends a script as passed: what follows it would never run, and nobody would notice.
func TestNoScriptStopsEarly(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatal(scripts, err)
	}
	early := regexp.MustCompile(`(?m)^(\[[^]]*\] *)*stop\b`)
	for _, path := range scripts {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		script, _, _ := strings.Cut(string(data), "\n-- ")
		if early.MatchString(script) {
			t.Errorf("%s stops before its end: to end a daemon write halt", path)
		}
	}
}

// alter VAR LINK PATTERN TEXT: keeps in VAR the invitation's link with one part of its plaintext replaced.
func scriptAlter(ts *testscript.TestScript, _ bool, args []string) {
	head, encoded, ok := strings.Cut(args[1], "_oob=")
	if !ok {
		ts.Fatalf("not a link: %s", args[1])
	}
	plain, err := base64.RawURLEncoding.DecodeString(encoded)
	ts.Check(err)
	pattern := regexp.MustCompile(args[2])
	if !pattern.Match(plain) {
		ts.Fatalf("nothing matches %s in %s", pattern, plain)
	}
	altered := pattern.ReplaceAll(plain, []byte(args[3]))
	ts.Setenv(args[0], head+"_oob="+base64.RawURLEncoding.EncodeToString(altered))
}

// follow NAME [HOME]: runs recv --follow under this name.
func scriptFollow(ts *testscript.TestScript, _ bool, args []string) {
	home := args[len(args)-1]
	p, err := start(ts.MkAbs("."), environ(ts), "recv", "--follow", "--home", home)
	ts.Check(err)
	ts.Defer(func() { _ = p.end(syscall.SIGKILL) })
	ts.Value("processes").(map[string]*process)[args[0]] = p
}

// shows NAME TEXT: the next line of the process ends with the text.
func scriptShows(ts *testscript.TestScript, _ bool, args []string) {
	p := ts.Value("processes").(map[string]*process)[args[0]]
	l, err := p.line()
	ts.Check(err)
	if !strings.HasSuffix(l, args[1]) {
		ts.Fatalf("%s shows %q, want %q", args[0], l, args[1])
	}
}

// hold NAME: takes the wallet's lock, as a process does that serves nothing.
func scriptHold(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.OpenFile(filepath.Join(ts.MkAbs(args[0]), "lock"), os.O_RDWR, 0)
	ts.Check(err)
	ts.Defer(func() { _ = f.Close() })
	ts.Check(syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB))
	ts.Value("locks").(map[string]*os.File)[args[0]] = f
}

// release NAME: gives the lock back.
func scriptRelease(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(ts.Value("locks").(map[string]*os.File)[args[0]].Close())
}
