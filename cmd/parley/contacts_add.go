package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

func contactsAddCommand(a *app) *cobra.Command {
	var r control.AddRequest
	cmd := &cobra.Command{
		Use:   "add DID",
		Short: "Add somebody whose DID you know",
		Long: "Makes a contact of a DID that you got by other means, from a web page or a card, and pins its keys. " +
			"Nobody is introduced: your first message waits at theirs until they accept you, and is sent and no " +
			"more until then. A did:peer needs its long form, and most DIDs an address to begin with: their " +
			"parley id --json shows both. With an invitation all this goes by itself: parley add LINK.",
		Example: `parley contacts add did:peer:4zQm… --as bob --addr /ip4/192.0.2.7/tcp/4001
pbpaste | parley contacts add - --as alice`,
		Args: takes("DID"),
		RunE: a.do(func(ctx context.Context, args []string) error {
			var err error
			if r.DID, err = a.link(args[0]); err != nil {
				return err
			}
			return a.with(ctx, access{}, func(ctx context.Context, w control.Wallet) error {
				c, err := w.Add(ctx, r)
				if err != nil {
					return err
				}
				return a.showMet(c)
			})
		}),
	}
	cmd.Flags().StringVar(&r.Name, "as", "", "what you call them")
	cmd.Flags().StringArrayVar(&r.Addrs, "addr", nil, "multiaddr where their wallet listens; repeatable")
	return cmd
}

// showMet shows a contact that was added by its DID.
func (a *app) showMet(c control.Contact) error {
	if err := a.print.show(c, line{"added ", name(c.Name), "  ", faint(c.DID)}); err != nil {
		return err
	}
	if c.Pending {
		a.print.note(faint("They do not know you: your first message waits until they accept it. parley send " + c.Name + " TEXT"))
	}
	return nil
}
