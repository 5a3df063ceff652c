package receipts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/body"
)

// The protocol, as a pattern for Mux.Handle, and its messages.
const (
	Protocol    = "https://didcomm.org/receipts/1.0/"
	Type        = Protocol + "message-receipts"
	RequestType = Protocol + "request-receipts"
)

// MaxReceipts is how many receipts of one message are read; more than that are passed over.
const MaxReceipts = body.MaxList

// ErrNotReceipts is wrapped by Parse's error for a message that has another type or has no receipts.
var ErrNotReceipts = errors.New("not a message with receipts")

// State is what became of a message at its recipient.
type State string

// The states (receipts 1.0, Message States).
const (
	Received State = "received" // it can be seen
	Viewed   State = "viewed"   // it was seen
	Deleted  State = "deleted"  // it was received and is gone
)

// Receipt says what became of one message. At is the recipient's clock, zero where it does not say.
type Receipt struct {
	ID    string
	State State
	At    time.Time
}

// receipt is the JSON form. The timestamp is written as a number, and read as a number or a string of seconds:
// the protocol's text has the one and its examples have the other.
type receipt struct {
	MessageID string         `json:"message_id"`
	State     State          `json:"state"`
	Timestamp jsontext.Value `json:"timestamp,omitzero"`
}

type receiptsBody struct {
	Receipts body.List[receipt] `json:"receipts"`
}

// New makes a message to somebody that says of those of its messages with the ids, at most MaxReceipts, that
// they came to a state at a time.
func New(to did.DID, s State, at time.Time, ids ...string) *messaging.Message {
	b := receiptsBody{Receipts: make([]receipt, 0, len(ids))}
	for _, id := range ids {
		b.Receipts = append(b.Receipts, receipt{id, s, strconv.AppendInt(nil, at.Unix(), 10)})
	}
	m := &messaging.Message{Type: Type, To: []did.DID{to}}
	_ = m.SetBody(b) // ids that were read from messages are valid UTF-8
	return m
}

// Parse returns the first MaxReceipts receipts of a message, those apart that name no message or a state that we
// do not know. The error wraps ErrNotReceipts, or messaging.ErrMessage for a body of another form.
func Parse(m *messaging.Message) ([]Receipt, error) {
	if !messaging.SameType(m.Type, Type) {
		return nil, fmt.Errorf("%w: its type is %q", ErrNotReceipts, m.Type)
	}
	var b receiptsBody
	if err := m.DecodeBody(&b); err != nil {
		return nil, err
	}
	if b.Receipts == nil {
		return nil, fmt.Errorf("%w: it has none", ErrNotReceipts)
	}
	var rs []Receipt
	for _, r := range b.Receipts {
		if r.MessageID != "" && slices.Contains([]State{Received, Viewed, Deleted}, r.State) {
			rs = append(rs, Receipt{r.MessageID, r.State, seconds(r.Timestamp)})
		}
	}
	return rs, nil
}

// seconds reads a timestamp; what is none is zero, for nothing depends on it.
func seconds(v jsontext.Value) time.Time {
	text := string(v)
	if v.Kind() == '"' {
		b, err := jsontext.AppendUnquote(nil, v)
		if err != nil {
			return time.Time{}
		}
		text = string(b)
	}
	const year10000 = 253_402_300_800
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 0 && n < year10000 {
		return time.Unix(n, 0).UTC()
	}
	return time.Time{}
}

// Handler takes receipts, and nothing else that is of the protocol but unknown to us, which it leaves to the
// user. It is safe for concurrent use if Advance is.
type Handler struct {
	// Advance is told which messages their recipient, the sender of m, says to have received (inbox.Delivered) or
	// to have read (inbox.Read), at least once. It has to pass over what was never sent to m.Sender. Its error has
	// m tried again.
	Advance func(ctx context.Context, m *messaging.Received, ids []string, s inbox.State) error
}

// HandleMessage implements messaging.Handler. Receipts of nobody count for nothing.
func (h Handler) HandleMessage(ctx context.Context, re messaging.Replier, m *messaging.Received) error {
	switch {
	case messaging.SameType(m.Type, RequestType):
		return nil
	case !messaging.SameType(m.Type, Type):
		re.Keep()
		return nil
	}
	rs, err := Parse(m.Message)
	if err != nil {
		return body.Malformed
	}
	if m.Sender.IsZero() {
		return nil
	}
	ids := map[inbox.State][]string{}
	for _, r := range rs {
		s := inbox.Delivered
		if r.State == Viewed {
			s = inbox.Read
		}
		ids[s] = append(ids[s], r.ID)
	}
	for _, s := range []inbox.State{inbox.Delivered, inbox.Read} {
		if len(ids[s]) == 0 {
			continue
		}
		if err := h.Advance(ctx, m, ids[s], s); err != nil {
			return err
		}
	}
	return nil
}
