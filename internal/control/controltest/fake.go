package controltest

import (
	"context"
	"slices"
	"sync"

	"github.com/parley-im/parley/internal/control"
)

// Call is one call of a method: its name and its arguments without the context.
type Call struct {
	Method string
	Args   []any
}

// Wallet is a control.Wallet that answers what it is told to. Set the fields first; all methods are
// safe for concurrent use.
type Wallet struct {
	// Answer, if not nil, answers every call: a result of the method's type, or nil for the zero one,
	// and an error. Without it every result is zero.
	Answer func(ctx context.Context, c Call) (any, error)

	mu    sync.Mutex
	calls []Call // guarded by mu
}

var _ control.Wallet = (*Wallet)(nil)

// Calls returns the calls so far, in order.
func (w *Wallet) Calls() []Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.calls)
}

func answer[A any](ctx context.Context, w *Wallet, method string, args ...any) (a A, err error) {
	c := Call{Method: method, Args: args}
	w.mu.Lock()
	w.calls = append(w.calls, c)
	w.mu.Unlock()
	if w.Answer == nil {
		return a, nil
	}
	result, err := w.Answer(ctx, c)
	if result != nil {
		a = result.(A)
	}
	return a, err
}

// Self implements control.Wallet.
func (w *Wallet) Self(ctx context.Context) (control.Self, error) {
	return answer[control.Self](ctx, w, "Self")
}

// Invite implements control.Wallet.
func (w *Wallet) Invite(ctx context.Context, r control.InviteRequest) (control.Invite, error) {
	return answer[control.Invite](ctx, w, "Invite", r)
}

// Add implements control.Wallet.
func (w *Wallet) Add(ctx context.Context, r control.AddRequest) (control.Contact, error) {
	return answer[control.Contact](ctx, w, "Add", r)
}

// Contacts implements control.Wallet.
func (w *Wallet) Contacts(ctx context.Context) ([]control.Contact, error) {
	return answer[[]control.Contact](ctx, w, "Contacts")
}

// ChangeContact implements control.Wallet.
func (w *Wallet) ChangeContact(ctx context.Context, name string, r control.ContactChange) (control.Contact, error) {
	return answer[control.Contact](ctx, w, "ChangeContact", name, r)
}

// RemoveContact implements control.Wallet.
func (w *Wallet) RemoveContact(ctx context.Context, name string) (control.Contact, error) {
	return answer[control.Contact](ctx, w, "RemoveContact", name)
}

// Send implements control.Wallet.
func (w *Wallet) Send(ctx context.Context, r control.SendRequest) (control.Sent, error) {
	return answer[control.Sent](ctx, w, "Send", r)
}

// Cancel implements control.Wallet.
func (w *Wallet) Cancel(ctx context.Context, id string) (control.Sent, error) {
	return answer[control.Sent](ctx, w, "Cancel", id)
}

// Sent implements control.Wallet.
func (w *Wallet) Sent(ctx context.Context, r control.SentRequest) ([]control.Sent, error) {
	return answer[[]control.Sent](ctx, w, "Sent", r)
}

// Receive implements control.Wallet.
func (w *Wallet) Receive(ctx context.Context, r control.ReceiveRequest) ([]control.Message, error) {
	return answer[[]control.Message](ctx, w, "Receive", r)
}

// Mark implements control.Wallet.
func (w *Wallet) Mark(ctx context.Context, r control.MarkRequest) error {
	_, err := answer[struct{}](ctx, w, "Mark", r)
	return err
}

// Changes implements control.Wallet.
func (w *Wallet) Changes(ctx context.Context, r control.ChangesRequest) (control.Changes, error) {
	return answer[control.Changes](ctx, w, "Changes", r)
}

// Ping implements control.Wallet.
func (w *Wallet) Ping(ctx context.Context, r control.PingRequest) (control.Pong, error) {
	return answer[control.Pong](ctx, w, "Ping", r)
}

// Status implements control.Wallet.
func (w *Wallet) Status(ctx context.Context) (control.Status, error) {
	return answer[control.Status](ctx, w, "Status")
}

// Requests implements control.Wallet.
func (w *Wallet) Requests(ctx context.Context) ([]control.Request, error) {
	return answer[[]control.Request](ctx, w, "Requests")
}

// SettleRequest implements control.Wallet.
func (w *Wallet) SettleRequest(ctx context.Context, r control.RequestDecision) (control.Contact, error) {
	return answer[control.Contact](ctx, w, "SettleRequest", r)
}

// Preferences implements control.Wallet.
func (w *Wallet) Preferences(ctx context.Context) (control.Preference, error) {
	return answer[control.Preference](ctx, w, "Preferences")
}

// ChangePreferences implements control.Wallet.
func (w *Wallet) ChangePreferences(ctx context.Context, r control.PreferenceChange) (control.Preference, error) {
	return answer[control.Preference](ctx, w, "ChangePreferences", r)
}

// Ask implements control.Wallet.
func (w *Wallet) Ask(ctx context.Context, r control.AskRequest) (control.Asked, error) {
	return answer[control.Asked](ctx, w, "Ask", r)
}

// AnswerQuestion implements control.Wallet.
func (w *Wallet) AnswerQuestion(ctx context.Context, r control.AnswerRequest) (control.Sent, error) {
	return answer[control.Sent](ctx, w, "AnswerQuestion", r)
}

// Features implements control.Wallet.
func (w *Wallet) Features(ctx context.Context, r control.FeaturesRequest) (control.Features, error) {
	return answer[control.Features](ctx, w, "Features", r)
}

// Search implements control.Wallet.
func (w *Wallet) Search(ctx context.Context, r control.SearchRequest) ([]control.Found, error) {
	return answer[[]control.Found](ctx, w, "Search", r)
}

// Check implements control.Wallet.
func (w *Wallet) Check(ctx context.Context) (control.Check, error) {
	return answer[control.Check](ctx, w, "Check")
}

// Backup implements control.Wallet.
func (w *Wallet) Backup(ctx context.Context, r control.BackupRequest) (control.Backup, error) {
	return answer[control.Backup](ctx, w, "Backup", r)
}

// Verify implements control.Wallet.
func (w *Wallet) Verify(ctx context.Context, r control.VerifyRequest) (control.Verification, error) {
	return answer[control.Verification](ctx, w, "Verify", r)
}

// AcceptKeys implements control.Wallet.
func (w *Wallet) AcceptKeys(ctx context.Context, name string) (control.Contact, error) {
	return answer[control.Contact](ctx, w, "AcceptKeys", name)
}

// WebDocument implements control.Wallet.
func (w *Wallet) WebDocument(ctx context.Context, r control.WebDocumentRequest) (control.WebDocument, error) {
	return answer[control.WebDocument](ctx, w, "WebDocument", r)
}
