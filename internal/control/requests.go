package control

import (
	"context"
	"encoding/json"
	"time"
)

// Requests are what strangers have written who wait to be let in.
type Requests interface {
	// Requests returns the first messages of strangers, oldest first.
	Requests(ctx context.Context) ([]Request, error)
	// SettleRequest accepts or blocks a stranger, and returns the contact that was made.
	SettleRequest(ctx context.Context, r RequestDecision) (Contact, error)
}

// Request is the first message of a stranger.
type Request struct {
	V int `json:"v"`
	// From is the sender's DID, Short a form of it to call it by: any unique prefix of it is taken as well.
	From  string `json:"from"`
	Short string `json:"short"`
	// DisplayName is what it calls itself, if it said.
	DisplayName string          `json:"display_name,omitempty"`
	ID          string          `json:"id"`
	Type        string          `json:"type"`
	Content     string          `json:"content"`
	Body        json.RawMessage `json:"body,omitempty"`
	Received    time.Time       `json:"received"`
}

// RequestDecision says what to do with a request. From is as in Request, its Short or a unique prefix of that.
type RequestDecision struct {
	From string `json:"from"`
	// Name is the petname; empty takes what the stranger calls itself.
	Name  string `json:"name,omitempty"`
	Block bool   `json:"block,omitzero"`
	// Timeout is how long to wait for somebody accepted to be told that its message has arrived; none does not
	// wait, and that it was not told in time is no error.
	Timeout time.Duration `json:"timeout,omitzero"`
}
