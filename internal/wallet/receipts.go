package wallet

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/receipts"
)

// maxMarked is how many entries one query may select by number.
const maxMarked = 1000

// receipt makes the receipt which says that a message was received, where the path could not: it is the node's
// Receipt. Nil if the sender is to be told nothing.
func (w *Wallet) receipt(m *messaging.Received, from inbox.Contact) *messaging.Message {
	if w.receiptLevel(from) < inbox.ReceiptsReceived {
		return nil
	}
	return receipts.New(from.DID, receipts.Received, now(), m.ID)
}

// ReadReceipt makes the receipt which says that a program has dealt with a message; nil if its sender is to be
// told nothing.
func (w *Wallet) ReadReceipt(ctx context.Context, m *messaging.Received) (*messaging.Message, error) {
	c, err := w.reader(ctx, m.Sender)
	if err != nil || c == nil || isHousekeeping(m.Type) {
		return nil, err
	}
	return receipts.New(c.DID, receipts.Viewed, now(), m.ID), nil
}

// reader returns the contact that is told when its messages are read; nil if the sender is none, or is not told.
func (w *Wallet) reader(ctx context.Context, sender did.DID) (*inbox.Contact, error) {
	c, err := w.store.Contact(ctx, sender)
	switch {
	case sender.IsZero(), errors.Is(err, inbox.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case c.Blocked, w.receiptLevel(c) < inbox.ReceiptsAll:
		return nil, nil
	}
	return &c, nil
}

// mark sets a mark on entries, and tells the senders of those that were not shown before that they were read:
// one step for each so many entries. Marks follow each other, so that nobody is told twice.
func (w *Wallet) mark(ctx context.Context, m inbox.Mark, seqs []int64) error {
	w.markMu.Lock()
	defer w.markMu.Unlock()
	for part := range slices.Chunk(seqs, maxMarked) {
		for _, own := range w.ids.shared() { // each passes over what came to the others
			if err := w.markOf(ctx, own, m, part); err != nil {
				return err
			}
		}
	}
	return nil
}

// markOf is mark for those of the entries that came to one of our DIDs.
func (w *Wallet) markOf(ctx context.Context, own messaging.Identity, m inbox.Mark, seqs []int64) error {
	viewed, err := w.viewed(ctx, own, seqs)
	if err != nil {
		return err
	}
	err = w.store.Mark(ctx, own.DID, m, seqs, viewed...)
	if len(viewed) > 0 && errors.Is(err, inbox.ErrFull) {
		w.log.Warn("no receipts are sent: too much waits for a contact already")
		err = w.store.Mark(ctx, own.DID, m, seqs)
	}
	return err
}

// viewed makes the receipts for the entries that came to one of our DIDs and were not shown before, messages of
// contacts that are told. They come from that DID: it is what the messages were sent to.
func (w *Wallet) viewed(ctx context.Context, own messaging.Identity, seqs []int64) (out []inbox.Parcel, err error) {
	senders, ids, err := w.unseen(ctx, own.DID, seqs)
	for _, sender := range senders {
		c, err := w.reader(ctx, sender)
		if err != nil {
			return nil, err
		}
		if c == nil {
			continue
		}
		for some := range slices.Chunk(ids[sender], receipts.MaxReceipts) {
			p, err := w.parcel(own, *c, receipts.New(c.DID, receipts.Viewed, now(), some...))
			if err != nil {
				return nil, err
			}
			out = append(out, p)
		}
	}
	return out, err
}

// unseen returns the senders of the owner's entries that were not shown before, and the ids of their messages.
func (w *Wallet) unseen(ctx context.Context, owner did.DID, seqs []int64) (senders []did.DID, ids map[did.DID][]string, err error) {
	ids = map[did.DID][]string{}
	q := inbox.Query{Owner: owner, Seqs: seqs, Dispositions: []inbox.Disposition{inbox.Kept}, BySeq: true, Limit: maxMarked}
	for found := 0; found < len(seqs); {
		page, err := w.store.List(ctx, q)
		if err != nil || len(page) == 0 {
			return senders, ids, err
		}
		found += len(page)
		for _, e := range page {
			if q.AfterSeq = e.Seq; e.Shown || isHousekeeping(e.Type) {
				continue
			}
			if ids[e.From] == nil {
				senders = append(senders, e.From)
			}
			ids[e.From] = append(ids[e.From], e.MessageID)
		}
	}
	return senders, ids, nil
}

// parcel completes a message of the wallet's own from one of our DIDs to a contact, for queueing it in one step with something else.
func (w *Wallet) parcel(own messaging.Identity, c inbox.Contact, m *messaging.Message) (inbox.Parcel, error) {
	m.ID, m.Created, m.From = messaging.NewID(), time.Now().Truncate(time.Second).UTC(), own.DID
	if c.Confirmed {
		m.From = own.DID.Canonical()
	}
	payload, err := m.Marshal()
	return inbox.Parcel{
		Owner: own.DID.Canonical(), To: c.DID, MessageID: m.ID, Type: m.Type, ThreadID: m.Thread(), Payload: payload, Created: now(),
	}, err
}

// wake has what waits for a contact tried at once, if anything does.
func (w *Wallet) wake(ctx context.Context, to did.DID) error {
	ps, err := w.store.Sent(ctx, inbox.SentQuery{To: to, States: []inbox.State{inbox.Queued}, Limit: 1})
	if err != nil || len(ps) == 0 {
		return err
	}
	return w.store.Wake(ctx, to, now())
}
