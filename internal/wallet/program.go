package wallet

import (
	"context"
	"errors"
	"fmt"

	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/basicmessage"
)

// What programs ask of a wallet through package messaging/wallet.

// Identity is the DID that the wallet goes by.
func (w *Wallet) Identity() messaging.Identity { return w.ids.preferred() }

// Queue queues a message of any type for the DIDs in its To, contacts or not.
func (w *Wallet) Queue(ctx context.Context, m *messaging.Message) error {
	for _, to := range m.To {
		if err := w.node.CheckKeys(ctx, to); err != nil {
			return explainSend("the recipient", err)
		}
	}
	for _, to := range m.To {
		if err := w.store.Wake(ctx, to, now()); err != nil {
			return err
		}
	}
	if err := w.node.Send(ctx, m); err != nil {
		return explainSend("the recipient", err)
	}
	return nil
}

// QueueText queues a text for a contact, and returns its id.
func (w *Wallet) QueueText(ctx context.Context, to, text string) (string, error) {
	c, err := w.find(ctx, to)
	if err != nil {
		return "", err
	}
	m := basicmessage.New(c.DID, text)
	m.PleaseAck = []string{""}
	_, err = w.queue(ctx, c, m)
	return m.ID, err
}

// Reached waits until the message with this id has come as far as want, or will not come any further, and
// returns how far it has come.
func (w *Wallet) Reached(ctx context.Context, id string, want inbox.State) (inbox.State, error) {
	p, err := w.await(ctx, id, want, maxWait)
	if p.MessageID == "" && ctx.Err() != nil { // it ended before the first look
		p, err = w.await(context.WithoutCancel(ctx), id, want, 0)
	}
	switch {
	case p.MessageID == "" && errors.Is(err, inbox.ErrNotFound):
		err = &control.Error{Code: control.CodeUnknown, Message: fmt.Sprintf("no message %q was sent", id)}
	case p.MessageID != "" && ctx.Err() != nil && !reached(p, want):
		err = &control.Error{Code: control.CodeTimeout, Message: fmt.Sprintf("the message is %s, not yet %s", p.State, want)}
	}
	return p.State, err
}
