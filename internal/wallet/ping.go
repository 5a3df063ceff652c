package wallet

import (
	"context"
	"time"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/trustping"
)

const defaultPing = 10 * time.Second

// ponged notes when the response to a ping came.
func (w *Wallet) ponged(m *messaging.Received) { w.pongs.came(m, time.Now()) }

// Ping measures how long a contact takes to answer a trust ping. The ping expires with its timeout.
func (w *Wallet) Ping(ctx context.Context, r control.PingRequest) (control.Pong, error) {
	c, err := w.find(ctx, r.To)
	if err != nil {
		return control.Pong{}, err
	}
	if r.Timeout <= 0 {
		r.Timeout = defaultPing
	}
	began := time.Now()
	at, err := w.pongs.ask(ctx, w, c, trustping.Ping(c.DID, true), "ping", r.Timeout)
	if err != nil {
		return control.Pong{}, err
	}
	return control.Pong{V: control.Version, Name: c.Name, DID: c.DID.String(), Path: "direct",
		MS: float64(at.Sub(began).Microseconds()) / 1000}, nil
}
