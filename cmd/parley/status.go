package main

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

func statusCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "See how the wallet is",
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
	daemon, keys := "not running", "not protected by a passphrase"
	if s.Daemon {
		daemon = "running, process " + strconv.Itoa(s.PID)
	} else {
		s.PID = 0 // it would be our own
	}
	if s.Protected {
		keys = "under a passphrase"
	}
	lines := []line{
		{faint("name      "), name(s.Name)},
		{faint("did       "), s.DID},
		{faint("peer      "), s.PeerID},
		{faint("home      "), s.Home},
		{faint("keys      "), keys},
		{faint("daemon    "), daemon},
		{faint("contacts  "), s.Contacts},
		{faint("unread    "), s.Unread},
		{faint("waiting   "), s.Waiting},
		{faint("failed    "), s.Failed},
	}
	for _, code := range slices.Sorted(maps.Keys(s.Refused)) {
		lines = append(lines, line{faint("refused   "), code, " ", strconv.FormatInt(s.Refused[code], 10), " times"})
	}
	if s.Broken > 0 {
		lines = append(lines, line{faint("broken    "), strconv.FormatInt(s.Broken, 10), " streams of others"})
	}
	for _, addr := range s.Addrs {
		lines = append(lines, line{faint("listens   "), addr})
	}
	return a.print.show(s, lines...)
}
