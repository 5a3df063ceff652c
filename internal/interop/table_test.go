package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/internal/interop/peers"
)

var update = flag.Bool("update", false, "write testdata anew")

// samples are three libraries, one of which is not there.
func samples(t *testing.T) []report {
	t.Helper()
	ok := outcome{mark: works}
	signed, anon, auth, layers := named(t, "sign Ed25519"), named(t, "anoncrypt P-256 XC20P"), named(t, "authcrypt X25519"), named(t, "anoncrypt(sign) X25519")
	return []report{
		{library: peers.Library{Name: "good", Version: "1.0", Registry: "npm", Title: "a good one"}, results: []result{
			{signed, ok, ok}, {anon, outcome{mostly, "it is moody."}, ok}, {auth, ok, ok}, {layers, ok, ok},
		}},
		{library: peers.Library{Name: "didcomm", Version: "2.0", Registry: "PyPI", Title: "a bad one"}, results: []result{
			{signed, outcome{fails, "a|b\nc"}, ok}, {anon, outcome{lacked, "it has no XC20P"}, outcome{lacked, "it has no XC20P"}},
			{auth, ok, outcome{known, "it uses draft 3"}}, {layers, outcome{known, "it uses draft 3"}, outcome{known, "it uses draft 3"}},
		}},
		{library: peers.Library{Name: "gone", Version: "3.0", Registry: "crates.io", Title: "a lost one"}, absent: "cargo is not installed here"},
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	got := table(samples(t), circumstances{date: "2026-01-02", tools: []string{"go1.26", "no node"}})
	golden := filepath.Join("testdata", "table.md")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("the table differs (-update writes it anew):\n%s", diff)
	}
}

// TestTableOfNobody: without any library the file still says so.
func TestTableOfNobody(t *testing.T) {
	t.Parallel()
	got := table(samples(t)[2:], circumstances{date: "2026-01-02"})
	if !strings.Contains(got, "gone 3.0") || !strings.Contains(got, "cargo is not installed here") || strings.Contains(got, "## Signed") {
		t.Errorf("got %s", got)
	}
}

// TestEveryFormIsInOneGroup holds the groups of the table to the forms.
func TestEveryFormIsInOneGroup(t *testing.T) {
	t.Parallel()
	for _, f := range peers.Forms() {
		n := 0
		for _, g := range groups {
			if g.has(f) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s is in %d groups", f.Name, n)
		}
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	failed := 0
	for _, r := range samples(t) {
		failed += r.summary(&b)
	}
	const want = `  8 exchanges work, 0 fail, 0 fail as is known, 0 are not supported
  ← sign Ed25519: a|b
c
  2 exchanges work, 1 fail, 3 fail as is known, 2 are not supported
  not there: cargo is not installed here
`
	if diff := cmp.Diff(want, b.String()); diff != "" || failed != 1 {
		t.Errorf("%d failed\n%s", failed, diff)
	}
}

// TestRunWithoutTools: with none of the tools there is still a table, and nothing failed.
func TestRunWithoutTools(t *testing.T) {
	t.Setenv("PATH", "")
	out := filepath.Join(t.TempDir(), "table.md")
	if err := run(t.Context(), t.TempDir(), "", out); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range peers.All() {
		if !strings.Contains(string(got), "| "+l.Name+" "+l.Version+" | "+l.Registry) {
			t.Errorf("%s is not in the table", l.Label())
		}
	}
	if n := strings.Count(string(got), "is not installed here"); n != len(peers.All()) {
		t.Errorf("%d libraries were not there:\n%s", n, got)
	}
	if err := run(t.Context(), t.TempDir(), "no such library", "-"); err == nil {
		t.Error("a name that no library has is no error")
	}
}
