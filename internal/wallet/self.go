package wallet

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging/p2p"
)

// Self says who the wallet is. Addrs are there once it listens.
func (w *Wallet) Self(context.Context) (control.Self, error) {
	own := w.ids.preferred().DID
	s := control.Self{V: control.Version, DID: own.Canonical().String(), LongDID: own.String(), Name: w.ownName()}
	peer, err := w.peerID()
	s.PeerID, s.Addrs = peer, w.addresses()
	if ids := w.inUse(); len(ids) > 1 {
		s.Also = ids[1:]
	}
	return s, err
}

// Status says how the wallet is.
func (w *Wallet) Status(ctx context.Context) (control.Status, error) {
	stats, err := w.stats(ctx)
	if err != nil {
		return control.Status{}, err
	}
	longest, err := w.longest(ctx)
	if err != nil {
		return control.Status{}, err
	}
	restored, elsewhere, err := w.elsewhere(ctx)
	if err != nil {
		return control.Status{}, err
	}
	backup, err := w.lastBackup(ctx)
	if err != nil {
		return control.Status{}, err
	}
	changed, err := w.changedKeys(ctx)
	if err != nil {
		return control.Status{}, err
	}
	peer, err := w.peerID()
	return control.Status{
		Changed: changed, Withheld: stats.Withheld, Identities: w.inUse(),
		Backup:   backup,
		KeyStore: string(w.keys.Kind()), Receipts: levelName(w.ownReceiptLevel()), Restored: restored, Elsewhere: elsewhere,
		Version: w.version, Since: w.since, Listen: w.listen, Longest: longest, Requests: stats.Requests,
		V: control.Version, DID: w.ids.preferred().DID.Canonical().String(), PeerID: peer, Name: w.ownName(), Home: w.home,
		Addrs: w.addresses(), PID: os.Getpid(), Protected: w.keys.Protected(), Contacts: stats.Contacts,
		Unread: stats.Unread, Waiting: stats.Waiting, Failed: stats.Failed,
		Refused: w.node.Refused(), Broken: w.transport.Broken(),
	}, err
}

// inUse are the wallet's DIDs that are not retired, the preferred one first.
func (w *Wallet) inUse() (ids []string) {
	for _, i := range w.ids.shared() {
		if i.Until.IsZero() {
			ids = append(ids, i.DID.Canonical().String())
		}
	}
	return ids
}

// backupSetting is the time of the last backup, in RFC 3339.
const backupSetting = "last backup"

// noteBackup remembers that a backup was made, which it was even if that cannot be remembered.
func (w *Wallet) noteBackup(ctx context.Context, at time.Time) {
	if err := w.store.SetSetting(ctx, backupSetting, []byte(at.UTC().Format(time.RFC3339Nano))); err != nil {
		w.log.Warn("the time of the backup is not remembered", "error", err)
	}
}

// lastBackup is when the last backup was made, the zero time if that is not known.
func (w *Wallet) lastBackup(ctx context.Context) (at time.Time, err error) {
	text, err := w.store.Setting(ctx, backupSetting)
	if errors.Is(err, inbox.ErrNotFound) {
		return at, nil
	}
	if err == nil {
		at, err = time.Parse(time.RFC3339Nano, string(text))
	}
	return at, err
}

// longest is the message that has waited longest to be delivered, nil if none waits.
func (w *Wallet) longest(ctx context.Context) (*control.Sent, error) {
	ps, err := w.store.Sent(ctx, inbox.SentQuery{States: waitingStates, Match: usersPayload, BySeq: true, Limit: 1})
	if err != nil || len(ps) == 0 {
		return nil, err
	}
	names, err := w.names(ctx)
	if err != nil {
		return nil, err
	}
	s := sentView(ps[0], names[ps[0].To])
	return &s, nil
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
