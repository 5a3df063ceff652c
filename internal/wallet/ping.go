package wallet

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/trustping"
)

const defaultPing = 10 * time.Second

// pongs are the pings that wait for their response. The zero value is ready.
type pongs struct {
	mu      sync.Mutex
	waiting map[ping]chan pong // guarded by mu
}

// ping is one that waits: its thread, and who has to answer.
type ping struct {
	thread string
	to     did.DID
}

// pong is an answer: who proved to have given it, and when.
type pong struct {
	from did.DID
	at   time.Time
}

// expect returns a channel that gets the response, and a function that ends waiting.
func (p *pongs) expect(thread string, to did.DID) (<-chan pong, func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting == nil {
		p.waiting = map[ping]chan pong{}
	}
	key, c := ping{thread, to}, make(chan pong, 1)
	p.waiting[key] = c
	return c, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.waiting, key)
	}
}

// came hands a response to who waits for it.
func (p *pongs) came(m *messaging.Received) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case p.waiting[ping{m.Thread(), m.Sender}] <- pong{m.Sender, time.Now()}:
	default:
	}
}

// Ping measures how long a contact takes to answer a trust ping. The ping expires with its timeout.
func (w *Wallet) Ping(ctx context.Context, r control.PingRequest) (control.Pong, error) {
	c, err := w.find(ctx, r.To)
	if err != nil {
		return control.Pong{}, err
	}
	if r.Timeout <= 0 {
		r.Timeout = defaultPing
	}
	m := trustping.Ping(c.DID, true)
	m.ID = messaging.NewID()
	m.Expires = time.Now().Add(r.Timeout).Truncate(time.Second).Add(time.Second)
	answer, done := w.pongs.expect(m.ID, c.DID)
	defer done()
	began := time.Now()
	if _, err := w.queue(ctx, c, m); err != nil {
		return control.Pong{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	failed := make(chan inbox.Parcel, 1)
	go func() {
		if p, err := w.await(ctx, m.ID, inbox.Failed, r.Timeout); err == nil {
			failed <- p
		}
	}()
	for {
		select {
		case came := <-answer:
			return control.Pong{V: control.Version, Name: c.Name, DID: came.from.String(), Path: "direct",
				MS: float64(came.at.Sub(began).Microseconds()) / 1000}, nil
		case p := <-failed:
			if p.State == inbox.Failed {
				return control.Pong{}, &control.Error{Code: control.CodeTrust, Message: c.Name + " refused the ping: " + p.Problem}
			}
		case <-ctx.Done():
			return control.Pong{}, w.noAnswer(context.WithoutCancel(ctx), c.Name, m.ID, r.Timeout)
		}
	}
}

// noAnswer takes a ping back that came without a response, and says why, as far as that is known.
func (w *Wallet) noAnswer(ctx context.Context, name, id string, timeout time.Duration) error {
	e := &control.Error{Code: control.CodeNetwork, Message: fmt.Sprintf("%s did not answer within %s", name, timeout),
		Hint: "messages are kept, and delivered when both are online"}
	ps, err := w.store.Sent(ctx, inbox.SentQuery{MessageID: id, Limit: 1})
	if err == nil && len(ps) > 0 && ps[0].Problem != "" {
		e.Message += ": " + ps[0].Problem
	}
	if _, err := w.store.Cancel(ctx, w.self.DID, id, now()); err != nil {
		return err
	}
	return e
}
