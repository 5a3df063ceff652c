package trustping

import (
	"context"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

// The protocol, as a pattern for Mux.Handle, and its messages.
const (
	Protocol     = "https://didcomm.org/trust-ping/2.0/"
	PingType     = Protocol + "ping"
	ResponseType = Protocol + "ping-response"
)

// body is that of a ping. An absent member means true (trust-ping 2.0, ping).
type body struct {
	ResponseRequested *bool `json:"response_requested,omitzero"`
}

// Ping makes a ping to somebody. Without a requested response it only shows that we are there.
func Ping(to did.DID, responseRequested bool) *messaging.Message {
	m := &messaging.Message{Type: PingType, To: []did.DID{to}}
	_ = m.SetBody(body{&responseRequested}) // a bool always has a JSON form
	return m
}

// Response makes the answer to a ping, in the ping's thread.
func Response(ping *messaging.Received) *messaging.Message {
	return &messaging.Message{Type: ResponseType, To: []did.DID{ping.Sender}, ThreadID: ping.Thread()}
}

// Handler answers pings and takes responses. It leaves other messages of the protocol to the user. It is
// safe for concurrent use if OnResponse is.
type Handler struct {
	// OnResponse, if not nil, is told of each response: at least once, on the handler's goroutine. The
	// message's Thread is the id of the ping.
	OnResponse func(m *messaging.Received)
}

// HandleMessage implements messaging.Handler. Nobody is answered who is anonymous, who asks for no
// answer, or whose ping is malformed: asking for it again would not mend it.
func (h Handler) HandleMessage(_ context.Context, re messaging.Replier, m *messaging.Received) error {
	switch {
	case messaging.SameType(m.Type, PingType):
		var b body
		if m.Sender.IsZero() || m.DecodeBody(&b) != nil || b.ResponseRequested != nil && !*b.ResponseRequested {
			return nil
		}
		return re.Reply(Response(m))
	case messaging.SameType(m.Type, ResponseType):
		if h.OnResponse != nil {
			h.OnResponse(m)
		}
	default:
		re.Keep()
	}
	return nil
}
