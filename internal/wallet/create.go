package wallet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/user"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/keyfile"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didpeer"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging/p2p"
)

// CreateOptions are how to make a wallet.
type CreateOptions struct {
	// Passphrase seals the key file. Without one, Ring keeps a secret that does. With neither the file is open
	// to whoever can read it.
	Passphrase []byte
	Ring       keyfile.Ring
	// Name is what the wallet calls itself when it introduces itself; default: the user's login name.
	Name string
	// Listen are multiaddrs to listen on; default: all interfaces on a free port that is kept.
	Listen []string
}

// profile is what the database keeps of the wallet itself.
type profile struct {
	DID    did.DID  `json:"did"`
	Name   string   `json:"name"`
	Listen []string `json:"listen"`
}

const profileSetting = "profile"

// Create makes a wallet in home, which is created if need be. It refuses over an existing one. The key file
// gets its name last, so a wallet whose making was cut short is none, and is made anew the next time.
func Create(ctx context.Context, home string, o CreateOptions) (self control.Self, err error) {
	if err := o.check(); err != nil {
		return self, err
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return self, fmt.Errorf("make the wallet's folder: %w", err)
	}
	w := &Wallet{home: home, log: slog.New(slog.DiscardHandler)}
	defer func() { err = errors.Join(err, w.Close()) }()
	if w.lock, err = lock(home); err != nil {
		return self, err
	}
	if err := vacate(ctx, home, o.Ring); err != nil {
		return self, err
	}
	if w.keys, err = keyfile.Create(ctx, unfinishedPath(home), o.protection()); err != nil {
		return self, explain(home, err)
	}
	if err := w.openStore(ctx, databasePath(home)); err != nil {
		return self, err
	}
	if w.resolver, err = w.newResolver(Options{}); err != nil {
		return self, err
	}
	if err := w.found(ctx, profile{Name: o.Name, Listen: o.Listen}); err != nil {
		return self, err
	}
	if self, err = w.Self(ctx); err != nil {
		return self, err
	}
	return self, finish(home)
}

func (o CreateOptions) protection() keyfile.Protection {
	return keyfile.Protection{Passphrase: o.Passphrase, Ring: o.Ring}
}

// check refuses what could not be mended later.
func (o CreateOptions) check() error {
	if o.Name != "" && !inbox.ValidName(o.Name) {
		return &control.Error{Code: control.CodeUsage, Message: inbox.ErrName.Error()}
	}
	return checkListen(o.Listen)
}

func checkListen(addrs []string) error {
	if err := p2p.CheckListen(addrs); err != nil {
		return &control.Error{Code: control.CodeUsage, Message: err.Error(),
			Hint: "--listen /ip4/0.0.0.0/udp/PORT/quic-v1 or --listen /ip4/0.0.0.0/tcp/PORT"}
	}
	return nil
}

// vacate makes sure that there is no wallet in home, and removes one that was never finished.
func vacate(ctx context.Context, home string, ring keyfile.Ring) error {
	if _, err := settle(ctx, home, ring); err != nil {
		return err
	}
	switch {
	case Exists(home):
		return &control.Error{Code: control.CodeUsage, Message: "there is a wallet in " + home + " already; nothing was changed",
			Hint: "choose another folder with --home, or a --profile"}
	case isThere(unfinishedPath(home)):
		return sweep(ctx, home, ring)
	case isThere(databasePath(home)):
		return &control.Error{Code: control.CodeUsage, Message: databasePath(home) + " belongs to a wallet whose key file is gone; nothing was changed",
			Hint: "put back the key file " + keysPath(home) + ", or choose another folder with --home"}
	}
	return nil
}

// sweep removes a wallet that was never finished, its key file last.
func sweep(ctx context.Context, home string, ring keyfile.Ring) error {
	db := databasePath(home)
	for _, path := range []string{db, db + "-wal", db + "-shm"} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove what was left of a wallet that was never finished: %w", err)
		}
	}
	if err := keyfile.Remove(ctx, unfinishedPath(home), ring); err != nil {
		return fmt.Errorf("remove what was left of a wallet that was never finished: %w", err)
	}
	return nil
}

// finish gives the key file its name, durably.
func finish(home string) error {
	if err := os.Rename(unfinishedPath(home), keysPath(home)); err != nil {
		return fmt.Errorf("finish the wallet: %w", err)
	}
	return syncFolder(home)
}

// found makes the profile of a new wallet and takes its DID on.
func (w *Wallet) found(ctx context.Context, wish profile) error {
	p, err := w.newProfile(ctx, wish)
	if err != nil {
		return err
	}
	w.name = p.Name
	if err := w.lives.load(ctx, w.store); err != nil {
		return err
	}
	return w.become(ctx, p.DID)
}

// resume reads the profile and takes the wallet's DIDs on. It returns where to listen.
func (w *Wallet) resume(ctx context.Context) ([]string, error) {
	var p profile
	if err := loadSetting(ctx, w.store, profileSetting, &p); err != nil {
		return nil, explainStore(w.home, fmt.Errorf("%w: the wallet's own entry: %w", inbox.ErrDamaged, err))
	}
	w.name = p.Name
	return p.Listen, w.become(ctx, p.DID)
}

// newProfile makes the wallet's DID, picks its ports, and keeps both.
func (w *Wallet) newProfile(ctx context.Context, p profile) (profile, error) {
	var err error
	if p.Name == "" {
		p.Name = inbox.PetName(loginName(), "somebody")
	}
	if len(p.Listen) == 0 {
		if p.Listen, err = FreeAddrs(ctx, "/ip4/0.0.0.0", "/ip6/::"); err != nil {
			return p, err
		}
	}
	if p.DID, err = w.newDID(); err != nil {
		return p, err
	}
	if err := w.store.Learn(ctx, p.DID); err != nil {
		return p, err
	}
	if err := saveSetting(ctx, w.store, identitiesSetting, []heldIdentity{{DID: p.DID, Since: now()}}); err != nil {
		return p, err
	}
	return p, saveSetting(ctx, w.store, profileSetting, p)
}

// newDID makes the did:peer:4 of the wallet's first keys.
func (w *Wallet) newDID() (did.DID, error) {
	sign, agree, err := w.didKeys(0)
	if err != nil {
		return did.DID{}, err
	}
	endpoint, err := w.endpoint()
	if err != nil {
		return did.DID{}, err
	}
	return didpeer.Create4(didpeer.Options{
		Authentication: []crypto.PublicKey{sign}, KeyAgreement: []crypto.PublicKey{agree},
		Services: []did.Service{{ID: "#didcomm", Type: did.DIDCommMessaging, Endpoints: []did.Endpoint{endpoint}}},
	})
}

// loginName is the user's name on this machine, empty if there is none.
func loginName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return os.Getenv("USER")
}

// FreeAddrs picks one port that is free for TCP and UDP and returns the multiaddrs of both on the given
// IP components, such as "/ip4/127.0.0.1".
func FreeAddrs(ctx context.Context, ips ...string) ([]string, error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	var addrs []string
	for _, ip := range ips {
		addrs = append(addrs, fmt.Sprintf("%s/udp/%d/quic-v1", ip, port), fmt.Sprintf("%s/tcp/%d", ip, port))
	}
	return addrs, nil
}

func freePort(ctx context.Context) (int, error) {
	var lc net.ListenConfig
	for range 16 {
		tcp, err := lc.Listen(ctx, "tcp", ":0")
		if err != nil {
			return 0, fmt.Errorf("pick a port: %w", err)
		}
		port := tcp.Addr().(*net.TCPAddr).Port
		udp, err := lc.ListenPacket(ctx, "udp", fmt.Sprintf(":%d", port))
		_ = tcp.Close()
		if err == nil {
			return port, udp.Close()
		}
	}
	return 0, errors.New("pick a port: none is free for both TCP and UDP")
}
