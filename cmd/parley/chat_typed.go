package main

import "github.com/clipperhouse/displaywidth"

// typedRow is a row of the line that is being typed. The cursor can be in front of each cluster and behind
// the last one; stops are these places.
type typedRow struct {
	text  string
	stops []stop
	wraps bool // the row after it goes on with the same line
}

// stop is a place of the cursor: its column, its byte in the editor's text and in the row's.
type stop struct{ column, at, cell int }

// nearest is the byte of the editor's text that is nearest to a column of the row, from the left.
func (r typedRow) nearest(column int) int {
	stops := r.stops
	if r.wraps && len(stops) > 1 {
		stops = stops[:len(stops)-1] // that is the first place of the next row
	}
	at := stops[0].at
	for _, s := range stops {
		if s.column <= column {
			at = s.at
		}
	}
	return at
}

func (r *typedRow) last() stop { return r.stops[len(r.stops)-1] }

// layout is how the line that is being typed looks, and where its cursor is.
type layout struct {
	rows        []typedRow
	row, column int
	before      string // the cursor's row up to the cursor
}

// layout places the line behind the prompt, in rows of less than so many columns. What cannot be shown
// as it is, is shown escaped.
func (e *editor) layout(columns int) layout {
	limit := max(columns-1, len(chatPrompt)+2)
	rows := []typedRow{beginRow(chatPrompt, 0)}
	at := 0
	for g := displaywidth.StringGraphemes(e.text); g.Next(); {
		r := &rows[len(rows)-1]
		if g.Value() == "\n" {
			at++
			rows = append(rows, beginRow(chatGoesOn, at))
			continue
		}
		text, width := typedAs(g.Value(), g.Width())
		if r.last().column+width > limit && len(r.stops) > 1 {
			r.wraps = true
			rows = append(rows, beginRow(chatGoesOn, at))
			r = &rows[len(rows)-1]
		}
		at += len(g.Value())
		r.text += text
		r.stops = append(r.stops, stop{r.last().column + width, at, len(r.text)})
	}
	l := layout{rows: rows}
	for l.row = len(rows) - 1; l.row > 0 && rows[l.row].stops[0].at > e.cursor; l.row-- {
	}
	for _, s := range rows[l.row].stops {
		if s.at <= e.cursor {
			l.column, l.before = s.column, rows[l.row].text[:s.cell]
		}
	}
	return l
}

func beginRow(prompt string, at int) typedRow {
	return typedRow{text: prompt, stops: []stop{{len(prompt), at, len(prompt)}}}
}

// typedAs is a cluster as it is shown, and how wide.
func typedAs(cluster string, width int) (string, int) {
	if cluster == "\t" {
		return "    ", 4
	}
	if c := clean(cluster); c != cluster {
		return c, len(c)
	}
	return cluster, width
}

// window is which rows of the line are shown where there is room for n only: those around the cursor.
func (l layout) window(n int) (from, to int) {
	if len(l.rows) <= n {
		return 0, len(l.rows)
	}
	from = min(max(0, l.row-n/2), len(l.rows)-n)
	return from, from + n
}
