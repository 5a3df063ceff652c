package main

import (
	"context"
	"crypto/ed25519"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didpeer"
	"github.com/parley-im/parley/inbox/memory"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/p2p"
)

// peer is a wallet in memory: keys, a DID, a store, and a node over libp2p.
type peer struct {
	self      messaging.Identity
	store     *memory.Store
	transport *p2p.Transport
	node      *messaging.Node
}

func newPeer(ctx context.Context, handler messaging.HandlerFunc) (*peer, error) {
	_, hostKey, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	keys := crypto.NewKeyring()
	p := &peer{store: memory.Open()}
	resolver := did.Methods{"peer": didpeer.Resolver{Known: p.store.LongForm}}
	if p.self, err = newIdentity(ctx, keys, hostKey, resolver); err != nil {
		return nil, err
	}
	us := messaging.FixedIdentities{p.self}
	p.transport = &p2p.Transport{
		Keys: keys, Identities: us, Resolver: resolver, HostKey: hostKey, Listen: []string{"/ip4/127.0.0.1/udp/0/quic-v1"},
	}
	p.node = &messaging.Node{
		Identities: us, Keys: keys, Resolver: resolver, Store: p.store,
		Transports: []messaging.Transport{p.transport}, Handler: mux(handler),
	}
	return p, p.transport.Open(ctx)
}

// newIdentity makes a did:peer:4 that names the libp2p peer, and puts its keys on the ring under their ids
// in both forms of the DID.
func newIdentity(ctx context.Context, ring *crypto.Keyring, hostKey ed25519.PrivateKey, r did.Resolver) (messaging.Identity, error) {
	var none messaging.Identity
	sign, err := crypto.GenerateKey(crypto.Ed25519)
	if err != nil {
		return none, err
	}
	agree, err := crypto.GenerateKey(crypto.X25519)
	if err != nil {
		return none, err
	}
	peerID, err := p2p.PeerIDOf(hostKey)
	if err != nil {
		return none, err
	}
	id, err := didpeer.Create4(didpeer.Options{
		Authentication: []crypto.PublicKey{sign.Public()}, KeyAgreement: []crypto.PublicKey{agree.Public()},
		Services: []did.Service{{ID: "#didcomm", Endpoints: []did.Endpoint{{URI: p2p.ServiceURI(peerID)}}}},
	})
	if err != nil {
		return none, err
	}
	doc, err := r.Resolve(ctx, id)
	if err != nil {
		return none, err
	}
	for form := range map[did.DID]bool{id: true, id.Canonical(): true} {
		ring.Add(did.URL{DID: form, Fragment: doc.Authentication()[0].ID.Fragment}.String(), sign)
		ring.Add(did.URL{DID: form, Fragment: doc.KeyAgreement()[0].ID.Fragment}.String(), agree)
	}
	return messaging.Identity{DID: id, Document: doc}, nil
}
