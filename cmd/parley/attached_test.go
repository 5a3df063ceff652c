package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parley-im/parley/internal/control"
)

// What somebody else calls a file is a name at most.
func TestSafeName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a.zip": "a.zip", "ünï côdé.txt": "ünï côdé.txt", "": "file", ".": "file", "..": "file", "../../etc/passwd": "passwd", "/": "file",
		`C:\x\y.exe`: "y.exe", ".bashrc": "bashrc", "--force": "force", "a\x00b\nc\x1b[2J": "a_b_c_[2J", "a\u202egnp.exe": "a_gnp.exe",
		"x\xff.txt": "x_.txt", "a:b*c?": "a_b_c_", " a . ": "a", "...": "file", "a/": "file",
	} {
		if got := safeName(in); got != want {
			t.Errorf("safeName(%q) = %q, want %q", in, got, want)
		}
	}
	if got := safeName(strings.Repeat("ü", 200) + ".tar.gz"); len(got) > maxFileName || !strings.HasSuffix(got, ".gz") {
		t.Errorf("a long name: %d bytes, %q", len(got), got)
	}
}

func FuzzSafeName(f *testing.F) {
	f.Add("../a\x00")
	f.Add(strings.Repeat("€", 100))
	f.Fuzz(func(t *testing.T, s string) {
		got := safeName(s)
		if got == "" || len(got) > maxFileName || !utf8.ValidString(got) || !filepath.IsLocal(got) || filepath.Base(got) != got ||
			strings.HasPrefix(got, ".") || strings.HasPrefix(got, "-") || clean(got) != got {
			t.Fatalf("safeName(%q) = %q", s, got)
		}
	})
}

// A file is never replaced, and one without content is passed over.
func TestSaveFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := []control.File{{Name: "a.txt", Data: []byte("one")}, {Name: "../a.txt", Data: []byte("two")}, {Name: "elsewhere"}}
	paths, err := saveFiles(dir, files)
	want := []string{filepath.Join(dir, "a.txt"), filepath.Join(dir, "a-2.txt")}
	if err != nil || !slices.Equal(paths, want) {
		t.Fatalf("%v, %v, want %v", paths, err, want)
	}
	if _, err := saveFiles(dir, files[:1]); err != nil {
		t.Error(err)
	}
	for n, want := range map[string]string{"a.txt": "one", "a-2.txt": "two", "a-3.txt": "one"} {
		if data, err := os.ReadFile(filepath.Join(dir, n)); err != nil || string(data) != want {
			t.Errorf("%s has %q, %v", n, data, err)
		}
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 3 {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := saveFiles(filepath.Join(dir, "none"), files[:1]); err == nil {
		t.Error("saved in a folder that is not there")
	}
}
