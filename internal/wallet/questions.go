package wallet

import (
	"context"

	"github.com/parley-im/parley/internal/control"
)

// Ask asks a contact a question.
func (w *Wallet) Ask(ctx context.Context, r control.AskRequest) (out control.Asked, err error) {
	return out, &control.Error{Code: control.CodeUnexpected, Message: "not there yet"}
}

// AnswerQuestion answers a question.
func (w *Wallet) AnswerQuestion(ctx context.Context, r control.AnswerRequest) (out control.Sent, err error) {
	return out, &control.Error{Code: control.CodeUnexpected, Message: "not there yet"}
}
