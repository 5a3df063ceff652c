package wallet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/userprofile"
)

// Requests returns the first messages of strangers, oldest first.
func (w *Wallet) Requests(ctx context.Context) ([]control.Request, error) {
	held, err := w.store.Requests(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]control.Request, 0, len(held))
	for _, r := range held {
		v := control.Request{
			V: control.Version, From: r.From.String(), Short: r.From.Short(), DisplayName: displayName(r),
			ID: r.MessageID, Type: r.Type, Received: r.Received,
		}
		v.Content, v.Body = content(r.Payload)
		views = append(views, v)
	}
	return views, nil
}

// displayName is what a stranger calls itself, if its message says so.
func displayName(r inbox.Request) string {
	m, err := messaging.ParseMessage(r.Payload)
	if err != nil {
		return ""
	}
	name := userprofile.DisplayName(m)
	return strings.ToValidUTF8(name[:min(len(name), inbox.MaxDisplayName)], "")
}

// SettleRequest accepts a stranger, whose message then arrives as any other, or blocks it, which forgets the
// message. The contact that is made has r.Name, or else a name of what the stranger calls itself; somebody
// blocked gets none that somebody else may want.
func (w *Wallet) SettleRequest(ctx context.Context, r control.RequestDecision) (control.Contact, error) {
	held, err := w.request(ctx, r.From)
	if err != nil {
		return control.Contact{}, err
	}
	if err := w.freeName(ctx, r.Name); err != nil {
		return control.Contact{}, err
	}
	c := inbox.Contact{Name: r.Name, Blocked: r.Block, Added: now(), Seen: held.Received}
	switch shown := displayName(held); {
	case c.Name != "":
	case r.Block:
		c.Name = "blocked-" + held.From.Hash()[:6]
	default:
		c.Name = inbox.PetName(shown, fallbackName(held.From))
		c.DisplayName = shown
	}
	c, err = w.store.AcceptRequest(ctx, held.From, c, now())
	switch {
	case errors.Is(err, inbox.ErrNotFound):
		return control.Contact{}, noRequest(r.From)
	case err != nil:
		return control.Contact{}, explainName(c.Name, err)
	}
	if !c.Blocked && r.Timeout > 0 && w.online() {
		w.awaitTold(ctx, c.DID, r.Timeout)
	}
	return w.contactView(ctx, c)
}

// awaitTold waits until what came of a contact is settled and it was told so, for a time: what fails here goes on
// by itself.
func (w *Wallet) awaitTold(ctx context.Context, id did.DID, timeout time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	hint := w.store.Watch(ctx)
	for {
		es, err := w.store.List(ctx, inbox.Query{From: id, Dispositions: []inbox.Disposition{inbox.Pending}, Limit: 1})
		if err == nil && len(es) == 0 { // the receipt was queued in the step that settled the message
			ps, err := w.store.Sent(ctx, inbox.SentQuery{To: id, States: []inbox.State{inbox.Queued}, Limit: 1})
			if err != nil || len(ps) == 0 {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-hint:
		}
	}
}

// request finds the request that the user means: by its sender's DID in any form, or a unique prefix of one.
func (w *Wallet) request(ctx context.Context, ref string) (inbox.Request, error) {
	held, err := w.store.Requests(ctx)
	if err != nil {
		return inbox.Request{}, err
	}
	var fits []inbox.Request
	var names []string
	for _, r := range held {
		short := r.From.Canonical().String()
		if ref == short || ref == r.Long.String() {
			return r, nil
		}
		_, id, _ := strings.Cut(strings.TrimPrefix(short, "did:"), ":")
		if ref != "" && (strings.HasPrefix(short, ref) || strings.HasPrefix(id, ref) || ref == r.From.Short()) {
			fits, names = append(fits, r), append(names, short)
		}
	}
	switch len(fits) {
	case 0:
		return inbox.Request{}, noRequest(ref)
	case 1:
		return fits[0], nil
	}
	return inbox.Request{}, &control.Error{Code: control.CodeUsage, Hint: "write more of the DID",
		Message: fmt.Sprintf("%q could be %s", ref, strings.Join(names[:min(len(names), 3)], " or "))}
}

func noRequest(ref string) error {
	return &control.Error{Code: control.CodeUnknown, Message: fmt.Sprintf("nobody %q waits to be let in", ref), Hint: "see parley requests"}
}

// freeName refuses a name that the user chose and that cannot be given.
func (w *Wallet) freeName(ctx context.Context, name string) error {
	if name == "" {
		return nil
	}
	if !inbox.ValidName(name) {
		return explainName(name, inbox.ErrName)
	}
	names, err := w.names(ctx)
	for _, taken := range names {
		if strings.EqualFold(taken, name) {
			return explainName(name, inbox.ErrExists)
		}
	}
	return err
}
