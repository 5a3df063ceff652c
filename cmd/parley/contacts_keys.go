package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

func acceptKeyCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "accept-key NAME",
		Short: "Accept the changed keys of a contact, uncompared",
		Long: "When the keys of a contact change, nothing is sent to them and what comes is held. This accepts the new keys as " +
			"they are: what was held arrives, and what waits is sent. Whoever controls the host of their DID could be " +
			"behind the change; to be sure that it is them, compare: parley verify NAME.",
		Example: `parley contacts accept-key alice`,
		Args:    takes("NAME"),
		RunE: a.do(func(ctx context.Context, args []string) error {
			return a.with(ctx, access{}, func(ctx context.Context, w control.Wallet) error {
				c, err := w.AcceptKeys(ctx, args[0])
				if err != nil {
					return err
				}
				if err := a.showContact(c); err != nil {
					return err
				}
				a.print.note(good("accepted"), ", uncompared: what was held arrives, what waits is sent. ",
					faint("To be sure that it is them: parley verify "+shellWord(c.Name)))
				return nil
			})
		}),
	}
}

// offerLines say that the keys of a contact have changed, and what is kept back of it.
func (p *printer) offerLines(c control.Contact) []line {
	o, who := c.Offer, shellWord(c.Name)
	switch {
	case o == nil && c.Withheld > 0:
		return []line{{bad("held   "), counted(c.Withheld, "message"), " under keys that you have not accepted"}}
	case o == nil:
		return nil
	}
	lines := []line{
		{bad("pinned "), fingerprint(o.Pinned)},
		{bad("now    "), fingerprint(o.Offered), "  since ", o.At},
		{bad("held   "), counted(o.Withheld, "message")},
	}
	return append(lines, p.hung(faint("next   "), p.aimed("parley verify "+who+", or parley contacts accept-key "+who))...)
}
