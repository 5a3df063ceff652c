package outofband

import (
	"errors"
	"fmt"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

// The protocol, as a pattern for Mux.Handle, and its message.
const (
	Protocol = "https://didcomm.org/out-of-band/2.0/"
	Type     = Protocol + "invitation"
)

// Limits of what Parse takes, in bytes and numbers.
const (
	maxText = 256
	maxList = 16
	maxItem = 512
)

// ErrInvalid is wrapped by every error that says that something is no invitation.
var ErrInvalid = errors.New("not a valid invitation")

// Invitation invites whoever holds it to write to From.
type Invitation struct {
	// ID is what the answer names as its parent thread. Issuer.Issue makes it.
	ID string
	// From is the inviter, in the long form where its DID has one.
	From did.DID
	// Label is what the inviter calls itself. GoalCode and Goal say what for, to a program and to a
	// person. Each has at most 256 bytes.
	Label, GoalCode, Goal string
	// Accept lists DIDComm profiles, such as "didcomm/v2"; Addresses lists multiaddrs where the inviter
	// may be reached. Each has at most 16 elements of at most 512 bytes.
	Accept, Addresses []string
	// Multi lets it be used any number of times, not only once.
	Multi bool
	// Created and Expires have whole seconds; zero means absent. A foreign invitation may never expire.
	Created, Expires time.Time
}

// body is the body of an invitation (out-of-band 2.0, invitation; the last three are ours).
type body struct {
	GoalCode  string   `json:"goal_code,omitzero"`
	Goal      string   `json:"goal,omitzero"`
	Accept    []string `json:"accept,omitempty"`
	Label     string   `json:"label,omitzero"`
	Addresses []string `json:"addresses,omitempty"`
	Multi     bool     `json:"multi,omitzero"`
}

// Parse reads the plaintext of an invitation. What this version does not know in it, attachments
// included, is left out. Errors wrap ErrInvalid.
func Parse(plaintext []byte) (*Invitation, error) {
	m, err := messaging.ParseMessage(plaintext)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if !messaging.SameType(m.Type, Type) {
		return nil, fmt.Errorf("%w: its type is %q", ErrInvalid, m.Type)
	}
	var b body
	if err := m.DecodeBody(&b); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	v := &Invitation{
		ID: m.ID, From: m.From, Label: b.Label, GoalCode: b.GoalCode, Goal: b.Goal, Accept: b.Accept,
		Addresses: b.Addresses, Multi: b.Multi, Created: m.Created, Expires: m.Expires,
	}
	if err := v.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return v, nil
}

func (v *Invitation) check() error {
	switch {
	case v.From.IsZero():
		return errors.New(`"from" is missing`)
	case max(len(v.Label), len(v.GoalCode), len(v.Goal)) > maxText:
		return fmt.Errorf("label, goal_code and goal have at most %d bytes", maxText)
	case max(len(v.Accept), len(v.Addresses)) > maxList:
		return fmt.Errorf("accept and addresses have at most %d elements", maxList)
	}
	for _, list := range [][]string{v.Accept, v.Addresses} {
		for _, item := range list {
			if item == "" || len(item) > maxItem {
				return fmt.Errorf("accept and addresses hold 1 to %d bytes each", maxItem)
			}
		}
	}
	return nil
}

// Plaintext returns the invitation as a DIDComm plaintext, which Parse reads. Errors wrap ErrInvalid.
func (v *Invitation) Plaintext() ([]byte, error) {
	if err := v.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	m := messaging.Message{ID: v.ID, Type: Type, From: v.From, Created: v.Created, Expires: v.Expires}
	err := m.SetBody(body{v.GoalCode, v.Goal, v.Accept, v.Label, v.Addresses, v.Multi})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	b, err := m.Marshal()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return b, nil
}

// Expired reports whether the invitation has ended by now.
func (v *Invitation) Expired(now time.Time) bool {
	return !v.Expires.IsZero() && !now.Before(v.Expires)
}
