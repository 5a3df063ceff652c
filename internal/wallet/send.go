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
)

// Send queues a message and waits for what r asks.
func (w *Wallet) Send(ctx context.Context, r control.SendRequest) (control.Sent, error) {
	want, err := wanted(r.Wait)
	if err != nil {
		return control.Sent{}, err
	}
	c, err := w.find(ctx, r.To)
	if err != nil {
		return control.Sent{}, err
	}
	m, err := compose(c.DID, r)
	if err != nil {
		return control.Sent{}, err
	}
	p, err := w.queue(ctx, c, m)
	if err != nil {
		return control.Sent{}, err
	}
	if r.Timeout > 0 {
		p, err = w.awaitThat(ctx, m.ID, r.Timeout, func(p inbox.Parcel) bool {
			return reached(p, want) || r.Wait == "" && p.State == inbox.Sent
		})
		if isTrust(err) {
			return sentView(p, c.Name), err
		}
		if err != nil {
			return control.Sent{}, err
		}
	}
	view := sentView(p, c.Name)
	if r.Wait != "" && !reached(p, want) {
		return view, tooSoon(p.State, want)
	}
	return view, nil
}

// tooSoon is the error of a wait whose time was over before the message had come as far as want.
func tooSoon(state, want inbox.State) error {
	e := &control.Error{Code: control.CodeTimeout, Hint: "parley outbox shows what becomes of it",
		Message: fmt.Sprintf("the message is %s, not yet %s; it stays queued", state, want)}
	switch state {
	case inbox.Delivered:
		e.Message, e.Hint = "delivered, not read; they may not send read receipts", "parley outbox --all shows when it is read"
	case inbox.Sent:
		e.Message = "sent, but they have not confirmed it; if they do not know you yet, it waits until they accept you"
	}
	return e
}

// queue queues a message to a contact, and has what waits for the contact tried at once: the user wants it
// now, whatever failed before. It wakes first, when no try of this message can be under way that it would
// have to be remembered for. It returns the message as it is queued. Nothing is queued for a contact whose keys have
// changed.
func (w *Wallet) queue(ctx context.Context, c inbox.Contact, m *messaging.Message) (inbox.Parcel, error) {
	if err := w.node.CheckKeys(ctx, c.DID); err != nil {
		return inbox.Parcel{}, w.refuse(ctx, c, err)
	}
	if _, err := w.learnOurs(ctx, c); err != nil {
		return inbox.Parcel{}, err
	}
	if err := w.store.Wake(ctx, c.DID, now()); err != nil {
		return inbox.Parcel{}, err
	}
	ps, err := w.node.Queue(ctx, m)
	if err != nil {
		return inbox.Parcel{}, explainSend(c.Name, err)
	}
	return ps[0], nil
}

// refuse explains why nothing is sent to a contact. Where its keys are the reason, it remembers which the user is told of: to accept
// others would be to accept what nobody has seen.
func (w *Wallet) refuse(ctx context.Context, c inbox.Contact, err error) error {
	explained := explainSend(c.Name, err)
	var e *messaging.KeysChangedError
	if !errors.As(err, &e) {
		return explained
	}
	return errors.Join(explained, w.shownKeys.note(ctx, w.store, c.DID, e.Offered, now()))
}

// wanted reads the state to wait for.
func wanted(wait string) (inbox.State, error) {
	switch wait {
	case "", "delivered":
		return inbox.Delivered, nil
	case "sent":
		return inbox.Sent, nil
	case "read":
		return inbox.Read, nil
	}
	return 0, &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf("cannot wait for %q", wait), Hint: "--wait sent, delivered or read"}
}

// reached reports whether the parcel has come as far as want, or was given up.
func reached(p inbox.Parcel, want inbox.State) bool {
	return p.State >= want || p.State == inbox.Failed || p.State == inbox.Expired
}

// await waits until the message with this id has come as far as want or was given up, or timeout has passed,
// and returns it as it is then.
func (w *Wallet) await(ctx context.Context, id string, want inbox.State, timeout time.Duration) (inbox.Parcel, error) {
	return w.awaitThat(ctx, id, timeout, func(p inbox.Parcel) bool { return reached(p, want) })
}

// awaitThat waits until enough is true of the message with this id, or timeout has passed. It ends at once, with the
// message and an error, when its recipient's keys have changed: then it waits for the user.
func (w *Wallet) awaitThat(ctx context.Context, id string, timeout time.Duration, enough func(inbox.Parcel) bool) (inbox.Parcel, error) {
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
		if enough(ps[0]) {
			return ps[0], nil
		}
		if err := w.stuck(ctx, ps[0], messageWaits); err != nil {
			return ps[0], err
		}
		select {
		case <-watchCtx.Done():
			return ps[0], ctx.Err()
		case <-hint:
		}
	}
}

// cancelPatience is how long Cancel waits for a try under way to end.
const cancelPatience = 10 * time.Second

// Cancel gives a message up that is still queued. One that is being delivered at this moment is cancelled if
// that fails.
func (w *Wallet) Cancel(ctx context.Context, id string) (control.Sent, error) {
	watchCtx, stop := context.WithTimeout(ctx, cancelPatience)
	defer stop()
	hint := w.store.Watch(watchCtx)
	for {
		n, err := w.takeBack(ctx, id)
		if err != nil && !errors.Is(err, inbox.ErrNotFound) {
			return control.Sent{}, err
		}
		ps, err := w.Sent(ctx, control.SentRequest{ID: id, Limit: 1})
		switch {
		case err != nil:
			return control.Sent{}, err
		case len(ps) == 0:
			return control.Sent{}, &control.Error{Code: control.CodeUnknown, Message: fmt.Sprintf("no message %q was sent", id), Hint: "see parley outbox"}
		case n > 0:
			return ps[0], nil
		case ps[0].State != inbox.Queued.String():
			return ps[0], &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf("too late to cancel: the message is %s", ps[0].State)}
		}
		select {
		case <-watchCtx.Done():
			return ps[0], &control.Error{Code: control.CodeUsage, Message: "the message is being delivered at this moment; it was not cancelled",
				Hint: "try again in a while: parley cancel " + id}
		case <-hint:
		}
	}
}

// Sent returns messages that the user has sent, oldest first; by its id, any message that was sent.
func (w *Wallet) Sent(ctx context.Context, r control.SentRequest) ([]control.Sent, error) {
	q := inbox.SentQuery{MessageID: r.ID, AfterSeq: r.After, BySeq: true, Newest: r.Newest, Limit: r.Limit}
	if r.ID == "" {
		q.Match = usersPayload
	}
	if r.Waiting {
		q.States = waitingStates
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
		views = append(views, sentView(p, names[p.To]))
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
		Problem: p.Problem, Type: p.Type, Thread: p.ThreadID, Created: p.Created, TS: p.Updated, Seq: p.Seq, Rev: p.Rev,
	}
	v.Content, v.Body = content(p.Payload)
	v.Files = files(p.Payload, false)
	return v
}

// explainSend turns the errors of queueing into ones that say what to do.
func explainSend(name string, err error) error {
	if changed := explainKeys(err, nothingSent); changed != nil {
		return changed
	}
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
