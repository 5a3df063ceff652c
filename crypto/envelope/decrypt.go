package envelope

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"unicode/utf8"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/jose"
)

// decrypt opens an encrypted layer.
func (op *opener) decrypt(ctx context.Context, j *jose.JWE) ([]byte, error) {
	layer, skid := Anoncrypt, ""
	if j.Header.Alg == jose.ECDH1PU {
		layer = Authcrypt
	}
	if op.tracing() {
		op.trace("%s: %s, content %s, agreement on %v, for %d keys", layer, j.Header.Alg, j.Header.Enc, j.Header.EPK.Curve(), len(j.Recipients))
	}
	if err := op.enter(layer); err != nil {
		return nil, err
	}
	if j.Compact && !op.options.AcceptAries {
		return nil, fmt.Errorf("open: %w: compact JWE", ErrUnsupported)
	}
	if err := checkBindings(j); err != nil {
		op.trace("its protected header contradicts itself: %v", err)
		return nil, fmt.Errorf("open: %w: %w", ErrMalformed, err)
	}
	if layer == Authcrypt {
		skid = string(j.Header.APU)
	}
	outer := op.proof.RecipientKey
	plaintext, kid, err := op.tryRecipients(ctx, j, skid)
	switch {
	// That an inner layer is for a key unknown to us must not show: only its sender knows.
	case errors.Is(err, ErrNotForUs) && outer != "":
		return nil, ErrOpen
	case err != nil:
		return nil, err
	case outer == "":
		op.proof.RecipientKIDs = kids(j)
	}
	op.proof.RecipientKey, op.proof.SenderKey = kid, skid
	return plaintext, nil
}

// checkBindings checks what the protected header must say about recipients and sender.
func checkBindings(j *jose.JWE) error {
	h := &j.Header
	if !hasType(h.Typ, typeEncrypted) {
		return errors.New("typ of an encrypted message")
	}
	want := apv(j.Recipients, func(r jose.Recipient) string { return r.KID })
	if !bytes.Equal(h.APV, want) && !(j.Compact && h.APV == nil) {
		return errors.New("apv is not the hash of the recipient kids")
	}
	if h.Alg != jose.ECDH1PU {
		return nil
	}
	if len(h.APU) == 0 || !utf8.Valid(h.APU) {
		return errors.New("apu is missing")
	}
	if h.SKID != "" && h.SKID != string(h.APU) {
		return errors.New("apu is not the skid")
	}
	return nil
}

// tryRecipients tries our keys among the recipients in order. skid is empty in anoncrypt. The
// errors are ErrNotForUs, ErrOpen, and those of the key store and the directory.
func (op *opener) tryRecipients(ctx context.Context, j *jose.JWE, skid string) (plaintext []byte, kid string, err error) {
	var sender crypto.PublicKey
	failed := ErrNotForUs
	for i, r := range j.Recipients {
		if outer := op.proof.RecipientKey; outer != "" && owner(outer) != owner(r.KID) {
			continue
		}
		pub, err := op.keys.Public(ctx, r.KID)
		if errors.Is(err, crypto.ErrUnknownKey) {
			op.trace("%q: not among our secrets", r.KID)
			continue
		}
		if err != nil {
			return nil, "", fmt.Errorf("open: our key: %w", err)
		}
		failed = ErrOpen
		if pub.Curve() != j.Header.EPK.Curve() {
			op.trace("%q: our key is on %v", r.KID, pub.Curve())
			continue
		}
		if skid != "" && sender.IsZero() {
			if sender, err = op.lookup(ctx, skid, crypto.KeyAgreement); err != nil {
				return nil, "", err
			}
			if sender.Curve() != pub.Curve() {
				op.trace("the sender's key is on another curve than ours")
				return nil, "", ErrOpen
			}
		}
		plaintext, err = j.Decrypt(i, op.agree(ctx, r.KID, sender), sender)
		if !errors.Is(err, jose.ErrDecrypt) {
			if op.tracing() {
				op.trace("%q: our key opens it", r.KID)
			}
			return plaintext, r.KID, err
		}
		op.trace("%q: our key does not open it: the message was altered, is for another key of that name, or was derived in another way", r.KID)
	}
	if failed == ErrNotForUs {
		pretend(j)
	}
	return nil, "", failed
}

// standIns are keys that nobody seals to, made when they are first needed, by curve.
var standIns sync.Map // crypto.Curve → crypto.PrivateKey

func standIn(c crypto.Curve) (crypto.PrivateKey, error) {
	if k, ok := standIns.Load(c); ok {
		return k.(crypto.PrivateKey), nil
	}
	k, err := crypto.GenerateKey(c)
	if err != nil {
		return k, err
	}
	first, _ := standIns.LoadOrStore(c, k)
	return first.(crypto.PrivateKey), nil
}

// pretend spends on a message for nobody here what one for a key of ours that does not open costs, so that the
// time of the answer does not tell which kids are ours.
func pretend(j *jose.JWE) {
	key, err := standIn(j.Header.EPK.Curve())
	if err != nil {
		return
	}
	_, _ = j.Decrypt(0, func(peer crypto.PublicKey) ([]byte, error) {
		z, err := key.Agree(peer)
		if err != nil {
			return nil, jose.ErrDecrypt
		}
		return z, nil
	}, key.Public())
}

// agree acts for our key kid. With the sender's key, which lasts, it agrees from memory where there is one.
func (op *opener) agree(ctx context.Context, kid string, sender crypto.PublicKey) jose.Agree {
	return func(peer crypto.PublicKey) ([]byte, error) {
		agree := op.keys.Agree
		if !sender.IsZero() && peer.Equal(sender) {
			agree = op.agreeStatic
		}
		z, err := agree(ctx, kid, peer)
		if err == nil {
			return z, nil
		}
		if !agreeable(peer) {
			return nil, jose.ErrDecrypt
		}
		return nil, fmt.Errorf("open: agree with our key: %w", err)
	}
}

func (op *opener) agreeStatic(ctx context.Context, kid string, peer crypto.PublicKey) ([]byte, error) {
	return crypto.AgreeStatic(ctx, op.keys, kid, peer)
}

// agreeable reports whether any key could agree with peer. It tells a point of low order, which
// is the sender's doing, from a key store that failed.
func agreeable(peer crypto.PublicKey) bool {
	probe, err := crypto.GenerateKey(peer.Curve())
	if err != nil {
		return false
	}
	_, err = probe.Agree(peer)
	return err == nil
}
