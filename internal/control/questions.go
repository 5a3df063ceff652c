package control

import (
	"context"
	"time"
)

// Questions are asked and answered: question-answer 1.0 and discover-features 2.0.
type Questions interface {
	// Ask asks a contact a question and waits up to r.Timeout for the answer; without it, not at all. A wait that timed out is an
	// *Error with CodeTimeout that comes with the result: the question stays asked.
	Ask(ctx context.Context, r AskRequest) (Asked, error)
	// AnswerQuestion answers a question that was received, and marks it as done with.
	AnswerQuestion(ctx context.Context, r AnswerRequest) (Sent, error)
	// Features asks a contact what it can do.
	Features(ctx context.Context, r FeaturesRequest) (Features, error)
}

// AskRequest is a question to a contact with the answers to choose from.
type AskRequest struct {
	To        string   `json:"to"`
	Text      string   `json:"text"`
	Detail    string   `json:"detail,omitempty"`
	Responses []string `json:"responses"`
	// Signed asks for an answer with a signature that others can check.
	Signed  bool          `json:"signed,omitzero"`
	Expires time.Time     `json:"expires,omitzero"`
	Timeout time.Duration `json:"timeout,omitzero"`
	// ID asks nothing, but waits for the answer to the question that was asked with this id, or with the only id
	// that begins like it. Only Timeout goes with it.
	ID string `json:"id,omitempty"`
}

// Asked is a question and its answer, if there is one: Response is empty else.
type Asked struct {
	V        int       `json:"v"`
	ID       string    `json:"id"`
	To       string    `json:"to"`
	ToName   string    `json:"to_name"`
	State    string    `json:"state"`
	Response string    `json:"response,omitempty"`
	Signed   bool      `json:"signed,omitzero"`
	Answered time.Time `json:"answered,omitzero"`
}

// AnswerRequest answers the question with this message id, or the only one whose id begins like it; so with the
// response.
type AnswerRequest struct {
	ID       string        `json:"id"`
	Response string        `json:"response"`
	Timeout  time.Duration `json:"timeout,omitzero"`
}

// FeaturesRequest asks a contact for the features of a type that match; "*" at the end stands for anything.
// Empty fields ask for all protocols.
type FeaturesRequest struct {
	To      string        `json:"to"`
	Type    string        `json:"type,omitempty"`
	Match   string        `json:"match,omitempty"`
	Timeout time.Duration `json:"timeout,omitzero"`
}

// Features are what a contact discloses of itself.
type Features struct {
	V        int       `json:"v"`
	Name     string    `json:"name"`
	DID      string    `json:"did"`
	Features []Feature `json:"features"`
}

// Feature is one thing that a contact can do.
type Feature struct {
	Type  string   `json:"feature-type"`
	ID    string   `json:"id"`
	Roles []string `json:"roles,omitempty"`
}
