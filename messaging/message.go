package messaging

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-im/parley/did"
)

// MaxPlaintext is the largest plaintext in bytes that Send takes: three layers of envelope cost 2.4
// times its size, and an envelope may have 1 MiB.
const MaxPlaintext = 384 << 10

// PlainType is the media type of a plaintext (DIDComm v2.1, IANA Media Types).
const PlainType = "application/didcomm-plain+json"

// Limits of what ParseMessage takes beyond the size of the envelope.
const (
	maxID     = 256
	maxType   = 1024
	maxTo     = 64
	maxAcks   = 256
	maxAttach = 64
	maxExtra  = 64
	// maxTime is the last second of the year 9999: RFC 3339 and time's arithmetic end there, and
	// whoever writes milliseconds is told so.
	maxTime = 253_402_300_799
)

// ErrMessage is wrapped by every error that says that a plaintext is no well-formed message.
var ErrMessage = errors.New("malformed message")

// Message is a DIDComm plaintext message (DIDComm v2.1, Plaintext Message Structure).
//
// The zero value of every field but Type may be left to Node.Send to fill.
type Message struct {
	// ID is unique for its sender; NewID makes one. Type is a message type URI.
	ID, Type string
	// From is the sender; To lists the recipients. Neither has a fragment.
	From did.DID
	To   []did.DID
	// ThreadID is empty in the first message of a thread, see Thread. ParentThreadID names the thread
	// that this one grew out of, or the invitation that it answers.
	ThreadID, ParentThreadID string
	// Created and Expires have whole seconds; zero means absent.
	Created, Expires time.Time
	// Body is a JSON object; nil is sent as {}.
	Body jsontext.Value
	// Attachments are at most 64.
	Attachments []Attachment
	// PleaseAck lists ids whose acknowledgement is asked for, "" being this message; Ack lists ids that
	// this message acknowledges, oldest first (DIDComm v2.1, ACKs).
	PleaseAck, Ack []string
	// Extra holds all other headers as they came. They are sent along.
	Extra map[string]jsontext.Value
}

// wireMessage is the JSON form of a Message.
type wireMessage struct {
	ID          string           `json:"id"`
	Typ         string           `json:"typ,omitzero"`
	Type        string           `json:"type"`
	From        string           `json:"from,omitzero"`
	To          list[string]     `json:"to,omitempty"`
	Thid        string           `json:"thid,omitzero"`
	Pthid       string           `json:"pthid,omitzero"`
	CreatedTime *int64           `json:"created_time,omitzero"`
	ExpiresTime *int64           `json:"expires_time,omitzero"`
	PleaseAck   list[string]     `json:"please_ack,omitempty"`
	Ack         list[string]     `json:"ack,omitempty"`
	Body        jsontext.Value   `json:"body,omitzero"`
	Attachments list[Attachment] `json:"attachments,omitempty"`
	//lint:ignore SA5008 embed is an option of go-json-experiment/json
	Extra jsontext.Value `json:",embed"` // an object: all other headers
}

// NewID returns a fresh random message id of 26 characters.
func NewID() string { return rand.Text() }

// Thread returns the thread that the message belongs to: its thid, or its id where that is absent.
func (m *Message) Thread() string {
	if m.ThreadID != "" {
		return m.ThreadID
	}
	return m.ID
}

// SetBody sets Body to the JSON form of v, which must be an object.
func (m *Message) SetBody(v any) error {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("message body: %w", err)
	}
	if jsontext.Value(b).Kind() != '{' {
		return fmt.Errorf("%w: the body must be a JSON object", ErrMessage)
	}
	m.Body = b
	return nil
}

// DecodeBody reads Body into v; unknown members are ignored, duplicate ones an error.
func (m *Message) DecodeBody(v any) error {
	body := m.Body
	if len(body) == 0 {
		body = jsontext.Value("{}")
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fmt.Errorf("%w: body: %w", ErrMessage, err)
	}
	return nil
}

// Marshal returns the plaintext.
func (m *Message) Marshal() ([]byte, error) {
	w := wireMessage{
		ID: m.ID, Typ: PlainType, Type: m.Type, From: m.From.String(), Thid: m.ThreadID, Pthid: m.ParentThreadID,
		CreatedTime: toUnix(m.Created), ExpiresTime: toUnix(m.Expires), PleaseAck: m.PleaseAck, Ack: m.Ack,
		Body: m.Body, Attachments: m.Attachments,
	}
	for _, to := range m.To {
		w.To = append(w.To, to.String())
	}
	if len(m.Extra) > 0 {
		extra, err := json.Marshal(m.Extra, json.Deterministic(true))
		if err != nil {
			return nil, fmt.Errorf("encode message: %w", err)
		}
		w.Extra = extra
	}
	if len(w.Body) == 0 {
		w.Body = jsontext.Value("{}")
	}
	b, err := json.Marshal(&w, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode message: %w", err)
	}
	return b, nil
}

// ParseMessage reads a plaintext strictly: the types of all known headers, no duplicate members, and
// the limits of this package. Its errors wrap ErrMessage.
func ParseMessage(plaintext []byte) (*Message, error) {
	var w wireMessage
	if err := json.Unmarshal(plaintext, &w); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	if err := w.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	m := &Message{
		ID: w.ID, Type: w.Type, ThreadID: w.Thid, ParentThreadID: w.Pthid,
		Created: fromUnix(w.CreatedTime), Expires: fromUnix(w.ExpiresTime), PleaseAck: w.PleaseAck, Ack: w.Ack,
		Body: w.Body, Attachments: w.Attachments,
	}
	var err error
	if m.Extra, err = parseExtra(w.Extra); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	if w.From != "" {
		if m.From, err = parseParty(w.From); err != nil {
			return nil, fmt.Errorf("%w: from: %w", ErrMessage, err)
		}
	}
	for _, s := range w.To {
		to, err := parseParty(s)
		if err != nil {
			return nil, fmt.Errorf("%w: to: %w", ErrMessage, err)
		}
		m.To = append(m.To, to)
	}
	return m, nil
}

// check holds the rules that the JSON types do not express.
func (w *wireMessage) check() error {
	switch {
	case w.ID == "" || len(w.ID) > maxID:
		return fmt.Errorf("id must have 1 to %d bytes", maxID)
	case w.Type == "" || len(w.Type) > maxType:
		return fmt.Errorf("type must have 1 to %d bytes", maxType)
	case w.Typ != "" && w.Typ != PlainType && "application/"+w.Typ != PlainType:
		return fmt.Errorf("typ is not %s", PlainType)
	case len(w.Thid) > maxID || len(w.Pthid) > maxID:
		return fmt.Errorf("thid and pthid have at most %d bytes", maxID)
	case len(w.To) > maxTo || len(w.Attachments) > maxAttach:
		return errors.New("too many recipients or attachments")
	case len(w.Ack) > maxAcks || len(w.PleaseAck) > maxAcks:
		return errors.New("too many acks")
	case w.Body != nil && w.Body.Kind() != '{':
		return errors.New("body is not an object")
	case !validTime(w.CreatedTime) || !validTime(w.ExpiresTime):
		return errors.New("times are whole seconds from 1970 to the year 9999")
	}
	for i := range w.Attachments {
		if err := w.Attachments[i].check(); err != nil {
			return err
		}
	}
	return nil
}

// parseExtra reads the headers that this package does not know, at most maxExtra of them.
func parseExtra(object jsontext.Value) (map[string]jsontext.Value, error) {
	if len(object) == 0 {
		return nil, nil
	}
	dec := jsontext.NewDecoder(bytes.NewReader(object))
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	extra := map[string]jsontext.Value{}
	for dec.PeekKind() != '}' {
		if len(extra) == maxExtra {
			return nil, errors.New("too many headers")
		}
		name, err := dec.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String()
		value, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		extra[key] = value.Clone()
	}
	return extra, nil
}

// parseParty reads a from or to: a DID, or a DID URL without a fragment, of which the DID counts
// (DIDComm v2.1, Message Headers).
func parseParty(s string) (did.DID, error) {
	if strings.ContainsRune(s, '#') {
		return did.DID{}, errors.New("a DID must stand here, not a key")
	}
	if strings.ContainsAny(s, "/?") {
		u, err := did.ParseURL(s)
		return u.DID, err
	}
	return did.Parse(s)
}

func validTime(s *int64) bool { return s == nil || *s >= 0 && *s <= maxTime }

func toUnix(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	s := t.Unix()
	return &s
}

func fromUnix(s *int64) time.Time {
	if s == nil {
		return time.Time{}
	}
	return time.Unix(*s, 0).UTC()
}
