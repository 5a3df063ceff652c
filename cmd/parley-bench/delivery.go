package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

// delivery is one run of the measurements of delivery.
type delivery struct {
	messages, singles, starts int
	contacts, stored          int
	parley                    string // the command whose daemon is started; empty: ourselves
	folder                    string // where the wallets are

	report *report
}

func deliveryCommand(out, errOut io.Writer, failed *error) *cobra.Command {
	d := &delivery{}
	var asJSON bool
	var within string
	cmd := &cobra.Command{
		Use:   "delivery",
		Short: "Measure how fast messages are delivered between two processes",
		Long: "Makes two wallets, works with one and starts a process for the other, and measures: messages per second when " +
			"many are under way and when each is awaited (stream, single-p50, single-p99), the disk's own flush (fsync-p50), the " +
			"time until a process is ready (start), and the memory of the recipient (memory). With --stored it compares wallets " +
			"that are full with empty ones (stream-full, stream-empty, stream-ratio), and opens a full one as recv, search and " +
			"chat do (open-recv, open-search, open-chat). Every message is committed to the disk at both ends.",
		Example: `parley-bench delivery
parley-bench delivery --json
parley-bench delivery --contacts 50 --stored 100000
parley-bench delivery --parley ./parley --dir /mnt/disk`,
		Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			return d.check()
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			d.report = newReport(out, errOut, asJSON)
			*failed = d.inFolder(cmd.Context(), within)
			return nil
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "one JSON object per line")
	f.IntVar(&d.messages, "messages", 10_000, "messages of each stream")
	f.IntVar(&d.singles, "singles", 400, "messages that are sent one after the other")
	f.IntVar(&d.starts, "starts", 5, "times that a process is started")
	f.IntVar(&d.contacts, "contacts", 50, "contacts of a full wallet")
	f.IntVar(&d.stored, "stored", 0, "messages stored in a full wallet; 0 leaves full wallets out")
	f.StringVar(&d.parley, "parley", "", "the parley `command` to start; default: this command does as its daemon does")
	f.StringVar(&within, "dir", "", "folder on the disk to measure; default: that of temporary files")
	return cmd
}

func (d *delivery) check() error {
	switch {
	case d.messages < 1 || d.singles < 1 || d.starts < 1:
		return errors.New("--messages, --singles and --starts must be at least 1")
	case d.stored < 0 || d.contacts < 2:
		return errors.New("--stored must not be negative, and --contacts must be at least 2")
	}
	return nil
}

// inFolder runs the measurements in a folder of their own, and removes it.
func (d *delivery) inFolder(ctx context.Context, within string) (err error) {
	if d.folder, err = os.MkdirTemp(within, "parley-bench-"); err != nil {
		return fmt.Errorf("make a folder for the wallets: %w; choose another with --dir", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(d.folder)) }()
	if err := d.empty(ctx); err != nil {
		return err
	}
	if err := d.start(ctx); err != nil {
		return err
	}
	if d.stored == 0 {
		return nil
	}
	return d.full(ctx)
}

// empty measures two wallets that begin empty.
func (d *delivery) empty(ctx context.Context) (err error) {
	flush, err := flushTime(d.folder)
	if err != nil {
		return err
	}
	if err := d.report.add("fsync-p50", millis(flush), "ms", "the disk's own, 4 KiB"); err != nil {
		return err
	}
	p, err := d.meet(ctx, "empty", nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if err := d.single(ctx, p, millis(flush)); err != nil {
		return err
	}
	rate, err := p.stream(ctx, d.messages)
	if err != nil {
		return err
	}
	if err := d.report.add("stream", rate, "messages/s", "at least 5000"); err != nil {
		return err
	}
	return d.memory(p)
}

// home returns the folder of a wallet.
func (d *delivery) home(name string) string { return filepath.Join(d.folder, name) }
