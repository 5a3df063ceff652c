package wallet

import (
	"context"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
)

// Contact is somebody whom the wallet knows.
type Contact struct {
	DID  did.DID
	Name string
	// Blocked is set for one who may not write and is not written to.
	Blocked bool
	// KeysChanged is set for one whose keys have changed and wait to be accepted, see AcceptKeys; Verified is when
	// it was marked verified, zero when it is not.
	KeysChanged bool
	Verified    time.Time
}

// Add makes a contact of whoever made the invitation, under the name, or under the one that the inviter goes by
// if name is empty. It introduces this wallet and returns once that was answered, or ctx has ended: then the
// introduction stays queued. Run must be running. ErrUsage for a link that is none, ErrTrust for an
// invitation that does not hold.
func (w *Wallet) Add(ctx context.Context, link, name string) (Contact, error) {
	c, err := w.inner.Add(ctx, control.AddRequest{Link: link, Name: name, Timeout: left(ctx)})
	if err != nil {
		return Contact{}, public(err)
	}
	return contact(c)
}

// Contacts returns all contacts, by name.
func (w *Wallet) Contacts(ctx context.Context) ([]Contact, error) {
	all, err := w.inner.Contacts(ctx)
	if err != nil {
		return nil, public(err)
	}
	list := make([]Contact, len(all))
	for i, c := range all {
		if list[i], err = contact(c); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func contact(c control.Contact) (Contact, error) {
	id, err := did.Parse(c.DID)
	return Contact{DID: id, Name: c.Name, Blocked: c.Blocked, KeysChanged: c.Offer != nil, Verified: c.Verified}, err
}

// Text queues a text for a contact, who is named by name, a unique prefix of it, or DID, and returns the id of
// the message once it is durable.
func (w *Wallet) Text(ctx context.Context, to, text string) (id string, err error) {
	id, err = w.inner.QueueText(ctx, to, text)
	return id, public(err)
}

// Send queues a message of any type for the DIDs in its To, and returns once that is durable. It fills in
// what is empty of ID, From and Created. A recipient need not be a contact: its wallet then holds the message
// until its user has decided.
func (w *Wallet) Send(ctx context.Context, m *messaging.Message) error {
	return public(w.inner.Queue(ctx, m))
}

// Await waits until the message with this id has come as far as want, or will not come any further, and
// returns how far it has come. ErrTimeout, with the state, when ctx ends before.
func (w *Wallet) Await(ctx context.Context, id string, want inbox.State) (inbox.State, error) {
	s, err := w.inner.Reached(ctx, id, want)
	return s, public(err)
}

// left is how long ctx leaves, at most an hour.
func left(ctx context.Context) time.Duration {
	end, ok := ctx.Deadline()
	if !ok {
		return time.Hour
	}
	return min(time.Hour, max(0, time.Until(end)))
}

// Question is a question of question-answer 1.0, with the answers to choose from, 1 to 16 of them.
type Question struct {
	Text, Detail string
	Responses    []string
}

// Ask asks a contact and waits for the response, which is one of the question's. Run must be running.
// ErrTimeout when ctx ends before: the question stays asked, and a late answer is kept for parley recv.
func (w *Wallet) Ask(ctx context.Context, to string, q Question) (response string, err error) {
	a, err := w.inner.Ask(ctx, control.AskRequest{To: to, Text: q.Text, Detail: q.Detail, Responses: q.Responses, Timeout: left(ctx)})
	return a.Response, public(err)
}
