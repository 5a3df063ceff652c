package main

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

func statusCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "See how the wallet is",
		Long: "Shows who the wallet is, where it listens, what protects its keys, what waits to be read, answered or " +
			"delivered, and what was refused to others. To look for what is wrong: parley doctor.",
		Example: `parley status
parley status --json`,
		Args: takes(),
		RunE: a.do(func(ctx context.Context, _ []string) error {
			return a.with(ctx, access{}, func(ctx context.Context, w control.Wallet) error {
				s, err := w.Status(ctx)
				if err != nil {
					return err
				}
				return a.showStatus(s)
			})
		}),
	}
}

func (a *app) showStatus(s control.Status) error {
	if !s.Daemon {
		s.PID, s.Since = 0, time.Time{} // they would be our own
	}
	lines := []line{
		a.row("name", name(s.Name)),
		a.row("did", cut(s.DID, 34), faint("  whole: parley id")),
	}
	for _, other := range s.Identities {
		if other != s.DID {
			lines = append(lines, a.row("also", cut(other, 68)))
		}
	}
	lines = append(lines, a.row("home", s.Home), a.row("keys", keyStoreText(s)), a.row("daemon", a.daemonText(s)...))
	for _, addr := range s.Addrs {
		addr, _, _ = strings.Cut(addr, "/p2p/") // the peer, which parley id shows
		lines = append(lines, a.row("listens", addr))
	}
	if s.Receipts != "" {
		lines = append(lines, a.row("receipts", receiptsText(s.Receipts)))
	}
	lines = append(lines,
		a.row("contacts", s.Contacts),
		a.row("unread", pointed(s.Unread, "parley recv")...),
		a.row("requests", pointed(s.Requests, "parley requests")...),
		a.row("waiting", a.waitingText(s)...),
	)
	if s.Longest != nil && s.Longest.Problem != "" {
		lines = append(lines, a.row("", excerpt(s.Longest.Problem, 68)))
	}
	for _, who := range s.Changed {
		lines = append(lines, a.row("changed", bad("the keys of "+who), faint("  parley verify "+shellWord(who))))
	}
	if s.Withheld > 0 {
		lines = append(lines, a.row("held", counted(s.Withheld, "message"), " under changed keys"))
	}
	lines = append(lines, a.row("failed", pointed(s.Failed, "parley outbox --all")...))
	for _, code := range slices.Sorted(maps.Keys(s.Refused)) {
		lines = append(lines, a.row("refused", code, " ", times(s.Refused[code])))
	}
	if s.Broken > 0 {
		lines = append(lines, a.row("broken", strconv.FormatInt(s.Broken, 10), " connections of others ended early"))
	}
	return a.print.show(s, append(lines, a.keptLines(s)...)...)
}

// row is a line with its name before it. Commands in faint parts are for this wallet.
func (a *app) row(key string, parts ...any) line {
	l := line{faint(column(key, 10))}
	for _, part := range parts {
		if s, ok := part.(styled); ok {
			s.text = a.print.aimed(s.text)
			part = s
		}
		l = append(l, part)
	}
	return l
}

// pointed is a number, and the command that shows what it counts if there is something.
func pointed(n int, command string) []any {
	if n == 0 {
		return line{n}
	}
	return line{styled{"1", strconv.Itoa(n)}, faint("  " + command)}
}

func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return thousands(n) + " times"
}

func keyStoreText(s control.Status) string {
	switch {
	case s.KeyStore == "keyring":
		return "under the keyring of this computer"
	case s.Protected || s.KeyStore == "passphrase":
		return "under a passphrase"
	}
	return "not protected"
}

// receiptsText says what a level of receipts means.
func receiptsText(level string) string {
	if text, ok := map[string]string{
		"all":      "all: senders learn that a message has come and was read",
		"received": "received: senders learn that a message has come, not that it was read",
		"none":     "none: senders learn nothing",
	}[level]; ok {
		return text
	}
	return level
}

func (a *app) daemonText(s control.Status) []any {
	if !s.Daemon {
		return line{"not running", faint("  parley daemon")}
	}
	l := line{"running, process " + strconv.Itoa(s.PID)}
	if !s.Since.IsZero() {
		l = append(l, ", since ", s.Since)
	}
	return l
}

// waitingText says how many messages wait, and since when the first does.
func (a *app) waitingText(s control.Status) []any {
	l := pointed(s.Waiting, "parley outbox")
	if s.Longest == nil {
		return l
	}
	return append(l[:1:1], ", the longest for ", name(s.Longest.ToName), " since ", s.Longest.Created, faint("  parley outbox"))
}

// keptLines say of copies of the wallet what is known.
func (a *app) keptLines(s control.Status) (lines []line) {
	switch {
	case !s.Backup.IsZero():
		lines = append(lines, a.row("backup", s.Backup))
	default:
		lines = append(lines, a.row("backup", "none known", faint("  parley backup FILE")))
	}
	if !s.Restored.IsZero() {
		lines = append(lines, a.row("restored", s.Restored))
	}
	if len(s.Elsewhere) > 0 {
		lines = append(lines, a.row("copy", bad("this wallet is also used elsewhere: "+strings.Join(s.Elsewhere, ", ")+" saw it; use only one")))
	}
	return lines
}
