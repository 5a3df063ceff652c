package wallet

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/keyfile"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/inbox/sqlite"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/discoverfeatures"
	"github.com/parley-im/parley/messaging/outofband"
	"github.com/parley-im/parley/messaging/p2p"
	"github.com/parley-im/parley/messaging/reportproblem"
	"github.com/parley-im/parley/messaging/userprofile"
)

// maxAgreed is how many contacts' agreements are remembered while the wallet is open.
const maxAgreed = 256

// Options are how to open a wallet.
type Options struct {
	// Passphrase opens the key file; empty for one without.
	Passphrase []byte
	// Ring is the keyring for a key file that is under one; nil: such a wallet does not open.
	Ring keyfile.Ring
	// Listen replaces the multiaddrs that Create chose, for this time.
	Listen []string
	// UniversalResolver is the URL of a Universal Resolver to ask about DIDs of methods that are not built
	// in; empty: none. Whoever runs it is believed, and learns which DIDs are asked for.
	UniversalResolver string
	// PLCDirectory is the URL of a directory of did:plc, which is asked but not believed; empty: none.
	PLCDirectory string
	// AllowPrivateNetworks lets DIDs be resolved at hosts with private and loopback addresses, for tests and
	// intranets: without it no DID can make the wallet ask a machine of this network.
	AllowPrivateNetworks bool
	// Roots are the certificate authorities that hosts of DID documents are believed by; nil: those of the system.
	Roots *x509.CertPool
	// Greet is as in messaging.Node.
	Greet int
	// Mux has the handlers of a program, which come before the wallet's own: those become its Default.
	Mux *messaging.Mux
	// Log takes what an operator may want to know; nil: nothing.
	Log *slog.Logger
	// Version is the program's, for Status.
	Version string
}

// Wallet is an open wallet. It implements control.Wallet and is safe for concurrent use.
type Wallet struct {
	home        string
	lock        *os.File
	keys        *keyfile.Store
	agreed      *crypto.Agreements // over keys, to seal and open messages with
	store       inbox.Store
	db          *sqlite.Store // the same, as its driver has it: for what inbox.Store does not ask of drivers
	resolver    *Resolver
	ids         identities
	name        string
	issuer      *outofband.Issuer
	transport   *p2p.Transport
	node        *messaging.Node
	log         *slog.Logger
	pongs       exchanges[time.Time]
	version     string
	since       time.Time // when it was opened
	listen      []string  // where it is set to listen
	prefs       preferences
	disclosures exchanges[[]discoverfeatures.Feature]
	lives       lives
	backingUp   sync.Mutex // held for one backup at a time
	shownKeys   shownKeys

	markMu    sync.Mutex  // held while entries are marked
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
	w := &Wallet{home: home, log: o.Log, version: o.Version, since: now()}
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
	if _, err := settle(ctx, w.home, o.Ring); err != nil {
		return err
	}
	if w.keys, err = keyfile.Open(ctx, keysPath(w.home), keyfile.Protection{Passphrase: o.Passphrase, Ring: o.Ring}); err != nil {
		return explain(w.home, err)
	}
	if _, err := os.Lstat(databasePath(w.home)); err != nil {
		return explainStore(w.home, err)
	}
	if err := w.openStore(ctx, databasePath(w.home)); err != nil {
		return err
	}
	if w.resolver, err = w.newResolver(o); err != nil {
		return err
	}
	listen, err := w.resume(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(w.loadPreferences(ctx), w.lives.load(ctx, w.store), w.shownKeys.load(ctx, w.store)); err != nil {
		return explainStore(w.home, err)
	}
	if len(o.Listen) > 0 {
		listen = o.Listen
	}
	w.listen = listen
	w.assemble(listen, o.Greet)
	if o.Mux != nil {
		o.Mux.Default, w.node.Handler = w.node.Handler, o.Mux
	}
	return w.resumeIntroductions(ctx)
}

// openStore opens the database at path under the wallet's keys.
func (w *Wallet) openStore(ctx context.Context, path string) error {
	db, err := sqlite.Open(ctx, path, sqlite.Options{Subkey: w.keys.Subkey, Log: w.log})
	if err != nil {
		return explainStore(w.home, err)
	}
	w.db, w.store = db, db
	return nil
}

// assemble builds the transport and the node.
func (w *Wallet) assemble(listen []string, greet int) {
	w.issuer = outofband.NewIssuer(w.keys.Subkey("invitations"))
	w.agreed = crypto.RememberAgreements(w.keys, maxAgreed)
	w.transport = &p2p.Transport{
		Keys: w.keys, Identities: &w.ids, Resolver: w.resolver,
		HostKey: w.keys.Transport(), Listen: listen, Log: w.log,
	}
	w.node = &messaging.Node{
		Identities: &w.ids, Keys: w.agreed, Resolver: w.resolver, Store: w.store,
		Transports: []messaging.Transport{w.transport}, Handler: w.mux(), Invitations: w.issuer,
		Introduction: userprofile.DisplayName, Greet: greet, Log: w.log, Receipt: w.receipt, Report: reportproblem.Answer, HoldRequests: true,
		Life: w.lives.current, Lived: w.lived,
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
			Hint: "is the port in use by another program? parley doctor says by which"}
	}
	w.listening = true
	return nil
}

// online reports whether the wallet listens.
func (w *Wallet) online() bool {
	w.listenMu.Lock()
	defer w.listenMu.Unlock()
	return w.listening
}

// Run delivers and receives until ctx ends. It may be called once.
func (w *Wallet) Run(ctx context.Context) error {
	if err := w.Listen(ctx); err != nil {
		return err
	}
	w.working.Store(true)
	defer w.working.Store(false)
	ctx, stop := context.WithCancel(ctx)
	var tidying sync.WaitGroup
	defer tidying.Wait()
	defer stop()
	tidying.Go(func() { w.tidyLoop(ctx) })
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
		if w.resolver != nil {
			w.resolver.Close()
		}
		if w.agreed != nil {
			w.agreed.Forget()
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
