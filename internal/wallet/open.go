package wallet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-im/parley/crypto/keyfile"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/inbox/sqlite"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/outofband"
	"github.com/parley-im/parley/messaging/p2p"
	"github.com/parley-im/parley/messaging/userprofile"
)

// Options are how to open a wallet.
type Options struct {
	// Passphrase opens the key file; empty for one without.
	Passphrase []byte
	// Listen replaces the multiaddrs that Create chose, for this time.
	Listen []string
	// UniversalResolver is the URL of a Universal Resolver to ask about DIDs of methods that are not built
	// in; empty: none. Whoever runs it is believed, and learns which DIDs are asked for.
	UniversalResolver string
	// Greet is as in messaging.Node.
	Greet int
	// Log takes what an operator may want to know; nil: nothing.
	Log *slog.Logger
}

// Wallet is an open wallet. It implements control.Wallet and is safe for concurrent use.
type Wallet struct {
	home      string
	lock      *os.File
	keys      *keyfile.Store
	store     inbox.Store
	resolver  did.Resolver
	self      messaging.Identity
	name      string
	issuer    *outofband.Issuer
	transport *p2p.Transport
	node      *messaging.Node
	log       *slog.Logger
	pongs     pongs

	working   atomic.Bool // whether Run is running
	listenMu  sync.Mutex
	listening bool // guarded by listenMu
	closeOnce sync.Once
	closeErr  error
}

var _ control.Wallet = (*Wallet)(nil)

// Open takes the wallet's lock and opens it. It returns an error that wraps ErrLocked when another
// process owns the wallet, and a *control.Error for what the user can mend: no wallet, a wrong
// passphrase, a damaged or newer file, loose modes.
func Open(ctx context.Context, home string, o Options) (*Wallet, error) {
	if !Exists(home) {
		return nil, explain(home, os.ErrNotExist)
	}
	if err := checkListen(o.Listen); err != nil {
		return nil, err
	}
	w := &Wallet{home: home, log: o.Log}
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	if err := w.open(ctx, o); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// open opens the parts one after the other; Close closes those that are open.
func (w *Wallet) open(ctx context.Context, o Options) (err error) {
	if w.lock, err = lock(w.home); err != nil {
		return err
	}
	if w.keys, err = keyfile.Open(keysPath(w.home), o.Passphrase); err != nil {
		return explain(w.home, err)
	}
	if _, err := os.Lstat(databasePath(w.home)); err != nil {
		return explainStore(w.home, err)
	}
	w.store, err = openStore(ctx, w.home, sqlite.Options{Subkey: w.keys.Subkey, Log: w.log})
	if err != nil {
		return err
	}
	if w.resolver, err = w.newResolver(o.UniversalResolver); err != nil {
		return err
	}
	listen, err := w.resume(ctx)
	if err != nil {
		return err
	}
	if len(o.Listen) > 0 {
		listen = o.Listen
	}
	w.assemble(listen, o.Greet)
	return w.resumeIntroductions(ctx)
}

// openStore opens the database. A nil *sqlite.Store never becomes a store that is not nil.
func openStore(ctx context.Context, home string, o sqlite.Options) (inbox.Store, error) {
	s, err := sqlite.Open(ctx, databasePath(home), o)
	if err != nil {
		return nil, explainStore(home, err)
	}
	return s, nil
}

// assemble builds the transport and the node.
func (w *Wallet) assemble(listen []string, greet int) {
	w.issuer = outofband.NewIssuer(w.keys.Subkey("invitations"))
	identities := messaging.FixedIdentities{w.self}
	w.transport = &p2p.Transport{
		Keys: w.keys, Identities: identities, Resolver: w.resolver,
		HostKey: w.keys.Transport(), Listen: listen, Log: w.log,
	}
	w.node = &messaging.Node{
		Identities: identities, Keys: w.keys, Resolver: w.resolver, Store: w.store,
		Transports: []messaging.Transport{w.transport}, Handler: w.mux(), Invitations: w.issuer,
		Introduction: userprofile.DisplayName, Greet: greet, Log: w.log,
	}
}

// explainStore turns the errors of opening the database into ones that say what to do.
func explainStore(home string, err error) error {
	path := databasePath(home)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &control.Error{Code: control.CodeUnexpected, Message: "the database " + path + " is missing",
			Hint: "put it back; nothing was changed"}
	case errors.Is(err, inbox.ErrSchema):
		return &control.Error{Code: control.CodeUsage, Message: err.Error(), Hint: "nothing was changed in " + path}
	case errors.Is(err, inbox.ErrDamaged):
		return &control.Error{Code: control.CodeUnexpected, Message: fmt.Sprintf("the database %s cannot be read: %v", path, err),
			Hint: "restore it together with the key file it belongs to; nothing was changed"}
	}
	return fmt.Errorf("open the database %s: %w", path, err)
}

// Listen opens the libp2p host, after which Self knows the addresses. Run does it too; calling it
// again does nothing.
func (w *Wallet) Listen(ctx context.Context) error {
	w.listenMu.Lock()
	defer w.listenMu.Unlock()
	if w.listening {
		return nil
	}
	if err := w.transport.Open(ctx); err != nil {
		return &control.Error{Code: control.CodeNetwork, Message: fmt.Sprintf("cannot listen: %v", err),
			Hint: "is the port in use by another program? choose another with --listen"}
	}
	w.listening = true
	return nil
}

// Run delivers and receives until ctx ends. It may be called once.
func (w *Wallet) Run(ctx context.Context) error {
	if err := w.Listen(ctx); err != nil {
		return err
	}
	w.working.Store(true)
	defer w.working.Store(false)
	return w.node.Run(ctx)
}

// Close ends what the wallet does and gives its lock back. Run must have returned before, or be about
// to. It is safe to call twice.
func (w *Wallet) Close() error {
	w.closeOnce.Do(func() {
		var errs []error
		w.listenMu.Lock()
		if w.listening {
			errs = append(errs, w.transport.Close())
		}
		w.listenMu.Unlock()
		if w.store != nil {
			errs = append(errs, w.store.Close())
		}
		if w.keys != nil {
			errs = append(errs, w.keys.Close())
		}
		if w.lock != nil {
			errs = append(errs, w.lock.Close())
		}
		w.closeErr = errors.Join(errs...)
	})
	return w.closeErr
}

// now is the wallet's clock for what is kept, in whole microseconds.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
