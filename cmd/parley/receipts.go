package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

func receiptsCommand(a *app) *cobra.Command {
	var who string
	cmd := &cobra.Command{
		Use:   "receipts [all|received|none|default]",
		Short: "See and change what the senders of messages are told",
		Long: "Shows or sets what those who write to you are told: all (that a message arrived, and that you have read " +
			"it), received (only that it arrived) or none. With --contact it is for one contact alone, and default " +
			"has it follow the wallet's again. Whoever delivers straight to your wallet learns from that alone that " +
			"the message has arrived; what you have read nobody learns but by a receipt.",
		Example: `parley receipts
parley receipts received
parley receipts none --contact eve
parley receipts default --contact eve`,
		ValidArgs: []string{"all", "received", "none", "default"},
		Args:      atMost("LEVEL"),
		RunE: a.do(func(ctx context.Context, args []string) error {
			level := ""
			if len(args) > 0 {
				level = args[0]
			}
			if err := checkLevel(level, who); err != nil {
				return err
			}
			return a.with(ctx, access{}, func(ctx context.Context, w control.Wallet) error {
				if who != "" {
					return a.contactReceipts(ctx, w, who, level)
				}
				return a.walletReceipts(ctx, w, level)
			})
		}),
	}
	cmd.Flags().StringVar(&who, "contact", "", "what this contact is told")
	return cmd
}

// atMost accepts the named arguments or the first of them.
func atMost(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > len(names) {
			return usage(cmd, "unexpected argument %q", args[len(names)])
		}
		return nil
	}
}

// checkLevel refuses a level of receipts that there is not.
func checkLevel(level, contact string) error {
	hint, levels := "parley receipts all, received or none", []string{"", "all", "received", "none"}
	if contact != "" {
		hint, levels = "parley receipts all, received, none or default --contact "+contact, append(levels, "default")
	}
	if !slices.Contains(levels, level) {
		return badUsage(hint, "receipts cannot be %q; nothing was changed", level)
	}
	return nil
}

func (a *app) walletReceipts(ctx context.Context, w control.Wallet, level string) error {
	p, err := w.Preferences(ctx)
	if err == nil && level != "" {
		p, err = w.ChangePreferences(ctx, control.PreferenceChange{Receipts: &level})
	}
	if err != nil {
		return err
	}
	return a.print.show(p, line{p.Receipts, faint("  everybody is told " + told(p.Receipts))})
}

func (a *app) contactReceipts(ctx context.Context, w control.Wallet, who, level string) error {
	c, err := w.ChangeContact(ctx, who, control.ContactChange{Receipts: level})
	if err != nil {
		return err
	}
	shown := c.Receipts
	if shown == "" {
		shown = "default"
	}
	return a.print.show(c, line{shown, "  ", name(c.Name), faint(" is told " + told(c.Receipts))})
}

// told says what a level of receipts tells.
func told(level string) string {
	switch level {
	case "all":
		return "what you have received and read"
	case "received":
		return "what you have received, not what you have read"
	case "none":
		return "nothing but what delivering to you tells by itself"
	}
	return "what everybody is: parley receipts"
}
