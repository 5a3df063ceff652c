package userprofile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/body"
)

// The protocol, as a pattern for Mux.Handle, and its messages.
const (
	Protocol    = "https://didcomm.org/user-profile/1.0/"
	Type        = Protocol + "profile"
	RequestType = Protocol + "request-profile"
)

// Names of the fields of a profile, as they stand in requests.
const (
	FieldDisplayName = "displayName"
	FieldDescription = "description"
)

// ErrNotProfile is wrapped by Parse's error for a message that has another type or no profile.
var ErrNotProfile = errors.New("not a profile")

// Profile is what somebody says of itself. A nil field is not mentioned and stays as it was; an empty one says
// that there is none (any more).
type Profile struct {
	DisplayName, Description *string
}

// Of is a profile with both fields.
func Of(displayName, description string) Profile { return Profile{&displayName, &description} }

// field is a string of which absent, and null or empty, mean different things.
type field struct{ text *string }

// UnmarshalJSONFrom reads a string, or null as an empty one.
func (f *field) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	tok, err := dec.ReadToken()
	if err != nil {
		return err
	}
	switch tok.Kind() {
	case 'n':
		f.text = new("")
	case '"':
		f.text = new(tok.String())
	default:
		return fmt.Errorf("%s where a string must stand", tok.Kind())
	}
	return nil
}

// MarshalJSONTo writes the string; absent fields are left out by IsZero.
func (f field) MarshalJSONTo(enc *jsontext.Encoder) error {
	return enc.WriteToken(jsontext.String(strings.ToValidUTF8(*f.text, "\uFFFD")))
}

// IsZero reports whether the field is absent.
func (f field) IsZero() bool { return f.text == nil }

type profile struct {
	DisplayName field `json:"displayName,omitzero"`
	Description field `json:"description,omitzero"`
}

type profileBody struct {
	Profile       *profile `json:"profile"`
	SendBackYours bool     `json:"send_back_yours,omitzero"`
}

type requestBody struct {
	Query body.List[string] `json:"query,omitempty"`
}

// New makes a message that tells somebody our profile, and asks for theirs if sendBackYours is set. Bytes that
// are not UTF-8 become U+FFFD.
func New(to did.DID, p Profile, sendBackYours bool) *messaging.Message {
	m := &messaging.Message{Type: Type, To: []did.DID{to}}
	wire := profile{field{p.DisplayName}, field{p.Description}}
	_ = m.SetBody(profileBody{&wire, sendBackYours}) // valid UTF-8 has a JSON form
	return m
}

// Request makes a message that asks somebody for their profile: the named fields, or all if none is named.
func Request(to did.DID, fields ...string) *messaging.Message {
	m := &messaging.Message{Type: RequestType, To: []did.DID{to}}
	_ = m.SetBody(requestBody{fields}) // the names of fields have a JSON form
	return m
}

// Parse returns the profile in a message and whether it asks for ours: of any length and with any characters. The
// error wraps ErrNotProfile, or messaging.ErrMessage for a body of another form.
func Parse(m *messaging.Message) (p Profile, sendBackYours bool, err error) {
	if !messaging.SameType(m.Type, Type) {
		return p, false, fmt.Errorf("%w: its type is %q", ErrNotProfile, m.Type)
	}
	var b profileBody
	if err := m.DecodeBody(&b); err != nil {
		return p, false, err
	}
	if b.Profile == nil {
		return p, false, fmt.Errorf("%w: it has none", ErrNotProfile)
	}
	return Profile{b.Profile.DisplayName.text, b.Profile.Description.text}, b.SendBackYours, nil
}

// DisplayName returns the name that a profile message gives, as it came: of any length and with any
// characters. It is empty for other messages and where there is none. It fits Node.Introduction.
func DisplayName(m *messaging.Message) string {
	p, _, err := Parse(m)
	if err != nil || p.DisplayName == nil {
		return ""
	}
	return *p.DisplayName
}

// Handler takes profiles and answers who asks for ours. It leaves other messages of the protocol to the user. It
// is safe for concurrent use if its functions are.
type Handler struct {
	// Mine returns our profile; nil: nobody who asks is answered.
	Mine func() Profile
	// Theirs is told what a contact says of itself, at least once; nil: nobody is told. Its error has the message
	// tried again.
	Theirs func(ctx context.Context, from did.DID, p Profile) error
}

// HandleMessage implements messaging.Handler. What nobody in particular says or asks counts for nothing.
func (h Handler) HandleMessage(ctx context.Context, re messaging.Replier, m *messaging.Received) error {
	switch {
	case messaging.SameType(m.Type, Type):
		return h.profile(ctx, re, m)
	case messaging.SameType(m.Type, RequestType):
		return h.request(re, m)
	}
	re.Keep()
	return nil
}

func (h Handler) profile(ctx context.Context, re messaging.Replier, m *messaging.Received) error {
	p, back, err := Parse(m.Message)
	if err != nil {
		return body.Malformed
	}
	if h.Theirs != nil && !m.Sender.IsZero() {
		if err := h.Theirs(ctx, m.Sender, p); err != nil {
			return err
		}
	}
	if !back {
		return nil
	}
	return h.answer(re, m, nil)
}

func (h Handler) request(re messaging.Replier, m *messaging.Received) error {
	var b requestBody
	if m.DecodeBody(&b) != nil {
		return body.Malformed
	}
	return h.answer(re, m, b.Query)
}

// answer sends the fields of our profile that were asked for, in a thread of its own below that of m, and does
// not ask for one back (user-profile 1.0, Profile and Request Profile).
func (h Handler) answer(re messaging.Replier, m *messaging.Received, fields []string) error {
	if h.Mine == nil || m.Sender.IsZero() {
		return nil
	}
	p := h.Mine()
	if len(fields) > 0 && !slices.Contains(fields, FieldDisplayName) {
		p.DisplayName = nil
	}
	if len(fields) > 0 && !slices.Contains(fields, FieldDescription) {
		p.Description = nil
	}
	answer := New(m.Sender, p, false)
	answer.ID = messaging.NewID()
	answer.ThreadID, answer.ParentThreadID = answer.ID, m.ID
	return re.Reply(answer)
}
