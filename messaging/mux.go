package messaging

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/parley-im/parley/did"
)

// Received is a message that has arrived, been verified and been committed.
type Received struct {
	*Message
	// Owner is the DID of ours that it came to. Sender is its verified sender in canonical form; zero
	// when it is anonymous: then Message.From proves nothing.
	Owner, Sender did.DID
	// Seq numbers what this wallet has received.
	Seq int64
	// Signed is set when the sender signed it, beyond authenticating the envelope.
	Signed bool
	// Misaddressed is set when it does not name us in "to".
	Misaddressed bool
	// Answered is set when the path has already told the sender that it was committed.
	Answered bool
	// At is when it arrived.
	At time.Time
}

// Replier is how a handler answers. Nothing it does takes effect before the handler has returned nil;
// then all of it does in one step with the message being settled. It is for the handler's goroutine.
type Replier interface {
	// Reply queues a message to the sender. ID, From, To, ThreadID and Created are filled in where they
	// are empty. It fails for an anonymous sender and for a message that is too large.
	Reply(m *Message) error
	// Keep leaves the message to the wallet's user: recv shows it until it is acked.
	Keep()
}

// Handler deals with messages. It is called at least once for each message, one at a time per sender
// and in the order of arrival. An error has it called again later, with growing pauses, and at last
// gives the message up; returning nil settles it for good.
type Handler interface {
	HandleMessage(ctx context.Context, re Replier, m *Received) error
}

// HandlerFunc is a function as a Handler.
type HandlerFunc func(ctx context.Context, re Replier, m *Received) error

// HandleMessage calls f.
func (f HandlerFunc) HandleMessage(ctx context.Context, re Replier, m *Received) error {
	return f(ctx, re, m)
}

// KeepHandler keeps every message for the user.
var KeepHandler Handler = keepHandler{}

type keepHandler struct{}

func (keepHandler) HandleMessage(_ context.Context, re Replier, _ *Received) error {
	re.Keep()
	return nil
}

// Keeps implements Keeper.
func (keepHandler) Keeps(string) bool { return true }

// Keeper is a Handler that may say beforehand, by their type, that all it does with some messages is to keep
// them. Those of them that ask for nothing else are kept in the step that commits them, and are not given to
// it any more, unless an earlier message of their sender still waits for its handler.
type Keeper interface {
	Handler
	// Keeps reports whether handling a message of the type is KeepHandler. It must always say the same.
	Keeps(uri string) bool
}

// Mux hands messages to handlers by type. Types without a handler are left to Default. Register all
// handlers before the Node runs; after that it is safe for concurrent use. The zero value is ready.
type Mux struct {
	// Default takes the messages of types without a handler; nil keeps them for the user.
	Default Handler

	exact    map[typeURI]Handler
	protocol map[typeURI]Handler
	spoken   map[typeURI]version // by protocol: how it was registered
}

// version is one way in which a protocol was registered.
type version struct {
	minor int
	uri   string
}

// Handle registers h for a message type URI, or for all messages of a protocol if the pattern ends in
// "/". It panics if the pattern has not that form or is taken.
func (x *Mux) Handle(pattern string, h Handler) {
	t, ok := parseTypeURI(pattern)
	if !ok {
		panic(fmt.Sprintf("messaging: %q is not a message type URI", pattern))
	}
	minor := t.minor
	t.minor = 0
	into := &x.exact
	if strings.HasSuffix(pattern, "/") {
		into = &x.protocol
	}
	if *into == nil {
		*into = map[typeURI]Handler{}
	}
	if _, taken := (*into)[t]; taken {
		panic(fmt.Sprintf("messaging: %q has a handler already", pattern))
	}
	(*into)[t] = h
	x.speak(t, version{minor, pattern[:strings.LastIndexByte(pattern, '/')]})
}

// speak notes that a protocol has a handler, by the highest minor version that was registered.
func (x *Mux) speak(t typeURI, v version) {
	t.message = ""
	if known, ok := x.spoken[t]; ok && known.minor >= v.minor {
		return
	}
	if x.spoken == nil {
		x.spoken = map[typeURI]version{}
	}
	x.spoken[t] = v
}

// HandleMessage passes the message to the handler of its type, or else of its protocol.
func (x *Mux) HandleMessage(ctx context.Context, re Replier, m *Received) error {
	return x.handler(m.Type).HandleMessage(ctx, re, m)
}

// Keeps implements Keeper, for types whose handler is one.
func (x *Mux) Keeps(uri string) bool {
	k, ok := x.handler(uri).(Keeper)
	return ok && k.Keeps(uri)
}

func (x *Mux) handler(uri string) Handler {
	t, ok := parseTypeURI(uri)
	if !ok {
		return x.fallback()
	}
	t.minor = 0
	if h, ok := x.exact[t]; ok {
		return h
	}
	t.message = ""
	if h, ok := x.protocol[t]; ok {
		return h
	}
	return x.fallback()
}

func (x *Mux) fallback() Handler {
	if x.Default != nil {
		return x.Default
	}
	return KeepHandler
}

// Protocols returns the protocols that have a handler, be it for one type of theirs alone, as PIURIs such as
// "https://didcomm.org/trust-ping/2.0" (DIDComm v2.1, Protocol Identifier URI): as they were registered, each
// major version once with its highest minor version, sorted. Those of a Default that is a *Mux are among them;
// what is only kept for the user is not.
func (x *Mux) Protocols() []string {
	all := Mux{spoken: maps.Clone(x.spoken)}
	for m, ok := x.Default.(*Mux); ok && m != nil; m, ok = m.Default.(*Mux) {
		for t, v := range m.spoken {
			all.speak(t, v)
		}
	}
	uris := make([]string, 0, len(all.spoken))
	for _, v := range all.spoken {
		uris = append(uris, v.uri)
	}
	slices.Sort(uris)
	return uris
}
