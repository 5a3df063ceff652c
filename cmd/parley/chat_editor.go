package main

import (
	"strings"
	"unicode"

	"github.com/clipperhouse/displaywidth"
)

const maxTyped = 100 // lines that the arrow keys bring back

// outcome is what the person at the keyboard wants after a key.
type outcome int

const (
	edited outcome = iota
	entered
	ended
	interrupted
	suspended
	cleared
)

// editor is the line that is being typed. It moves by grapheme clusters: what a reader takes for one
// character is never cut. It knows nothing of the terminal; see layout for how it looks. One goroutine at a
// time may use it.
//
// It is our own because the libraries that were looked at do not do what a chat needs: golang.org/x/term and
// ergochat/readline measure runes by themselves, so that the cursor goes astray behind emoji; others are for
// full screens or own the terminal. With none of them a tick above the line can change while one types.
type editor struct {
	text   string
	cursor int // a byte of text where a cluster begins, or its end
	killed string
	typed  []string // what was entered, oldest first
	at     int      // which of typed is shown; len(typed) is the draft
	draft  string
	// commands complete what begins with a slash.
	commands []string
}

// press changes the line by one key. columns is how wide it is shown.
func (e *editor) press(k key, columns int) outcome {
	switch k.code {
	case keyText:
		e.insert(k.text)
	case keyBreak:
		e.insert("\n")
	case keyTab:
		e.complete()
	case keyEnter:
		return entered
	case keySuspend:
		return suspended
	case keyClear:
		return cleared
	case keyEOF:
		if e.text == "" {
			return ended
		}
		e.remove(e.cursor, e.right())
	case keyInterrupt:
		if e.text == "" {
			return interrupted
		}
		e.set("")
		e.at = len(e.typed)
	default:
		if !e.move(k.code, columns) {
			e.erase(k.code)
		}
	}
	return edited
}

// move moves the cursor, if that is what the key does.
func (e *editor) move(k keyCode, columns int) bool {
	switch k {
	case keyLeft:
		e.cursor = e.left()
	case keyRight:
		e.cursor = e.right()
	case keyWordLeft:
		e.snap(e.wordLeft())
	case keyWordRight:
		e.snap(e.wordRight())
	case keyHome:
		e.cursor = strings.LastIndexByte(e.text[:e.cursor], '\n') + 1
	case keyEnd:
		e.cursor = e.lineEnd()
	case keyUp:
		e.vertical(-1, columns)
	case keyDown:
		e.vertical(1, columns)
	default:
		return false
	}
	return true
}

// erase removes what the key removes.
func (e *editor) erase(k keyCode) {
	switch k {
	case keyErase:
		e.remove(e.left(), e.cursor)
	case keyDelete:
		e.remove(e.cursor, e.right())
	case keyEraseWord:
		e.kill(e.wordLeft(), e.cursor)
	case keyDeleteWord:
		e.kill(e.cursor, e.wordRight())
	case keyKillBefore:
		e.kill(strings.LastIndexByte(e.text[:e.cursor], '\n')+1, e.cursor)
	case keyKillAfter:
		e.kill(e.cursor, e.lineEnd())
	case keyYank:
		e.insert(e.killed)
	}
}

// enter takes the line away and remembers it.
func (e *editor) enter() string {
	text := e.text
	if strings.TrimSpace(text) != "" && (len(e.typed) == 0 || e.typed[len(e.typed)-1] != text) {
		e.typed = append(e.typed, text)
		if len(e.typed) > maxTyped {
			e.typed = e.typed[1:]
		}
	}
	e.at, e.draft = len(e.typed), ""
	e.set("")
	return text
}

// set makes text the line, with the cursor at its end.
func (e *editor) set(text string) { e.text, e.cursor = text, len(text) }

// insert puts text before the cursor. It may join the character after it: the cursor is then behind both.
func (e *editor) insert(text string) {
	if len(e.text)+len(text) > maxText {
		return // no message is that long
	}
	e.text = e.text[:e.cursor] + text + e.text[e.cursor:]
	e.snap(e.cursor + len(text))
}

func (e *editor) remove(from, to int) {
	e.text = e.text[:from] + e.text[to:]
	e.snap(from)
}

// kill removes and keeps for keyYank.
func (e *editor) kill(from, to int) {
	if from < to {
		e.killed = e.text[from:to]
		e.remove(from, to)
	}
}

// snap puts the cursor where a cluster begins, at i or after it.
func (e *editor) snap(i int) {
	at := lineStart(e.text, i)
	for g := displaywidth.StringGraphemes(e.text[at:]); at < i && g.Next(); {
		at += len(g.Value())
	}
	e.cursor = at
}

// lineStart is where the line of i begins: no cluster reaches over a line break, so that one need not look
// further back.
func lineStart(text string, i int) int {
	return strings.LastIndexByte(text[:i], '\n') + 1
}

// left is where the cluster before the cursor begins.
func (e *editor) left() int {
	if e.cursor > 0 && e.text[e.cursor-1] == '\n' {
		return e.cursor - 1
	}
	at := lineStart(e.text, e.cursor)
	for g := displaywidth.StringGraphemes(e.text[at:e.cursor]); g.Next(); {
		if at+len(g.Value()) >= e.cursor {
			return at
		}
		at += len(g.Value())
	}
	return at
}

// right is where the cluster at the cursor ends.
func (e *editor) right() int {
	if g := displaywidth.StringGraphemes(e.text[e.cursor:]); g.Next() {
		return e.cursor + len(g.Value())
	}
	return e.cursor
}

func (e *editor) lineEnd() int {
	if i := strings.IndexByte(e.text[e.cursor:], '\n'); i >= 0 {
		return e.cursor + i
	}
	return len(e.text)
}

// wordLeft is where the word before the cursor begins.
func (e *editor) wordLeft() int {
	before := strings.TrimRightFunc(e.text[:e.cursor], unicode.IsSpace)
	return len(strings.TrimRightFunc(before, func(r rune) bool { return !unicode.IsSpace(r) }))
}

// wordRight is where the word after the cursor ends.
func (e *editor) wordRight() int {
	after := strings.TrimLeftFunc(e.text[e.cursor:], unicode.IsSpace)
	if i := strings.IndexFunc(after, unicode.IsSpace); i >= 0 {
		return len(e.text) - len(after) + i
	}
	return len(e.text)
}

// vertical moves a row up or down, and beyond the first or last one to what was entered before or after.
func (e *editor) vertical(step, columns int) {
	l := e.layout(columns)
	row := l.row + step
	if row < 0 || row >= len(l.rows) {
		e.recall(step)
		return
	}
	e.cursor = l.rows[row].nearest(l.column)
}

// recall shows what was entered before or after.
func (e *editor) recall(step int) {
	to := e.at + step
	if to < 0 || to > len(e.typed) {
		return
	}
	if e.at == len(e.typed) {
		e.draft = e.text
	}
	if e.at = to; to == len(e.typed) {
		e.set(e.draft)
	} else {
		e.set(e.typed[to])
	}
}

// complete completes a command if it can be only one.
func (e *editor) complete() {
	if !strings.HasPrefix(e.text, "/") || e.cursor < len(e.text) {
		return
	}
	var found []string
	for _, c := range e.commands {
		if strings.HasPrefix(c, e.text) {
			found = append(found, c)
		}
	}
	if len(found) == 1 {
		e.set(found[0] + " ")
	}
}
