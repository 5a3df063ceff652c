package main

import (
	"context"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

func contactsCommand(a *app) *cobra.Command {
	list := func(ctx context.Context, _ []string) error {
		return a.with(ctx, access{}, func(ctx context.Context, w control.Wallet) error {
			all, err := w.Contacts(ctx)
			if err != nil {
				return err
			}
			return a.showContacts(all)
		})
	}
	cmd := &cobra.Command{
		Use:   "contacts",
		Short: "See and change who you know",
		Long:  "Lists your contacts. Names are yours alone: nobody else sees them. A unique prefix of a name is enough.",
		Example: `parley contacts
parley contacts add did:peer:4zQm… --as bob --addr /ip4/192.0.2.7/tcp/4001
parley contacts rename alice alice-work
parley contacts block eve`,
		SuggestionsMinimumDistance: 2,
		Args:                       subcommandOnly,
		RunE:                       a.do(list),
	}
	cmd.AddCommand(
		contactsAddCommand(a),
		&cobra.Command{Use: "list", Short: "List your contacts", Args: takes(), Example: "parley contacts list --json", RunE: a.do(list)},
		a.contactCommand("show", "Show all that is known of a contact", func(ctx context.Context, w control.Wallet, who string) (control.Contact, error) {
			return lookUp(ctx, w, who)
		}),
		a.contactCommand("rm", "Forget a contact; its messages stay", func(ctx context.Context, w control.Wallet, who string) (control.Contact, error) {
			return w.RemoveContact(ctx, who)
		}),
		a.contactCommand("block", "Take no more messages from a contact", func(ctx context.Context, w control.Wallet, who string) (control.Contact, error) {
			return w.ChangeContact(ctx, who, control.ContactChange{Blocked: new(true)})
		}),
		a.contactCommand("unblock", "Take messages from a contact again", func(ctx context.Context, w control.Wallet, who string) (control.Contact, error) {
			return w.ChangeContact(ctx, who, control.ContactChange{Blocked: new(false)})
		}),
		acceptKeyCommand(a),
		&cobra.Command{
			Use: "rename OLD NEW", Short: "Call a contact by another name", Args: takes("OLD", "NEW"),
			Example: `parley contacts rename alice alice-work`,
			RunE: a.do(func(ctx context.Context, args []string) error {
				if args[1] == "" {
					return badUsage("parley contacts rename OLD NEW", "the new name is empty")
				}
				return a.with(ctx, access{}, func(ctx context.Context, w control.Wallet) error {
					c, err := w.ChangeContact(ctx, args[0], control.ContactChange{Name: args[1]})
					if err != nil {
						return err
					}
					return a.showContact(c)
				})
			}),
		},
	)
	return cmd
}

// contactCommand is a command that does something to one contact and shows it.
func (a *app) contactCommand(verb, short string, do func(context.Context, control.Wallet, string) (control.Contact, error)) *cobra.Command {
	return &cobra.Command{
		Use: verb + " NAME", Short: short, Args: takes("NAME"), Example: "parley contacts " + verb + " alice",
		RunE: a.do(func(ctx context.Context, args []string) error {
			return a.with(ctx, access{}, func(ctx context.Context, w control.Wallet) error {
				c, err := do(ctx, w, args[0])
				if err != nil {
					return err
				}
				if verb == "rm" {
					a.print.note("forgotten:")
				}
				return a.showContact(c)
			})
		}),
	}
}

// lookUp finds the contact that the user means. A change of nothing resolves the name as every other
// method does.
func lookUp(ctx context.Context, w control.Wallet, who string) (control.Contact, error) {
	return w.ChangeContact(ctx, who, control.ContactChange{})
}

func (a *app) showContacts(all []control.Contact) error {
	if len(all) == 0 {
		a.print.note("Nobody yet: parley invite, or parley add LINK")
	}
	width := 0
	for _, c := range all {
		width = max(width, utf8.RuneCountInString(c.Name))
	}
	for _, c := range all {
		id := c.DID
		if a.print.outTerminal { // where the line is to be read; parley contacts show has the whole
			id = cut(id, 34)
		}
		l := line{name(column(c.Name, width)), "  ", id}
		if mark := marks(c); mark != "" {
			l = append(l, "  ", bad(mark))
		} else if !c.Verified.IsZero() {
			l = append(l, "  ", good("verified"))
		}
		if err := a.print.show(c, l); err != nil {
			return err
		}
	}
	return nil
}

// marks says in a word what is special about a contact.
func marks(c control.Contact) string {
	switch {
	case c.Blocked:
		return "blocked"
	case c.Offer != nil:
		return "keys changed"
	case c.Pending:
		return "pending"
	}
	return ""
}

func (a *app) showContact(c control.Contact) error {
	lines := []line{{faint("name   "), name(c.Name)}, {faint("did    "), c.DID}}
	if mark := marks(c); mark != "" {
		lines = append(lines, line{faint("state  "), bad(mark)})
	}
	if c.DisplayName != "" {
		lines = append(lines, line{faint("self   "), c.DisplayName})
	}
	if c.Description != "" {
		lines = append(lines, line{faint("about  "), excerpt(c.Description, 200)})
	}
	if !c.Blocked {
		lines = append(lines, line{faint("told   "), told(c.Receipts)})
	}
	if !c.Added.IsZero() {
		lines = append(lines, line{faint("added  "), c.Added})
	}
	if !c.Seen.IsZero() {
		lines = append(lines, line{faint("seen   "), c.Seen})
	}
	if !c.Verified.IsZero() {
		lines = append(lines, line{faint("proven "), good("verified"), " ", c.Verified})
	}
	for _, k := range c.Keys {
		lines = append(lines, line{faint("key    "), k})
	}
	lines = append(lines, a.print.offerLines(c)...)
	lines = append(lines, a.print.historyLines(c.History)...)
	if c.Ours != "" {
		lines = append(lines, line{faint("knows  "), "you as ", cut(c.Ours, 50)})
	}
	for _, addr := range c.Addrs {
		lines = append(lines, line{faint("addr   "), addr})
	}
	return a.print.show(c, lines...)
}
