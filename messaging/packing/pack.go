package packing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/routing"
)

// Packer packs for others and unpacks what is for us. Its methods are safe for concurrent use.
type Packer struct {
	// Keys are ours; Resolver finds the documents of others, and ours for Pack.
	Keys     crypto.KeyStore
	Resolver did.Resolver
}

// Options says how Pack packs. Without From the message is encrypted anonymously, without To it is only signed.
type Options struct {
	// To are DIDs, or DID URLs of single keys, to encrypt to.
	To []did.URL
	// From is our DID to authenticate as, or the DID URL of the key to use. Its DID is the message's "from".
	From did.URL
	// Signer is our DID to sign as, or the DID URL of the key to use.
	Signer did.URL
	// ProtectSender hides From from the network. Enc is the content encryption of anoncrypt.
	ProtectSender bool
	Enc           envelope.ContentEncryption
	// ForAries is as in envelope.Options.
	ForAries bool
	// Forward wraps each envelope for the mediators of the endpoint that its recipient prefers.
	Forward bool
}

// Packed is an envelope for one DID; zero for a message that is only signed.
type Packed struct {
	To did.DID
	// Endpoint is where to send it, if the recipient's document names any.
	Endpoint did.Endpoint
	Envelope []byte
}

// ErrNoKey means that two parties have no keys that fit, or that a key that was asked for is not there.
var ErrNoKey = errors.New("no key that fits")

// Pack seals m once for each DID in o.To. The message must be complete: "from" is that of o, and "to" names the
// recipients if the message is signed. Errors: messaging.ErrMessage, ErrNoKey, those of the resolver and of
// envelope.Seal.
func (p Packer) Pack(ctx context.Context, m *messaging.Message, o Options) ([]Packed, error) {
	payload, err := p.payload(m, o)
	if err != nil {
		return nil, err
	}
	signer, err := p.signer(ctx, o.Signer)
	if err != nil {
		return nil, err
	}
	if len(o.To) == 0 {
		sealed, err := envelope.Seal(ctx, p.Keys, payload, envelope.Options{Signer: signer})
		return []Packed{{Envelope: sealed}}, err
	}
	list := make([]Packed, 0, len(o.To))
	for _, to := range o.To {
		out, err := p.packFor(ctx, payload, to, signer, o)
		if err != nil {
			return nil, fmt.Errorf("for %s: %w", to.DID.Short(), err)
		}
		list = append(list, out)
	}
	return list, nil
}

// payload is the plaintext, if it agrees with how it is to be packed.
func (p Packer) payload(m *messaging.Message, o Options) ([]byte, error) {
	for _, sender := range []did.URL{o.From, o.Signer} {
		if !sender.DID.IsZero() && !sender.DID.Same(m.From) {
			return nil, fmt.Errorf("%w: from is %q, and it would be proved to be from %q", messaging.ErrMessage, m.From, sender.DID)
		}
	}
	// DIDComm v2.1, Message Signing: or whoever receives it could pass it on as if it were meant for others.
	if !o.Signer.DID.IsZero() && len(o.To) > 0 && len(m.To) == 0 {
		return nil, fmt.Errorf("%w: a message that is signed and encrypted needs \"to\"", messaging.ErrMessage)
	}
	payload, err := m.Marshal()
	if err != nil {
		return nil, err
	}
	_, err = messaging.ParseMessage(payload)
	return payload, err
}

func (p Packer) packFor(ctx context.Context, payload []byte, to did.URL, signer string, o Options) (out Packed, err error) {
	doc, err := p.Resolver.Resolve(ctx, to.DID)
	if err != nil {
		return out, err
	}
	recipients, from, err := p.agreement(ctx, doc, to, o.From)
	if err != nil {
		return out, err
	}
	out.To = to.DID
	out.Envelope, err = envelope.Seal(ctx, p.Keys, payload, envelope.Options{
		To: recipients, From: from, Signer: signer, ProtectSender: o.ProtectSender, Enc: o.Enc, ForAries: o.ForAries,
	})
	if err != nil {
		return out, err
	}
	if endpoints := doc.DIDComm(); len(endpoints) > 0 {
		out.Endpoint = endpoints[0]
	}
	if o.Forward {
		out.Envelope, err = routing.Wrap(ctx, routing.Resolved(p.Resolver), out.Envelope, to.String(), out.Endpoint.RoutingKeys, time.Time{})
	}
	return out, err
}

// agreement picks the recipient's keys, and our key of their curve; none without a sender.
func (p Packer) agreement(ctx context.Context, doc *did.Document, to, from did.URL) ([]envelope.Recipient, string, error) {
	theirs := wanted(doc.KeyAgreement(), to)
	if len(theirs) == 0 {
		return nil, "", fmt.Errorf("%w: the recipient has no such keyAgreement key", ErrNoKey)
	}
	curve, kid := theirs[0].Key.Curve(), ""
	if !from.DID.IsZero() {
		mine, err := p.own(ctx, from, crypto.KeyAgreement, theirs)
		if err != nil {
			return nil, "", err
		}
		curve, kid = mine.Key.Curve(), mine.ID.String()
	}
	var list []envelope.Recipient
	for _, m := range theirs {
		if m.Key.Curve() == curve {
			list = append(list, envelope.Recipient{KID: m.ID.String(), Key: m.Key})
		}
	}
	return list, kid, nil
}

// own returns the first key of ours that is in the key store and, unless theirs is nil, on the curve of one of
// those, the curve that comes first there.
func (p Packer) own(ctx context.Context, who did.URL, purpose crypto.Purpose, theirs []did.VerificationMethod) (did.VerificationMethod, error) {
	var none did.VerificationMethod
	doc, err := p.Resolver.Resolve(ctx, who.DID)
	if err != nil {
		return none, err
	}
	list := doc.Authentication()
	if purpose == crypto.KeyAgreement {
		list = doc.KeyAgreement()
	}
	var have []did.VerificationMethod
	for _, m := range wanted(list, who) {
		if _, err := p.Keys.Public(ctx, m.ID.String()); err == nil {
			have = append(have, m)
		} else if !errors.Is(err, crypto.ErrUnknownKey) {
			return none, err
		}
	}
	if theirs == nil && len(have) > 0 {
		return have[0], nil
	}
	for _, their := range theirs {
		for _, mine := range have {
			if mine.Key.Curve() == their.Key.Curve() {
				return mine, nil
			}
		}
	}
	return none, fmt.Errorf("%w: %d secrets for %v of %s, none on a curve of the recipient", ErrNoKey, len(have), purpose, who.DID.Short())
}

func (p Packer) signer(ctx context.Context, who did.URL) (string, error) {
	if who.DID.IsZero() {
		return "", nil
	}
	m, err := p.own(ctx, who, crypto.Authentication, nil)
	return m.ID.String(), err
}

// wanted leaves the key that the URL names, or all if it names none.
func wanted(list []did.VerificationMethod, u did.URL) (out []did.VerificationMethod) {
	for _, m := range list {
		if u.Fragment == "" || m.ID.Fragment == u.Fragment {
			out = append(out, m)
		}
	}
	return out
}
