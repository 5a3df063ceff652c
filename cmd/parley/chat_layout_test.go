package main

import (
	"strings"
	"testing"

	"github.com/clipperhouse/displaywidth"
	"github.com/google/go-cmp/cmp"
)

func TestWrapRows(t *testing.T) {
	t.Parallel()
	p, _, _ := testPrinter(true)
	for _, tc := range []struct {
		name, text string
		columns    int
		want       []string // a soft row begins with its height
	}{
		{"short", "hello", 40, []string{"12:00    bob: hello"}},
		{"nothing", "", 40, []string{"12:00    bob: "}},
		{"at spaces", "one two three four five six seven", 35, []string{"12:00    bob: one two three four ", "         five six seven"}},
		{"line breaks", "one\r\n\n  two", 40, []string{"12:00    bob: one", "       │ ", "       │   two"}},
		{"a break at the end", "one\n", 40, []string{"12:00    bob: one"}},
		{"spaces at the margin", "one two three four" + strings.Repeat(" ", 20) + "five", 33, []string{"12:00    bob: one two three four", "         five"}},
		{"double width", "日本語日本語日本語日本語日本語", 33, []string{"12:00    bob: 日本語日本語日本語", "         日本語日本語"}},
		{"a link", "see https://example.org/of/more/than/one/row and this", 33,
			[]string{"12:00    bob: see ", "2 https://example.org/of/more/than/one/row", "         and this"}},
		{"a narrow screen", "one two three\nfour", 20, []string{"12:00    bob: one ", "two three", "four"}},
		{"no room at all", "日本", 2, []string{"1", "2:", "00", "bo", "b:", "日", "本"}},
		{"escapes", "\x1b[2J\u202e", 40, []string{`12:00    bob: \x1b[2J\u202e`}},
	} {
		var got []string
		for _, r := range wrapRows(p.glyphs(line{"12:00    bob: ", body(tc.text)}), tc.columns, goesOn, broken) {
			text := r.text
			if r.soft {
				text = string(rune('0'+r.height)) + " " + text
			} else if w := displaywidth.String(r.text); r.height != 1 || w >= max(tc.columns, 3) {
				t.Errorf("%s: %d columns and height %d: %q", tc.name, w, r.height, r.text)
			}
			got = append(got, text)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" && tc.columns > 2 {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

// Each style ends where it ends, in every row.
func TestWrapStyles(t *testing.T) {
	t.Parallel()
	p, _, _ := testPrinter(true)
	rows := wrapRows(p.glyphs(line{faint("one two"), " ", good("three"), "- four"}), 8, "", broken)
	var got []string
	for _, r := range rows {
		got = append(got, r.text)
	}
	want := []string{"\x1b[2mone two\x1b[0m", "\x1b[32mthree\x1b[0m- ", "four"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	p.outColour = false
	if got := renderGlyphs(p.glyphs(line{bad("x"), "y"})); got != "xy" {
		t.Errorf("without colours: %q", got)
	}
}
