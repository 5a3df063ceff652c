package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/parley-im/parley/internal/control"
)

// progress shows what became of messages of ours, as far as that is news: in their ticks where they can be
// reached, else on lines below. Those of one state share a line; why one failed stands on a line of its own.
func (c *chat) progress(ss []control.Sent) error {
	var states []string
	below := map[string][]control.Sent{}
	for _, s := range ss {
		now := markOf(s)
		before, known := c.states[s.ID]
		c.states[s.ID] = now
		if now.settled() {
			c.mine = slices.DeleteFunc(c.mine, func(id string) bool { return id == s.ID })
		}
		if !known && c.display != nil && !s.Created.Before(c.began) {
			if err := c.showOurs(s, s.Created); err != nil { // sent by another command meanwhile
				return err
			}
			continue
		}
		more, err := c.advance(s, now, before)
		if err != nil {
			return err
		}
		if more {
			if below[s.State] == nil {
				states = append(states, s.State)
			}
			below[s.State] = append(below[s.State], s)
		}
	}
	for _, state := range states {
		if err := c.below(state, below[state]); err != nil {
			return err
		}
	}
	return nil
}

// advance changes the tick of a message, and reports whether a line has to tell more.
func (c *chat) advance(s control.Sent, now, before mark) (bool, error) {
	if now == before {
		return false, nil
	}
	changed := false
	if c.changes() && now.state != before.state {
		tick := c.print.state(s.State)[0]
		text := renderGlyphs(c.print.glyphs(line{tick}))
		text += strings.Repeat(" ", max(0, tickWidth-glyphsWidth(c.print.glyphs(line{tick}))))
		var err error
		if changed, err = c.display.change(s.ID, tickColumn, text, false); err != nil {
			return false, err
		}
	}
	switch s.State {
	case "failed", "expired":
		return true, nil
	case "queued":
		return c.waiting(s, now, before), nil
	}
	c.away = false
	return !changed && now.state != before.state, nil
}

// waiting reports whether a line has to tell why a message is still queued. On the display a remark does, once
// for all that is written while they are away.
func (c *chat) waiting(s control.Sent, now, before mark) bool {
	if !now.problem || before.problem {
		return false
	}
	if c.display == nil {
		return true
	}
	if !c.away {
		c.away = true
		c.remark(c.with.Name, " cannot be reached now: what you write is kept and sent later. ", excerpt(s.Problem, 200))
	}
	return false
}

// below tells of messages that they reached a state. Programs are told of each by itself.
func (c *chat) below(state string, ss []control.Sent) error {
	why := slices.ContainsFunc(ss, func(s control.Sent) bool { return s.Problem != "" })
	if c.display != nil && len(ss) > 1 && !why {
		l := append(line{"      "}, c.print.state(state)...)
		return c.show(nil, "", append(l, faint(fmt.Sprintf(": %d messages, the last: %s", len(ss), excerpt(words(ss[len(ss)-1]), 40)))))
	}
	for _, s := range ss {
		l := append(line{"      "}, c.print.state(s.State)...)
		l = append(l, faint(": "+excerpt(words(s), 40)))
		if s.Problem != "" {
			l = append(l, faint(" ("+excerpt(s.Problem, 200)+")"))
		}
		if err := c.show(s, "", l); err != nil {
			return err
		}
	}
	return nil
}

// words are what a message of ours says, or what it is.
func words(s control.Sent) string {
	if s.Content != "" {
		return s.Content
	}
	return other(control.Message{Type: s.Type, Body: s.Body})
}
