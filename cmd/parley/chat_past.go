package main

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/questionanswer"
)

const (
	history   = 10   // messages that a chat begins with
	olderPage = 20   // messages of /history
	maxUnread = 200  // unread messages that a chat begins with; /history has those before
	maxOlder  = 1000 // messages of one /history
	maxPage   = 1000 // what a wallet gives at once
	maxGap    = 1 << 14
)

// past is how far back a chat has been shown: the numbers of the oldest messages on the screen, theirs and
// ours, or those from which on all are newer. Zero means that there is nothing before.
type past struct {
	theirs, ours int64
	newest       int64 // the newest of theirs when the chat began
}

// item is a message of one of the two, at the time by which they are put in order.
type item struct {
	at     time.Time
	theirs *control.Message
	ours   *control.Sent
}

// inOrder puts the messages of both, each in their own order, into one. A clock that went back does not turn
// the order of one side round: what came later is not shown earlier.
func inOrder(theirs []control.Message, ours []control.Sent) []item {
	items := make([]item, 0, len(theirs)+len(ours))
	var at time.Time
	for i := range theirs {
		at = later(at, theirs[i].Received)
		items = append(items, item{at: at, theirs: &theirs[i]})
	}
	at = time.Time{}
	for i := range ours {
		at = later(at, ours[i].Created)
		items = append(items, item{at: at, ours: &ours[i]})
	}
	slices.SortStableFunc(items, func(a, b item) int { return a.at.Compare(b.at) })
	return items
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// recent shows the last messages of both, and what came since the oldest that was not shown before.
func (c *chat) recent(ctx context.Context) error {
	theirs, err := c.wallet.Receive(ctx, control.ReceiveRequest{From: c.with.DID, All: true, Newest: true, Limit: history})
	if err != nil {
		return err
	}
	unread, err := c.wallet.Receive(ctx, control.ReceiveRequest{From: c.with.DID, Newest: true, Limit: maxUnread + 1})
	if err != nil {
		return err
	}
	more := len(unread) > maxUnread
	unread = unread[len(unread)-min(len(unread), maxUnread):]
	since := c.began
	if len(unread) > 0 {
		since = unread[0].Received
	}
	ours, err := c.saidLast(ctx, history, since)
	if err != nil {
		return err
	}
	if theirs, err = c.between(ctx, theirs, unread); err != nil {
		return err
	}
	items := inOrder(theirs, ours)
	from := max(0, len(items)-history)
	if i := slices.IndexFunc(items, func(i item) bool { return i.theirs != nil && !i.theirs.Acked }); i >= 0 {
		from = min(from, i)
	}
	c.past = oldest(items, from)
	if more {
		c.remark("there are more unread messages before these: /history")
	}
	return c.showPast(ctx, items[from:])
}

// saidLast returns the n newest messages of ours, or all since a time if that is earlier.
func (c *chat) saidLast(ctx context.Context, n int, since time.Time) ([]control.Sent, error) {
	for limit := n; ; limit = min(4*limit, maxPage) {
		ours, err := c.wallet.Sent(ctx, control.SentRequest{To: c.with.DID, Newest: true, Limit: limit})
		if err != nil || len(ours) < limit || limit == maxPage || !ours[0].Created.After(since) {
			return ours, err
		}
	}
}

// between joins the last messages with the unread ones and what stands between them.
func (c *chat) between(ctx context.Context, last, unread []control.Message) ([]control.Message, error) {
	all := slices.Concat(unread, last)
	if len(unread) > 0 && len(last) > 0 && unread[0].Seq < last[0].Seq {
		gap, err := c.wallet.Receive(ctx, control.ReceiveRequest{From: c.with.DID, All: true, After: unread[0].Seq, Limit: maxPage})
		if err != nil {
			return nil, err
		}
		all = append(all, gap...)
	}
	slices.SortFunc(all, func(a, b control.Message) int { return cmp.Compare(a.Seq, b.Seq) })
	return slices.CompactFunc(all, func(a, b control.Message) bool { return a.Seq == b.Seq }), nil
}

// oldest is where the messages before items[from] end.
func oldest(items []item, from int) past {
	var p past
	for n, i := range slices.Backward(items) {
		switch {
		case i.theirs != nil:
			p.newest = max(p.newest, i.theirs.Seq)
			p.theirs = reached(p.theirs, i.theirs.Seq, n >= from)
		case i.ours != nil:
			p.ours = reached(p.ours, i.ours.Seq, n >= from)
		}
	}
	return p
}

// reached is how far back one side has been shown, given one more message that comes before: seq if it was
// shown. One that was not counts only where none was.
func reached(so, seq int64, shown bool) int64 {
	if shown {
		return seq
	}
	return cmp.Or(so, seq+1)
}

// earlier shows the n messages before those on the screen.
func (c *chat) earlier(ctx context.Context, n int) error {
	theirs, err := before(c.past.theirs, n, func(after int64) ([]control.Message, error) {
		return c.wallet.Receive(ctx, control.ReceiveRequest{From: c.with.DID, All: true, After: after, Limit: maxPage})
	}, func(m control.Message) int64 { return m.Seq })
	if err != nil {
		return err
	}
	ours, err := before(c.past.ours, n, func(after int64) ([]control.Sent, error) {
		return c.wallet.Sent(ctx, control.SentRequest{To: c.with.DID, After: after, Limit: maxPage})
	}, func(s control.Sent) int64 { return s.Seq })
	if err != nil {
		return err
	}
	items := inOrder(theirs, ours)
	items = items[len(items)-min(n, len(items)):]
	if len(items) == 0 {
		c.remark("that is all there is")
		return nil
	}
	p := oldest(items, 0)
	c.past.theirs, c.past.ours = cmp.Or(p.theirs, c.past.theirs), cmp.Or(p.ours, c.past.ours)
	c.remark(len(items), " earlier messages")
	c.day = ""
	newest := c.asked
	if err := c.showPast(ctx, items); err != nil {
		return err
	}
	c.asked = cmp.Or(newest, c.asked) // what was asked before is not the newest
	c.remark("up to here; what came after stands above")
	return nil
}

// before returns the n messages before the one numbered seq, or fewer at the beginning. A wallet gives
// messages only from a number on: so it looks at stretches of numbers, which grow where there is nothing
// for this conversation, however many messages there are.
func before[M any](seq int64, n int, list func(after int64) ([]M, error), number func(M) int64) ([]M, error) {
	var found []M
	for gap := int64(2 * n); seq > 1 && len(found) < n; {
		from := max(0, seq-1-gap)
		stretch, err := within(from, seq, list, number)
		if err != nil {
			return nil, err
		}
		if len(stretch) == 0 {
			gap = min(2*gap, maxGap)
		}
		found, seq = append(stretch, found...), from+1
	}
	return found[len(found)-min(n, len(found)):], nil
}

// within returns the messages with numbers between the two.
func within[M any](after, seq int64, list func(after int64) ([]M, error), number func(M) int64) ([]M, error) {
	var found []M
	for {
		page, err := list(after)
		if err != nil || len(page) == 0 {
			return found, err
		}
		for _, m := range page {
			if n := number(m); n > after && n < seq {
				found = append(found, m)
			}
		}
		last := number(page[len(page)-1])
		if last >= seq-1 || last <= after {
			return found, nil
		}
		after = last
	}
}

// showPast shows messages of before, and says of theirs that they were shown.
func (c *chat) showPast(ctx context.Context, items []item) error {
	var shown []control.Message
	for _, i := range items {
		if i.ours != nil && messaging.SameType(i.ours.Type, questionanswer.AnswerType) {
			c.answered[i.ours.Thread] = i.at
		}
	}
	for _, i := range items {
		var err error
		if i.theirs != nil {
			c.seen[i.theirs.Seq] = true
			shown = append(shown, *i.theirs)
			err = c.showTheirs(*i.theirs, i.at)
		} else {
			c.states[i.ours.ID] = markOf(*i.ours)
			err = c.showOurs(*i.ours, i.at)
		}
		if err != nil {
			return err
		}
	}
	return c.acknowledge(ctx, shown)
}

// acknowledge says that messages were shown, those of which it was not said.
func (c *chat) acknowledge(ctx context.Context, shown []control.Message) error {
	var seqs []int64
	for _, m := range shown {
		if !m.Acked {
			seqs = append(seqs, m.Seq)
		}
	}
	if len(seqs) == 0 {
		return nil
	}
	// Interrupted now, they would be shown again.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ackTime)
	defer cancel()
	return c.wallet.Mark(ctx, control.MarkRequest{Seqs: seqs, Acked: true})
}
