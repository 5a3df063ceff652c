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
)

// exchanges are messages of ours that wait for an answer at once, such as pings. The zero value is ready.
type exchanges[A any] struct {
	mu      sync.Mutex
	waiting map[exchange]chan A // guarded by mu
}

// exchange is one message that waits: its thread, and who has to answer.
type exchange struct {
	thread string
	to     did.DID
}

// expect returns a channel that gets the answer, and a function that ends waiting.
func (x *exchanges[A]) expect(thread string, to did.DID) (<-chan A, func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.waiting == nil {
		x.waiting = map[exchange]chan A{}
	}
	key, c := exchange{thread, to}, make(chan A, 1)
	x.waiting[key] = c
	return c, func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		delete(x.waiting, key)
	}
}

// came hands an answer to who waits for it. Nobody waits for one that was not asked for.
func (x *exchanges[A]) came(m *messaging.Received, answer A) {
	x.mu.Lock()
	defer x.mu.Unlock()
	select {
	case x.waiting[exchange{m.Thread(), m.Sender}] <- answer:
	default:
	}
}

// ask queues a message to a contact, which expires with the timeout, and waits for its answer, unless it is refused
// or the time passes: then it is taken back, if it is not under way yet. what it is called stands in errors.
func (x *exchanges[A]) ask(ctx context.Context, w *Wallet, c inbox.Contact, m *messaging.Message, what string, timeout time.Duration) (a A, err error) {
	m.ID = messaging.NewID()
	m.Expires = time.Now().Add(timeout).Truncate(time.Second).Add(time.Second)
	answer, done := x.expect(m.ID, c.DID)
	defer done()
	if _, err := w.queue(ctx, c, m); err != nil {
		return a, err
	}
	waiting, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	refused := make(chan error, 1)
	go func() {
		p, err := w.awaitThat(waiting, m.ID, timeout, func(p inbox.Parcel) bool { return p.State == inbox.Failed })
		if isTrust(err) {
			refused <- w.takenBack(context.WithoutCancel(ctx), p, err)
		} else if err == nil && p.State == inbox.Failed {
			refused <- &control.Error{Code: control.CodeTrust, Message: fmt.Sprintf("%s refused the %s: %s", c.Name, what, p.Problem)}
		}
	}()
	select {
	case a = <-answer:
		return a, nil
	case err := <-refused:
		return a, err
	case <-waiting.Done():
		return a, w.noAnswer(context.WithoutCancel(ctx), c.Name, m.ID, timeout)
	}
}

// takenBack takes a message back whose recipient's keys have changed, and says so; err is what is said of one that is
// on its way already.
func (w *Wallet) takenBack(ctx context.Context, p inbox.Parcel, err error) error {
	n, failed := w.takeBack(ctx, p.MessageID)
	if failed != nil {
		return failed
	}
	if changed := w.stuck(ctx, p, nothingSent); changed != nil && n > 0 {
		return changed
	}
	return err
}

// noAnswer takes a message back that came without an answer, and says why, as far as that is known.
func (w *Wallet) noAnswer(ctx context.Context, name, id string, timeout time.Duration) error {
	e := &control.Error{Code: control.CodeNetwork, Message: fmt.Sprintf("%s did not answer within %s", name, timeout),
		Hint: "messages are kept, and delivered when both are online"}
	ps, err := w.store.Sent(ctx, inbox.SentQuery{MessageID: id, Limit: 1})
	if err == nil && len(ps) > 0 && ps[0].Problem != "" {
		e.Message += ": " + ps[0].Problem
	}
	if _, err := w.takeBack(ctx, id); err != nil {
		return err
	}
	return e
}
