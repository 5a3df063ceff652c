package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

// maxText is more than the longest message; the wallet says what is too long.
const maxText = 1 << 20

func sendCommand(a *app) *cobra.Command {
	var r control.SendRequest
	cmd := &cobra.Command{
		Use:   "send NAME TEXT",
		Short: "Send a message",
		Long: "Queues a message, tries to deliver it, and says how far it got. TEXT may be - to read it from stdin. " +
			"What is not delivered yet stays queued and goes out when both are online. With --wait it is an error " +
			"(exit code 8) not to get that far in time; the message stays queued all the same.",
		Example: `parley send alice "hi there"
echo done | parley send alice -
parley send alice hi --wait delivered --timeout 30s`,
		Args: takes("NAME", "TEXT"),
		RunE: a.do(func(ctx context.Context, args []string) error {
			r.To = args[0]
			var err error
			if r.Text, err = a.text(args[1]); err != nil {
				return err
			}
			return a.send(ctx, r)
		}),
	}
	f := cmd.Flags()
	f.StringVar(&r.Wait, "wait", "", "wait until it is sent or delivered")
	f.DurationVar(&r.Timeout, "timeout", 10*time.Second, "how long to try before going on")
	f.StringVar(&r.Thread, "thread", "", "continue the thread with this id")
	return cmd
}

func (a *app) send(ctx context.Context, r control.SendRequest) error {
	switch {
	case r.Wait != "" && r.Wait != "sent" && r.Wait != "delivered":
		return badUsage("--wait sent or --wait delivered", "cannot wait for %q", r.Wait)
	case r.Timeout < 0:
		return badUsage("", "--timeout must not be negative")
	}
	return a.with(ctx, access{online: true, lax: true}, func(ctx context.Context, w control.Wallet) error {
		s, err := w.Send(ctx, r)
		if s.ID == "" {
			return err
		}
		return join(a.showSent(s), err, undone(s))
	})
}

// text returns the message, which - reads from stdin, less one line feed at its end.
func (a *app) text(arg string) (string, error) {
	text := arg
	if arg == "-" {
		data, err := io.ReadAll(io.LimitReader(a.in, maxText+1))
		if err != nil {
			return "", fmt.Errorf("read the message: %w", err)
		}
		text = strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	}
	switch {
	case text == "":
		return "", badUsage("parley send NAME TEXT", "the message is empty; nothing was sent")
	case len(text) > maxText:
		return "", &control.Error{Code: control.CodeQuota, Message: "the message is too large; nothing was sent", Hint: "send it in parts"}
	case !utf8.ValidString(text):
		return "", badUsage("", "the message is not UTF-8; nothing was sent")
	}
	return text, nil
}

// undone is the error of a message that was given up, nil for any other.
func undone(s control.Sent) error {
	switch {
	case s.State == "expired":
		return &control.Error{Code: control.CodeNetwork, Message: "the message expired before it was delivered", Hint: "send it again"}
	case s.State != "failed":
		return nil
	}
	e := &control.Error{Code: control.CodeTrust, Message: s.ToName + " did not take the message: " + s.Problem,
		Hint: "ask them by other means: parley contacts show " + s.ToName}
	if strings.Contains(s.Problem, "e.p.msg") || s.Problem == "cancelled" {
		e.Code, e.Hint = control.CodeUnexpected, ""
	}
	return e
}

func (a *app) showSent(s control.Sent) error {
	who := s.ToName
	if who == "" {
		who = s.To
	}
	err := a.print.show(s, append(a.print.state(s.State), map[bool]string{true: " for ", false: " to "}[s.State == "queued"], name(who)))
	if err != nil || s.State != "queued" {
		return err
	}
	if s.Problem != "" {
		a.print.note(faint("Not delivered yet: "), s.Problem)
	}
	a.print.note(faint("It is kept, and goes out when both are online: parley daemon. To take it back: parley cancel " + s.ID))
	return nil
}
