package questionanswer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/body"
)

// The protocol, as a pattern for Mux.Handle, and its messages.
const (
	Protocol     = "https://didcomm.org/questionanswer/1.0/"
	QuestionType = Protocol + "question"
	AnswerType   = Protocol + "answer"
)

// MaxResponses is how many responses of a question are read.
const MaxResponses = body.MaxList

// Errors of the parsers and of Check.
var (
	// ErrNotQuestion means that a message has another type, no text, or no responses to choose from.
	ErrNotQuestion = errors.New("not a question")
	// ErrNotAnswer means that a message has another type or no response.
	ErrNotAnswer = errors.New("not an answer")
	// ErrInvalid means that an answer does not count for the question.
	ErrInvalid = errors.New("not a valid answer to the question")
)

// Question is a question and the answers to choose from.
type Question struct {
	// Text is the question, Detail its fine print.
	Text, Detail string
	// Responses are the answers to choose from, at least one.
	Responses []string
	// Nonce goes into what is signed in other versions of the protocol.
	Nonce string
	// SignatureRequired demands an answer in a signed envelope.
	SignatureRequired bool
	// Expires is when an answer comes too late, in whole seconds; zero: never.
	Expires time.Time
}

type response struct {
	Text string `json:"text"`
}

type questionBody struct {
	Text              string              `json:"question_text"`
	Detail            string              `json:"question_detail,omitzero"`
	Nonce             string              `json:"nonce,omitzero"`
	SignatureRequired bool                `json:"signature_required"`
	Responses         body.List[response] `json:"valid_responses"`
}

type answerBody struct {
	Response *string `json:"response"`
}

// New makes a question to somebody. Bytes that are not UTF-8 become U+FFFD.
func New(to did.DID, q Question) *messaging.Message {
	b := questionBody{Text: valid(q.Text), Detail: valid(q.Detail), Nonce: valid(q.Nonce), SignatureRequired: q.SignatureRequired}
	for _, r := range q.Responses {
		b.Responses = append(b.Responses, response{valid(r)})
	}
	m := &messaging.Message{Type: QuestionType, To: []did.DID{to}, Expires: q.Expires.Truncate(time.Second)}
	_ = m.SetBody(b) // valid UTF-8 always has a JSON form
	return m
}

// Answer makes the answer to a question of somebody, in its thread.
func Answer(to did.DID, question *messaging.Message, text string) *messaging.Message {
	m := &messaging.Message{Type: AnswerType, To: []did.DID{to}, ThreadID: question.Thread()}
	text = valid(text)
	_ = m.SetBody(answerBody{&text}) // valid UTF-8 always has a JSON form
	return m
}

func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// Parse returns the question in a message. The error wraps ErrNotQuestion, or messaging.ErrMessage for a body of
// another form.
func Parse(m *messaging.Message) (Question, error) {
	if !messaging.SameType(m.Type, QuestionType) {
		return Question{}, fmt.Errorf("%w: its type is %q", ErrNotQuestion, m.Type)
	}
	var b questionBody
	if err := m.DecodeBody(&b); err != nil {
		return Question{}, err
	}
	q := Question{Text: b.Text, Detail: b.Detail, Nonce: b.Nonce, SignatureRequired: b.SignatureRequired, Expires: m.Expires}
	for _, r := range b.Responses {
		if r.Text != "" && !slices.Contains(q.Responses, r.Text) {
			q.Responses = append(q.Responses, r.Text)
		}
	}
	if q.Text == "" || len(q.Responses) == 0 {
		return Question{}, fmt.Errorf("%w: it has no text, or no responses to choose from", ErrNotQuestion)
	}
	return q, nil
}

// Response returns the response in an answer, whether or not it counts. The error wraps ErrNotAnswer, or
// messaging.ErrMessage for a body of another form.
func Response(m *messaging.Message) (string, error) {
	if !messaging.SameType(m.Type, AnswerType) {
		return "", fmt.Errorf("%w: its type is %q", ErrNotAnswer, m.Type)
	}
	var b answerBody
	if err := m.DecodeBody(&b); err != nil {
		return "", err
	}
	if b.Response == nil {
		return "", fmt.Errorf("%w: it has no response", ErrNotAnswer)
	}
	return *b.Response, nil
}

// Check returns the response of an answer that counts for a question of ours: it comes from the one who was asked,
// in the question's thread, with one of its responses, in time by our clock, and signed if that was demanded.
// Else the error wraps ErrInvalid, or is that of Parse or Response.
func Check(question *messaging.Message, answer *messaging.Received) (string, error) {
	q, err := Parse(question)
	if err != nil {
		return "", err
	}
	text, err := Response(answer.Message)
	if err != nil {
		return "", err
	}
	asked := func(to did.DID) bool { return !answer.Sender.IsZero() && to.Same(answer.Sender) }
	switch {
	case !slices.ContainsFunc(question.To, asked):
		return "", fmt.Errorf("%w: it comes from somebody else", ErrInvalid)
	case answer.Thread() != question.Thread():
		return "", fmt.Errorf("%w: it is in another thread", ErrInvalid)
	case !slices.Contains(q.Responses, text):
		return "", fmt.Errorf("%w: %q was not to choose", ErrInvalid, text)
	case !q.Expires.IsZero() && !answer.At.Before(q.Expires):
		return "", fmt.Errorf("%w: it came too late", ErrInvalid)
	case q.SignatureRequired && !answer.Signed:
		return "", fmt.Errorf("%w: it is not signed", ErrInvalid)
	}
	return text, nil
}

// Handler keeps questions and answers for the user.
var Handler = messaging.KeepHandler
