package main

import (
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// glyph is what stands in one place of the screen, as wide as columns says; br is a line break instead.
type glyph struct {
	text  string
	width int
	sgr   string
	br    bool
}

// row is one row of the screen, ready to be written; a soft one is left to the terminal to wrap and takes
// several.
type row struct {
	text   string
	height int
	soft   bool
}

// indents of the rows of a message after the first: of those that only go on, and of those after a line break
// in it, which stand under a bar so that nothing that somebody wrote can look like a row of ours.
const (
	goesOn = "         "
	broken = "       │ "
	barred = "       | " // the same with --plain
	narrow = 30          // columns below which text is not indented
)

// glyphs renders the parts of a line, escaped as every text. Only a body keeps its line breaks.
func (p *printer) glyphs(parts []any) []glyph {
	var gs []glyph
	for _, part := range parts {
		sgr := ""
		var lines []string
		switch part := part.(type) {
		case body:
			text := strings.ReplaceAll(strings.ReplaceAll(string(part), "\r\n", "\n"), "\t", "    ")
			lines = strings.Split(text, "\n")
		case styled:
			lines = []string{part.text}
			if p.outColour {
				sgr = part.sgr
			}
		default:
			lines = []string{p.render([]any{part}, false)}
		}
		for i, l := range lines {
			if i > 0 {
				gs = append(gs, glyph{br: true})
			}
			gs = appendGlyphs(gs, clean(l), sgr)
		}
	}
	return gs
}

func appendGlyphs(gs []glyph, text, sgr string) []glyph {
	for g := displaywidth.StringGraphemes(text); g.Next(); {
		gs = append(gs, glyph{text: g.Value(), width: g.Width(), sgr: sgr})
	}
	return gs
}

// wrapRows breaks glyphs into rows of less than so many columns: the last column stays free, for what a terminal
// does once it is written to differs. Rows break at spaces. A word of ASCII that is longer than a row, which
// is likely a link, is not broken but left to the terminal, so that it can be copied whole. Rows that go on
// begin with indent, those after a line break in a text with the bar.
func wrapRows(gs []glyph, columns int, indent, bar string) []row {
	w := wrapper{limit: max(columns-1, 2), columns: max(columns, 2)}
	if columns >= narrow {
		w.on, w.after = indent, bar
	}
	for len(gs) > 0 {
		n := wordLen(gs)
		w.word(gs[:n])
		gs = gs[n:]
	}
	w.flush()
	return w.rows
}

// wordLen is the length of the word, the spaces or the line break that gs begins with.
func wordLen(gs []glyph) int {
	if gs[0].br {
		return 1
	}
	n := 1
	for n < len(gs) && !gs[n].br && (gs[n].text == " ") == (gs[0].text == " ") {
		n++
	}
	return n
}

// wrapper is wrapRows at work.
type wrapper struct {
	limit, columns int
	on, after      string
	rows           []row
	line           []glyph
	width          int
	begun          bool // the line has more than its indent
	torn           bool // the line goes on with what did not fit before it: spaces there stand for nothing
}

func (w *wrapper) word(gs []glyph) {
	width := glyphsWidth(gs)
	switch {
	case gs[0].br:
		w.next(w.after)
		w.torn = false
	case gs[0].text == " " && w.torn && !w.begun:
	case w.width+width <= w.limit:
		w.add(gs)
	case gs[0].text == " ":
		if w.begun {
			w.next(w.on)
		}
	case width > w.limit-len(w.on) && isASCII(gs):
		w.soft(gs, width)
	default:
		if w.begun && width <= w.limit-len(w.on) {
			w.next(w.on)
		}
		for i := range gs {
			if w.width+gs[i].width > w.limit && w.begun {
				w.next(w.on)
			}
			w.add(gs[i : i+1])
		}
	}
}

func (w *wrapper) add(gs []glyph) {
	w.line, w.width, w.begun = append(w.line, gs...), w.width+glyphsWidth(gs), true
}

// soft puts a long word in rows of its own.
func (w *wrapper) soft(gs []glyph, width int) {
	if w.begun {
		w.flush()
	}
	w.rows = append(w.rows, row{text: renderGlyphs(gs), height: (width + w.columns - 1) / w.columns, soft: true})
	w.indent(w.on)
}

// next ends the row and begins one with an indent.
func (w *wrapper) next(indent string) {
	if w.begun || indent == w.after {
		w.rows = append(w.rows, row{text: renderGlyphs(w.line), height: 1})
	}
	w.indent(indent)
}

func (w *wrapper) indent(indent string) {
	w.line = appendGlyphs(nil, indent, "")
	w.width, w.begun, w.torn = glyphsWidth(w.line), false, true
}

func (w *wrapper) flush() {
	if w.begun || len(w.rows) == 0 {
		w.rows = append(w.rows, row{text: renderGlyphs(w.line), height: 1})
	}
	w.begun = false
}

func glyphsWidth(gs []glyph) int {
	n := 0
	for _, g := range gs {
		n += g.width
	}
	return n
}

func isASCII(gs []glyph) bool {
	for _, g := range gs {
		if len(g.text) != 1 {
			return false
		}
	}
	return true
}

// renderGlyphs makes text of glyphs, with their styles.
func renderGlyphs(gs []glyph) string {
	var b strings.Builder
	sgr := ""
	for _, g := range gs {
		if g.sgr != sgr {
			if sgr != "" {
				b.WriteString("\x1b[0m")
			}
			if sgr = g.sgr; sgr != "" {
				b.WriteString("\x1b[" + sgr + "m")
			}
		}
		b.WriteString(g.text)
	}
	if sgr != "" {
		b.WriteString("\x1b[0m")
	}
	return b.String()
}
