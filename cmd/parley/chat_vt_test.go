package main

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/clipperhouse/displaywidth"
)

// vt is a terminal of the few sequences that a display uses; any other fails the test. With byRune it is one
// that finds every rune as wide as it is alone, as terminals do that know nothing of grapheme clusters.
type vt struct {
	t             *testing.T
	columns, rows int
	byRune        bool
	lines         [][]string // all rows since the beginning; the last rows of them are on the screen
	top           int        // the first row on the screen
	x, y          int        // y counts from the first of lines; x may be columns after the last cell
	nowrap        bool
	paste, hidden bool
}

func newVT(t *testing.T, columns, rows int) *vt {
	return &vt{t: t, columns: columns, rows: rows, lines: [][]string{make([]string, columns)}}
}

func (v *vt) Write(p []byte) (int, error) {
	for s := string(p); s != ""; {
		switch {
		case s[0] == '\r':
			v.x, s = 0, s[1:]
		case s[0] == '\n':
			v.down()
			s = s[1:]
		case strings.HasPrefix(s, "\x1b["):
			end := 2 + strings.IndexFunc(s[2:], func(r rune) bool { return r >= 0x40 })
			v.sequence(s[2:end], s[end])
			s = s[end+1:]
		case s[0] < 0x20 || s[0] == 0x7f:
			v.t.Fatalf("the control character %q was written in %q", s[0], p)
		default:
			end := strings.IndexFunc(s, func(r rune) bool { return r < 0x20 })
			if end < 0 {
				end = len(s)
			}
			v.text(s[:end])
			s = s[end:]
		}
	}
	return len(p), nil
}

func (v *vt) text(s string) {
	if v.byRune {
		for _, r := range s {
			v.put(string(r), displaywidth.Rune(r))
		}
		return
	}
	for g := displaywidth.StringGraphemes(s); g.Next(); {
		v.put(g.Value(), g.Width())
	}
}

func (v *vt) put(s string, width int) {
	if width == 0 {
		if v.x > 0 {
			v.lines[v.y][v.x-1] += s
		}
		return
	}
	if v.x+width > v.columns {
		if v.nowrap {
			v.x = v.columns - width
		} else {
			v.x = 0
			v.down()
		}
	}
	v.lines[v.y][v.x] = s
	for i := 1; i < width; i++ {
		v.lines[v.y][v.x+i] = ""
	}
	v.x += width
}

func (v *vt) down() {
	if v.y++; v.y == len(v.lines) {
		v.lines = append(v.lines, make([]string, v.columns))
		v.top = max(v.top, len(v.lines)-v.rows)
	}
}

func (v *vt) sequence(arg string, final byte) {
	n, err := strconv.Atoi(arg)
	if err != nil {
		n = 1
	}
	switch what := arg + string(final); {
	case final == 'm':
	case what == "?7l", what == "?7h":
		v.nowrap = final == 'l'
	case what == "?2004h", what == "?2004l":
		v.paste = final == 'h'
	case what == "?25h", what == "?25l":
		v.hidden = final == 'l'
	case final == 'A':
		v.y = max(v.top, v.y-n)
	case final == 'B':
		v.y = min(v.top+v.rows-1, v.y+n)
		for v.y >= len(v.lines) {
			v.lines = append(v.lines, make([]string, v.columns))
		}
	case final == 'G':
		v.x = n - 1
	case what == "K":
		v.clear(v.y, v.x)
	case what == "J":
		v.clear(v.y, v.x)
		for y := v.y + 1; y < len(v.lines); y++ {
			v.clear(y, 0)
		}
	case what == "H":
		v.x, v.y = 0, v.top
	case what == "2J":
		for y := v.top; y < len(v.lines); y++ {
			v.clear(y, 0)
		}
	default:
		v.t.Fatalf("unknown sequence %q", arg+string(final))
	}
}

func (v *vt) clear(y, from int) {
	for x := min(from, v.columns); x < v.columns; x++ {
		v.lines[y][x] = ""
	}
}

// row is what stands in a row of lines.
func (v *vt) row(y int) string {
	var b strings.Builder
	skip := 0
	for _, c := range v.lines[y] {
		if skip > 0 && c == "" {
			skip--
			continue
		}
		if skip = 0; c == "" {
			c = " "
		} else if w := displaywidth.String(c); w > 1 && !v.byRune {
			skip = w - 1
		}
		b.WriteString(c)
	}
	return strings.TrimRight(b.String(), " ")
}

// all is everything since the beginning, without empty rows at the end.
func (v *vt) all() string {
	var b strings.Builder
	for y := range v.lines {
		b.WriteString(v.row(y) + "\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

// screen is what is on the screen now.
func (v *vt) screen() string {
	var b strings.Builder
	for y := v.top; y < len(v.lines); y++ {
		b.WriteString(v.row(y) + "\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

// cursor is where it stands on the screen, from 0.
func (v *vt) cursor() string { return fmt.Sprintf("%d,%d", v.x, v.y-v.top) }
