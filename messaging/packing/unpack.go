package packing

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/fromprior"
	"github.com/parley-im/parley/messaging/routing"
)

// UnpackOptions says what Unpack accepts beyond its rules. The zero value is the strictest.
type UnpackOptions struct {
	// AcceptAries and AcceptForeignNesting are as in envelope.OpenOptions.
	AcceptAries, AcceptForeignNesting bool
	// AcceptPlain also takes a message that is not protected at all.
	AcceptPlain bool
	// Trace is as in envelope.OpenOptions.
	Trace func(event string)
}

// Unpacked is a message and what its envelope has proved.
type Unpacked struct {
	Message *messaging.Message
	// Payload is the plaintext as it was sealed.
	Payload []byte
	envelope.Proof
	// Misaddressed is set when "to" is there and does not name the DID whose key opened it.
	Misaddressed bool
	// Prior is what its from_prior proves, if it has one.
	Prior *fromprior.Prior
	// Forwards counts the layers for mediators that were taken off, for keys of ours all of them.
	Forwards int
}

// maxForwards is how many layers of forward are taken off.
const maxForwards = 3

// ErrBinding is wrapped by the error about a message that contradicts what its envelope proves.
var ErrBinding = errors.New("the message contradicts its envelope")

// Unpack opens sealed with our keys and checks that the message agrees with what that proves. Errors are those
// of envelope.Open, messaging.ErrMessage, ErrBinding, fromprior.ErrInvalid, and those of the resolver.
func (p Packer) Unpack(ctx context.Context, sealed []byte, o UnpackOptions) (*Unpacked, error) {
	for forwards := 0; ; forwards++ {
		u, err := p.unpack(ctx, sealed, o)
		if err != nil {
			return nil, err
		}
		u.Forwards = forwards
		inner := p.forwarded(ctx, u)
		if inner == nil || forwards == maxForwards {
			return u, nil
		}
		sealed = inner
	}
}

func (p Packer) unpack(ctx context.Context, sealed []byte, o UnpackOptions) (*Unpacked, error) {
	opened, err := envelope.Open(ctx, p.Keys, did.Directory(p.Resolver), sealed, envelope.OpenOptions{
		CheckSigner: checkSigner, AcceptAries: o.AcceptAries, AcceptForeignNesting: o.AcceptForeignNesting, Trace: o.Trace,
	})
	switch {
	case errors.Is(err, envelope.ErrPlaintext) && o.AcceptPlain:
		opened = &envelope.Opened{Payload: sealed}
	case err != nil:
		return nil, err
	}
	m, err := messaging.ParseMessage(opened.Payload)
	if err != nil {
		return nil, err
	}
	u := &Unpacked{Message: m, Payload: opened.Payload, Proof: opened.Proof}
	if err := u.bind(); err != nil {
		return nil, err
	}
	return u, p.prior(ctx, u)
}

// checkSigner binds a signing key id to the "from" of the signed payload before it is looked up: anybody on the
// way can edit one that is unprotected.
func checkSigner(kid string, payload []byte) error {
	m, err := messaging.ParseMessage(payload)
	if err != nil {
		return err
	}
	return owns(m.From, kid)
}

// owns checks that kid is a key of the DID.
func owns(id did.DID, kid string) error {
	u, err := did.ParseURL(kid)
	if err != nil || id.IsZero() || !u.DID.Same(id) {
		return fmt.Errorf("%w: it is from %q, and the key is %q", ErrBinding, id, kid)
	}
	return nil
}

// bind holds the message to the proof (DIDComm v2.1, Message Layer Addressing Consistency).
func (u *Unpacked) bind() error {
	for _, kid := range []string{u.SenderKey, u.SignerKey} {
		if kid == "" {
			continue
		}
		if err := owns(u.Message.From, kid); err != nil {
			return err
		}
	}
	if u.RecipientKey == "" {
		return nil
	}
	us, err := did.ParseURL(u.RecipientKey)
	if err != nil {
		return fmt.Errorf("%w: recipient %w", ErrBinding, err)
	}
	named := slices.ContainsFunc(u.Message.To, us.DID.Same)
	if !named && u.SignerKey != "" {
		return fmt.Errorf("%w: it is signed, and \"to\" does not name %q", ErrBinding, us.DID)
	}
	u.Misaddressed = !named && len(u.Message.To) > 0
	return nil
}

// prior checks the from_prior of a message. It counts only in one that is encrypted (DIDComm v2.1, DID Rotation);
// of one that is not protected at all, where nothing counts, it is checked like the rest.
func (p Packer) prior(ctx context.Context, u *Unpacked) error {
	raw, ok := u.Message.Extra[fromprior.Header]
	if !ok {
		return nil
	}
	var token string
	if err := json.Unmarshal(raw, &token); err != nil {
		return fmt.Errorf("%w: it is no string", fromprior.ErrInvalid)
	}
	if len(u.Layers) > 0 && u.RecipientKey == "" {
		return fmt.Errorf("%w: the message is not encrypted", fromprior.ErrInvalid)
	}
	prior, err := fromprior.Check(ctx, did.Directory(p.Resolver), token, u.Message.From)
	if err != nil {
		return err
	}
	u.Prior = &prior
	return nil
}

// forwarded returns what a forward holds if it goes to a key of ours and is one envelope; nil else.
func (p Packer) forwarded(ctx context.Context, u *Unpacked) []byte {
	next, sealed, err := routing.Parse(u.Message)
	if err != nil || len(sealed) != 1 {
		return nil
	}
	kids, err := envelope.Recipients(sealed[0])
	if err != nil {
		return nil
	}
	for _, kid := range kids {
		if url, err := did.ParseURL(kid); err != nil || kid != next && url.DID.String() != next {
			continue
		}
		if _, err := p.Keys.Public(ctx, kid); err == nil {
			return sealed[0]
		}
	}
	return nil
}
