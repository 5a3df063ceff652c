package empty

import (
	"context"
	"slices"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

// The protocol, as a pattern for Mux.Handle, and its message.
const (
	Protocol = "https://didcomm.org/empty/1.0/"
	Type     = messaging.EmptyType
)

// New makes an empty message to somebody.
func New(to did.DID) *messaging.Message {
	return &messaging.Message{Type: Type, To: []did.DID{to}}
}

// Ack makes an acknowledgement of the messages with these ids, oldest first, at most 256 (DIDComm v2.1,
// ACKs). It belongs to the thread thid, or to none if that is empty.
func Ack(to did.DID, thid string, ids ...string) *messaging.Message {
	m := New(to)
	m.ThreadID, m.Ack = thid, slices.Clone(ids)
	return m
}

// Handler takes the messages and does nothing more.
var Handler messaging.Handler = messaging.HandlerFunc(
	func(context.Context, messaging.Replier, *messaging.Received) error { return nil })
