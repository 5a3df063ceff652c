package main

import (
	"context"
	"fmt"
	"io"
	"slices"
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
	var file string
	cmd := &cobra.Command{
		Use:   "send NAME TEXT",
		Short: "Send a message",
		Long: "Queues a message, tries to deliver it, and says how far it got. TEXT may be - to read it from stdin. " +
			"What is not delivered yet stays queued and goes out when both are online. With --wait it is an error " +
			"(exit code 8) not to get that far in time; the message stays queued all the same. Whether it is read is " +
			"known only of those who say so: parley receipts. A file of up to about 280 KiB goes along with --file, and " +
			"needs no TEXT.",
		Example: `parley send alice "hi there"
echo done | parley send alice -
parley send alice hi --wait delivered --timeout 30s
parley send alice "are you there?" --wait read --timeout 5m
parley send alice --file a.zip`,
		Args: func(cmd *cobra.Command, args []string) error {
			if file != "" && len(args) < 2 {
				return takes("NAME")(cmd, args)
			}
			return takes("NAME", "TEXT")(cmd, args)
		},
		RunE: a.do(func(ctx context.Context, args []string) error {
			r.To = args[0]
			var err error
			if file != "" {
				if r.File, err = readFile(file); err != nil {
					return err
				}
				r.Text = r.File.Name
			}
			if len(args) > 1 {
				if r.Text, err = a.text(args[1]); err != nil {
					return err
				}
			}
			return a.send(ctx, r)
		}),
	}
	sendFlags(cmd, &r)
	cmd.Flags().StringVar(&file, "file", "", "send this `FILE` along")
	return cmd
}

// sendFlags are the flags of every command that sends.
func sendFlags(cmd *cobra.Command, r *control.SendRequest) {
	f := cmd.Flags()
	f.StringVar(&r.Wait, "wait", "", "wait for this `STATE`: sent, delivered or read")
	f.DurationVar(&r.Timeout, "timeout", 10*time.Second, "how long to try before going on")
	f.StringVar(&r.Thread, "thread", "", "continue the thread with this `ID`")
}

func (a *app) send(ctx context.Context, r control.SendRequest) error {
	switch {
	case !slices.Contains([]string{"", "sent", "delivered", "read"}, r.Wait):
		return badUsage("--wait sent, delivered or read", "cannot wait for %q", r.Wait)
	case r.Timeout < 0:
		return badUsage("", "--timeout must not be negative")
	}
	return a.with(ctx, access{online: true, lax: true}, func(ctx context.Context, w control.Wallet) error {
		waiting := a.print.progress("waiting for "+r.To, 0)
		s, err := w.Send(ctx, r)
		waiting.end()
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
	err := a.print.show(s, append(a.print.state(s.State), toWhom(s.State), name(who)))
	switch {
	case err != nil:
		return err
	case s.State == "sent":
		a.print.note(faint("They have not confirmed it. If they do not know you yet, it waits until they accept you."))
		return nil
	case s.State != "queued":
		return nil
	}
	if s.Problem != "" {
		a.print.note(faint("Not delivered yet: "), s.Problem)
	}
	a.print.note(faint("It is kept, and goes out when both are online: parley daemon. To take it back: parley cancel " + s.ID))
	return nil
}

// toWhom leads from the state of a message to the name of its recipient.
func toWhom(state string) string {
	switch state {
	case "queued":
		return " for "
	case "read":
		return " by "
	}
	return " to "
}
