package p2p

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

// doorkeeper decides in a hello that others begin.
type doorkeeper struct {
	identities messaging.Identities
	offline    func(method string) bool
	admit      func(ctx context.Context, id did.DID, claim []byte) (messaging.Admission, error)
}

// visitor is an initiator that was let in.
type visitor struct {
	messaging.Peer
	admission messaging.Admission
	claims    bool // an invitation
}

// stranger reports whether it may only leave a request.
func (v visitor) stranger() bool { return v.admission.Guest && !v.claims }

// welcome is the responder's side of a hello: it returns who the initiator has proved to be. A
// refusal has been sent when it returns one. A stranger, and one whose keys are in doubt, is told no address: it has
// come by one.
func (h *hello) welcome(ctx context.Context, w *wire, d doorkeeper) (visitor, error) {
	v, err := h.receive(ctx, w, d)
	if err == nil {
		m4 := welcomeFrame{h.record, lives{v.admission.Life, v.admission.Saw}}
		if v.stranger() || v.admission.Doubtful {
			m4.record = nil
		}
		err = errors.Join(w.write(frameWelcome, m4.encode()), w.flush())
	} else if r := refusalFor(err); r != nil {
		err = errors.Join(err, w.write(frameRefused, r.encode()), w.flush())
	}
	return v, err
}

// errUndecided marks that we could not decide just now.
var errUndecided = errors.New("cannot decide now")

// refusalFor is what to tell the other side. It is nil for what is answered by a reset: a broken
// protocol or stream.
func refusalFor(err error) *refusal {
	var own *refusal
	var r *messaging.Refusal
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &r) && validCode([]byte(r.Code)) && len(r.Code) <= maxCode:
		return &refusal{Refusal: *r}
	case errors.Is(err, errUndecided) || r != nil:
		return &refusal{Refusal: messaging.Refusal{Code: messaging.CodeBusy}}
	}
	return nil
}

// receive goes through hello up to the decision.
func (h *hello) receive(ctx context.Context, w *wire, d doorkeeper) (v visitor, err error) {
	if err := h.introduce(ctx, w, d.identities); err != nil {
		return v, err
	}
	_, body, err := w.read(frameInitiator)
	if err != nil {
		return v, noEOF(err)
	}
	m3, err := parseInitiator(body)
	if err != nil {
		return v, err
	}
	transcript := w.transcript()
	_, proof, err := w.read(frameInitiatorProof)
	if err != nil {
		return v, noEOF(err)
	}
	v.claims = len(m3.claim) > 0
	v.Peer = messaging.Peer{DID: m3.did, Record: m3.record, Life: m3.life, Saw: m3.saw}
	if v.Addresses, err = readRecord(m3.record, h.remote); err != nil {
		return v, err
	}
	v.Document, v.admission, err = h.decide(ctx, m3, transcript, proof, d)
	return v, err
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
// needs the network, a stranger is turned away before, and a proof that does not hold is checked once more if the
// document has changed since we have it.
func (h *hello) decide(ctx context.Context, m3 initiatorFrame, transcript, proof []byte, d doorkeeper) (doc *did.Document, a messaging.Admission, err error) {
	first := !d.offline(m3.did.Method())
	if first {
		if a, err = d.admit(ctx, m3.did, m3.claim); err != nil {
			return nil, a, undecided(err)
		}
	}
	doc, err = h.check(ctx, m3.claimant, roleInitiator, transcript, proof)
	if err != nil && first && h.outdated(ctx, m3.did) {
		if a, err = d.admit(ctx, m3.did, m3.claim); err == nil {
			doc, err = h.check(ctx, m3.claimant, roleInitiator, transcript, proof)
		}
	}
	if err == nil && !first {
		a, err = d.admit(ctx, m3.did, m3.claim)
	}
	return doc, a, undecided(err)
}

// outdated asks anew for a document that we have had for more than a minute, and reports whether it was another one.
func (h *hello) outdated(ctx context.Context, id did.DID) bool {
	r, ok := h.resolver.(did.Refresher)
	if !ok {
		return false
	}
	before, err := h.resolver.Resolve(ctx, id)
	if err != nil {
		return false
	}
	now, err := r.Refresh(ctx, id, time.Minute)
	return err == nil && now != before
}

// undecided marks an error that is no refusal.
func undecided(err error) error {
	var r *messaging.Refusal
	if err == nil || errors.As(err, &r) {
		return err
	}
	return fmt.Errorf("%w: %w", errUndecided, err)
}
