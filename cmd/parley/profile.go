package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

func profileCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "profile",
		Short: "See and change what you say of yourself",
		Long: "Shows the name and the description that your contacts are told, at the introduction and when they change. " +
			"They choose by themselves by which name they call you. Pictures are neither sent nor kept.",
		Example: `parley profile
parley profile set --name alice --description "likes tea"`,
		SuggestionsMinimumDistance: 2,
		Args:                       subcommandOnly,
		RunE: a.do(func(ctx context.Context, _ []string) error {
			return a.with(ctx, access{}, func(ctx context.Context, w control.Wallet) error {
				p, err := w.Preferences(ctx)
				if err != nil {
					return err
				}
				return a.showProfile(p)
			})
		}),
	}
	cmd.AddCommand(profileSetCommand(a))
	return cmd
}

func profileSetCommand(a *app) *cobra.Command {
	var called, description string
	var cmd *cobra.Command
	cmd = &cobra.Command{
		Use:   "set",
		Short: "Change what you say of yourself, and tell your contacts",
		Long:  "Changes what is given, and queues the new profile for all contacts that are not blocked.",
		Example: `parley profile set --name alice
parley profile set --description ""`,
		Args: takes(),
		RunE: a.do(func(ctx context.Context, _ []string) error {
			var r control.PreferenceChange
			if cmd.Flags().Changed("name") {
				r.Name = &called
			}
			if cmd.Flags().Changed("description") {
				r.Description = &description
			}
			if r == (control.PreferenceChange{}) {
				return badUsage("parley profile set --name NAME --description TEXT", "nothing to change was given")
			}
			return a.with(ctx, access{online: true, lax: true}, func(ctx context.Context, w control.Wallet) error {
				p, err := w.ChangePreferences(ctx, r)
				if p.V == 0 {
					return err
				}
				return join(a.showProfile(p), err)
			})
		}),
	}
	f := cmd.Flags()
	f.StringVar(&called, "name", "", "what you are called, in one word")
	f.StringVar(&description, "description", "", "a few words about you; empty for none")
	return cmd
}

func (a *app) showProfile(p control.Preference) error {
	lines := []line{{faint("name         "), name(p.Name)}}
	if p.Description != "" {
		lines = append(lines, line{faint("description  "), body(p.Description)})
	}
	return a.print.show(p, lines...)
}
