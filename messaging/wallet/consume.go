package wallet

import (
	"context"

	"github.com/parley-im/parley/messaging"
)

// consumer is a program's handler as one who reads: the senders of what it has dealt with are told so.
func (w *Wallet) consumer(h messaging.Handler) messaging.Handler {
	return messaging.HandlerFunc(func(ctx context.Context, re messaging.Replier, m *messaging.Received) error {
		watch := &watched{Replier: re}
		if err := h.HandleMessage(ctx, watch, m); err != nil || watch.kept {
			return err
		}
		receipt, err := w.inner.ReadReceipt(ctx, m)
		if err != nil || receipt == nil {
			return err
		}
		return re.Reply(receipt)
	})
}

// watched notes whether a message was left to the user, who then has not read it yet.
type watched struct {
	messaging.Replier
	kept bool
}

// Keep implements messaging.Replier.
func (w *watched) Keep() {
	w.kept = true
	w.Replier.Keep()
}
