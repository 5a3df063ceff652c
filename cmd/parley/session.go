package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

const (
	lockTimeout = 5 * time.Second // for another short command to finish
	lockPoll    = 25 * time.Millisecond
	probeTime   = 3 * time.Second // for a daemon to say that it is there
)

// access is what a command needs of the wallet.
type access struct {
	// online runs the wallet's node meanwhile, if no daemon does.
	online bool
	// lax goes on without the network where it cannot be listened to.
	lax bool
	// serve offers the wallet to other commands meanwhile, which one that stays long has to do.
	serve bool
	// own insists on having the wallet itself, not a daemon's.
	own bool
	// greet greets contacts as the node starts; only commands that stay for a while do.
	greet  bool
	listen []string
	log    *slog.Logger
	// unlocked is told the passphrase that opened the wallet.
	unlocked func(passphrase []byte)
}

// errBusy is a wallet that another process has, and does not share.
var errBusy = &control.Error{
	Code: control.CodeNoDaemon, Message: "another parley process has the wallet and does not answer; nothing was done",
	Hint: "wait for it to end, or end it, then try again",
}

// with opens the wallet, or finds the daemon that has it, and calls do. The context of do also ends when
// the wallet's node fails. Everything is closed again when with returns.
//
// The lock is the truth and the socket a hint: the socket is asked first only to spare the user the
// passphrase, and whoever finds the lock taken looks for the socket until one of them is had.
func (a *app) with(ctx context.Context, need access, do func(ctx context.Context, w control.Wallet) error) error {
	w, daemon, err := a.open(ctx, need)
	if err != nil {
		return err
	}
	if daemon != nil {
		defer func() { _ = daemon.Close() }()
		return ofDaemon(do(ctx, daemon))
	}
	a.tellNews(ctx, w)
	err = a.work(ctx, w, need, do)
	a.tellNews(context.WithoutCancel(ctx), w)
	return errors.Join(err, w.Close())
}

// ofDaemon says of an error of the daemon what mends it there: hosts are asked by it, as its own flags allow.
func ofDaemon(err error) error {
	var known *control.Error
	if !errors.As(err, &known) || !strings.Contains(known.Hint, "--allow-private-networks") {
		return err
	}
	return &control.Error{Code: known.Code, Message: known.Message,
		Hint: "it is the daemon that asks: if that host is one of your own network, the daemon has to run with --allow-private-networks"}
}

// tellNews warns of what the wallet has learnt about itself, once.
func (a *app) tellNews(ctx context.Context, w *wallet.Wallet) {
	news, err := w.News(ctx)
	if err != nil {
		a.print.note("not told what is new: ", err.Error()) // it is told the next time
	}
	for _, story := range news {
		a.print.warn(story)
	}
}

// open returns the wallet or the client of its daemon.
func (a *app) open(ctx context.Context, need access) (*wallet.Wallet, *control.Client, error) {
	o := wallet.Options{Ring: a.ring(), Listen: need.listen, Log: need.log, Version: version(),
		UniversalResolver: os.Getenv("PARLEY_RESOLVER"), PLCDirectory: os.Getenv("PARLEY_PLC_DIRECTORY"), AllowPrivateNetworks: a.allowPrivate}
	if !need.greet {
		o.Greet = -1
	}
	deadline := time.Now().Add(lockTimeout)
	for asked := false; ; {
		daemon, err := a.daemon(ctx)
		if err != nil || daemon != nil && !need.own {
			return nil, daemon, err
		}
		if daemon != nil {
			_ = daemon.Close()
			return nil, nil, a.occupied(ctx)
		}
		if !asked {
			if o.Passphrase, err = a.unlock(ctx); err != nil {
				return nil, nil, err
			}
			asked, deadline = true, time.Now().Add(lockTimeout)
		}
		opening := a.print.progress("opening the wallet", 0)
		w, err := wallet.Open(ctx, a.home, o)
		opening.end()
		if err == nil && need.unlocked != nil {
			need.unlocked(o.Passphrase)
		}
		if err == nil || !errors.Is(err, wallet.ErrLocked) {
			return w, nil, err
		}
		if time.Now().After(deadline) {
			return nil, nil, errBusy
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(lockPoll):
		}
	}
}

// daemon returns a client if somebody answers at the wallet's socket, else nil.
func (a *app) daemon(ctx context.Context) (*control.Client, error) {
	c := control.NewClient(wallet.SocketPath(a.home))
	probe, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	_, err := c.Self(probe)
	var known *control.Error
	switch {
	case err == nil:
		return c, nil
	case errors.As(err, &known) && known.Code != control.CodeNoDaemon:
		return nil, known
	}
	_ = c.Close()
	return nil, ctx.Err()
}

// isLocked reports whether the wallet could not be opened because another process has it.
func isLocked(err error) bool { return errors.Is(err, wallet.ErrLocked) }

// occupied is the error of a command that needs the wallet itself while a daemon has it.
func (a *app) occupied(ctx context.Context) error {
	who := "a daemon"
	c := control.NewClient(wallet.SocketPath(a.home))
	defer func() { _ = c.Close() }()
	if s, err := c.Status(ctx); err == nil && s.PID != 0 {
		who = fmt.Sprintf("a daemon (process %d)", s.PID)
	}
	return &control.Error{Code: control.CodeUnexpected, Message: who + " has the wallet already; nothing was done",
		Hint: "use it: every command does; or end it first"}
}

// work runs what the command needs around do.
func (a *app) work(ctx context.Context, w *wallet.Wallet, need access, do func(context.Context, control.Wallet) error) error {
	if !need.online {
		return do(ctx, w)
	}
	if err := w.Listen(ctx); err != nil {
		if !need.lax || ctx.Err() != nil {
			return err
		}
		a.print.note("not online: ", err.Error())
		return do(ctx, w)
	}
	var socket net.Listener
	if need.serve {
		var err error
		if socket, err = control.Listen(wallet.SocketPath(a.home)); err != nil {
			return err
		}
	}
	// The node and the socket outlast do, which may still need them while it ends.
	around, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var g errgroup.Group
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := func(part func() error) {
		g.Go(func() error {
			err := part()
			if err != nil {
				cancel(err)
			}
			return err
		})
	}
	watch(func() error { return w.Run(around) })
	if socket != nil {
		watch(func() error { return control.Serve(around, socket, w, need.log) })
	}
	err := do(ctx, w)
	stop()
	if failed := g.Wait(); failed != nil {
		return failed
	}
	return err
}
