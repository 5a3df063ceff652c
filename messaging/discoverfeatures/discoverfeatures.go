package discoverfeatures

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/body"
)

// The protocol, as a pattern for Mux.Handle, and its messages.
const (
	Protocol     = "https://didcomm.org/discover-features/2.0/"
	QueriesType  = Protocol + "queries"
	DiscloseType = Protocol + "disclose"
)

// Types of features that the protocol defines; there may be others.
const (
	TypeProtocol   = "protocol"        // the id is a PIURI, such as "https://didcomm.org/trust-ping/2.0"
	TypeGoalCode   = "goal-code"       // the id is a goal code
	TypeGovernance = "gov-fw"          // the id is the URI of a governance framework
	TypeVersion    = "didcomm-version" // the id is the URI of where the version of DIDComm is developed
	TypeHeader     = "header"          // the id is the name of a message header
)

// Limits of what is read of one message; more than that is passed over.
const (
	MaxQueries     = 16
	MaxDisclosures = body.MaxList
)

// ErrType is wrapped by the errors of the parsers for a message of another type, or without its list.
var ErrType = errors.New("not a message of discover-features")

// Query asks for the features of a type whose id is Match, or begins as Match does before a "*" at its end.
type Query struct {
	Type  string `json:"feature-type"`
	Match string `json:"match"`
}

// Feature is something that somebody can do. Roles are those that it can play in a protocol; none says nothing
// about roles.
type Feature struct {
	Type  string            `json:"feature-type"`
	ID    string            `json:"id"`
	Roles body.List[string] `json:"roles,omitempty"`
}

type queriesBody struct {
	Queries body.List[Query] `json:"queries"`
}

type discloseBody struct {
	Disclosures body.List[Feature] `json:"disclosures"`
}

// Queries makes a message that asks somebody for its features. Readers take at most MaxQueries of them.
func Queries(to did.DID, qs ...Query) *messaging.Message {
	m := &messaging.Message{Type: QueriesType, To: []did.DID{to}}
	qs = slices.Clone(qs)
	for i, q := range qs {
		qs[i] = Query{strings.ToValidUTF8(q.Type, "\uFFFD"), strings.ToValidUTF8(q.Match, "\uFFFD")}
	}
	_ = m.SetBody(queriesBody{qs}) // valid UTF-8 always has a JSON form
	return m
}

// Disclose makes the answer to queries, in their thread. Without features it tells nothing, not that there are
// none. Their texts have to be valid UTF-8.
func Disclose(queries *messaging.Received, fs []Feature) (*messaging.Message, error) {
	m := &messaging.Message{Type: DiscloseType, To: []did.DID{queries.Sender}, ThreadID: queries.Thread()}
	return m, m.SetBody(discloseBody{fs[:min(len(fs), MaxDisclosures)]})
}

// ParseQueries returns the first MaxQueries queries of a message. The error wraps ErrType, or
// messaging.ErrMessage for a body of another form.
func ParseQueries(m *messaging.Message) ([]Query, error) {
	var b queriesBody
	if err := parse(m, QueriesType, &b); err != nil {
		return nil, err
	}
	if b.Queries == nil {
		return nil, fmt.Errorf("%w: it has no queries", ErrType)
	}
	return b.Queries[:min(len(b.Queries), MaxQueries)], nil
}

// ParseDisclose returns the first MaxDisclosures features of a message. The error wraps ErrType, or
// messaging.ErrMessage for a body of another form. What others say of themselves need not be true.
func ParseDisclose(m *messaging.Message) ([]Feature, error) {
	var b discloseBody
	if err := parse(m, DiscloseType, &b); err != nil {
		return nil, err
	}
	if b.Disclosures == nil {
		return nil, fmt.Errorf("%w: it has no disclosures", ErrType)
	}
	return b.Disclosures, nil
}

func parse(m *messaging.Message, typ string, v any) error {
	if !messaging.SameType(m.Type, typ) {
		return fmt.Errorf("%w: its type is %q", ErrType, m.Type)
	}
	return m.DecodeBody(v)
}

// Select returns the features that fit one of the queries, each once and in their order.
func Select(all []Feature, qs []Query) []Feature {
	fits := []Feature{}
	for _, f := range all {
		if slices.ContainsFunc(qs, func(q Query) bool { return q.fits(f) }) {
			fits = append(fits, f)
		}
	}
	return fits
}

func (q Query) fits(f Feature) bool {
	prefix, wild := strings.CutSuffix(q.Match, "*")
	return q.Type == f.Type && (f.ID == q.Match || wild && strings.HasPrefix(f.ID, prefix))
}

// Handler answers queries and takes disclosures. It leaves other messages of the protocol to the user. It is safe
// for concurrent use if its functions are.
type Handler struct {
	// Features returns what a contact may know of us; queries select from that. Nil: nothing.
	Features func(ctx context.Context, from did.DID) []Feature
	// OnDisclose, if not nil, is told of each disclosure, at least once, whether it was asked for or not: an answer
	// has the thread of queries of ours, and m.Sender is whom they went to.
	OnDisclose func(m *messaging.Received, fs []Feature)
}

// HandleMessage implements messaging.Handler. Queries get one answer each, those of nobody none.
func (h Handler) HandleMessage(ctx context.Context, re messaging.Replier, m *messaging.Received) error {
	switch {
	case messaging.SameType(m.Type, QueriesType):
		return h.answer(ctx, re, m)
	case messaging.SameType(m.Type, DiscloseType):
		fs, err := ParseDisclose(m.Message)
		if err != nil {
			return body.Malformed
		}
		if h.OnDisclose != nil {
			h.OnDisclose(m, fs)
		}
	default:
		re.Keep()
	}
	return nil
}

func (h Handler) answer(ctx context.Context, re messaging.Replier, m *messaging.Received) error {
	qs, err := ParseQueries(m.Message)
	if err != nil {
		return body.Malformed
	}
	if m.Sender.IsZero() {
		return nil
	}
	var all []Feature
	if h.Features != nil {
		all = h.Features(ctx, m.Sender)
	}
	answer, err := Disclose(m, Select(all, qs))
	if err != nil {
		return err
	}
	return re.Reply(answer)
}
