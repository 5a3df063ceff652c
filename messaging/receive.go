package messaging

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// Accept opens and judges envelopes, commits what is good in one durable step, and only then returns
// the verdicts. From the first one that it cannot take now it takes none, so that the order is kept.
func (n *Node) Accept(ctx context.Context, from did.DID, sealed [][]byte) []Verdict {
	opened, errs := make([]inbox.Arrival, len(sealed)), make([]error, len(sealed))
	sideBySide(len(sealed), func(i int) { opened[i], errs[i] = n.open(ctx, from, sealed[i]) })
	verdicts := make([]Verdict, len(sealed))
	var arrivals []inbox.Arrival
	var indices []int
	for i, err := range errs {
		if err == nil {
			arrivals, indices = append(arrivals, opened[i]), append(indices, i)
			continue
		}
		verdicts[i] = n.verdict(err)
		if verdicts[i].Kind == Busy {
			busy(verdicts[i:], verdicts[i])
			break
		}
	}
	if len(arrivals) == 0 {
		return verdicts
	}
	results, err := n.Store.Put(ctx, arrivals...)
	if err != nil {
		n.log().Error("committing what arrived failed: not accepted", "err", err)
		busy(verdicts[indices[0]:], Verdict{Kind: Busy, Code: CodeBusy})
		return verdicts
	}
	for k, i := range indices {
		verdicts[i] = stored(results[k])
		n.joined(arrivals[k], results[k])
	}
	return verdicts
}

// busy puts off every envelope that was not refused.
func busy(verdicts []Verdict, v Verdict) {
	for i := range verdicts {
		if verdicts[i].Kind != Refused {
			verdicts[i] = v
		}
	}
}

// stored is the verdict on what the store has taken or not.
func stored(r inbox.PutResult) Verdict {
	switch r.Status {
	case inbox.Added:
		return Verdict{Kind: Accepted}
	case inbox.Duplicate:
		return Verdict{Kind: Duplicate}
	case inbox.Conflict:
		return Verdict{Kind: Refused, Code: CodeConflict}
	case inbox.InvitationUsed:
		return Verdict{Kind: Refused, Code: CodeInvitationUsed}
	}
	return Verdict{Kind: Busy, Code: CodeBusy}
}

// joined notes a new contact.
func (n *Node) joined(a inbox.Arrival, r inbox.PutResult) {
	if r.Contact != "" {
		n.log().Info("an invitation was accepted", "contact", a.From)
	}
}

// verdict is the answer to an envelope that could not be taken.
func (n *Node) verdict(err error) Verdict {
	var r *Refusal
	if errors.As(err, &r) {
		n.log().Debug("refused an envelope", "code", r.Code)
		return Verdict{Kind: Refused, Code: r.Code}
	}
	n.log().Warn("an envelope could not be judged now", "err", err)
	return Verdict{Kind: Busy, Code: CodeBusy}
}

// open decrypts and judges one envelope. The error is a *Refusal, or temporary.
func (n *Node) open(ctx context.Context, path did.DID, sealed []byte) (inbox.Arrival, error) {
	opened, err := envelope.Open(ctx, n.Keys, n.directory(), sealed, envelope.OpenOptions{CheckSigner: checkSigner})
	if err != nil {
		return inbox.Arrival{}, openRefusal(err)
	}
	m, err := ParseMessage(opened.Payload)
	if err != nil {
		return inbox.Arrival{}, &Refusal{CodeMessage}
	}
	now := time.Now().UTC()
	if !m.Expires.IsZero() && !now.Before(m.Expires) {
		return inbox.Arrival{}, &Refusal{CodeExpired}
	}
	sender, err := provenSender(m, opened.Proof)
	if err != nil {
		return inbox.Arrival{}, err
	}
	owner, misaddressed, err := n.addressed(m, opened.Proof)
	if err != nil {
		return inbox.Arrival{}, err
	}
	a := inbox.Arrival{Entry: inbox.Entry{
		Owner: owner, From: sender.Canonical(), MessageID: m.ID, Type: m.Type, ThreadID: m.Thread(),
		Payload: opened.Payload, SenderKey: opened.SenderKey, SignerKey: opened.SignerKey, Misaddressed: misaddressed,
		Answered: !path.IsZero() && path.Same(sender), Created: m.Created, Expires: m.Expires, Received: now,
	}}
	if sender.IsLong() {
		a.Long = sender
	}
	a.Claim, err = n.welcome(ctx, m, sender)
	return a, err
}

// openRefusal says which failures of Open are for good: all but those of resolving the sender.
func openRefusal(err error) error {
	var r *Refusal
	switch {
	case errors.As(err, &r):
		return r
	case errors.Is(err, envelope.ErrTooLarge):
		return &Refusal{CodeSize}
	case errors.Is(err, envelope.ErrNotForUs):
		return &Refusal{CodeRecipient}
	case errors.Is(err, envelope.ErrMalformed), errors.Is(err, envelope.ErrUnsupported), errors.Is(err, envelope.ErrPlaintext):
		return &Refusal{CodeMessage}
	case errors.Is(err, envelope.ErrOpen), errors.Is(err, crypto.ErrUnknownKey),
		errors.Is(err, did.ErrInvalid), errors.Is(err, did.ErrMethod), errors.Is(err, did.ErrNotFound):
		return &Refusal{CodeCrypto}
	}
	return fmt.Errorf("open envelope: %w", err)
}

// checkSigner binds a signing key id, which anybody on the way can edit when it is unprotected, to the
// "from" of the signed payload before it is looked up (DIDComm v2.1, Message Signing).
func checkSigner(kid string, payload []byte) error {
	m, err := ParseMessage(payload)
	if err != nil {
		return &Refusal{CodeMessage}
	}
	if u, err := did.ParseURL(kid); err != nil || !u.DID.Same(m.From) {
		return &Refusal{CodeCrypto}
	}
	return nil
}

// provenSender returns "from" if the envelope proves it: the DID of the sender key and of the signer's
// key must be the DID in "from" (DIDComm v2.1, Message Layer Addressing Consistency). Without a proof
// the message is from a stranger, whatever it says.
func provenSender(m *Message, p envelope.Proof) (did.DID, error) {
	if p.SenderKey == "" && p.SignerKey == "" || m.From.IsZero() {
		return did.DID{}, &Refusal{CodeStranger}
	}
	for _, kid := range []string{p.SenderKey, p.SignerKey} {
		if kid == "" {
			continue
		}
		if u, err := did.ParseURL(kid); err != nil || !u.DID.Same(m.From) {
			return did.DID{}, &Refusal{CodeCrypto}
		}
	}
	return m.From, nil
}

// addressed returns the DID of ours that the envelope is encrypted to, and whether "to" is there without
// it. That is refused for a signed message, which somebody may be passing on (surreptitious forwarding),
// and so is a signed message without "to" (DIDComm v2.1, Message Signing).
func (n *Node) addressed(m *Message, p envelope.Proof) (did.DID, bool, error) {
	u, err := did.ParseURL(p.RecipientKey)
	if err != nil {
		return did.DID{}, false, &Refusal{CodeCrypto}
	}
	self, ok := n.Identities.Find(u.DID)
	if !ok {
		return did.DID{}, false, &Refusal{CodeRecipient}
	}
	named := slices.ContainsFunc(m.To, self.DID.Same)
	if !named && p.SignerKey != "" {
		return did.DID{}, false, &Refusal{CodeRecipient}
	}
	return self.DID.Canonical(), !named && len(m.To) > 0, nil
}

// welcome checks that the sender is a contact with the keys it had when we met, or else makes the claim
// by which it becomes one.
func (n *Node) welcome(ctx context.Context, m *Message, sender did.DID) (*inbox.Claim, error) {
	c, err := n.Store.Contact(ctx, sender)
	if err != nil && !errors.Is(err, inbox.ErrNotFound) {
		return nil, err
	}
	known := err == nil
	if known && c.Blocked || !known && (n.Invitations == nil || m.ParentThreadID == "") {
		return nil, &Refusal{CodeStranger}
	}
	doc, err := n.Resolver.Resolve(ctx, sender)
	if err != nil {
		return nil, openRefusal(err)
	}
	if known {
		if !pinned(c, doc) {
			return nil, errKeysChanged
		}
		return nil, nil
	}
	terms, err := n.Invitations.Named(m.ParentThreadID, time.Now())
	if err != nil {
		return nil, notInvited(err)
	}
	if err := n.unclaimed(ctx, terms, sender); err != nil {
		return nil, err
	}
	return n.claim(m, terms, doc), nil
}

// notInvited is the answer to a stranger whose message answers no good invitation: only of one that was
// ours does it learn more than that it is a stranger.
func notInvited(err error) error {
	var r *Refusal
	if errors.As(err, &r) && r.Code == CodeInvitationExpired {
		return r
	}
	return &Refusal{CodeStranger}
}

// claim makes a contact of somebody who claims an invitation.
func (n *Node) claim(m *Message, t InvitationTerms, doc *did.Document) *inbox.Claim {
	id := m.From.Canonical()
	name := ""
	if n.Introduction != nil {
		name = n.Introduction(m)
	}
	now := time.Now().UTC()
	p := n.stranger(id)
	return &inbox.Claim{Invitation: t.ID, Multi: t.Multi, Expires: t.Expires, Contact: inbox.Contact{
		DID: id, Name: inbox.PetName(name, "friend-"+id.Hash()[:6]), Pins: doc.Pins(),
		Addresses: slices.Clone(p.Addresses), PeerRecord: bytes.Clone(p.Record), Added: now, Seen: now,
	}}
}
