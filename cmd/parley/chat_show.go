package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/questionanswer"
)

// tickColumn is where the tick of a message stands: behind the time, so that it is in its first row whatever
// the message, and as wide for every state.
const (
	tickColumn = len("15:04 ")
	tickWidth  = 2
)

// onTerminal reports whether a person reads this, not a program.
func (c *chat) onTerminal() bool { return c.print.outTerminal && !c.print.json }

// changes reports whether the tick of a message on the screen can change there.
func (c *chat) changes() bool { return c.display != nil && c.print.outColour }

// show shows a result: on the display, above the line that is being typed, or as print does. The first row
// of what is shown under a key can be changed later.
func (c *chat) show(v any, key string, lines ...line) error {
	if c.display == nil {
		return c.print.show(v, lines...)
	}
	return c.display.print(key, c.rows("  ", lines...))
}

// rows breaks lines into rows of the display.
func (c *chat) rows(indent string, lines ...line) []row {
	var rows []row
	columns, bar := c.display.width(), broken
	if c.print.plain {
		bar = barred
	}
	for _, l := range lines {
		rows = append(rows, wrapRows(c.print.glyphs(l), columns, indent, bar)...)
	}
	return rows
}

// message shows a message, whose further rows are indented.
func (c *chat) message(v any, key string, l line) error {
	if c.display == nil {
		return c.print.show(v, l)
	}
	return c.display.print(key, c.rows(goesOn, l))
}

// note tells something beside the conversation.
func (c *chat) note(parts ...any) {
	switch {
	case c.display == nil:
		c.print.note(parts...)
	case !c.print.quiet:
		_ = c.show(nil, "", c.print.aimedParts(parts)) // an error of writing shows with the next message
	}
}

// remark is a note in brackets.
func (c *chat) remark(parts ...any) {
	c.note(faint("(" + fmt.Sprint(parts...) + ")"))
}

// at is the time of a message: the day stands above on a terminal.
func (c *chat) at(t time.Time) any {
	if !c.onTerminal() {
		return t
	}
	return t.Local().Format("15:04")
}

// dayLine shows the day of what follows if it is another one than of what stands above.
func (c *chat) dayLine(t time.Time) error {
	day := t.Local().Format("Monday, 2 January 2006")
	if !c.onTerminal() || day == c.day {
		return nil
	}
	c.day = day
	bar := "──"
	if c.print.plain {
		bar = "--"
	}
	return c.show(nil, "", line{faint(bar + " " + day + " " + bar)})
}

// showTheirs shows a message of theirs.
func (c *chat) showTheirs(m control.Message, at time.Time) error {
	question := messaging.SameType(m.Type, questionanswer.QuestionType)
	open := question && at.After(c.answered[cmp.Or(m.Thread, m.ID)])
	if open {
		c.asked = m.ID
	}
	if !c.onTerminal() {
		return c.print.message(m, false)
	}
	if err := c.dayLine(at); err != nil {
		return err
	}
	text := any(body(m.Content))
	switch {
	case question && c.person:
		m.ID = "" // it is not needed here, where one answers with less
		if text = any(faint(other(m))); open {
			text = other(m) + "  /answer RESPONSE"
		}
	case m.Content == "":
		text = faint(other(m))
	}
	l := append(c.head(at, nil), name(m.FromName), ": ", text)
	if err := c.message(m, "", append(l, fileParts(m.Files)...)); err != nil || len(m.Files) == 0 || question {
		return err
	}
	c.remark("to keep ", counted(len(m.Files), "file"), ": parley save ", shellWord(m.ID))
	return nil
}

// showOurs shows a message of ours as it stands now.
func (c *chat) showOurs(s control.Sent, at time.Time) error {
	if err := c.dayLine(at); err != nil {
		return err
	}
	text := any(body(s.Content))
	if s.Content == "" {
		text = faint(words(s))
	}
	state := c.print.state(s.State)
	if !c.onTerminal() || c.print.plain {
		return c.message(s, "", append(line{c.at(at), " ", faint("you"), ": ", text}, slices.Concat(fileParts(s.Files), []any{"  "}, state)...))
	}
	return c.message(s, s.ID, append(append(c.head(at, state[0]), faint("you"), ": ", text), fileParts(s.Files)...))
}

// head is what a message begins with on a terminal: its time and its tick, or the space for one.
func (c *chat) head(at time.Time, tick any) line {
	l := line{c.at(at), " "}
	if c.print.plain {
		return l
	}
	width := 0
	if tick != nil {
		l, width = append(l, tick), glyphsWidth(c.print.glyphs(line{tick}))
	}
	return append(l, strings.Repeat(" ", max(0, tickWidth-width)+1))
}

// received shows messages of theirs and says that they were shown.
func (c *chat) received(ctx context.Context, ms []control.Message) error {
	for i, m := range ms {
		c.away = false
		if err := c.showTheirs(m, m.Received); err != nil {
			_ = c.acknowledge(ctx, ms[:i])
			return err
		}
	}
	return c.acknowledge(ctx, ms)
}

// send sends a text.
func (c *chat) send(ctx context.Context, text string) error {
	s, err := c.wallet.Send(ctx, control.SendRequest{To: c.with.DID, Text: text})
	if err != nil {
		return c.unsent(ctx, err)
	}
	return c.queued(s)
}

// queued shows a message that has just been queued, and remembers to wait for it.
func (c *chat) queued(s control.Sent) error {
	if !markOf(s).settled() {
		c.mine = append(c.mine, s.ID)
	}
	if c.display == nil && !c.print.json {
		return c.progress([]control.Sent{s}) // it stands where it was typed
	}
	c.states[s.ID] = markOf(s)
	return c.showOurs(s, s.Created)
}

// unsent says why something was not sent. Somebody who sits there can then do better.
func (c *chat) unsent(ctx context.Context, err error) error {
	e := control.ErrorOf(err)
	if !c.person || ctx.Err() != nil || e.Code == control.CodeNoDaemon {
		return err
	}
	if isTrust(err) {
		c.refresh(ctx) // what is said here need not be said again
	}
	lines := []line{{bad("✗"), " not sent: ", body(e.Message)}}
	if c.print.plain {
		lines[0] = line{"not sent: ", body(e.Message)}
	}
	for _, l := range prints(e.Offer) {
		lines = append(lines, line{"  ", l})
	}
	if e.Hint != "" {
		lines = append(lines, c.print.aimedParts(line{"  ", faint(e.Hint)}))
	}
	return c.show(nil, "", lines...)
}
