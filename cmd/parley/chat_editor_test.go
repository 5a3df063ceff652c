package main

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"
	"pgregory.net/rapid"
)

// pressAll presses what a terminal sends and returns the line with | where the cursor is, the lines that were
// entered before, and the last outcome but edited.
func pressAll(e *editor, sent string, columns int) (string, []string, outcome) {
	var lines []string
	last := edited
	var d decoder
	for _, k := range d.decode([]byte(sent)) {
		switch o := e.press(k, columns); o {
		case edited:
		case entered:
			lines = append(lines, e.enter())
		default:
			last = o
		}
	}
	return e.text[:e.cursor] + "|" + e.text[e.cursor:], lines, last
}

func TestEditor(t *testing.T) {
	t.Parallel()
	const left, right, upKey, downKey = "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B"
	const family, flag, accent = "👨‍👩‍👧", "🇨🇭", "e\u0301"
	for _, tc := range []struct {
		name, sent, want string
		lines            []string
		outcome          outcome
	}{
		{name: "typing", sent: "hello", want: "hello|"},
		{name: "in the middle", sent: "heo" + left + "ll", want: "hell|o"},
		{name: "clusters are one", sent: family + flag + accent + "日" + left + left + left + left + "x" + right, want: "x" + family + "|" + flag + accent + "日"},
		{name: "erase a cluster", sent: "a" + family + accent + "\x7f\x7f", want: "a|"},
		{name: "delete a cluster", sent: "a" + family + "b\x01" + right + "\x1b[3~", want: "a|b"},
		{name: "a mark that comes late", sent: "e" + "\u0301" + "x", want: accent + "x|"},
		{name: "a base before a mark", sent: "\u0301b" + "\x01" + "e", want: "e\u0301|b"},
		{name: "nothing to erase", sent: "\x7f" + left + "\x1b[3~" + right, want: "|"},
		{name: "home and end", sent: "bc\x01a\x05d", want: "abcd|"},
		{name: "kill after and yank", sent: "one two" + "\x1bb" + "\x0b" + "\x01\x19", want: "two|one "},
		{name: "kill before", sent: "one two" + left + "\x15", want: "|o"},
		{name: "kill a word", sent: "one  two  \x17", want: "one  |"},
		{name: "kill a word after", sent: "one two\x01\x1bd", want: "| two"},
		{name: "words", sent: "one two three\x1bb\x1bbX\x1bfY", want: "one XtwoY| three"},
		{name: "kill nothing keeps what was killed", sent: "ab\x15\x0b\x19", want: "ab|"},
		{name: "Ctrl-D deletes", sent: "ab\x01\x04", want: "|b"},
		{name: "Ctrl-D ends", sent: "\x04", want: "|", outcome: ended},
		{name: "Ctrl-C clears", sent: "ab\x03", want: "|"},
		{name: "Ctrl-C leaves", sent: "\x03", want: "|", outcome: interrupted},
		{name: "Ctrl-Z", sent: "ab\x1a", want: "ab|", outcome: suspended},
		{name: "enter", sent: "one\rtwo\r", want: "|", lines: []string{"one", "two"}},
		{name: "paste of lines", sent: "a\x1b[200~b\r\nc\x1b[201~d", want: "ab\ncd|"},
		{name: "lines of a message", sent: "ab\x1b\rcd\x01X" + upKey + "Y\x05Z", want: "aYbZ|\nXcd"},
		{name: "erase a line break", sent: "a\x1b\r\x7fb", want: "ab|"},
		{name: "left over a line break", sent: "a\x1b\rb" + left + left + "x", want: "ax|\nb"},
		{name: "kill within a line", sent: "ab\x1b\rcd\x15", want: "ab\n|"},
		{name: "up and down the lines entered", sent: "one\rtwo\rdraft" + upKey + upKey + downKey, want: "two|", lines: []string{"one", "two"}},
		{name: "back to the draft", sent: "one\rdraft" + upKey + downKey + downKey, want: "draft|", lines: []string{"one"}},
		{name: "not above the first", sent: "one\r" + upKey + upKey + upKey, want: "one|", lines: []string{"one"}},
		{name: "the same twice is kept once", sent: "a\rb\rb\r" + upKey + upKey, want: "a|", lines: []string{"a", "b", "b"}},
		{name: "complete a command", sent: "/hi\t5", want: "/history 5|"},
		{name: "complete nothing that could be two", sent: "/h\t", want: "/h|"},
		{name: "complete no text", sent: "hi\t", want: "hi|"},
		{name: "up within a wrapped line", sent: "abcdefghijklmnopqrstuvwxyz" + upKey + "X", want: "abcdefghiX|jklmnopqrstuvwxyz"}, // 17 a row
	} {
		e := &editor{commands: []string{"/history", "/help"}}
		got, lines, o := pressAll(e, tc.sent, 20)
		if got != tc.want || strings.Join(lines, ",") != strings.Join(tc.lines, ",") || o != tc.outcome {
			t.Errorf("%s: %q, lines %q, outcome %d; want %q, %q, %d", tc.name, got, lines, o, tc.want, tc.lines, tc.outcome)
		}
	}
}

func TestEditorBounds(t *testing.T) {
	t.Parallel()
	e := &editor{}
	for i := range 2 * maxTyped {
		e.insert(strings.Repeat("x", i+1))
		_ = e.enter()
	}
	if len(e.typed) != maxTyped || len(e.typed[maxTyped-1]) != 2*maxTyped {
		t.Errorf("%d lines are kept, the last of %d", len(e.typed), len(e.typed[len(e.typed)-1]))
	}
	e.insert(strings.Repeat("x", maxText))
	e.insert("y")
	if len(e.text) != maxText {
		t.Errorf("%d bytes were typed, which nothing can send", len(e.text))
	}
}

// Whatever is pressed, the line is valid text, the cursor stands between two clusters, and what is laid out is
// what was typed.
func TestEditorKeepsClustersWhole(t *testing.T) {
	t.Parallel()
	words := []string{"a", "日本語", "👨‍👩‍👧", "e\u0301", "\u0301", "🇨", "🇭", " ", "x y", "\n", "\t", "\u202e", "각", "ᄀ", "ᅡ", "👍🏽", "\u200d"}
	rapid.Check(t, func(t *rapid.T) {
		e := &editor{}
		columns := rapid.IntRange(1, 30).Draw(t, "columns")
		for range rapid.IntRange(1, 40).Draw(t, "keys") {
			k := key{code: keyCode(rapid.IntRange(int(keyText), int(keyTab)).Draw(t, "key"))}
			if k.code == keyText {
				k.text = rapid.SampledFrom(words).Draw(t, "text")
			}
			if e.press(k, columns) == entered {
				_ = e.enter()
			}
			if !utf8.ValidString(e.text) || !between(e.text, e.cursor) {
				t.Fatalf("cursor at %d of %q", e.cursor, e.text)
			}
			l := e.layout(columns)
			at := l.rows[l.row]
			if !slices.Contains(at.stops, stop{l.column, e.cursor, len(l.before)}) || !strings.HasPrefix(at.text, l.before) {
				t.Fatalf("cursor of %q|%q in row %d at %d", e.text[:e.cursor], e.text[e.cursor:], l.row, l.column)
			}
			for _, r := range l.rows {
				if w := displaywidth.String(r.text); r.last().column < w-1 || len(r.stops) > 2 && r.last().column >= max(columns, 5) {
					t.Fatalf("a row of %d columns, said to have %d, of %d: %q", w, r.last().column, columns, r.text)
				}
			}
		}
	})
}

func between(text string, at int) bool {
	n := 0
	for g := displaywidth.StringGraphemes(text); n < at && g.Next(); {
		n += len(g.Value())
	}
	return n == at
}
