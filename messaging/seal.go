package messaging

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// recipient resolves whom a batch is for and judges its keys. The contact is zero when the recipient is none. The
// error is a *KeysChangedError while the keys are not those that are trusted.
func (n *Node) recipient(ctx context.Context, to did.DID) (inbox.Contact, *did.Document, error) {
	c, err := n.Store.Contact(ctx, to)
	if err != nil && !errors.Is(err, inbox.ErrNotFound) {
		return c, nil, err
	}
	if c.Blocked {
		return c, nil, ErrBlocked
	}
	doc, err := n.document(ctx, to)
	if err != nil {
		return c, nil, fmt.Errorf("resolve recipient: %w", err)
	}
	c, err = n.judge(ctx, c, doc)
	if err == nil && c.Offer != nil {
		err = KeysChanged(c)
	}
	return c, doc, err
}

// seal encrypts and authenticates a stored plaintext to the recipient's keyAgreement keys. The sender's
// key id has the form of the DID that stands in the plaintext's "from", which others compare as text.
func (n *Node) seal(ctx context.Context, self Identity, doc *did.Document, payload []byte) ([]byte, error) {
	var header struct {
		From did.DID `json:"from"`
	}
	if err := json.Unmarshal(payload, &header); err != nil {
		return nil, fmt.Errorf("stored message: %w", err)
	}
	mine, theirs, err := agreement(self.Document, doc)
	if err != nil {
		return nil, err
	}
	from := did.URL{DID: header.From, Fragment: mine.ID.Fragment}
	return envelope.Seal(ctx, n.Keys, payload, envelope.Options{To: theirs, From: from.String()})
}

// agreement picks our first keyAgreement key of a curve that the recipient has too, and all of the
// recipient's keys of that curve (DIDComm v2.1, ECDH-1PU key wrapping: one curve per envelope).
func agreement(ours, theirs *did.Document) (did.VerificationMethod, []envelope.Recipient, error) {
	their := theirs.KeyAgreement()
	for _, mine := range ours.KeyAgreement() {
		var to []envelope.Recipient
		for _, m := range their {
			if m.Key.Curve() == mine.Key.Curve() {
				to = append(to, envelope.Recipient{KID: m.ID.String(), Key: m.Key})
			}
		}
		if len(to) > 0 {
			return mine, to, nil
		}
	}
	return did.VerificationMethod{}, nil, errors.New("the recipient has no keyAgreement key of a kind we have")
}

// resolveSender resolves the DID of somebody who writes to us. Where that needs the network it is done for contacts
// that are not blocked, and for strangers whom a greeting has admitted, alone; and then it may work later what does
// not work now. A stranger who believes that we know it names itself by the short form: then the long one counts that
// was in its greeting, and the document is that one's.
func (n *Node) resolveSender(ctx context.Context, id did.DID) (*did.Document, error) {
	if n.offline(id.Method()) {
		doc, err := n.Resolver.Resolve(ctx, id)
		if long := n.stranger(id).DID; errors.Is(err, did.ErrNotFound) && long != id && long.Same(id) {
			return n.Resolver.Resolve(ctx, long)
		}
		return doc, err
	}
	c, err := n.Store.Contact(ctx, id)
	switch {
	case err == nil && c.Blocked, errors.Is(err, inbox.ErrNotFound) && n.stranger(id).DID.IsZero():
		return nil, &Refusal{CodeStranger}
	case err != nil && !errors.Is(err, inbox.ErrNotFound):
		return nil, err
	}
	doc, err := n.Resolver.Resolve(ctx, id)
	if errors.Is(err, did.ErrNotFound) || errors.Is(err, did.ErrInvalid) || errors.Is(err, did.ErrMethod) {
		// Of what a host answers, or of whom we may ask this time: not for good, as these would say.
		return nil, fmt.Errorf("resolve sender: %v", err)
	}
	return doc, err
}
