package p2p

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

// The roles in a hello, as they are signed.
const (
	roleInitiator = "initiator"
	roleResponder = "responder"
)

const scheme = "libp2p-peerId:"

// signed is what a proof signs (PROTOCOL.md, Hello).
func signed(role string, initiator, responder peer.ID, transcript []byte) []byte {
	b := []byte("parley hello v1 " + role + "\x00")
	b = append(b, lp(string(initiator))...)
	b = append(b, lp(string(responder))...)
	return append(b, transcript...)
}

// errNoSigningKey says that an identity of ours cannot prove itself.
var errNoSigningKey = errors.New("our DID document lists no authentication key")

// claimOf returns what an identity of ours says of itself. The key id is in the short form, under
// which the key store knows it as well.
func claimOf(own messaging.Identity) (claimant, error) {
	if own.Document == nil {
		return claimant{}, errNoSigningKey
	}
	methods := own.Document.Authentication()
	if len(methods) == 0 {
		return claimant{}, errNoSigningKey
	}
	return claimant{own.DID, did.URL{DID: own.DID.Canonical(), Fragment: methods[0].ID.Fragment}}, nil
}

// prove signs for us in a role.
func (h *hello) prove(ctx context.Context, c claimant, role string, transcript []byte) ([]byte, error) {
	initiator, responder := h.parties(role)
	return h.keys.Sign(ctx, c.kid.String(), signed(role, initiator, responder, transcript))
}

// check verifies that the other side, in its role, is who it claims to be. The error of a claim that
// does not hold is a *messaging.Refusal with CodeTrust, whatever the reason.
func (h *hello) check(ctx context.Context, c claimant, role string, transcript, proof []byte) (*did.Document, error) {
	doc, err := h.resolver.Resolve(ctx, c.did)
	if err != nil {
		return nil, resolveError(err)
	}
	key, err := doc.Key(c.kid, crypto.Authentication)
	if err != nil {
		return nil, distrust("key", err)
	}
	responder, initiator := h.parties(role)
	if err := key.Verify(signed(role, initiator, responder, transcript), proof); err != nil {
		return nil, distrust("signature", err)
	}
	if !lists(doc, h.remote) {
		return nil, distrust("PeerID", errors.New("the DID's document does not list this PeerID"))
	}
	return doc, nil
}

// parties returns our PeerID first if we are in the role of the initiator.
func (h *hello) parties(role string) (initiator, responder peer.ID) {
	if role == roleInitiator {
		return h.self, h.remote
	}
	return h.remote, h.self
}

func distrust(what string, err error) error {
	return fmt.Errorf("%s: %w: %w", what, &messaging.Refusal{Code: messaging.CodeTrust}, err)
}

// resolveError tells a DID that is wrong from one that cannot be resolved just now.
func resolveError(err error) error {
	if errors.Is(err, did.ErrInvalid) || errors.Is(err, did.ErrMethod) || errors.Is(err, did.ErrNotFound) {
		return distrust("resolve", err)
	}
	return fmt.Errorf("resolve: %w", err)
}

// lists reports whether a document says that its DID is reached at a PeerID.
func lists(doc *did.Document, id peer.ID) bool {
	if doc == nil {
		return false
	}
	found := false
	for _, e := range doc.DIDComm() {
		listed, ok := peerOf(e.URI)
		found = found || ok && listed == id
	}
	return found
}

// peerOf returns the PeerID that an endpoint's URI names, in any of the text forms of PeerIDs.
func peerOf(uri string) (peer.ID, bool) {
	text, ok := strings.CutPrefix(uri, scheme)
	if !ok {
		return "", false
	}
	id, err := peer.Decode(text)
	return id, err == nil
}
