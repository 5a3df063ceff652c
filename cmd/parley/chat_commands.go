package main

import (
	"context"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/internal/control"
)

// chatWord is something that a line can ask for instead of being sent.
type chatWord struct {
	name, args, help string
	do               func(c *chat, ctx context.Context, args string) error
}

// chatWords returns what there is, in the order of /help.
func chatWords() []chatWord {
	return []chatWord{
		{"/history", "[N]", "show the messages before those above, 20 or N", (*chat).historyWord},
		{"/who", "", "show whom you talk with", (*chat).whoWord},
		{"/answer", "TEXT", "answer their newest question", (*chat).answerWord},
		{"/help", "", "show this", (*chat).helpWord},
		{"/quit", "", "end; also Ctrl-D", func(*chat, context.Context, string) error { return errQuit }},
	}
}

func commandNames() []string {
	var names []string
	for _, w := range chatWords() {
		names = append(names, w.name)
	}
	return names
}

// command does what a line at a terminal asks for: one that begins with a slash is never sent by mistake, and
// with two of them it is sent without the first.
func (c *chat) command(ctx context.Context, text string) error {
	if !strings.HasPrefix(text, "/") {
		return c.send(ctx, text)
	}
	if strings.HasPrefix(text, "//") {
		return c.send(ctx, text[1:])
	}
	word, args, _ := strings.Cut(strings.TrimSpace(text), " ")
	for _, w := range chatWords() {
		if w.name == word {
			return w.do(c, ctx, strings.TrimSpace(args))
		}
	}
	return c.show(nil, "", line{"There is no ", excerpt(word, 40), ": it was not sent. ",
		faint("/help lists what there is; /" + excerpt(text, 40) + " sends it.")})
}

func (c *chat) helpWord(context.Context, string) error {
	var lines []line
	for _, w := range chatWords() {
		head := strings.TrimSpace(w.name + " " + w.args)
		lines = append(lines, line{"  ", bold(column(head, 14)), w.help})
	}
	lines = append(lines, line{"  ", bold(column("//text", 14)), "send /text"}, line{"  ", bold(column("Alt-Enter", 14)), "a line break within a message"})
	if !c.print.plain {
		lines = append(lines, line{faint("  ⧖ queued  ↑ held by a relay  ✓ delivered  ✓✓ read")})
	}
	return c.show(nil, "", lines...)
}

func (c *chat) historyWord(ctx context.Context, args string) error {
	n := olderPage
	if args != "" {
		var err error
		if n, err = strconv.Atoi(args); err != nil || n < 1 {
			return c.show(nil, "", line{"/history takes a number from 1 to ", maxOlder, "."})
		}
	}
	return c.earlier(ctx, min(n, maxOlder))
}

func (c *chat) whoWord(ctx context.Context, _ string) error {
	with, err := lookUp(ctx, c.wallet, c.with.DID)
	if err != nil {
		return c.unsent(ctx, err)
	}
	c.with = with
	l := line{name(with.Name)}
	if with.DisplayName != "" && with.DisplayName != with.Name {
		l = append(l, faint(" calls itself "), with.DisplayName)
	}
	if mark := marks(with); mark != "" {
		l = append(l, "  ", bad(mark))
	} else if !with.Verified.IsZero() {
		l = append(l, "  ", good("verified"))
	}
	lines := []line{l}
	if with.Description != "" {
		lines = append(lines, line{"  ", excerpt(with.Description, 200)})
	}
	id := with.DID
	if d, err := did.Parse(id); err == nil {
		id = d.Short()
	}
	lines = append(lines, line{"  ", faint(id)})
	if !with.Seen.IsZero() {
		lines = append(lines, line{"  ", faint("last seen "), with.Seen})
	}
	return c.show(nil, "", lines...)
}

func (c *chat) answerWord(ctx context.Context, args string) error {
	switch {
	case c.asked == "":
		return c.show(nil, "", line{"There is no question of ", c.with.Name, " here to answer."})
	case args == "" || !utf8.ValidString(args):
		return c.show(nil, "", line{"/answer takes the answer."})
	}
	s, err := c.wallet.AnswerQuestion(ctx, control.AnswerRequest{ID: c.asked, Response: args})
	if err != nil {
		return c.unsent(ctx, err)
	}
	c.asked = ""
	return c.queued(s)
}
