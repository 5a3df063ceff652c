package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/parley-im/parley/internal/control"
)

const (
	clockMend = "sudo timedatectl set-ntp true"
	// clockSlack is what two good clocks and whole seconds may differ by.
	clockSlack = 5 * time.Second
	// freshAge is how old what others say of the time may be to say something of ours.
	freshAge = 24 * time.Hour
	// clockPage is how many messages are looked at.
	clockPage = 200
)

// witness is what speaks of the time: when something was written by our own clock, and what it was.
type witness struct {
	at   time.Time
	what string
}

// claim is the time that a contact's message says it was written at, and when it arrived by our clock.
type claim struct {
	from            string
	written, arrive time.Time
}

// checkClock compares the clock with what is known here: times that this wallet has written before, which cannot
// be in the future, and the times that messages of others claim. No time server is asked.
func (a *app) checkClock(ctx context.Context, d *diagnosis, w control.Wallet, s control.Status) {
	witnesses := []witness{{s.Since, "the start of the daemon"}, {s.Backup, "the last backup"}, {s.Restored, "the restoring of the wallet"}}
	for _, n := range folderFiles {
		if info, err := os.Stat(filepath.Join(a.home, n)); err == nil {
			witnesses = append(witnesses, witness{info.ModTime(), "the file " + n})
		}
	}
	var claims []claim
	if list, err := w.Receive(ctx, control.ReceiveRequest{All: true, Newest: true, Limit: clockPage}); err == nil {
		for _, m := range list {
			witnesses = append(witnesses, witness{m.Received, "a message received"})
			claims = append(claims, claim{m.FromName, m.Created, m.Received})
		}
	}
	if list, err := w.Sent(ctx, control.SentRequest{Newest: true, Limit: clockPage}); err == nil {
		for _, s := range list {
			witnesses = append(witnesses, witness{s.Created, "a message sent"}, witness{s.TS, "a message's state"})
		}
	}
	if list, err := w.Contacts(ctx); err == nil {
		for _, c := range list {
			witnesses = append(witnesses, witness{c.Seen, "when " + c.Name + " was last seen"})
		}
	}
	kept, known := clockKept()
	judgeClock(d, a.print.now(), witnesses, claims, kept || !known)
}

// judgeClock says of the clock what can be known.
func judgeClock(d *diagnosis, now time.Time, witnesses []witness, claims []claim, kept bool) {
	newest := slices.MaxFunc(append(witnesses, witness{}), func(a, b witness) int { return a.at.Compare(b.at) })
	late, many := behind(now, claims)
	old := lagging(now, claims)
	switch {
	case newest.at.Sub(now) > clockSlack:
		d.problem("clock", fmt.Sprintf("clock is %s slow, or it was fast before: %s is from %s", brief(newest.at.Sub(now)), newest.what,
			newest.at.UTC().Format(time.RFC3339)), clockMend)
	case len(late) > 1:
		d.problem("clock", fmt.Sprintf("clock is at least %s slow: messages of %s were written later than they arrived", brief(many), few(late)), clockMend)
	case len(late) == 1:
		d.warning("clock", fmt.Sprintf("clock: ours is at least %s slow, or that of %s is fast", brief(many), late[0]), clockMend)
	case old > 0:
		d.warning("clock", fmt.Sprintf("clock: all that others wrote lately seems at least %s old as it arrives: ours may be fast", brief(old)), clockMend)
	case !kept:
		d.warning("clock", "clock: nothing keeps it in time (no NTP)", clockMend)
	default:
		d.ok("clock", "clock ok")
	}
}

// behind returns the contacts of whom a fresh message was written later than it arrived, which cannot be, and by
// how much at least with all of them: whole seconds are written, rounded down, so no message seems too new.
func behind(now time.Time, claims []claim) (late []string, least time.Duration) {
	by := map[string]time.Duration{}
	for _, c := range claims {
		if ahead := c.written.Sub(c.arrive); !c.written.IsZero() && now.Sub(c.arrive) < freshAge && ahead > clockSlack {
			by[c.from] = max(by[c.from], ahead)
		}
	}
	late = slices.SortedFunc(maps.Keys(by), strings.Compare)
	for i, who := range late {
		if i == 0 || by[who] < least {
			least = by[who]
		}
	}
	return late, least
}

// lagging returns how old even the freshest of the latest messages seemed as it arrived, if there are three of
// each of two contacts at least and none arrived soon: something that a fast clock does, but slow ways too.
func lagging(now time.Time, claims []claim) time.Duration {
	const enough, slow = 3, 30 * time.Second
	count := map[string]int{}
	least := time.Duration(-1)
	for _, c := range claims {
		if c.written.IsZero() || now.Sub(c.arrive) > freshAge {
			continue
		}
		count[c.from]++
		if age := c.arrive.Sub(c.written); least < 0 || age < least {
			least = age
		}
	}
	witnesses := 0
	for _, n := range count {
		if n >= enough {
			witnesses++
		}
	}
	if witnesses < 2 || least < slow {
		return 0
	}
	return least
}
