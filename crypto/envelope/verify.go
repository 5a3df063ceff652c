package envelope

import (
	"context"
	"fmt"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/jose"
)

// verify opens a signed layer.
func (op *opener) verify(ctx context.Context, j *jose.JWS) ([]byte, error) {
	s := &j.Signatures[0]
	op.trace("%s: %s by %q, %d signatures", Sign, s.Alg, s.KID, len(j.Signatures))
	if err := op.enter(Sign); err != nil {
		return nil, err
	}
	switch {
	case j.Compact:
		return nil, fmt.Errorf("open: %w: compact JWS", ErrUnsupported)
	case len(j.Signatures) != 1:
		return nil, fmt.Errorf("open: %w: %d signatures", ErrUnsupported, len(j.Signatures))
	case s.KID == "":
		return nil, fmt.Errorf("open: %w: signature without kid", ErrMalformed)
	case !hasType(s.Typ, typeSigned, typeJWM):
		return nil, fmt.Errorf("open: %w: typ of a signed message", ErrMalformed)
	}
	if err := op.admit(s, j.Payload); err != nil {
		op.trace("the signer's key was not looked up: %v", err)
		return nil, err
	}
	key, err := op.lookup(ctx, s.KID, crypto.Authentication)
	if err != nil {
		return nil, err
	}
	if s.Verify(key) != nil {
		op.trace("the signature does not hold")
		return nil, ErrOpen
	}
	op.trace("the signature holds")
	op.proof.SignerKey = s.KID
	return j.Payload, nil
}

// admit decides whether the kid of a signature may be looked up at all.
func (op *opener) admit(s *jose.Signature, payload []byte) error {
	sender := op.proof.SenderKey
	// DIDComm v2.1: authcrypt(sign) fails unless the signer is the sender.
	if sender != "" && owner(sender) != owner(s.KID) {
		return fmt.Errorf("open: %w: the signer is not the sender", ErrMalformed)
	}
	if op.options.CheckSigner == nil {
		if s.KIDProtected || sender != "" {
			return nil
		}
		return fmt.Errorf("open: %w: an unprotected signer kid needs CheckSigner", ErrUnsupported)
	}
	if err := op.options.CheckSigner(s.KID, payload); err != nil {
		return fmt.Errorf("open: signer: %w", err)
	}
	return nil
}
