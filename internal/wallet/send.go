package wallet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/basicmessage"
	"github.com/parley-im/parley/messaging/trustping"
)

// Send queues a text message and waits for what r asks.
func (w *Wallet) Send(ctx context.Context, r control.SendRequest) (control.Sent, error) {
	want, err := wanted(r.Wait)
	if err != nil {
		return control.Sent{}, err
	}
	c, err := w.find(ctx, r.To)
	if err != nil {
		return control.Sent{}, err
	}
	m := basicmessage.New(c.DID, r.Text)
	m.ThreadID, m.PleaseAck = r.Thread, []string{""}
	if err := w.queue(ctx, c, m); err != nil {
		return control.Sent{}, err
	}
	p, err := w.await(ctx, m.ID, want, r.Timeout)
	if err != nil {
		return control.Sent{}, err
	}
	view := sentView(p, c.Name)
	if r.Wait != "" && p.State < want && !p.State.Settled() {
		return view, &control.Error{Code: control.CodeTimeout,
			Message: fmt.Sprintf("the message is %s, not yet %s; it stays queued", p.State, want),
			Hint:    "parley outbox shows what becomes of it"}
	}
	return view, nil
}

// queue queues a message to a contact, and has what waits for the contact tried at once: the user wants it
// now, whatever failed before.
func (w *Wallet) queue(ctx context.Context, c inbox.Contact, m *messaging.Message) error {
	if err := w.node.Send(ctx, m); err != nil {
		return explainSend(c.Name, err)
	}
	return w.store.Wake(ctx, c.DID, now())
}

// wanted reads the state to wait for.
func wanted(wait string) (inbox.State, error) {
	switch wait {
	case "", "delivered":
		return inbox.Delivered, nil
	case "sent":
		return inbox.Sent, nil
	}
	return 0, &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf("cannot wait for %q", wait), Hint: "--wait sent or --wait delivered"}
}

// await waits until the message with this id is settled or has come as far as want, or timeout has
// passed, and returns it as it is then.
func (w *Wallet) await(ctx context.Context, id string, want inbox.State, timeout time.Duration) (inbox.Parcel, error) {
	watchCtx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	hint := w.store.Watch(watchCtx)
	for {
		ps, err := w.store.Sent(ctx, inbox.SentQuery{MessageID: id, Limit: 1})
		if err != nil {
			return inbox.Parcel{}, err
		}
		if len(ps) == 0 {
			return inbox.Parcel{}, fmt.Errorf("message %s: %w", id, inbox.ErrNotFound)
		}
		if ps[0].State >= want || ps[0].State.Settled() {
			return ps[0], nil
		}
		select {
		case <-watchCtx.Done():
			return ps[0], ctx.Err()
		case <-hint:
		}
	}
}

// Cancel gives a message up that is still queued.
func (w *Wallet) Cancel(ctx context.Context, id string) (control.Sent, error) {
	unknown := &control.Error{Code: control.CodeUnknown, Message: fmt.Sprintf("no message %q was sent", id), Hint: "see parley outbox"}
	n, err := w.store.Cancel(ctx, w.self.DID, id, now())
	if errors.Is(err, inbox.ErrNotFound) {
		return control.Sent{}, unknown
	}
	if err != nil {
		return control.Sent{}, err
	}
	ps, err := w.Sent(ctx, control.SentRequest{ID: id, Limit: 1})
	if err != nil {
		return control.Sent{}, err
	}
	if len(ps) == 0 {
		return control.Sent{}, unknown
	}
	if n == 0 {
		return ps[0], &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf("too late to cancel: the message is %s", ps[0].State)}
	}
	return ps[0], nil
}

// Sent returns messages that were sent, oldest first.
func (w *Wallet) Sent(ctx context.Context, r control.SentRequest) ([]control.Sent, error) {
	q := inbox.SentQuery{MessageID: r.ID, BySeq: true, Newest: r.Newest, Limit: r.Limit}
	if r.Waiting {
		q.States = []inbox.State{inbox.Queued, inbox.Sent, inbox.Relayed}
	}
	if r.To != "" {
		c, err := w.find(ctx, r.To)
		if err != nil {
			return nil, err
		}
		q.To = c.DID
	}
	ps, err := w.store.Sent(ctx, q)
	if err != nil {
		return nil, err
	}
	names, err := w.names(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]control.Sent, 0, len(ps))
	for _, p := range ps {
		if r.ID != "" || !messaging.SameType(p.Type, trustping.PingType) {
			views = append(views, sentView(p, names[p.To]))
		}
	}
	if r.Newest {
		slices.Reverse(views)
	}
	return views, nil
}

func sentView(p inbox.Parcel, name string) control.Sent {
	if name == "" {
		name = p.To.Short()
	}
	v := control.Sent{
		V: control.Version, ID: p.MessageID, To: p.To.String(), ToName: name, State: p.State.String(), Path: p.Path,
		Problem: p.Problem, Type: p.Type, Thread: p.ThreadID, Created: p.Created, TS: p.Updated, Rev: p.Rev,
	}
	v.Content, v.Body = content(p.Payload)
	return v
}

// explainSend turns the errors of queueing into ones that say what to do.
func explainSend(name string, err error) error {
	switch {
	case errors.Is(err, messaging.ErrTooLarge):
		return &control.Error{Code: control.CodeQuota, Message: err.Error() + "; nothing was sent", Hint: "send it in parts"}
	case errors.Is(err, messaging.ErrBlocked):
		return &control.Error{Code: control.CodeTrust, Message: name + " is blocked; nothing was sent", Hint: "parley contacts unblock " + name}
	case errors.Is(err, inbox.ErrFull):
		return &control.Error{Code: control.CodeQuota, Message: err.Error() + "; nothing was sent", Hint: "see parley outbox"}
	case errors.Is(err, messaging.ErrMessage):
		return &control.Error{Code: control.CodeUsage, Message: err.Error() + "; nothing was sent"}
	}
	return err
}
