package main

import (
	"context"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/parley-im/parley/internal/control"
)

// event is what the daemon tells on stdout with --json.
type event struct {
	V     int      `json:"v"`
	Event string   `json:"event"`
	DID   string   `json:"did,omitempty"`
	Addrs []string `json:"addrs,omitempty"`
}

func daemonCommand(a *app) *cobra.Command {
	var listen []string
	var verbose bool
	cmd := &cobra.Command{
		Use:   "daemon",
		Short: "Stay online: deliver, receive, and serve the other commands",
		Long: "Keeps the wallet open and online. Every other command then uses it, without a passphrase of its own. " +
			"It ends on an interrupt (SIGINT, SIGTERM) and loses nothing even when it is killed.",
		Example: `parley daemon
parley daemon --json
parley daemon --listen /ip4/0.0.0.0/udp/4001/quic-v1`,
		Args: takes(),
		RunE: a.do(func(ctx context.Context, _ []string) error {
			need := access{online: true, serve: true, own: true, greet: true, listen: listen, log: a.logger(verbose)}
			return a.with(ctx, need, a.stay)
		}),
	}
	cmd.Flags().StringArrayVar(&listen, "listen", nil, "multiaddr to listen on; repeatable")
	cmd.Flags().BoolVar(&verbose, "verbose", false, "log more, to stderr")
	return cmd
}

// stay tells that the daemon is ready, which it is once it is called, and waits for its end.
func (a *app) stay(ctx context.Context, w control.Wallet) error {
	self, err := w.Self(ctx)
	if err != nil {
		return err
	}
	ready := event{V: control.Version, Event: "ready", DID: self.DID, Addrs: self.Addrs}
	lines := []line{{"ready  ", name(self.Name), "  ", faint(self.DID)}}
	for _, addr := range self.Addrs {
		lines = append(lines, line{faint("listens on "), addr})
	}
	if err := a.print.show(ready, lines...); err != nil {
		return err
	}
	new(knocks).follow(ctx, w, a.print)
	a.print.note("stopping")
	return nil
}

// logger writes what an operator may want to know to stderr, in the form of the other output.
func (a *app) logger(verbose bool) *slog.Logger {
	level := slog.LevelWarn
	if verbose {
		level = slog.LevelDebug
	}
	return slog.New(a.print.logHandler(level))
}

// logHandler logs to stderr. Both forms quote what is not printable.
func (p *printer) logHandler(level slog.Level) slog.Handler {
	if p.quiet {
		return slog.NewTextHandler(io.Discard, nil)
	}
	o := &slog.HandlerOptions{Level: level}
	if p.json {
		return slog.NewJSONHandler(p.err, o)
	}
	return slog.NewTextHandler(p.err, o)
}
