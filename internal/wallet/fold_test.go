package wallet_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parley-im/parley/internal/wallet"
)

func TestFind(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, what, found string }{
		{"as it is", "hi there", "there", "there"},
		{"other case", "Hi THERE", "there", "THERE"},
		{"beyond ASCII", "GRÜẞE, Ärger", "ärg", "Ärg"},
		{"Greek, with its final sigma", "ΟΔΥΣΣΕΥΣ", "οδυσσευς", "ΟΔΥΣΣΕΥΣ"},
		{"the sign for kelvin is a k", "300 \u212a", "k", "\u212a"},
		{"the long s is an s", "Wachſtube", "WACHST", "Wachſt"},
		{"the first of two", "abAB", "AB", "ab"},
		{"an overlapping beginning", "aaab", "aab", "aab"},
		{"at the end", "xy", "y", "y"},
		{"a part only", "ab", "abc", ""},
		{"nothing to look for", "ab", "", ""},
		{"nothing to look in", "", "a", ""},
		{"another letter", "é", "e", ""},
		{"not UTF-8", "a\xffb", "\xff", "\xff"},
	} {
		from, to := wallet.Find(tc.text, tc.what)
		switch {
		case tc.found == "" && (from != -1 || to != -1):
			t.Errorf("%s: found at %d to %d", tc.name, from, to)
		case tc.found != "" && (from < 0 || tc.text[from:to] != tc.found):
			t.Errorf("%s: found at %d to %d, want %q", tc.name, from, to, tc.found)
		}
	}
}

// Whatever strings.EqualFold takes as the same is found, and nothing else.
func FuzzFind(f *testing.F) {
	f.Add("Hi THERE", "there")
	f.Add("\u212aſ\xff", "ks\xfe")
	f.Fuzz(func(t *testing.T, text, what string) {
		from, to := wallet.Find(text, what)
		if from >= 0 && !strings.EqualFold(strings.ToValidUTF8(text[from:to], "\ufffd"), strings.ToValidUTF8(what, "\ufffd")) &&
			utf8.ValidString(text) && utf8.ValidString(what) {
			t.Fatalf("Find(%q, %q) = %q", text, what, text[from:to])
		}
		if what == "" || !utf8.ValidString(what) || !utf8.ValidString(text) {
			return
		}
		if from, _ := wallet.Find(text+what+text, what); from < 0 {
			t.Fatalf("%q is not found in its midst", what)
		}
		if i := strings.Index(text, what); i >= 0 && (from < 0 || from > i) {
			t.Fatalf("Find(%q, %q) = %d, want at most %d", text, what, from, i)
		}
	})
}
