package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

const (
	textSize = 1 << 10 // of each message
	senders  = 64      // at once, in a stream
	poll     = 5 * time.Millisecond
	contact  = "recipient" // what the sender calls the other wallet
)

// pair are two wallets that know each other: the sender's in this process, the recipient's in another.
type pair struct {
	sender    *atWork
	recipient *process
}

// meet makes two wallets, has fill put something into each, and introduces them.
func (d *delivery) meet(ctx context.Context, name string, fill func(ctx context.Context, home string) error) (*pair, error) {
	homes := []string{d.home(name + "-sender"), d.home(name + "-recipient")}
	for _, home := range homes {
		err := create(ctx, home)
		if err == nil && fill != nil {
			err = fill(ctx, home)
		}
		if err != nil {
			return nil, err
		}
	}
	other, err := d.launch(ctx, homes[1])
	if err != nil {
		return nil, err
	}
	w, err := openAtWork(ctx, homes[0])
	if err != nil {
		return nil, errors.Join(err, other.end())
	}
	p := &pair{w, other}
	if err := p.introduce(ctx); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// create makes a wallet that listens on loopback alone.
func create(ctx context.Context, home string) error {
	listen, err := wallet.FreeAddrs(ctx, "/ip4/127.0.0.1")
	if err == nil {
		_, err = wallet.Create(ctx, home, wallet.CreateOptions{Name: filepath.Base(home), Listen: listen})
	}
	return err
}

func (p *pair) introduce(ctx context.Context) error {
	inv, err := p.recipient.client.Invite(ctx, control.InviteRequest{})
	if err == nil {
		_, err = p.sender.Add(ctx, control.AddRequest{Link: inv.Link, Name: contact, Timeout: patience})
	}
	return err
}

func (p *pair) close() error { return errors.Join(p.sender.close(), p.recipient.end()) }

// stream sends n messages of 1 KiB, many at once, and returns how many were delivered per second: counted until
// the sender knows of each that it was, and the recipient has them all.
func (p *pair) stream(ctx context.Context, n int) (float64, error) {
	before, err := p.recipient.client.Status(ctx)
	if err != nil {
		return 0, err
	}
	text := strings.Repeat("x", textSize)
	began := time.Now()
	var sent atomic.Int64
	g, sending := errgroup.WithContext(ctx)
	for range min(n, senders) {
		g.Go(func() error {
			for sent.Add(1) <= int64(n) {
				if _, err := p.sender.Send(sending, control.SendRequest{To: contact, Text: text}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return 0, err
	}
	if err := until(ctx, func() (bool, error) {
		// The oldest that waits is found at once; Status would count them all.
		waiting, err := p.sender.Sent(ctx, control.SentRequest{Waiting: true, Limit: 1})
		return len(waiting) == 0, err
	}); err != nil {
		return 0, fmt.Errorf("the sender: %w", err)
	}
	if err := until(ctx, func() (bool, error) {
		s, err := p.recipient.client.Status(ctx)
		return s.Unread >= before.Unread+n, err
	}); err != nil {
		return 0, fmt.Errorf("the recipient: %w", err)
	}
	elapsed := time.Since(began)
	if s, err := p.sender.Status(ctx); err != nil || s.Failed > 0 {
		return 0, errors.Join(fmt.Errorf("%d messages failed", s.Failed), err)
	}
	return float64(n) / elapsed.Seconds(), nil
}

// until waits until done says so.
func until(ctx context.Context, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, 10*patience)
	defer cancel()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("messages are still under way: %w", ctx.Err())
		case <-time.After(poll):
		}
	}
}

// single sends messages of 1 KiB one after the other, each from Send until the sender knows that it was delivered.
func (d *delivery) single(ctx context.Context, p *pair, flush float64) error {
	text := strings.Repeat("x", textSize)
	times := make([]time.Duration, 0, d.singles)
	for range d.singles {
		began := time.Now()
		sent, err := p.sender.Send(ctx, control.SendRequest{To: contact, Text: text, Wait: "delivered", Timeout: patience})
		if err != nil {
			return fmt.Errorf("a message is %s: %w", sent.State, err)
		}
		times = append(times, time.Since(began))
	}
	goal := fmt.Sprintf("at most %.3f: 2 ms above fsync-p50", flush+2)
	if err := d.report.add("single-p50", millis(percentile(times, 50)), "ms", goal); err != nil {
		return err
	}
	return d.report.add("single-p99", millis(percentile(times, 99)), "ms", "")
}

// flushTime is the median time of appending 4 KiB and flushing them, on the disk that has the folder.
func flushTime(folder string) (time.Duration, error) {
	f, err := os.Create(filepath.Join(folder, "flush"))
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	block, times := make([]byte, 4<<10), make([]time.Duration, 0, 200)
	for range cap(times) {
		began := time.Now()
		if _, err := f.Write(block); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		times = append(times, time.Since(began))
	}
	return percentile(times, 50), nil
}
