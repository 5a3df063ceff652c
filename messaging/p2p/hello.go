package p2p

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
)

// hello is one side of the hello on one stream.
type hello struct {
	keys         crypto.KeyStore
	resolver     did.Resolver
	random       io.Reader
	self, remote peer.ID
	record       []byte // our signed peer record
	lives        lives  // what the initiator, which is us, tells

	trusted [32]byte // the keys that the responder has to prove itself by; zero: any of its document
}

// greet is the initiator's side: it returns who the responder has proved to be.
func (h *hello) greet(ctx context.Context, w *wire, own messaging.Identity, want did.DID, claim []byte) (messaging.Peer, error) {
	me, err := claimOf(own)
	if err != nil {
		return messaging.Peer{}, err
	}
	if len(claim) > maxClaim {
		return messaging.Peer{}, fmt.Errorf("an invitation of %d bytes cannot be claimed: at most %d", len(claim), maxClaim)
	}
	peer, err := h.ask(ctx, w, want)
	if err != nil {
		return messaging.Peer{}, err
	}
	if err := w.write(frameInitiator, initiatorFrame{me, h.record, h.lives, claim}.encode()); err != nil {
		return messaging.Peer{}, err
	}
	if err := h.sendProof(ctx, w, me, roleInitiator, frameInitiatorProof); err != nil {
		return messaging.Peer{}, err
	}
	_, body, err := h.readOrRefused(w, true, frameWelcome)
	if err != nil {
		return messaging.Peer{}, err
	}
	m4, err := parseWelcome(body)
	if err != nil {
		return messaging.Peer{}, err
	}
	peer.Record, peer.Life, peer.Saw = m4.record, m4.life, m4.saw
	peer.Addresses, err = readRecord(peer.Record, h.remote)
	return peer, err
}

// ask makes the responder prove the wanted DID.
func (h *hello) ask(ctx context.Context, w *wire, want did.DID) (messaging.Peer, error) {
	nonce, err := h.nonce()
	if err != nil {
		return messaging.Peer{}, err
	}
	m1 := helloFrame{helloVersion, nonce, want.Canonical()}
	if err := errors.Join(w.write(frameHello, m1.encode()), w.flush()); err != nil {
		return messaging.Peer{}, err
	}
	_, body, err := h.readOrRefused(w, false, frameResponder)
	if err != nil {
		return messaging.Peer{}, err
	}
	m2, err := parseResponder(body)
	switch {
	case err != nil:
		return messaging.Peer{}, err
	case bytes.Equal(m2.nonce, nonce):
		return messaging.Peer{}, fmt.Errorf("%w: it sent our own nonce back", errProtocol)
	case !m2.did.Same(want):
		return messaging.Peer{}, fmt.Errorf("%w: it answers for another DID", errProtocol)
	}
	transcript := w.transcript()
	_, proof, err := w.read(frameResponderProof)
	if err != nil {
		return messaging.Peer{}, noEOF(err)
	}
	doc, err := h.check(ctx, m2.claimant, roleResponder, transcript, proof)
	if err == nil && h.trusted != [32]byte{} && h.trusted != inbox.KeySet(doc.Pins()) {
		err = fmt.Errorf("%w: the peer has proved itself by a document that is not trusted", messaging.ErrKeysChanged)
	}
	return messaging.Peer{DID: m2.did, Document: doc}, err
}

// nonce returns fresh random bytes.
func (h *hello) nonce() ([]byte, error) {
	b := make([]byte, nonceSize)
	_, err := io.ReadFull(h.random, b)
	return b, err
}

// sendProof signs all that was said so far, and sends what is in the buffer with it.
func (h *hello) sendProof(ctx context.Context, w *wire, me claimant, role string, t frameType) error {
	proof, err := h.prove(ctx, me, role, w.transcript())
	if err != nil {
		return fmt.Errorf("sign hello: %w", err)
	}
	return errors.Join(w.write(t, proof), w.flush())
}

// readOrRefused reads a frame, or returns the *refusal that came instead. A refusal by somebody who
// has not proved its DID is marked as such.
func (h *hello) readOrRefused(w *wire, proved bool, wanted frameType) (frameType, []byte, error) {
	t, body, err := w.read(wanted, frameRefused)
	if err != nil || t != frameRefused {
		return t, body, noEOF(err)
	}
	r, err := parseRefusal(body)
	if err != nil {
		return t, nil, err
	}
	r.proved = proved
	return t, nil, r
}
