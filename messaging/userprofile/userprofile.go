package userprofile

import (
	"context"
	"strings"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

// The protocol, as a pattern for Mux.Handle, and its message.
const (
	Protocol = "https://didcomm.org/user-profile/1.0/"
	Type     = Protocol + "profile"
)

type body struct {
	Profile profile `json:"profile"`
}

type profile struct {
	DisplayName string `json:"displayName,omitzero"`
}

// New makes a message to somebody that says by which name we go. Bytes that are not UTF-8 become U+FFFD.
func New(to did.DID, displayName string) *messaging.Message {
	m := &messaging.Message{Type: Type, To: []did.DID{to}}
	_ = m.SetBody(body{profile{strings.ToValidUTF8(displayName, "\uFFFD")}}) // valid UTF-8 has a JSON form
	return m
}

// DisplayName returns the name that a profile message gives, as it came: of any length and with any
// characters. It is empty for other messages and where there is none. It fits Node.Introduction.
func DisplayName(m *messaging.Message) string {
	var b body
	if !messaging.SameType(m.Type, Type) || m.DecodeBody(&b) != nil {
		return ""
	}
	return b.Profile.DisplayName
}

// Handler takes the messages and does nothing more: the introduction that a profile is for has been made
// when the message was accepted.
var Handler messaging.Handler = messaging.HandlerFunc(
	func(context.Context, messaging.Replier, *messaging.Received) error { return nil })
