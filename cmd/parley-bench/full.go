package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

const (
	rounds  = 4  // in which full and empty wallets take turns
	opens   = 5  // times that a full wallet is opened for each purpose
	history = 10 // messages that chat begins with
)

// full compares wallets with many messages in them with wallets that have none, in turn.
func (d *delivery) full(ctx context.Context) error {
	d.report.note("storing %d messages with %d contacts in each of two wallets", d.stored, d.contacts)
	full, err := d.meet(ctx, "full", d.fill)
	if err != nil {
		return err
	}
	empty, err := d.meet(ctx, "fresh", nil)
	if err != nil {
		return errors.Join(err, full.close())
	}
	err = d.compare(ctx, full, empty)
	if err := errors.Join(err, full.close(), empty.close()); err != nil {
		return err
	}
	return d.open(ctx, d.home("full-recipient"))
}

// compare measures streams in turn, so that a disk or a machine that others use too slows both.
func (d *delivery) compare(ctx context.Context, full, empty *pair) error {
	var times [2]float64 // seconds for each message, full and empty
	for range rounds {
		for i, p := range []*pair{full, empty} {
			rate, err := p.stream(ctx, max(1, d.messages/rounds))
			if err != nil {
				return err
			}
			times[i] += 1 / rate / rounds
		}
	}
	return errors.Join(
		d.report.add("stream-full", 1/times[0], "messages/s", ""),
		d.report.add("stream-empty", 1/times[1], "messages/s", ""),
		d.report.add("stream-ratio", times[1]/times[0], "ratio", "at least 0.8"),
	)
}

// open measures a full wallet from opening it to what a command shows first.
func (d *delivery) open(ctx context.Context, home string) error {
	for _, c := range []struct {
		name string
		show func(ctx context.Context, w *wallet.Wallet) error
	}{
		{"open-recv", showUnread}, {"open-search", showFound}, {"open-chat", showHistory},
	} {
		var times []time.Duration
		for range opens {
			began := time.Now()
			w, err := wallet.Open(ctx, home, wallet.Options{Greet: -1})
			if err != nil {
				return err
			}
			err = c.show(ctx, w)
			times = append(times, time.Since(began))
			if err := errors.Join(err, w.Close()); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
		if err := d.report.add(c.name, millis(percentile(times, 50)), "ms", "at most 1000"); err != nil {
			return err
		}
	}
	return nil
}

func showUnread(ctx context.Context, w *wallet.Wallet) error {
	ms, err := w.Receive(ctx, control.ReceiveRequest{})
	if err == nil && len(ms) == 0 {
		err = errors.New("a full wallet has nothing to show")
	}
	return err
}

// showFound looks for what stands in the oldest message alone, so that all are looked at.
func showFound(ctx context.Context, w *wallet.Wallet) error {
	found, err := w.Search(ctx, control.SearchRequest{Text: needle})
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("%d messages were found instead of the one", len(found))
	}
	return err
}

func showHistory(ctx context.Context, w *wallet.Wallet) error {
	const with = "contact-00"
	received, err := w.Receive(ctx, control.ReceiveRequest{From: with, All: true, Newest: true, Limit: history})
	if err != nil {
		return err
	}
	if _, err := w.Receive(ctx, control.ReceiveRequest{From: with, Limit: 1000}); err != nil {
		return err
	}
	sent, err := w.Sent(ctx, control.SentRequest{To: with, Newest: true, Limit: history})
	if err == nil && (len(received) == 0 || len(sent) == 0) {
		err = errors.New("a full wallet has no history to show")
	}
	return err
}
