package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// display is the end of a terminal's screen: what is said goes up there, and below it stands the line that
// is being typed, which stays whole whatever appears.
//
// It is written only in whole rows that it has broken itself, with the terminal's own wrapping switched off:
// so a terminal that finds a character wider than we do garbles nothing, and the display always knows how
// many rows a message is above the cursor. The place of the cursor is never computed: what stands before it
// is written once more. It can therefore go back and change the tick of a message, as long as that row
// has not scrolled away; when it is not certain of that, it does not.
//
// Its methods may be called by many goroutines.
type display struct {
	mu            sync.Mutex
	w             io.Writer // guarded by mu, as all below
	columns, rows int
	edit          editor
	hidden        bool           // the typed line is not shown
	cursor        int            // rows of the typed line above the cursor
	widest        int            // columns of the widest row of the typed line
	shown         int            // rows of the typed line
	printed       int            // rows above the typed line since the beginning
	lowest        int            // the most rows there have ever been, with those of the typed line
	marks         map[string]int // the row of what can still be changed
}

func newDisplay(w io.Writer, columns, rows int) *display {
	return &display{w: w, columns: columns, rows: rows, hidden: true, marks: map[string]int{}}
}

// open begins to show the typed line.
func (d *display) open() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hidden = false
	return d.frame(func(b *strings.Builder) { b.WriteString("\x1b[?2004h") })
}

// width is how many columns there are.
func (d *display) width() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.columns
}

// close takes the typed line away, or leaves it where it stands if there is something in it, with the cursor
// below.
func (d *display) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.hidden {
		return
	}
	end := "\x1b[J"
	if d.edit.text != "" {
		end = down(d.shown-1) + "\r\n"
	}
	d.hidden = true
	_, _ = io.WriteString(d.w, up(d.cursor)+"\r"+end+"\x1b[?2004l")
	d.forget()
}

// reopen shows the typed line again where the cursor is now: others have written to the screen meanwhile.
func (d *display) reopen(columns, rows int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forget()
	d.columns, d.rows, d.cursor, d.hidden = columns, rows, 0, false
	_ = d.frame(func(b *strings.Builder) { b.WriteString("\x1b[?2004h") })
}

// print writes rows above the typed line. Under a key that is not empty the first of them can be changed
// later.
func (d *display) print(key string, rows []row) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if key != "" {
		d.marks[key] = d.printed
	}
	err := d.frame(func(b *strings.Builder) {
		b.WriteString("\x1b[J")
		for _, r := range rows {
			if r.soft {
				b.WriteString("\x1b[?7h" + r.text + "\x1b[?7l")
			} else {
				b.WriteString(r.text)
			}
			b.WriteString("\r\n")
			d.printed += r.height
		}
	})
	for k, at := range d.marks {
		if at < d.lowest-d.rows {
			delete(d.marks, k)
		}
	}
	return err
}

// change writes text over what stands from a column on in the row of key, and reports whether it could.
// With whole the rest of the row is cleared.
func (d *display) change(key string, column int, text string, whole bool) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, ok := d.marks[key]
	if !ok || d.hidden || at < d.lowest-d.rows || column >= d.columns {
		return false, nil
	}
	return true, d.frame(func(b *strings.Builder) {
		b.WriteString(up(d.printed - at))
		fmt.Fprintf(b, "\x1b[%dG%s", column+1, text)
		if whole {
			b.WriteString("\x1b[K")
		}
		b.WriteString(down(d.printed-at) + "\r")
	})
}

// keys changes the typed line, and returns what was entered and what the last key wants, if that is more.
func (d *display) keys(ks []key) (lines []string, o outcome, rest []key, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, k := range ks {
		if o = d.edit.press(k, d.columns); o == entered {
			lines, o = append(lines, d.edit.enter()), edited
		}
		if o != edited {
			rest = ks[i+1:]
			break
		}
	}
	if o == cleared {
		d.forget()
		o, d.cursor = edited, 0
		_, _ = io.WriteString(d.w, "\x1b[H\x1b[2J")
	}
	return lines, o, rest, d.frame(func(*strings.Builder) {})
}

// resize says that the screen has another size, or was written to by others. Nothing that was printed before
// is changed any more: nobody knows where it stands now.
func (d *display) resize(columns, rows int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	// Rows of ours that are too long now may have been wrapped, or not. Then what is left of the typed line
	// stays, and it begins anew below.
	torn := d.widest >= columns && !d.hidden
	d.columns, d.rows = columns, rows
	d.forget()
	if torn {
		d.cursor = 0
		if _, err := io.WriteString(d.w, "\r\n"); err != nil {
			return err
		}
	}
	return d.frame(func(*strings.Builder) {})
}

// forget gives up to change what was printed.
func (d *display) forget() { clear(d.marks) }

// frame goes to where the typed line begins, has write write there, and draws the typed line again.
func (d *display) frame(write func(b *strings.Builder)) error {
	var b strings.Builder
	if d.hidden {
		write(&b)
		_, err := io.WriteString(d.w, b.String())
		return err
	}
	b.WriteString("\x1b[?25l\x1b[?7l" + up(d.cursor) + "\r")
	write(&b)
	d.draw(&b)
	b.WriteString("\x1b[?7h\x1b[?25h")
	_, err := io.WriteString(d.w, b.String())
	return err
}

// draw writes the typed line and what stands before its cursor again.
func (d *display) draw(b *strings.Builder) {
	l := d.edit.layout(d.columns)
	from, to := l.window(max(1, d.rows/2))
	d.widest = 0
	for i, r := range l.rows[from:to] {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(r.text + "\x1b[K")
		d.widest = max(d.widest, r.last().column)
	}
	d.cursor, d.shown = l.row-from, to-from
	b.WriteString("\x1b[J" + up(d.shown-1-d.cursor) + "\r" + l.before)
	d.lowest = max(d.lowest, d.printed+d.shown)
}

// up and down move the cursor by n rows; none is none.
func up(n int) string   { return moved(n, 'A') }
func down(n int) string { return moved(n, 'B') }

func moved(n int, way rune) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf("\x1b[%d%c", n, way)
}
