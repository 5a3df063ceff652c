package wallet

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/questionanswer"
)

// Ask asks a contact a question, or goes on waiting for the answer to an earlier one. An answer that it returns is
// done with.
func (w *Wallet) Ask(ctx context.Context, r control.AskRequest) (control.Asked, error) {
	if err := checkAsk(r); err != nil {
		return control.Asked{}, err
	}
	id := r.ID
	if id == "" {
		c, err := w.find(ctx, r.To)
		if err != nil {
			return control.Asked{}, err
		}
		m := questionanswer.New(c.DID, questionanswer.Question{
			Text: r.Text, Detail: r.Detail, Responses: r.Responses, Nonce: messaging.NewID(), Expires: r.Expires,
		})
		m.PleaseAck = []string{""}
		if _, err := w.queue(ctx, c, m); err != nil {
			return control.Asked{}, err
		}
		id = m.ID
	}
	question, err := w.sentQuestion(ctx, id)
	if err != nil {
		return control.Asked{}, err
	}
	return w.awaitAnswer(ctx, question, r.Timeout)
}

// checkAsk refuses questions that cannot be asked.
func checkAsk(r control.AskRequest) error {
	bad := func(message, hint string) error {
		return &control.Error{Code: control.CodeUsage, Message: message + "; nothing was sent", Hint: hint}
	}
	folded := map[string]bool{}
	for _, text := range r.Responses {
		if text == "" || !utf8.ValidString(text) {
			return bad("a response is empty or not UTF-8", "")
		}
		if folded[strings.ToLower(text)] {
			return bad(fmt.Sprintf("the response %q is there twice", text), "")
		}
		folded[strings.ToLower(text)] = true
	}
	switch {
	case r.ID != "":
		return nil
	case r.Signed:
		return bad("signed answers are not possible yet: wallets do not sign messages", "leave --signed out: an answer proves to you, not to others, who gave it")
	case r.Text == "" || !utf8.ValidString(r.Text) || !utf8.ValidString(r.Detail):
		return bad("the question is empty or not UTF-8", "")
	case len(r.Responses) == 0 || len(r.Responses) > questionanswer.MaxResponses:
		return bad(fmt.Sprintf("a question has 1 to %d responses to choose from", questionanswer.MaxResponses), "parley ask NAME TEXT yes no")
	case !r.Expires.IsZero() && !r.Expires.After(time.Now()):
		return bad("the question would have expired already", "")
	}
	return nil
}

// sentQuestion returns the question of ours with this id, or with the only id that begins like it.
func (w *Wallet) sentQuestion(ctx context.Context, id string) (inbox.Parcel, error) {
	ps, err := w.store.Sent(ctx, inbox.SentQuery{MessageID: id, Limit: 1})
	if err == nil && len(ps) == 0 && id != "" {
		ps, err = w.store.Sent(ctx, inbox.SentQuery{Match: mentions(id), BySeq: true, Newest: true, Limit: 1000})
	}
	if err != nil {
		return inbox.Parcel{}, err
	}
	fits := map[string]inbox.Parcel{}
	for _, p := range ps {
		if messaging.SameType(p.Type, questionanswer.QuestionType) && strings.HasPrefix(p.MessageID, id) {
			fits[p.MessageID] = p
		}
	}
	return only(fits, "asked", id, "parley outbox --all")
}

// receivedQuestion returns the question with this id that we were asked, or with the only id that begins like it.
func (w *Wallet) receivedQuestion(ctx context.Context, id string) (inbox.Entry, error) {
	q := inbox.Query{MessageID: id, Dispositions: []inbox.Disposition{inbox.Kept}, BySeq: true, Newest: true, Limit: 1000}
	es, err := w.store.List(ctx, q)
	if err == nil && len(es) == 0 && id != "" {
		q.MessageID, q.Match = "", mentions(id)
		es, err = w.store.List(ctx, q)
	}
	if err != nil {
		return inbox.Entry{}, err
	}
	fits := map[string]inbox.Entry{}
	for _, e := range es {
		if messaging.SameType(e.Type, questionanswer.QuestionType) && strings.HasPrefix(e.MessageID, id) {
			fits[e.From.String()+" "+e.MessageID] = e // ids of different senders may be the same
		}
	}
	return only(fits, "received", id, "parley recv --ack manual")
}

// mentions selects the payloads that have the beginning of an id in them, which spares reading the others.
func mentions(prefix string) func([]byte) bool {
	return func(payload []byte) bool { return bytes.Contains(payload, []byte(prefix)) }
}

// only returns the one question that fits.
func only[Q any](fits map[string]Q, what, id, hint string) (q Q, err error) {
	switch len(fits) {
	case 0:
		return q, &control.Error{Code: control.CodeUnknown, Message: fmt.Sprintf("no question %q was %s", id, what), Hint: hint}
	case 1:
		for _, q = range fits {
			return q, nil
		}
	}
	return q, &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf("several questions begin with %q", id), Hint: "write more of the id"}
}

// awaitAnswer waits until there is an answer to a question of ours, the question was given up, or timeout has
// passed. Without a timeout it says how things are.
func (w *Wallet) awaitAnswer(ctx context.Context, question inbox.Parcel, timeout time.Duration) (control.Asked, error) {
	watchCtx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	hint := w.store.Watch(watchCtx)
	for {
		asked, done, err := w.answered(ctx, question)
		if done || err != nil {
			return asked, err
		}
		select {
		case <-watchCtx.Done():
		case _, open := <-hint:
			if open {
				continue
			}
		}
		if ctx.Err() != nil || timeout <= 0 {
			return asked, ctx.Err()
		}
		return asked, &control.Error{Code: control.CodeTimeout,
			Message: fmt.Sprintf("%s has not answered within %s; the question stays asked", asked.ToName, timeout),
			Hint:    "parley ask --id " + asked.ID}
	}
}

// answered says how it stands with a question of ours, and whether that is final.
func (w *Wallet) answered(ctx context.Context, question inbox.Parcel) (asked control.Asked, done bool, err error) {
	names, err := w.names(ctx)
	if err != nil {
		return asked, false, err
	}
	ps, err := w.store.Sent(ctx, inbox.SentQuery{Owner: question.Owner, To: question.To, MessageID: question.MessageID, Limit: 1})
	if err != nil || len(ps) == 0 {
		return asked, false, err
	}
	view := sentView(ps[0], names[question.To])
	asked = control.Asked{V: control.Version, ID: view.ID, To: view.To, ToName: view.ToName, State: view.State}
	es, err := w.store.List(ctx, inbox.Query{
		Owner: question.Owner, From: question.To, ThreadID: question.MessageID, Dispositions: []inbox.Disposition{inbox.Kept}, BySeq: true,
	})
	if err != nil {
		return asked, false, err
	}
	for _, e := range es {
		if text, ok := answer(question.Payload, e); ok {
			asked.Response, asked.Signed, asked.Answered = text, e.SignerKey != "", e.Received
			return asked, true, w.mark(ctx, inbox.MarkAcked, []int64{e.Seq})
		}
	}
	switch ps[0].State {
	case inbox.Failed:
		err = &control.Error{Code: control.CodeTrust, Message: asked.ToName + " did not take the question: " + view.Problem}
	case inbox.Expired:
		err = &control.Error{Code: control.CodeNetwork, Message: "the question expired before " + asked.ToName + " got it", Hint: "ask again"}
	default:
		err = w.stuck(ctx, ps[0], messageWaits)
	}
	return asked, err != nil, err
}

// answer returns the response of an entry that counts as an answer to the question.
func answer(question []byte, e inbox.Entry) (string, bool) {
	asked, err := messaging.ParseMessage(question)
	if err != nil {
		return "", false
	}
	m, err := messaging.ParseMessage(e.Payload)
	if err != nil {
		return "", false
	}
	text, err := questionanswer.Check(asked, &messaging.Received{
		Message: m, Owner: e.Owner, Sender: e.From, Signed: e.SignerKey != "", At: e.Received,
	})
	return text, err == nil
}

// answeredQuestion returns the text of the question of ours to which an entry is an answer that counts; empty for
// any other entry.
func (w *Wallet) answeredQuestion(ctx context.Context, e inbox.Entry) (string, error) {
	if !messaging.SameType(e.Type, questionanswer.AnswerType) {
		return "", nil
	}
	ps, err := w.store.Sent(ctx, inbox.SentQuery{Owner: e.Owner, To: e.From, MessageID: e.ThreadID, Limit: 1})
	if err != nil || len(ps) == 0 {
		return "", err
	}
	if _, ok := answer(ps[0].Payload, e); !ok {
		return "", nil
	}
	m, err := messaging.ParseMessage(ps[0].Payload)
	if err != nil {
		return "", err
	}
	q, err := questionanswer.Parse(m)
	return q.Text, err
}

// AnswerQuestion answers a question that was received, and marks it as done with.
func (w *Wallet) AnswerQuestion(ctx context.Context, r control.AnswerRequest) (control.Sent, error) {
	e, err := w.receivedQuestion(ctx, r.ID)
	if err != nil {
		return control.Sent{}, err
	}
	c, err := w.find(ctx, e.From.String())
	if err != nil {
		return control.Sent{}, err
	}
	question, err := messaging.ParseMessage(e.Payload)
	if err != nil {
		return control.Sent{}, err
	}
	response, err := w.choose(ctx, question, e, r.Response)
	if err != nil {
		return control.Sent{}, err
	}
	m := questionanswer.Answer(c.DID, question, response)
	m.PleaseAck = []string{""}
	if _, err := w.queue(ctx, c, m); err != nil {
		return control.Sent{}, err
	}
	if err := w.mark(ctx, inbox.MarkAcked, []int64{e.Seq}); err != nil {
		return control.Sent{}, err
	}
	p, err := w.await(ctx, m.ID, inbox.Delivered, r.Timeout)
	return sentView(p, c.Name), err
}

// choose returns the response that the user means, if the question can be answered with it now.
func (w *Wallet) choose(ctx context.Context, m *messaging.Message, e inbox.Entry, wish string) (string, error) {
	bad := func(message, hint string) error {
		return &control.Error{Code: control.CodeUsage, Message: message + "; nothing was sent", Hint: hint}
	}
	q, err := questionanswer.Parse(m)
	switch {
	case err != nil:
		return "", bad("this question cannot be answered: "+err.Error(), "")
	case q.SignatureRequired:
		return "", bad("this question demands a signed answer, and wallets do not sign messages yet", "answer in words: parley send")
	case !q.Expires.IsZero() && !time.Now().Before(q.Expires):
		return "", bad("the question expired at "+q.Expires.Format(time.RFC3339), "")
	}
	before, err := w.store.Sent(ctx, inbox.SentQuery{Owner: e.Owner, To: e.From, ThreadID: e.ThreadID, BySeq: true})
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(before, func(p inbox.Parcel) bool { return messaging.SameType(p.Type, questionanswer.AnswerType) }) {
		return "", bad("the question is answered already", "")
	}
	return pick(q.Responses, wish)
}

// pick returns the one response that is the wish, or begins with it, without regard to case.
func pick(responses []string, wish string) (string, error) {
	var fits []string
	for _, r := range responses {
		if strings.EqualFold(r, wish) {
			return r, nil
		}
		if len(wish) > 0 && strings.HasPrefix(strings.ToLower(r), strings.ToLower(wish)) {
			fits = append(fits, r)
		}
	}
	if len(fits) == 1 {
		return fits[0], nil
	}
	why := "is not one of the responses"
	if len(fits) > 1 {
		why = "could be several of the responses"
	}
	return "", &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf("%q %s; nothing was sent", wish, why),
		Hint: "choose from: " + strings.Join(responses, ", ")}
}
