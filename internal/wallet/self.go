package wallet

import (
	"context"
	"os"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging/p2p"
)

// Self says who the wallet is. Addrs are there once it listens.
func (w *Wallet) Self(context.Context) (control.Self, error) {
	s := control.Self{V: control.Version, DID: w.self.DID.Canonical().String(), LongDID: w.self.DID.String(), Name: w.name}
	peer, err := w.peerID()
	s.PeerID, s.Addrs = peer, w.addresses()
	return s, err
}

// Status says how the wallet is.
func (w *Wallet) Status(ctx context.Context) (control.Status, error) {
	stats, err := w.store.Stats(ctx)
	if err != nil {
		return control.Status{}, err
	}
	peer, err := w.peerID()
	return control.Status{
		V: control.Version, DID: w.self.DID.Canonical().String(), PeerID: peer, Name: w.name, Home: w.home,
		Addrs: w.addresses(), PID: os.Getpid(), Protected: w.keys.Protected(), Contacts: stats.Contacts,
		Unread: stats.Unread, Waiting: stats.Waiting, Failed: stats.Failed,
		Refused: w.node.Refused(), Broken: w.transport.Broken(),
	}, err
}

func (w *Wallet) peerID() (string, error) { return p2p.PeerIDOf(w.keys.Transport()) }

// addresses are where the wallet listens now, none when it does not.
func (w *Wallet) addresses() []string {
	w.listenMu.Lock()
	defer w.listenMu.Unlock()
	if !w.listening {
		return nil
	}
	return w.transport.Addresses()
}

// Document resolves a DID as the wallet does for delivering to it.
func (w *Wallet) Document(ctx context.Context, id did.DID) (*did.Document, error) {
	return w.resolver.Resolve(ctx, id)
}
