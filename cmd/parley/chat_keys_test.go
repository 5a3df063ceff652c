package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// texts joins what neighbouring keys type.
func texts(keys []key) []key {
	var joined []key
	for _, k := range keys {
		if n := len(joined); k.code == keyText && n > 0 && joined[n-1].code == keyText {
			joined[n-1].text += k.text
			continue
		}
		joined = append(joined, k)
	}
	return joined
}

func TestDecode(t *testing.T) {
	t.Parallel()
	text := func(s string) key { return key{keyText, s} }
	code := func(c keyCode) key { return key{code: c} }
	for _, tc := range []struct {
		name, in string
		want     []key
	}{
		{"text", "hé日", []key{text("hé日")}},
		{"enter", "a\rb\n", []key{text("a"), code(keyEnter), text("b"), code(keyEnter)}},
		{"controls", "\x01\x05\x02\x06\x0b\x15\x17\x19\x7f\x04\x03\x1a\x0c\t", []key{
			code(keyHome), code(keyEnd), code(keyLeft), code(keyRight), code(keyKillAfter), code(keyKillBefore),
			code(keyEraseWord), code(keyYank), code(keyErase), code(keyEOF), code(keyInterrupt), code(keySuspend),
			code(keyClear), code(keyTab)}},
		{"arrows", "\x1b[A\x1b[B\x1b[C\x1b[D\x1bOA\x1bOD", []key{
			code(keyUp), code(keyDown), code(keyRight), code(keyLeft), code(keyUp), code(keyLeft)}},
		{"home, end, delete", "\x1b[H\x1b[F\x1b[1~\x1b[4~\x1b[3~\x1bOH", []key{
			code(keyHome), code(keyEnd), code(keyHome), code(keyEnd), code(keyDelete), code(keyHome)}},
		{"words", "\x1b[1;5D\x1bb\x1bf\x1bd\x1b\x7f", []key{
			code(keyWordLeft), code(keyWordLeft), code(keyWordRight), code(keyDeleteWord), code(keyEraseWord)}},
		{"alt-enter", "\x1b\r", []key{code(keyBreak)}},
		{"what is no key", "\x1b[99;99xa\x1b[?1;2cb\x1bZc\x00\x1c", []key{text("abc")}},
		{"a sequence that is broken off", "\x1b[12\rx", []key{code(keyEnter), text("x")}},
		{"a sequence without end", "\x1b[" + strings.Repeat("1", 40) + "x", []key{text(strings.Repeat("1", 10) + "x")}},
		{"two escapes", "\x1b\x1b[A", []key{code(keyUp)}},
		{"not UTF-8", "a\xffb\xc3(", []key{text("a\ufffdb\ufffd(")}},
		{"paste", "\x1b[200~two\r\nlines\r\x1b[31m\tred\x07\x1b[201~!\r", []key{text("two\nlines\n[31m\tred!"), code(keyEnter)}},
		{"an empty paste", "\x1b[200~\x1b[201~x", []key{text("x")}},
		{"a paste with what ends none", "\x1b[200~a\x1b[20b\x1b[201~", []key{text("a[20b")}},
	} {
		var whole, split decoder
		if diff := cmp.Diff(tc.want, texts(whole.decode([]byte(tc.in))), cmp.AllowUnexported(key{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
		var keys []key
		for i := range len(tc.in) {
			keys = append(keys, split.decode([]byte{tc.in[i]})...)
		}
		if diff := cmp.Diff(tc.want, texts(keys), cmp.AllowUnexported(key{})); diff != "" {
			t.Errorf("%s, byte by byte (-want +got):\n%s", tc.name, diff)
		}
	}
}

// Whatever a terminal sends, keys carry valid text without control characters, however it is cut up.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("a\x1b[200~b\r\n\xff\x1b[201~\x1b[A\xe6\x97"), 3)
	f.Add([]byte("\x1b[200~"), 1)
	f.Fuzz(func(t *testing.T, in []byte, n int) {
		var whole, split decoder
		want := texts(whole.decode(in))
		n = max(0, min(n, len(in)))
		got := texts(append(split.decode(in[:n:n]), split.decode(in[n:])...))
		// An empty paste may stand between two texts.
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(key{})); diff != "" {
			t.Errorf("cut at %d of %q (-whole +cut):\n%s", n, in, diff)
		}
		for _, k := range got {
			if !utf8.ValidString(k.text) || strings.ContainsFunc(k.text, func(r rune) bool { return r < 0x20 && r != '\n' && r != '\t' }) {
				t.Errorf("%q types %q", in, k.text)
			}
		}
	})
}
