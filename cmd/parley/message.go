package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

func messageCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:                        "message",
		Short:                      "Send messages of any type",
		Long:                       "Sends DIDComm messages that are no texts, for protocols that parley itself does not speak.",
		Example:                    `parley message send alice --type https://x.org/chess/1.0/move --body m.json`,
		SuggestionsMinimumDistance: 2,
		Args:                       subcommandOnly,
		RunE:                       func(cmd *cobra.Command, _ []string) error { a.failed = a.help(cmd); return nil },
	}
	cmd.AddCommand(messageSendCommand(a))
	return cmd
}

func messageSendCommand(a *app) *cobra.Command {
	var r control.SendRequest
	var body string
	cmd := &cobra.Command{
		Use:   "send NAME --type URI",
		Short: "Send a message of any type",
		Long: "Sends a DIDComm message with this type and body, a JSON object from a file or, with -, from stdin; without " +
			"one the body is empty. Id, times and addressing are filled in; the recipient is asked to acknowledge it. " +
			"What its wallet does not understand is kept and shown by its parley recv --json with type, body and thid. " +
			"The types in which wallets talk among themselves (receipts, empty, trust-ping, user-profile, " +
			"discover-features, report-problem) can be sent as well, for trying things out: they ask for no " +
			"acknowledgement, the recipient's wallet acts on them instead of showing them, and parley outbox leaves " +
			"them out.",
		Example: `parley message send alice --type https://x.org/chess/1.0/move --body m.json
echo '{}' | parley message send alice --type https://x.org/a/1.0/b --body -
parley message send alice --type https://x.org/chess/1.0/resign --thread ID`,
		Args: takes("NAME"),
		RunE: a.do(func(ctx context.Context, args []string) error {
			r.To = args[0]
			if r.Type == "" {
				return badUsage("parley message send NAME --type URI", "missing --type; nothing was sent")
			}
			var err error
			if r.Body, err = a.body(body); err != nil {
				return err
			}
			if err := wallet.CheckMessage(r.Type, r.Body); err != nil {
				return err
			}
			return a.send(ctx, r)
		}),
	}
	f := cmd.Flags()
	f.StringVar(&r.Type, "type", "", "the message type URI")
	f.StringVar(&body, "body", "", "file with the body, a JSON object; - for stdin")
	sendFlags(cmd, &r)
	return cmd
}

// body reads the body of a message from a file or from stdin; none for no name.
func (a *app) body(path string) ([]byte, error) {
	in := a.in
	switch path {
	case "":
		return nil, nil
	case "-":
	default:
		f, err := os.Open(path)
		if err != nil {
			return nil, unreadable(path, err)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxText+1))
	switch {
	case err != nil:
		return nil, unreadable(path, err)
	case len(data) > maxText:
		return nil, &control.Error{Code: control.CodeQuota, Message: "the body is too large; nothing was sent", Hint: "send it in parts"}
	case len(data) == 0:
		return nil, badUsage("leave --body out to send an empty one", "the body is empty; nothing was sent")
	}
	return data, nil
}

func unreadable(path string, err error) error {
	if path == "-" {
		return fmt.Errorf("read the body: %w", err)
	}
	var why *os.PathError
	if errors.As(err, &why) {
		err = why.Err
	}
	return badUsage("--body FILE, or --body - for stdin", "cannot read %s: %v; nothing was sent", path, err)
}
