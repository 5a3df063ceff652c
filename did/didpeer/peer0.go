package didpeer

import (
	"fmt"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

const prefix0 = "did:peer:0"

// Create0 returns the did:peer:0 of a public key, which is its did:key in another spelling. The
// key must be able to sign. Errors wrap did.ErrInvalid (Peer DID, method 0).
func Create0(key crypto.PublicKey) (did.DID, error) {
	if err := checkSign(key); err != nil {
		return did.DID{}, fmt.Errorf("creating did:peer:0: %w", err)
	}
	return did.Parse(prefix0 + key.Multikey())
}

// resolve0 makes the document of a numalgo 0 DID. The key must sign, because it has every
// privilege over the DID (Peer DID, method 0).
func resolve0(id did.DID, multikey string) (*did.Document, error) {
	key, err := parseMultikey(multikey)
	if err != nil {
		return nil, err
	}
	if err := checkSign(key); err != nil {
		return nil, err
	}
	agreement, err := agreementKey(key)
	if err != nil {
		return nil, err
	}
	d := newDocument(id)
	place, ref := d.add(multikey, multikey, key)
	d.authenticate(place, ref)
	d.AssertionMethod = []string{ref}
	d.CapabilityInvocation = []string{ref}
	d.CapabilityDelegation = []string{ref}
	if !agreement.IsZero() && !agreement.Equal(key) {
		derived := agreement.Multikey()
		place, ref = d.add(derived, derived, agreement)
	}
	if !agreement.IsZero() {
		d.agree(place, ref)
	}
	doc, err := d.build()
	if err != nil {
		return nil, err
	}
	return doc.WithAliases(map[string]string{legacyName(multikey): multikey}), nil
}
