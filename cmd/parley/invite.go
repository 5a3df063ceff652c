package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

func inviteCommand(a *app) *cobra.Command {
	r := control.InviteRequest{Expires: 24 * time.Hour}
	var code bool
	cmd := &cobra.Command{
		Use:   "invite",
		Short: "Make an invitation for a friend",
		Long: "Prints a link to send to a friend over any channel you trust. The first who claims it becomes a " +
			"contact. To be claimed you must be online: keep parley daemon or parley chat running.",
		Example: `parley invite --qr
parley invite --expires 1h
parley invite --multi --expires 168h`,
		Args: takes(),
		RunE: a.do(func(ctx context.Context, _ []string) error {
			if r.Expires <= 0 {
				return badUsage("parley invite --expires 24h", "--expires must be more than nothing")
			}
			return a.with(ctx, access{}, func(ctx context.Context, w control.Wallet) error {
				inv, err := w.Invite(ctx, r)
				if err != nil {
					return err
				}
				if err := a.showInvite(inv, r.Multi, code); err != nil {
					return err
				}
				return a.warnFleeting(ctx, w)
			})
		}),
	}
	f := cmd.Flags()
	f.DurationVar(&r.Expires, "expires", r.Expires, "how long it is good for")
	f.BoolVar(&r.Multi, "multi", false, "many may claim it, not only the first")
	f.BoolVar(&code, "qr", false, "show it as a QR code, too")
	return cmd
}

// warnFleeting says when the addresses in an invitation hold no longer than this command does: without a daemon,
// of a wallet that was made to take any free port each time.
func (a *app) warnFleeting(ctx context.Context, w control.Wallet) error {
	s, err := w.Status(ctx)
	if err != nil || s.Daemon || !slices.ContainsFunc(s.Listen, anyPort) {
		return err
	}
	a.print.warn("this wallet listens on another port each time, and the link holds that of now: " +
		"start parley daemon first, then invite")
	return nil
}

// anyPort reports whether a multiaddr leaves the port to the system.
func anyPort(addr string) bool {
	return strings.Contains(addr+"/", "/tcp/0/") || strings.Contains(addr+"/", "/udp/0/")
}

func (a *app) showInvite(inv control.Invite, multi, code bool) error {
	if code && !a.json {
		if err := a.showQR(inv.Link); err != nil {
			return err
		}
	}
	if err := a.print.show(inv, line{inv.Link}); err != nil {
		return err
	}
	uses := "once"
	if multi {
		uses = "by many"
	}
	a.print.note(faint("Can be used "+uses+" until "+inv.Expires.Local().Format("2006-01-02 15:04")+
		", while you are online. Your friend: "), body("parley add LINK"))
	return nil
}
