package wallet

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
	"github.com/parley-im/parley/messaging"
)

// Options are how to open a wallet. The zero value opens one that is there and has no passphrase.
type Options struct {
	// Create makes the wallet if there is none in the folder.
	Create bool
	// Name is what a new wallet calls itself when it introduces itself; default: the user's login name.
	Name string
	// Passphrase opens the wallet's keys, or seals those of a new one; empty for none.
	Passphrase []byte
	// Listen are multiaddrs to listen on, such as "/ip4/127.0.0.1/udp/4001/quic-v1". A new wallet keeps them;
	// for one that is there they hold this time. Default: all interfaces, on a port that is kept.
	Listen []string
	// PLCDirectory is the URL of a directory of did:plc, such as "https://plc.directory"; empty: those DIDs do not
	// resolve. It learns which of them are asked for, and is not believed: their logs are verified.
	PLCDirectory string
	// AllowPrivateNetworks lets DIDs be resolved at hosts with private and loopback addresses, for tests and
	// intranets.
	AllowPrivateNetworks bool
	// Log takes what an operator may want to know; nil: nothing.
	Log *slog.Logger
}

// Wallet is an open wallet. Its methods are safe for concurrent use, except for Handle.
type Wallet struct {
	home    string
	log     *slog.Logger
	inner   *wallet.Wallet
	mux     *messaging.Mux
	running atomic.Bool
}

// Open opens the wallet in the folder dir, which nobody else may have open at the same time. It is to be
// closed. Errors: ErrMissing if there is none and Options.Create is not set, ErrTrust for a wrong passphrase
// or files that others can change, ErrInUse when another process has it.
func Open(ctx context.Context, dir string, o Options) (*Wallet, error) {
	home, err := absolute(dir)
	if err != nil {
		return nil, err
	}
	if !wallet.Exists(home) {
		if !o.Create {
			return nil, &Error{Kind: ErrMissing, Text: "there is no wallet in " + home, Hint: "set Options.Create, or use parley init"}
		}
		if _, err := wallet.Create(ctx, home, wallet.CreateOptions{Passphrase: o.Passphrase, Name: o.Name, Listen: o.Listen}); err != nil {
			return nil, public(err)
		}
	}
	w := &Wallet{home: home, log: o.Log, mux: new(messaging.Mux)}
	w.inner, err = wallet.Open(ctx, home, wallet.Options{
		Passphrase: o.Passphrase, Listen: o.Listen, Mux: w.mux, Log: o.Log,
		PLCDirectory: o.PLCDirectory, AllowPrivateNetworks: o.AllowPrivateNetworks,
	})
	if err != nil {
		return nil, public(err)
	}
	return w, nil
}

// DID returns the wallet's DID in its short form.
func (w *Wallet) DID() did.DID { return w.inner.Identity().DID.Canonical() }

// Handle has h deal with the messages of a type, or of a whole protocol if the pattern ends in "/", before the
// wallet does. Call it before Run. It panics if the pattern has a handler already, or is none.
func (w *Wallet) Handle(pattern string, h messaging.Handler) {
	if w.running.Load() {
		panic("wallet: Handle after Run")
	}
	w.mux.Handle(pattern, w.consumer(h))
}

// Run delivers, receives and calls the handlers until ctx ends, and returns nil then. Commands of parley for
// the same folder are served meanwhile. It may be called once.
func (w *Wallet) Run(ctx context.Context) error {
	w.running.Store(true)
	if err := w.inner.Listen(ctx); err != nil {
		return public(err)
	}
	socket, err := control.Listen(wallet.SocketPath(w.home))
	if err != nil {
		return public(err)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return w.inner.Run(ctx) })
	g.Go(func() error { return control.Serve(ctx, socket, w.inner, w.log) })
	return public(g.Wait())
}

// Close ends what the wallet does and gives it back. Run must have returned before. It is safe to call twice.
func (w *Wallet) Close() error { return w.inner.Close() }

// Invitation says what an invitation allows. The zero value is good for one person and for a day.
type Invitation struct {
	// Expires is how long it is good for, from a second to a year; zero means 24 hours.
	Expires time.Duration
	// Multi lets many claim it, not only the first.
	Multi bool
}

// Invite returns the link of an invitation. It can be claimed while Run runs.
func (w *Wallet) Invite(ctx context.Context, i Invitation) (link string, err error) {
	made, err := w.inner.Invite(ctx, control.InviteRequest{Expires: i.Expires, Multi: i.Multi})
	return made.Link, public(err)
}
