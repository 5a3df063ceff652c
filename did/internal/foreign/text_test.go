package foreign_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/parley-im/parley/did/internal/foreign"
)

func TestText(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"plain":               {"did:web:example.com", "did:web:example.com"},
		"other scripts":       {"größe 漢字", "größe 漢字"},
		"escape":              {"a\x1b[31mb", "a?[31mb"},
		"direction":           {"a\u202eb", "a?b"},
		"line break":          {"a\nb", "a?b"},
		"not UTF-8":           {"a\xffb", "a?b"},
		"replacement":         {"a\ufffdb", "a?b"},
		"as long as it may":   {strings.Repeat("a", 32), strings.Repeat("a", 32)},
		"longer":              {strings.Repeat("a", 33), strings.Repeat("a", 24) + "…"},
		"cut in a character":  {strings.Repeat("a", 23) + strings.Repeat("漢", 9), strings.Repeat("a", 23) + "?…"},
		"nothing":             {"", ""},
		"long, all unprinted": {strings.Repeat("\x00", 1000), strings.Repeat("?", 24) + "…"},
	} {
		if got := foreign.Text(c.in, 32); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\x1b\xf6…", 16)
	f.Fuzz(func(t *testing.T, s string, most int) {
		most = 9 + most&1023
		got := foreign.Text(s, most)
		if len(got) > most || !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("Text(%q, %d) = %q", s, most, got)
		}
	})
}
