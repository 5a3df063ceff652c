package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/parley-im/parley/internal/control"
)

const (
	greetTime = 5 * time.Second // for the contact to answer at the beginning
	asideGap  = time.Minute     // between two lines about the same other contact
	wroteKey  = "wrote:"        // before the name of one who wrote, as a key of the display
)

// aside is what happens outside of a conversation: who else writes, and which strangers ask to be let in.
// The zero value is ready.
type aside struct {
	seen    map[int64]bool
	count   map[string]int // unread messages of others since the chat began, by name
	said    map[string]time.Time
	changed []string
	waiting int // strangers who wait to be let in
}

// add counts a message of somebody else if it came since the chat began and nobody has read it.
func (a *aside) add(m control.Message, began time.Time) {
	if m.Acked || a.seen[m.Seq] || m.Received.Before(began) {
		return
	}
	if a.seen == nil {
		a.seen, a.count, a.said = map[int64]bool{}, map[string]int{}, map[string]time.Time{}
	}
	a.seen[m.Seq] = true
	a.count[m.FromName]++
	if !slices.Contains(a.changed, m.FromName) {
		a.changed = append(a.changed, m.FromName)
	}
}

// elsewhere tells who else wrote: a line each, which counts on as long as it can be changed.
func (c *chat) elsewhere() {
	if c.display == nil {
		return
	}
	for _, who := range c.aside.changed {
		text := c.print.aimed(fmt.Sprintf("(%s: %s, parley recv)", who, counted(c.aside.count[who], "new message")))
		if c.changes() {
			rows := c.rows("", line{faint(text)})
			if done, _ := c.display.change(wroteKey+who, 0, rows[0].text, true); done && len(rows) == 1 {
				continue
			}
		}
		if now := c.print.now(); now.Sub(c.aside.said[who]) >= asideGap {
			c.aside.said[who] = now
			if !c.print.quiet {
				_ = c.show(nil, wroteKey+who, line{faint(text)})
			}
		}
	}
	c.aside.changed = nil
}

// strangers tells how many wait to be let in, if they are more than before.
func (c *chat) strangers(n int) {
	if n > c.aside.waiting {
		c.remark(waitingRequests(n))
	}
	c.aside.waiting = n
}

// lookForStrangers counts those who wait. That it cannot be told is no reason to end.
func (c *chat) lookForStrangers(ctx context.Context) {
	if c.display == nil {
		return // in a pipe it is in nobody's way
	}
	if present, err := c.wallet.Changes(ctx, control.ChangesRequest{}); err == nil {
		c.strangers(present.Requests)
	}
}

// greet asks the contact whether it is there, and returns what to say about it. A pipe does not care, and who
// has not accepted yet cannot answer, and nothing is asked of keys that are not believed.
func (c *chat) greet(ctx context.Context, rescue func()) <-chan string {
	said := make(chan string, 1)
	if c.display == nil || c.with.Pending || c.with.Blocked || c.with.Offer != nil {
		return said
	}
	id, who := c.with.DID, c.with.Name // the conversation may learn more of the contact meanwhile
	go func() {
		defer rescue()
		_, err := c.wallet.Ping(ctx, control.PingRequest{To: id, Timeout: greetTime})
		switch {
		case ctx.Err() != nil:
		case err == nil:
			said <- who + " is online"
		case isTrust(err):
			said <- keysAsked
		default:
			said <- who + " does not answer now: what you write is kept and sent later"
		}
	}()
	return said
}
