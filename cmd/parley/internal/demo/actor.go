package demo

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

// actor is one of the two, with the wallet while it is open.
type actor struct {
	name, home string
	log        *slog.Logger
	did        did.DID // in its long form
	self       control.Self
	wallet     *wallet.Wallet
	stop       context.CancelFunc
	stopped    chan error
}

func newActor(name, dir string, log *slog.Logger) *actor {
	return &actor{name: name, home: filepath.Join(dir, name), log: log}
}

// create makes the wallet, listening on loopback only.
func (a *actor) create(ctx context.Context) error {
	listen, err := wallet.FreeAddrs(ctx, "/ip4/127.0.0.1")
	if err != nil {
		return err
	}
	a.self, err = wallet.Create(ctx, a.home, wallet.CreateOptions{Name: a.name, Listen: listen})
	if err != nil {
		return err
	}
	a.did, err = did.Parse(a.self.LongDID)
	return err
}

// arrive opens the wallet and puts it to work.
func (a *actor) arrive(ctx context.Context) error {
	w, err := wallet.Open(ctx, a.home, wallet.Options{Log: a.log})
	if err != nil {
		return err
	}
	if err := w.Listen(ctx); err != nil {
		return errors.Join(err, w.Close())
	}
	a.wallet = w
	ctx, a.stop = context.WithCancel(ctx)
	a.stopped = make(chan error, 1)
	go func() { a.stopped <- w.Run(ctx) }()
	return nil
}

// leave closes the wallet, if it is open.
func (a *actor) leave() error {
	if a.wallet == nil {
		return nil
	}
	a.stop()
	err := errors.Join(<-a.stopped, a.wallet.Close())
	a.wallet = nil
	return err
}
