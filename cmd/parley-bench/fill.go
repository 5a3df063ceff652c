package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/keyfile"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didkey"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/inbox/sqlite"
	"github.com/parley-im/parley/internal/wallet"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/basicmessage"
)

const (
	needle    = "needle" // stands in the oldest message alone
	storePage = 500      // messages stored in one step
	unread    = 100      // messages of a full wallet that nobody has read yet
	settlers  = 128      // entries settled at once
)

// filler puts messages into the database of a wallet that nobody has open.
type filler struct {
	store  inbox.Store
	self   did.DID
	others []did.DID
	when   time.Time
}

// fill puts all but one of the contacts into a wallet, and the messages: half of them received, half sent and
// delivered, in turn with each contact, of some 200 bytes as people write them.
func (d *delivery) fill(ctx context.Context, home string) (err error) {
	f, done, err := openFiller(ctx, home)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	if err := f.meet(ctx, d.contacts-1); err != nil {
		return err
	}
	for n := 0; n < d.stored; n += 2 * storePage {
		half := min(storePage, (d.stored-n+1)/2)
		if err := f.receive(ctx, n, half, n+2*half > d.stored-2*unread); err != nil {
			return fmt.Errorf("store what was received: %w", err)
		}
		if err := f.send(ctx, n, min(half, d.stored-n-half)); err != nil {
			return fmt.Errorf("store what was sent: %w", err)
		}
	}
	return nil
}

func openFiller(ctx context.Context, home string) (*filler, func() error, error) {
	w, err := wallet.Open(ctx, home, wallet.Options{})
	if err != nil {
		return nil, nil, err
	}
	self, err := w.Self(ctx)
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, nil, err
	}
	id, err := did.Parse(self.DID)
	if err != nil {
		return nil, nil, err
	}
	keys, err := keyfile.Open(ctx, filepath.Join(home, "keys"), keyfile.Protection{})
	if err != nil {
		return nil, nil, err
	}
	store, err := sqlite.Open(ctx, filepath.Join(home, "wallet.db"), sqlite.Options{Subkey: keys.Subkey})
	if err != nil {
		return nil, nil, errors.Join(err, keys.Close())
	}
	close := func() error { return errors.Join(store.Close(), keys.Close()) }
	return &filler{store: store, self: id, when: time.Now().UTC().Add(-24 * time.Hour)}, close, nil
}

// meet adds contacts.
func (f *filler) meet(ctx context.Context, n int) error {
	for i := range n {
		key, err := crypto.GenerateKey(crypto.Ed25519)
		if err != nil {
			return err
		}
		id, err := didkey.Create(key.Public())
		if err != nil {
			return err
		}
		c := inbox.Contact{DID: id, Name: fmt.Sprintf("contact-%02d", i), Confirmed: true, Added: f.when, Seen: f.when}
		if err := f.store.AddContact(ctx, c); err != nil {
			return err
		}
		f.others = append(f.others, id)
	}
	return nil
}

// message returns the nth message between the two, and its plaintext.
func (f *filler) message(n int, from, to did.DID) (*messaging.Message, []byte, error) {
	text := strings.TrimSpace(strings.Repeat(fmt.Sprintf("message %d of a long history; ", n), 6))
	if n == 0 {
		text = needle
	}
	m := basicmessage.New(to, text)
	m.ID, m.From, m.Created = messaging.NewID(), from, f.when.Add(time.Duration(n)*time.Millisecond)
	payload, err := m.Marshal()
	return m, payload, err
}

func (f *filler) receive(ctx context.Context, first, n int, leave bool) error {
	arrivals := make([]inbox.Arrival, n)
	for i := range arrivals {
		from := f.others[(first/2+i)%len(f.others)]
		m, payload, err := f.message(first+2*i, from, f.self)
		if err != nil {
			return err
		}
		arrivals[i].Entry = inbox.Entry{
			Owner: f.self, From: from, MessageID: m.ID, Type: m.Type, ThreadID: m.ID, Payload: payload,
			Answered: true, Created: m.Created, Received: m.Created,
		}
	}
	results, err := f.store.Put(ctx, arrivals...)
	if err != nil {
		return err
	}
	g, settling := errgroup.WithContext(ctx)
	g.SetLimit(settlers)
	var seqs []int64
	for i, r := range results {
		g.Go(func() error { return f.store.Handled(settling, f.self, r.Seq, inbox.Kept) })
		if !leave || i < n-unread {
			seqs = append(seqs, r.Seq)
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return f.store.Mark(ctx, f.self, inbox.MarkAcked, seqs)
}

func (f *filler) send(ctx context.Context, first, n int) error {
	parcels := make([]inbox.Parcel, n)
	for i := range parcels {
		to := f.others[(first/2+i)%len(f.others)]
		m, payload, err := f.message(first+2*i+1, f.self, to)
		if err != nil {
			return err
		}
		parcels[i] = inbox.Parcel{
			Owner: f.self, To: to, MessageID: m.ID, Type: m.Type, ThreadID: m.ID, Payload: payload, Created: m.Created,
		}
	}
	if _, err := f.store.Enqueue(ctx, parcels...); err != nil {
		return err
	}
	now := f.when.Add(time.Duration(first) * time.Millisecond)
	batches, err := f.store.Claim(ctx, now, now.Add(time.Minute), inbox.Limit{Destinations: len(f.others), Parcels: n})
	if err != nil {
		return err
	}
	for _, b := range batches {
		outs := make([]inbox.Outcome, len(b.Parcels))
		for i := range outs {
			outs[i] = inbox.Outcome{State: inbox.Delivered, Path: "direct"}
		}
		if err := f.store.Settle(ctx, b, outs, now, time.Time{}); err != nil {
			return err
		}
	}
	return nil
}
