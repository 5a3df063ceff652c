package p2p

import (
	"context"
	"errors"
	"fmt"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

// doorkeeper decides in a hello that others begin.
type doorkeeper struct {
	identities messaging.Identities
	offline    func(method string) bool
	admit      func(ctx context.Context, id did.DID, claim []byte) error
}

// welcome is the responder's side of a hello: it returns who the initiator has proved to be. A
// refusal has been sent when it returns one.
func (h *hello) welcome(ctx context.Context, w *wire, d doorkeeper) (messaging.Peer, error) {
	peer, err := h.receive(ctx, w, d)
	if err == nil {
		err = errors.Join(w.write(frameWelcome, lp(h.record)), w.flush())
	} else if r := refusalFor(err); r != nil {
		err = errors.Join(err, w.write(frameRefused, r.encode()), w.flush())
	}
	return peer, err
}

// errUndecided marks that we could not decide just now.
var errUndecided = errors.New("cannot decide now")

// refusalFor is what to tell the other side. It is nil for what is answered by a reset: a broken
// protocol or stream.
func refusalFor(err error) *refusal {
	var r *messaging.Refusal
	switch {
	case errors.As(err, &r) && validCode([]byte(r.Code)) && len(r.Code) <= maxCode:
		return &refusal{Refusal: *r}
	case errors.Is(err, errUndecided) || r != nil:
		return &refusal{Refusal: messaging.Refusal{Code: messaging.CodeBusy}}
	}
	return nil
}

// receive goes through hello up to the decision.
func (h *hello) receive(ctx context.Context, w *wire, d doorkeeper) (messaging.Peer, error) {
	if err := h.introduce(ctx, w, d.identities); err != nil {
		return messaging.Peer{}, err
	}
	_, body, err := w.read(frameInitiator)
	if err != nil {
		return messaging.Peer{}, noEOF(err)
	}
	m3, err := parseInitiator(body)
	if err != nil {
		return messaging.Peer{}, err
	}
	h.claimed = len(m3.claim) > 0
	transcript := w.transcript()
	_, proof, err := w.read(frameInitiatorProof)
	if err != nil {
		return messaging.Peer{}, noEOF(err)
	}
	addresses, err := readRecord(m3.record, h.remote)
	if err != nil {
		return messaging.Peer{}, err
	}
	doc, err := h.decide(ctx, m3, transcript, proof, d)
	return messaging.Peer{DID: m3.did, Document: doc, Addresses: addresses, Record: m3.record}, err
}

// introduce answers M1 by proving the DID that is wanted, or by refusing.
func (h *hello) introduce(ctx context.Context, w *wire, ids messaging.Identities) error {
	_, body, err := w.read(frameHello)
	if err != nil {
		return noEOF(err)
	}
	m1, err := parseHello(body)
	switch {
	case err != nil:
		return err
	case m1.version != helloVersion:
		return &messaging.Refusal{Code: messaging.CodeProtocol}
	}
	own, ok := h.wanted(ids, m1.want)
	if !ok {
		return &messaging.Refusal{Code: messaging.CodeTrust}
	}
	me, err := claimOf(own)
	if err != nil {
		return fmt.Errorf("%w: %w", errUndecided, err)
	}
	nonce, err := h.nonce()
	if err != nil {
		return fmt.Errorf("%w: %w", errUndecided, err)
	}
	if err := w.write(frameResponder, responderFrame{nonce, me}.encode()); err != nil {
		return err
	}
	return h.sendProof(ctx, w, me, roleResponder, frameResponderProof)
}

// wanted finds an identity of ours that is reached at our PeerID. For one that is not ours it looks
// through another document instead, so that both answers take the same work.
func (h *hello) wanted(ids messaging.Identities, want did.DID) (messaging.Identity, bool) {
	own, ok := ids.Find(want)
	if !ok {
		if all := ids.All(); len(all) > 0 {
			own = all[0]
		}
	}
	return own, lists(own.Document, h.self) && ok
}

// decide verifies the initiator's proof and asks whether it may come in. Where resolving its DID
// needs the network, a stranger is turned away before.
func (h *hello) decide(ctx context.Context, m3 initiatorFrame, transcript, proof []byte, d doorkeeper) (*did.Document, error) {
	first := !d.offline(m3.did.Method())
	if first {
		if err := admit(ctx, d, m3); err != nil {
			return nil, err
		}
	}
	doc, err := h.check(ctx, m3.claimant, roleInitiator, transcript, proof)
	if err != nil {
		return nil, undecided(err)
	}
	if !first {
		err = admit(ctx, d, m3)
	}
	return doc, err
}

func admit(ctx context.Context, d doorkeeper, m3 initiatorFrame) error {
	return undecided(d.admit(ctx, m3.did, m3.claim))
}

// undecided marks an error that is no refusal.
func undecided(err error) error {
	var r *messaging.Refusal
	if err == nil || errors.As(err, &r) {
		return err
	}
	return fmt.Errorf("%w: %w", errUndecided, err)
}
