package routing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

// The protocol, as a pattern for Mux.Handle, and its message.
const (
	Protocol    = "https://didcomm.org/routing/2.0/"
	ForwardType = Protocol + "forward"
)

// Limits: the routing keys of one endpoint, and the envelopes in one forward message.
const (
	MaxKeys     = 8
	MaxForwards = 16
)

// encryptedType is the media type of what is forwarded.
const encryptedType = "application/didcomm-encrypted+json"

// ErrForward is wrapped by the error about a message that is no well-formed forward.
var ErrForward = errors.New("not a forward message")

type body struct {
	Next string `json:"next"`
}

// Forward makes the message that asks the mediator to (zero: none is named) to pass envelopes on to next, which
// is a DID or a DID URL of a key. Its attachments have no other form than JSON: some mediators read no other.
// The id is random, and the message bears no time and no sender.
func Forward(to did.DID, next string, sealed ...[]byte) (*messaging.Message, error) {
	m := &messaging.Message{ID: messaging.NewID(), Type: ForwardType}
	if !to.IsZero() {
		m.To = []did.DID{to}
	}
	if err := m.SetBody(body{next}); err != nil {
		return nil, fmt.Errorf("forward: %w", err)
	}
	for _, s := range sealed {
		if !jsontext.Value(s).IsValid() {
			return nil, errors.New("forward: an envelope that is no JSON")
		}
		m.Attachments = append(m.Attachments, messaging.Attachment{
			MediaType: encryptedType, Data: messaging.AttachmentData{JSON: s},
		})
	}
	return m, nil
}

// Parse returns where a forward message goes, as it stands there, and the envelopes, each of which is to be
// forwarded, at most MaxForwards. Errors wrap ErrForward.
func Parse(m *messaging.Message) (next string, sealed [][]byte, err error) {
	if !messaging.SameType(m.Type, ForwardType) {
		return "", nil, fmt.Errorf("%w: its type is %.64q", ErrForward, m.Type)
	}
	var b body
	if err := m.DecodeBody(&b); err != nil {
		return "", nil, fmt.Errorf("%w: %w", ErrForward, err)
	}
	if _, err := did.ParseURL(b.Next); err != nil {
		return "", nil, fmt.Errorf("%w: next: %w", ErrForward, err)
	}
	if n := len(m.Attachments); n == 0 || n > MaxForwards {
		return "", nil, fmt.Errorf("%w: %d attachments, not 1 to %d", ErrForward, n, MaxForwards)
	}
	for i := range m.Attachments {
		content, err := m.Attachments[i].Content()
		if err != nil {
			return "", nil, fmt.Errorf("%w: %w", ErrForward, err)
		}
		sealed = append(sealed, content)
	}
	return b.Next, sealed, nil
}

// Keys finds the keys to encrypt to for a routing key: a DID URL of one key, or a DID with keys. They are of one
// DID and one curve, as envelope.Seal wants them.
type Keys func(ctx context.Context, key string) ([]envelope.Recipient, error)

// Wrap wraps a sealed envelope for next into one layer for each routing key, the first of which is the outermost:
// that of the mediator to send the result to. Without routing keys it returns the envelope. A forward that
// has a deadline expires then; zero means none. Errors: too many keys, those of keys, and envelope.ErrTooLarge.
func Wrap(ctx context.Context, keys Keys, sealed []byte, next string, routingKeys []string, expires time.Time) ([]byte, error) {
	if len(routingKeys) > MaxKeys {
		return nil, fmt.Errorf("%d routing keys, at most %d", len(routingKeys), MaxKeys)
	}
	for _, key := range slices.Backward(routingKeys) {
		u, err := did.ParseURL(key)
		if err != nil {
			return nil, fmt.Errorf("routing key: %w", err)
		}
		to, err := keys(ctx, key)
		if err != nil {
			return nil, fmt.Errorf("routing key %s: %w", u.DID.Short(), err)
		}
		m, err := Forward(u.DID, next, sealed)
		if err != nil {
			return nil, err
		}
		m.Expires = expires
		plaintext, err := m.Marshal()
		if err != nil {
			return nil, fmt.Errorf("forward: %w", err)
		}
		// Anoncrypt needs no key of ours.
		if sealed, err = envelope.Seal(ctx, nil, plaintext, envelope.Options{To: to}); err != nil {
			return nil, fmt.Errorf("forward: %w", err)
		}
		next = key
	}
	return sealed, nil
}

// Resolved finds routing keys by resolving their DIDs: the one key that a DID URL names, or, for a DID, all
// keys of the curve of its first keyAgreement key.
func Resolved(r did.Resolver) Keys {
	return func(ctx context.Context, key string) ([]envelope.Recipient, error) {
		u, err := did.ParseURL(key)
		if err != nil {
			return nil, err
		}
		doc, err := r.Resolve(ctx, u.DID)
		if err != nil {
			return nil, err
		}
		var to []envelope.Recipient
		for _, m := range doc.KeyAgreement() {
			wanted := u.Fragment == "" || m.ID.Fragment == u.Fragment
			if wanted && (len(to) == 0 || m.Key.Curve() == to[0].Key.Curve()) {
				to = append(to, envelope.Recipient{KID: m.ID.String(), Key: m.Key})
			}
		}
		if len(to) == 0 {
			return nil, errors.New("it has no such keyAgreement key")
		}
		return to, nil
	}
}
