package main

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

// maxLink is more than the longest invitation.
const maxLink = 64 << 10

func addCommand(a *app) *cobra.Command {
	var r control.AddRequest
	cmd := &cobra.Command{
		Use:   "add LINK",
		Short: "Accept an invitation",
		Long: "Makes a contact of whoever made the invitation, checks it, and introduces you. LINK may be - to read it " +
			"from stdin. An invitation that is refused leaves no contact behind; one that cannot be answered just " +
			"now is claimed as soon as both are online.",
		Example: `parley add 'https://…' --as alice
pbpaste | parley add - --as alice`,
		Args: takes("LINK"),
		RunE: a.do(func(ctx context.Context, args []string) error {
			if r.Timeout < 0 {
				return badUsage("", "--timeout must not be negative")
			}
			var err error
			if r.Link, err = a.link(args[0]); err != nil {
				return err
			}
			return a.with(ctx, access{online: true}, func(ctx context.Context, w control.Wallet) error {
				waiting := a.print.progress("waiting for their answer", 0)
				c, err := w.Add(ctx, r)
				waiting.end()
				if c.Name == "" {
					return err
				}
				return join(a.showAdded(c), err)
			})
		}),
	}
	cmd.Flags().StringVar(&r.Name, "as", "", "what you call them (what they call themselves)")
	cmd.Flags().DurationVar(&r.Timeout, "timeout", 15*time.Second, "how long to wait for their answer")
	return cmd
}

// link returns the invitation's link, which - reads from stdin.
func (a *app) link(arg string) (string, error) {
	if arg != "-" {
		return strings.TrimSpace(arg), nil
	}
	data, err := io.ReadAll(io.LimitReader(a.in, maxLink))
	return strings.TrimSpace(string(data)), err
}

func (a *app) showAdded(c control.Contact) error {
	if err := a.print.show(c, line{"added ", name(c.Name), "  ", faint(c.DID)}); err != nil {
		return err
	}
	if c.Pending {
		a.print.note("They have not answered yet. It is claimed once you are both online, if you keep running: parley daemon")
		return nil
	}
	a.print.note(faint("Say hello: parley send " + c.Name + " hi"))
	return nil
}

// join returns the first error that is not nil: what could not be shown matters more than what it was.
func join(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
