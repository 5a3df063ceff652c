package wallet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didweb"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging/p2p"
)

// WebDocument makes a did:web a DID of this wallet and returns its document. Asked again it keeps the keys and
// publishes other addresses. Whether somebody hosts the document is not checked: until then nobody finds it.
func (w *Wallet) WebDocument(ctx context.Context, r control.WebDocumentRequest) (control.WebDocument, error) {
	id, where, err := w.readWebDID(ctx, r.DID)
	if err != nil {
		return control.WebDocument{}, err
	}
	addrs, err := w.published(ctx, r.Addrs)
	if err != nil {
		return control.WebDocument{}, err
	}
	h, err := w.hold(ctx, id, addrs)
	if err != nil {
		return control.WebDocument{}, err
	}
	return control.WebDocument{V: control.Version, DID: id.String(), URL: where.String(), File: strings.TrimPrefix(where.Path, "/"),
		Document: json.RawMessage(strings.TrimSpace(h.Document)), Addrs: addrs}, nil
}

// readWebDID reads a did:web that may become ours, and returns where its document is to be.
func (w *Wallet) readWebDID(ctx context.Context, text string) (id did.DID, where *url.URL, err error) {
	bad := func(message string) error {
		return &control.Error{Code: control.CodeUsage, Message: message, Hint: "did:web:example.org, or did:web:example.org:people:alice; nothing was changed"}
	}
	if id, err = did.Parse(strings.TrimSpace(text)); err != nil {
		return id, nil, bad("this is no DID: " + err.Error())
	}
	if id.Method() != "web" {
		return id, nil, bad(fmt.Sprintf("a did:web is needed, this is a did:%s", id.Method()))
	}
	raw, err := didweb.URL(id)
	if err == nil {
		where, err = url.Parse(raw)
	}
	if err != nil {
		return id, nil, bad("this cannot be the DID of a document on the web: " + err.Error())
	}
	c, err := w.store.Contact(ctx, id)
	switch {
	case err == nil:
		return id, nil, &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf("this is the DID of a contact: %s", c.Name), Hint: "choose a DID of your own"}
	case !errors.Is(err, inbox.ErrNotFound):
		return id, nil, err
	}
	return id, where, nil
}

// published returns the multiaddrs to publish: those that were given, or else those where we listen that are of use
// to others.
func (w *Wallet) published(ctx context.Context, given []string) ([]string, error) {
	if len(given) > 0 {
		self, err := w.peerID()
		if err != nil {
			return nil, err
		}
		return bareAddrs(given, func(peer string) bool { return peer == self })
	}
	if err := w.Listen(ctx); err != nil {
		return nil, err
	}
	addrs := slices.DeleteFunc(w.bareAddresses(), func(a string) bool { return !reachable(a) })
	return addrs[:min(len(addrs), maxAddrs)], nil
}

// reachable reports whether a multiaddr may mean this machine to others: not if it is an IP address that every machine
// has, or that holds on one link only.
func reachable(addr string) bool {
	parts := strings.SplitN(addr, "/", 4) // "", "ip4", the address, the rest
	if len(parts) < 4 || parts[1] != "ip4" && parts[1] != "ip6" {
		return true
	}
	ip, err := netip.ParseAddr(parts[2])
	return err == nil && !ip.IsLoopback() && !ip.IsUnspecified() && !ip.IsLinkLocalUnicast()
}

// hold keeps the did:web with these addresses, durably first, and takes it on at once.
func (w *Wallet) hold(ctx context.Context, id did.DID, addrs []string) (heldIdentity, error) {
	w.ids.mu.Lock()
	defer w.ids.mu.Unlock()
	held, err := w.heldIdentities(ctx)
	if err != nil {
		return heldIdentity{}, err
	}
	if len(held) == 0 { // a wallet of an earlier version: its first DID is kept in its profile
		held = []heldIdentity{{DID: w.ids.preferred().DID}}
	}
	at := slices.IndexFunc(held, func(h heldIdentity) bool { return h.DID.Same(id) })
	if at < 0 {
		if len(held) >= maxIdentities {
			return heldIdentity{}, &control.Error{Code: control.CodeQuota, Message: fmt.Sprintf("a wallet has at most %d DIDs; nothing was changed", maxIdentities),
				Hint: "make another wallet: parley --profile NAME init"}
		}
		at, held = len(held), append(held, heldIdentity{DID: id, Index: freeIndex(held), Since: now()})
	}
	if held[at].Document, err = w.webDocument(id, held[at].Index, addrs); err != nil {
		return heldIdentity{}, err
	}
	i, err := w.identity(ctx, held[at])
	if err != nil {
		return heldIdentity{}, err
	}
	if err := saveSetting(ctx, w.store, identitiesSetting, held); err != nil {
		return heldIdentity{}, err
	}
	w.ids.put(i)
	return held[at], nil
}

// freeIndex is the number of keys that no identity was ever made with.
func freeIndex(held []heldIdentity) int {
	free := 0
	for _, h := range held {
		free = max(free, h.Index+1)
	}
	return free
}

// webDocument writes the document of a did:web of ours.
func (w *Wallet) webDocument(id did.DID, index int, addrs []string) (string, error) {
	sign, agree, err := w.didKeys(index)
	if err != nil {
		return "", err
	}
	endpoint, err := w.endpoint()
	if err != nil {
		return "", err
	}
	endpoint.MultiAddrs = addrs
	text, err := didweb.Document(didweb.Options{
		DID: id, Authentication: []crypto.PublicKey{sign}, KeyAgreement: []crypto.PublicKey{agree},
		Services: []did.Service{{ID: "#didcomm", Type: did.DIDCommMessaging, Endpoints: []did.Endpoint{endpoint}}},
	})
	if err != nil {
		return "", &control.Error{Code: control.CodeUsage, Message: "the document cannot be written: " + err.Error(), Hint: "nothing was changed"}
	}
	return string(text), nil
}

// didKeys returns the public keys with this number that a DID of ours is made of.
func (w *Wallet) didKeys(index int) (sign, agree crypto.PublicKey, err error) {
	if sign, err = w.keys.DIDKey(crypto.Ed25519, uint32(index)); err != nil {
		return sign, agree, err
	}
	agree, err = w.keys.DIDKey(crypto.X25519, uint32(index))
	return sign, agree, err
}

// endpoint is how our DIDs say that we are reached.
func (w *Wallet) endpoint() (did.Endpoint, error) {
	peer, err := w.peerID()
	return did.Endpoint{URI: p2p.ServiceURI(peer), Accept: []string{"didcomm/v2"}}, err
}
