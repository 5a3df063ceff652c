package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// stage is a display on an emulated terminal.
type stage struct {
	*display
	vt  *vt
	p   *printer
	dec decoder
}

func newStage(t *testing.T, columns, rows int) *stage {
	v := newVT(t, columns, rows)
	p, _, _ := testPrinter(true)
	s := &stage{display: newDisplay(v, columns, rows), vt: v, p: p}
	if err := s.open(); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stage) types(sent string) []string {
	lines, _, _, _ := s.keys(s.dec.decode([]byte(sent)))
	return lines
}

func (s *stage) says(key, text string) {
	_ = s.print(key, wrapRows(s.p.glyphs(line{"12:00 ⧖  ", name("bob"), ": ", body(text)}), s.columns, goesOn, broken))
}

func (s *stage) ticks(key, tick string) bool {
	done, _ := s.change(key, tickColumn, tick, false)
	return done
}

func expectScreen(t *testing.T, s *stage, want, cursor string) {
	t.Helper()
	if diff := cmp.Diff(strings.Trim(want, "\n"), s.vt.screen()); diff != "" {
		t.Errorf("screen (-want +got):\n%s", diff)
	}
	if got := s.vt.cursor(); got != cursor {
		t.Errorf("the cursor is at %s, want %s", got, cursor)
	}
	if s.vt.nowrap || s.vt.hidden {
		t.Errorf("the terminal is left without wrapping (%t) or cursor (%t)", s.vt.nowrap, s.vt.hidden)
	}
}

// What arrives moves the line that is being typed down, and leaves it and its cursor as they are.
func TestDisplayKeepsWhatIsTyped(t *testing.T) {
	t.Parallel()
	s := newStage(t, 40, 10)
	s.types("half a li")
	s.says("", "hello")
	expectScreen(t, s, `
12:00 ⧖  bob: hello
> half a li`, "11,1")
	s.types("\x01\x1b[C")
	s.says("", "two\nlines, of which one is longer than the screen is wide")
	expectScreen(t, s, `
12:00 ⧖  bob: hello
12:00 ⧖  bob: two
       │ lines, of which one is longer
         than the screen is wide
> half a li`, "3,4")
	s.types("\x05ne that goes on and on, over more than 日本語 one row")
	s.types("\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D")
	s.says("", "again")
	expectScreen(t, s, `
12:00 ⧖  bob: hello
12:00 ⧖  bob: two
       │ lines, of which one is longer
         than the screen is wide
12:00 ⧖  bob: again
> half a line that goes on and on, over
   more than 日本語 one row`, "19,6")
	if got := s.types("\r"); len(got) != 1 || got[0] != "half a line that goes on and on, over more than 日本語 one row" {
		t.Errorf("entered %q", got)
	}
	expectScreen(t, s, `
12:00 ⧖  bob: hello
12:00 ⧖  bob: two
       │ lines, of which one is longer
         than the screen is wide
12:00 ⧖  bob: again
>`, "2,5")
}

// Double width, joiners and combining marks: the cursor stands where the next character will appear.
func TestDisplayWidths(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, sent, row, cursor string }{
		{"double width", "日本語", "> 日本語", "8,0"},
		{"in the middle of it", "日本語\x1b[D\x1b[D", "> 日本語", "4,0"},
		{"a family", "👨‍👩‍👧x", "> 👨‍👩‍👧x", "5,0"},
		{"a flag and a skin", "🇨🇭👍🏽", "> 🇨🇭👍🏽", "6,0"},
		{"combining marks", "e\u0301a\u0308\u0323", "> e\u0301a\u0308\u0323", "4,0"},
		{"a mark by itself, after the fact", "e" + "\x01" + "\x05" + "\u0301", "> e\u0301", "3,0"},
		{"what is shown escaped", "a\u202eb", `> a\u202eb`, "10,0"},
		{"a tab", "\x1b[200~a\tb\x1b[201~", "> a    b", "8,0"},
		{"double width over the margin", "aaaaaaaaaaaaaaaa日", "> aaaaaaaaaaaaaaaa\n  日", "4,1"},
		{"a row that is full", "aaaaaaaaaaaaaaaaa", "> aaaaaaaaaaaaaaaaa", "19,0"},
	} {
		s := newStage(t, 20, 5)
		s.types(tc.sent)
		expectScreen(t, s, tc.row, tc.cursor)
		if t.Failed() {
			t.Fatalf("%s", tc.name)
		}
	}
}

// A terminal that has its own mind about widths shows what it shows; but no row is written over another, and
// the cursor is behind what stands before it.
func TestDisplayOnAnIgnorantTerminal(t *testing.T) {
	t.Parallel()
	s := newStage(t, 20, 6)
	s.vt.byRune = true
	s.says("m", "see 👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧 ok")
	s.types("👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧")
	s.says("", "hi")
	s.types("\x01\x1b[C")
	if !s.ticks("m", "✓ ") {
		t.Error("the tick could not change")
	}
	rows := strings.Split(s.vt.screen(), "\n")
	if !strings.HasPrefix(rows[0], "12:00 ✓  bob:") || !strings.HasPrefix(rows[len(rows)-1], "> 👨") || s.vt.x != 8 {
		t.Errorf("column %d of\n%s", s.vt.x, s.vt.screen())
	}
	if len(rows) != 4 {
		t.Errorf("%d rows:\n%s", len(rows), s.vt.screen())
	}
}

func TestDisplayChange(t *testing.T) {
	t.Parallel()
	s := newStage(t, 30, 6)
	s.says("one", "first")
	s.says("two", "https://example.org/a/very/long/link/that/cannot/be/broken")
	s.types("half a\x1b[D")
	if !s.ticks("one", "✓✓") || !s.ticks("two", "✓ ") {
		t.Error("a tick on the screen could not change")
	}
	expectScreen(t, s, `
12:00 ✓✓ bob: first
12:00 ✓  bob:
https://example.org/a/very/lon
g/link/that/cannot/be/broken
> half a`, "7,4")
	s.says("three", "third")
	s.says("four", "fourth")
	for key, want := range map[string]bool{"one": false, "two": true, "three": true, "never": false} {
		if got := s.ticks(key, "✗ "); got != want {
			t.Errorf("%s changes: %t, want %t", key, got, want)
		}
	}
	expectScreen(t, s, `
12:00 ✗  bob:
https://example.org/a/very/lon
g/link/that/cannot/be/broken
12:00 ✗  bob: third
12:00 ⧖  bob: fourth
> half a`, "7,5")
	if done, err := s.change("four", 0, "gone", true); !done || err != nil {
		t.Errorf("a whole row: %t, %v", done, err)
	}
	if got := s.vt.screen(); !strings.Contains(got, "\ngone\n> half a") {
		t.Errorf("a whole row:\n%s", got)
	}
}

// A line of more rows than the screen shows those around its cursor.
func TestDisplayLongLine(t *testing.T) {
	t.Parallel()
	s := newStage(t, 20, 6)
	s.says("m", "hi")
	s.types("\x1b[200~one\ntwo\nthree\nfour\nfive\nsix\x1b[201~")
	expectScreen(t, s, "12:00 ⧖  bob: hi\n  four\n  five\n  six", "5,3")
	s.types("\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A")
	expectScreen(t, s, "12:00 ⧖  bob: hi\n> one\n  two\n  three", "5,1")
	s.says("", "still here")
	if !s.ticks("m", "✓ ") {
		t.Error("the tick could not change")
	}
	expectScreen(t, s, "12:00 ✓  bob: hi\n12:00 ⧖  bob: still\nhere\n> one\n  two\n  three", "5,3")
}

func TestDisplayResize(t *testing.T) {
	t.Parallel()
	s := newStage(t, 30, 6)
	s.says("m", "hi")
	s.types("half a")
	if err := s.resize(20, 6); err != nil {
		t.Fatal(err)
	}
	if s.ticks("m", "✓ ") {
		t.Error("a tick changes though nobody knows where it stands")
	}
	expectScreen(t, s, "12:00 ⧖  bob: hi\n> half a", "8,1")
	s.types(" line that")
	s.vt.columns = 15 // as an xterm, which cuts rows off
	for y := range s.vt.lines {
		s.vt.lines[y] = s.vt.lines[y][:15]
	}
	s.vt.x = min(s.vt.x, 14)
	if err := s.resize(15, 6); err != nil {
		t.Fatal(err)
	}
	// What is left of the old rows stays; nothing else is touched.
	expectScreen(t, s, "12:00 ⧖  bob: h\n> half a line t\n> half a line\n  that", "6,3")
}

func TestDisplayClose(t *testing.T) {
	t.Parallel()
	s := newStage(t, 30, 6)
	s.says("m", "hi")
	if !s.vt.paste {
		t.Error("pasted text is not marked")
	}
	s.display.close()
	expectScreen(t, s, "12:00 ⧖  bob: hi", "0,1")
	if s.vt.paste || s.ticks("m", "✓ ") {
		t.Errorf("after the end: pasted text is marked (%t)", s.vt.paste)
	}
	s.display.close()
	s.reopen(30, 6)
	s.types("half\x1b[D")
	s.display.close()
	expectScreen(t, s, "12:00 ⧖  bob: hi\n> half", "0,2")
	s.reopen(30, 6)
	expectScreen(t, s, "12:00 ⧖  bob: hi\n> half\n> half", "5,2")
}

// Ctrl-L clears the screen and keeps the line.
func TestDisplayClear(t *testing.T) {
	t.Parallel()
	s := newStage(t, 30, 6)
	s.says("m", "hi")
	s.types("half\x0c")
	if s.ticks("m", "✓ ") {
		t.Error("what was cleared changes")
	}
	s.says("", "new")
	expectScreen(t, s, "12:00 ⧖  bob: new\n> half", "6,1")
}

// Whatever is typed, arrives and changes, the terminal has exactly the rows that were printed, each with its
// last tick unless it had scrolled away, and below them the typed line.
func TestDisplayAgainstPaper(t *testing.T) {
	t.Parallel()
	texts := []string{"hi", "日本語 日本語 日本語 日本語", "two\nlines", "👨‍👩‍👧 at home", "https://example.org/a/b/c/d/e/f/g/h/i/j/k/l/m/n", "e\u0301e\u0301",
		"a text of many words that goes on over some rows", "\x1b[2J\r\a\u202e", "", "   "}
	keys := []string{"a", "日", "👨‍👩‍👧", "\x1b[D", "\x1b[C", "\x01", "\x05", "\x7f", "some words ", "\x1b\r", "\r", "\x17", "\x1b[A", "\x1b[B"}
	rapid.Check(t, func(rt *rapid.T) {
		columns, rows := rapid.IntRange(20, 50).Draw(rt, "columns"), rapid.IntRange(2, 12).Draw(rt, "rows")
		s := newStage(t, columns, rows)
		paper := newVT(t, columns, 1<<20)
		at := map[string]int{}
		for i := range rapid.IntRange(1, 30).Draw(rt, "steps") {
			switch rapid.IntRange(0, 2).Draw(rt, "what") {
			case 0:
				s.types(rapid.SampledFrom(keys).Draw(rt, "keys"))
			case 1:
				text := rapid.SampledFrom(texts).Draw(rt, "text")
				at[fmt.Sprint(i)] = paper.y
				for _, r := range wrapRows(s.p.glyphs(line{"12:00 ⧖  ", name("bob"), ": ", body(text)}), columns, goesOn, broken) {
					from := paper.y
					_, _ = paper.Write([]byte(r.text + "\r\n"))
					if paper.y-from != r.height {
						rt.Fatalf("a row of %d takes %d: %q", r.height, paper.y-from, r.text)
					}
				}
				s.says(fmt.Sprint(i), text)
			case 2:
				of, tick := fmt.Sprint(rapid.IntRange(0, i).Draw(rt, "of")), rapid.SampledFrom([]string{"✓ ", "✓✓"}).Draw(rt, "tick")
				y, known := at[of]
				if s.ticks(of, tick) {
					if !known || y < s.vt.top {
						rt.Fatalf("%s changes, at row %d of a screen from %d on", of, y, s.vt.top)
					}
					x, back := paper.x, paper.y
					paper.x, paper.y = tickColumn, y
					_, _ = paper.Write([]byte(tick))
					paper.x, paper.y = x, back
				} else if known && s.lowest <= rows {
					rt.Fatalf("%s cannot change though nothing has scrolled", of)
				}
			}
			compareToPaper(rt, s, paper)
		}
	})
}

func compareToPaper(t *rapid.T, s *stage, paper *vt) {
	l := s.edit.layout(s.columns)
	from, to := l.window(max(1, s.rows/2))
	want := ""
	for y := range paper.y {
		want += paper.row(y) + "\n"
	}
	for _, r := range l.rows[from:to] {
		want += strings.TrimRight(r.text, " ") + "\n"
	}
	if diff := cmp.Diff(strings.TrimRight(want, "\n"), s.vt.all()); diff != "" {
		t.Fatalf("everything (-want +got):\n%s", diff)
	}
	if s.vt.y != paper.y+l.row-from || s.vt.x != l.column {
		t.Fatalf("the cursor is at %d,%d, want %d,%d", s.vt.x, s.vt.y, l.column, paper.y+l.row-from)
	}
}

// Whatever is typed or pasted, the screen shows what the line is, and the terminal is told nothing that the
// emulator does not know.
func FuzzTyping(f *testing.F) {
	f.Add("half a line \x1b[D\x1b[D日本語\x01\x0b\x19\x19\x1b\rmore", uint8(30))
	f.Add("\x1b[200~\x1b[2J\x9b\xff\t\r\n\u202e\x1b[201~\r\x1b[A\x1b[A\x7f", uint8(9))
	f.Add("👨‍👩‍👧\u0301\u200d🇨🇭🇨\x02\x02\x04", uint8(12))
	f.Fuzz(func(t *testing.T, sent string, columns uint8) {
		s := newStage(t, int(columns%60)+8, 8)
		s.says("m", "hi")
		var d decoder
		for _, k := range d.decode([]byte(sent)) {
			if k.code == keyClear {
				continue // it takes the message away
			}
			if _, _, _, err := s.keys([]key{k}); err != nil {
				t.Fatal(err)
			}
		}
		l := s.edit.layout(s.columns)
		from, to := l.window(4)
		var want []string
		for _, r := range l.rows[from:to] {
			if r.last().column >= s.columns {
				return // a cluster whose escape is longer than the screen is wide is cut off
			}
			want = append(want, strings.TrimRight(r.text, " "))
		}
		got := strings.Split(s.vt.all(), "\n")
		above := len(wrapRows(s.p.glyphs(line{"12:00 ⧖  ", name("bob"), ": ", body("hi")}), s.columns, goesOn, broken))
		for len(got) < above+len(want) {
			got = append(got, "")
		}
		if diff := cmp.Diff(want, got[above:]); diff != "" {
			t.Errorf("after %q (-want +got):\n%s", sent, diff)
		}
	})
}
