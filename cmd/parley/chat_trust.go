package main

import (
	"context"

	"github.com/parley-im/parley/internal/control"
)

// keysAsked stands for an answer to the greeting that says: look at the keys, they are not those that are pinned.
const keysAsked = ""

// lookAtKeys finds out whether the keys of the contact have changed since the last look, or are believed again, and
// says so. That it cannot be told is no reason to end: what is written then is refused with the reason.
func (c *chat) lookAtKeys(ctx context.Context) {
	if c.display == nil {
		return // a pipe learns it from what is not sent
	}
	was := c.with.Offer
	if !c.refresh(ctx) {
		return
	}
	switch now := c.with.Offer; {
	case now != nil && (was == nil || was.Offered != now.Offered):
		c.warnOfKeys()
	case now == nil && was != nil:
		c.remark("what you write to ", c.with.Name, " is sent again")
	}
}

// refresh learns what is known of the contact now.
func (c *chat) refresh(ctx context.Context) bool {
	with, err := lookUp(ctx, c.wallet, c.with.DID)
	if err == nil {
		c.with = with
	}
	return err == nil
}

// warnOfKeys says that the keys of the contact have changed, also with --quiet.
func (c *chat) warnOfKeys() {
	text := c.with.Offer.Since(c.with.Name, c.print.now()) + " Nothing is sent to them, and what they write is held: parley verify " + shellWord(c.with.Name)
	if c.display == nil {
		c.print.warn(text)
		return
	}
	_ = c.show(nil, "", line{bad(c.print.aimed(text))}) // an error of writing shows with the next message
}

// isTrust reports whether an error says that somebody is not trusted.
func isTrust(err error) bool { return err != nil && control.ErrorOf(err).Code == control.CodeTrust }
