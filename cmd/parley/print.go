package main

// Rules of output. This is the one file that writes to the user, but for the display of a chat: see
// chat_display.go, which places rows that were escaped and styled by these rules.
//
//  1. Results go to stdout, everything else to stderr. With --json a result is one JSON object per line
//     on stdout, an error or a warning is one on stderr, and there are no notes.
//  2. All text is escaped on its way, ours too, so that nothing can be forgotten: control characters,
//     ANSI sequences, whatever changes the direction of writing or is invisible. Only the styles of this
//     file bring control characters, and only line breaks that this file makes are line breaks: those in
//     a message are continued under a bar on a terminal, and escaped elsewhere.
//  3. Colours only on a terminal, and not with --plain, NO_COLOR or TERM=dumb. With --plain words stand
//     instead of symbols.
//  4. --quiet leaves notes out, never results, warnings or errors.
//  5. An error of writing to stdout is returned: nothing counts as shown that was not written.
//  6. A state is named as the wallet names it; nothing is shown as further than it is.
//  7. Commands that a note, a warning or a hint names are for the wallet that was named, and do as well what the
//     one did that they follow: --home, --profile and --allow-private-networks are repeated in them. A command for
//     somebody else is a body, which is left as it is.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/parley-im/parley/internal/control"
)

// ours finds the beginning of a command of parley in a text: its name and that of a subcommand.
var ours = regexp.MustCompile(`\bparley (?:` +
	`add|ack|answer|ask|backup|cancel|chat|completion|contacts|daemon|demo|did|doctor|export|features|id|init|invite|message|` +
	`outbox|pack|passphrase|ping|profile|profiles|receipts|recv|requests|restore|save|search|send|status|unpack|verify)\b`)

// printer writes for the user. Its methods may be called by many goroutines if its writers allow it.
type printer struct {
	out, err             io.Writer
	json, plain, quiet   bool
	outTerminal          bool // stdout is a terminal
	outColour, errColour bool
	outWidth, errWidth   int    // columns of each if it is a terminal: what is told there is broken between words
	aim                  string // the flags that name the wallet, as the user wrote them
	now                  func() time.Time
}

func (a *app) newPrinter() *printer {
	colours := !a.plain && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return &printer{
		out: a.out, err: a.err, json: a.json, plain: a.plain, quiet: a.quiet,
		outTerminal: isTerminal(a.out), outColour: colours && isTerminal(a.out), errColour: colours && isTerminal(a.err),
		outWidth: columns(a.out), errWidth: columns(a.err), aim: a.aim, now: time.Now,
	}
}

// aimed returns text with the flags that name the wallet in each command of ours that it names.
func (p *printer) aimed(text string) string {
	if p.aim == "" {
		return text
	}
	return ours.ReplaceAllStringFunc(text, func(call string) string { return "parley " + p.aim + strings.TrimPrefix(call, "parley") })
}

// aimedParts is aimed for the parts of a line.
func (p *printer) aimedParts(parts []any) []any {
	parts = slices.Clone(parts)
	for i, part := range parts {
		switch part := part.(type) {
		case string:
			parts[i] = p.aimed(part)
		case styled:
			part.text = p.aimed(part.text)
			parts[i] = part
		}
	}
	return parts
}

// isTerminal reports whether v, a reader or writer, is a terminal.
func isTerminal(v any) bool {
	f, ok := v.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// columns is how wide v is if it is a terminal, 0 else.
func columns(v any) int {
	if f, ok := v.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil {
			return n
		}
	}
	return 0
}

// line is one line of output: strings, styled, body and time.Time values, side by side.
type line []any

// styled is text in a style; sgr is the parameter of the ANSI sequence.
type styled struct{ sgr, text string }

// body is text of several lines that somebody wrote.
type body string

func bold(s string) styled  { return styled{"1", s} }
func faint(s string) styled { return styled{"2", s} }
func good(s string) styled  { return styled{"32", s} }
func bad(s string) styled   { return styled{"31", s} }
func name(s string) styled  { return styled{"1;36", s} }

// show writes a result: the object v with --json, the lines else.
func (p *printer) show(v any, lines ...line) error {
	if p.json {
		return p.object(p.out, v)
	}
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(p.render(l, p.outColour))
		b.WriteByte('\n')
	}
	_, err := io.WriteString(p.out, b.String())
	return err
}

// page writes lines to stdout whatever the form of results is: the help is for people.
func (p *printer) page(lines ...line) error {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(strings.TrimRight(p.render(l, p.outColour), " "))
		b.WriteByte('\n')
	}
	return p.raw(b.String())
}

// raw writes a text of ours to stdout as it is: the source of a manual page.
func (p *printer) raw(text string) error {
	_, err := io.WriteString(p.out, text)
	return err
}

// note tells something beside the result.
func (p *printer) note(parts ...any) {
	if p.json || p.quiet {
		return
	}
	p.tell(p.render(p.aimedParts(parts), p.errColour))
}

// tell writes lines to stderr.
func (p *printer) tell(text string) { _, _ = io.WriteString(p.err, fold(text, p.errWidth)+"\n") }

// fold breaks lines between words where they would be wider than width columns; 0 leaves them. Styles have no
// width. What a line begins with, spaces, the next begins with as well.
func fold(text string, width int) string {
	var b strings.Builder
	for i, l := range strings.Split(text, "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		indent := len(l) - len(strings.TrimLeft(l, " "))
		used := 0
		for j, word := range strings.Split(l, " ") {
			n := utf8.RuneCountInString(styles.ReplaceAllString(word, ""))
			switch {
			case j > 0 && width > 0 && used > indent && used+1+n > width:
				b.WriteString("\n" + strings.Repeat(" ", indent))
				used = indent
			case j > 0:
				b.WriteByte(' ')
				used++
			}
			b.WriteString(word)
			used += n
		}
	}
	return b.String()
}

// styles are what render puts in for colours.
var styles = regexp.MustCompile("\x1b\\[[0-9;]*m")

// warn tells something that nobody should overlook.
func (p *printer) warn(text string) {
	text = p.aimed(text)
	if p.json {
		_ = p.object(p.err, struct {
			V       int    `json:"v"`
			Warning string `json:"warning"`
		}{control.Version, text})
		return
	}
	p.tell(p.render(line{styled{"33", "warning:"}, " ", text}, p.errColour))
}

// fail tells the error that ends the command.
func (p *printer) fail(e *control.Error) {
	e = &control.Error{Code: e.Code, Message: e.Message, Hint: p.aimed(e.Hint), Offer: e.Offer}
	if p.json {
		_ = p.object(p.err, struct {
			V     int            `json:"v"`
			Error *control.Error `json:"error"`
		}{control.Version, e})
		return
	}
	p.tell(p.render(line{styled{"1;31", "error:"}, " ", body(e.Message)}, p.errColour))
	for _, l := range prints(e.Offer) {
		p.tell(p.render(line{"  ", l}, p.errColour))
	}
	if e.Hint != "" {
		p.tell(p.render(line{"  ", faint(e.Hint)}, p.errColour))
	}
}

// ask writes a question without ending the line.
func (p *printer) ask(w io.Writer, question string) {
	_, _ = io.WriteString(w, clean(question)+" ")
}

// hung is a text behind a label: on a terminal what does not fit goes on below what it began with.
func (p *printer) hung(label styled, text string) (lines []line) {
	indent := utf8.RuneCountInString(label.text)
	for i, row := range strings.Split(fold(strings.Repeat(" ", indent)+clean(text), p.outWidth), "\n") {
		if i == 0 {
			lines = append(lines, line{label, row[indent:]})
			continue
		}
		lines = append(lines, line{row})
	}
	return lines
}

// document writes a JSON document of others on one line, with the same meaning and nothing in it that a terminal
// would obey.
func (p *printer) document(text []byte) error {
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return fmt.Errorf("write as JSON: %w", err)
	}
	_, err := io.WriteString(p.out, escapeJSON(compact.Bytes())+"\n")
	return err
}

// indented writes a JSON document of others for reading, with nothing in it that a terminal would obey.
func (p *printer) indented(text []byte) error {
	var out bytes.Buffer
	if err := json.Indent(&out, text, "", "  "); err != nil {
		return fmt.Errorf("write as JSON: %w", err)
	}
	for l := range strings.Lines(out.String()) {
		if _, err := io.WriteString(p.out, escapeJSON([]byte(strings.TrimSuffix(l, "\n")))+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// endLine ends a line on a terminal where the user's own line break was not shown.
func (p *printer) endLine(w io.Writer) {
	_, _ = io.WriteString(w, "\r\n")
}

func (p *printer) object(w io.Writer, v any) error {
	data, err := control.Marshal(v)
	if err != nil {
		return fmt.Errorf("write as JSON: %w", err)
	}
	_, err = io.WriteString(w, escapeJSON(data)+"\n")
	return err
}

// render makes one line of text, without its end.
func (p *printer) render(parts []any, colour bool) string {
	var b strings.Builder
	for _, part := range parts {
		switch part := part.(type) {
		case string:
			b.WriteString(clean(part))
		case styled:
			if colour && part.text != "" && part.sgr != "" {
				b.WriteString("\x1b[" + part.sgr + "m" + clean(part.text) + "\x1b[0m")
			} else {
				b.WriteString(clean(part.text))
			}
		case body:
			b.WriteString(p.body(string(part)))
		case time.Time:
			b.WriteString(p.time(part))
		default:
			b.WriteString(clean(fmt.Sprint(part)))
		}
	}
	return b.String()
}

// body renders a text of several lines.
func (p *printer) body(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\t", "    ")
	if !p.outTerminal {
		return clean(text)
	}
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = clean(lines[i])
	}
	bar := "│"
	if p.plain {
		bar = "|"
	}
	return strings.Join(lines, "\n      "+bar+" ")
}

// time renders a time: short for people, RFC 3339 for programs.
func (p *printer) time(t time.Time) string {
	if !p.outTerminal {
		return t.UTC().Format(time.RFC3339)
	}
	t, now := t.Local(), p.now().Local()
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return t.Format("15:04")
	}
	return t.Format("2006-01-02 15:04")
}

// state renders the state of a sent message as its symbol and word, or the word alone.
func (p *printer) state(state string) []any {
	mark, ok := map[string]styled{
		"queued": faint("⧖"), "sent": faint("→"), "relayed": faint("↑"), "delivered": good("✓"), "read": good("✓✓"),
		"failed": bad("✗"), "expired": bad("✗"),
	}[state]
	if p.plain || !ok {
		return line{state}
	}
	return line{mark, " ", state}
}

// column pads s to the width, counted in characters.
func column(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(clean(s))))
}

// excerpt is the first line of a text, cut to width characters.
func excerpt(s string, width int) string {
	s, _, more := strings.Cut(strings.TrimSpace(s), "\n")
	if r := []rune(s); len(r) > width {
		s, more = string(r[:width-1]), true
	}
	if more {
		s += "…"
	}
	return s
}

// clean makes text safe to show: what is not plainly printable becomes an escape such as \x1b or \u202e.
func clean(s string) string {
	var b strings.Builder
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				fmt.Fprintf(&b, `\x%02x`, s[i])
				continue
			}
		}
		if shown(r) {
			b.WriteRune(r)
			continue
		}
		q := strconv.QuoteRuneToASCII(r)
		b.WriteString(q[1 : len(q)-1])
	}
	return b.String()
}

// shown reports whether a character can be shown as it is: no control character, and none that is
// invisible or turns the direction of writing round. The joiners that emoji and some scripts need are
// the exception.
func shown(r rune) bool {
	return r == '\u200c' || r == '\u200d' || unicode.IsPrint(r) || unicode.Is(unicode.Zs, r)
}

// escapeJSON escapes in JSON what a terminal would obey: JSON itself only demands that of the control
// characters below the space. The values stay the same.
func escapeJSON(data []byte) string {
	var b strings.Builder
	for _, r := range string(data) {
		switch {
		case shown(r):
			b.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// other renders a message that is no text.
func other(m control.Message) string {
	if text, known := describe(m); known {
		return text
	}
	if len(m.Body) == 0 || string(m.Body) == "{}" {
		return "[" + m.Type + "]"
	}
	return "[" + m.Type + "] " + excerpt(string(m.Body), 200)
}
