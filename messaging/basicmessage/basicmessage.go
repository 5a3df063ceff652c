package basicmessage

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

// The protocol, as a pattern for Mux.Handle, and its message.
const (
	Protocol = "https://didcomm.org/basicmessage/2.0/"
	Type     = Protocol + "message"
)

// ErrNotText is wrapped by Text's error for a message that is no basic message.
var ErrNotText = errors.New("not a basic message")

type body struct {
	Content *string `json:"content"`
}

// New makes a message with a text to somebody. It bears the time, which the protocol demands. Bytes that
// are not UTF-8 become U+FFFD, as JSON cannot hold them.
func New(to did.DID, text string) *messaging.Message {
	m := &messaging.Message{Type: Type, To: []did.DID{to}, Created: time.Now().Truncate(time.Second).UTC()}
	text = strings.ToValidUTF8(text, "\uFFFD")
	_ = m.SetBody(body{&text}) // valid UTF-8 always has a JSON form
	return m
}

// Text returns the text of a basic message. The error wraps ErrNotText for another type and for a body
// without content, messaging.ErrMessage for a content that is no string.
func Text(m *messaging.Message) (string, error) {
	if !messaging.SameType(m.Type, Type) {
		return "", fmt.Errorf("%w: its type is %q", ErrNotText, m.Type)
	}
	var b body
	if err := m.DecodeBody(&b); err != nil {
		return "", err
	}
	if b.Content == nil {
		return "", fmt.Errorf("%w: it has no content", ErrNotText)
	}
	return *b.Content, nil
}

// OnText returns a handler that calls f with each text. Messages without one are left to the user. As with
// every handler, what f replies counts once it has returned nil, and an error has f called again later.
func OnText(f func(ctx context.Context, re messaging.Replier, m *messaging.Received, text string) error) messaging.Handler {
	return messaging.HandlerFunc(func(ctx context.Context, re messaging.Replier, m *messaging.Received) error {
		text, err := Text(m.Message)
		if err != nil {
			re.Keep()
			return nil
		}
		return f(ctx, re, m, text)
	})
}

// Reply answers the message that a handler deals with by a text in its thread.
func Reply(re messaging.Replier, text string) error {
	m := New(did.DID{}, text)
	m.To = nil
	return re.Reply(m)
}

// Handler leaves every message to the user, the malformed ones as well: a person may still make
// something of it, and nothing is lost in silence.
var Handler = messaging.KeepHandler
