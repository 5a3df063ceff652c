package messagingtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

// Hosted is the method of DIDs whose documents a Network keeps, as hosts of did:web documents do: whoever owns the
// host, which is the test, can swap them. For nodes they are DIDs that resolve over the network.
const Hosted = "example"

// errHost is what asking a host comes to that was taken down.
var errHost = errors.New("the host of the document does not answer")

// registry keeps documents. Its zero value is ready; it is safe for concurrent use.
type registry struct {
	mu    sync.Mutex
	docs  map[did.DID]*did.Document // guarded by mu
	down  bool                      // guarded by mu
	asked int                       // guarded by mu
}

// Resolve implements did.Resolver.
func (r *registry) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r.down {
		return nil, errHost
	}
	if doc := r.docs[id]; doc != nil {
		return doc, nil
	}
	return nil, fmt.Errorf("%s: %w", id, did.ErrNotFound)
}

// Publish puts a document where its DID, of the method Hosted, is resolved. It takes the place of an earlier one at
// once, for all parties but those that have a cache of their own.
func (n *Network) Publish(doc *did.Document) {
	r := &n.registry
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.docs == nil {
		r.docs = map[did.DID]*did.Document{}
	}
	r.docs[doc.ID()] = doc
}

// HostsDown has every resolution of a hosted document fail, or no more.
func (n *Network) HostsDown(down bool) {
	n.registry.mu.Lock()
	defer n.registry.mu.Unlock()
	n.registry.down = down
}

// Asked returns how often hosts were asked for a document.
func (n *Network) Asked() int {
	n.registry.mu.Lock()
	defer n.registry.mu.Unlock()
	return n.registry.asked
}

// NewHosted makes a wallet as NewParty does, with a DID of the method Hosted. Its document is not published: see
// Publish. Two parties may have the same DID, such as the owner and somebody who has taken over its host; they need
// different names. The ids of its keys are prefix with "-sign" or "-agree" behind it.
func (n *Network) NewHosted(id did.DID, name, prefix string) (*Party, error) {
	p := n.newParty(name)
	if err := p.host(id, prefix); err != nil {
		return nil, fmt.Errorf("messagingtest: party %s: %w", name, err)
	}
	p.Restart()
	return p, nil
}

// Rekey gives a hosted party fresh keys under the same DID, beside those it has: a new Identity, whose document is not
// published. It takes effect with the next Restart.
func (p *Party) Rekey(prefix string) error {
	if err := p.host(p.Identity.DID, prefix); err != nil {
		return fmt.Errorf("messagingtest: party %s: %w", p.Name, err)
	}
	return nil
}

// host makes keys and a document for a hosted DID.
func (p *Party) host(id did.DID, prefix string) error {
	sign, agree, err := newKeys()
	if err != nil {
		return err
	}
	signID, agreeID := did.URL{DID: id, Fragment: prefix + "-sign"}, did.URL{DID: id, Fragment: prefix + "-agree"}
	p.Keys.Add(signID.String(), sign)
	p.Keys.Add(agreeID.String(), agree)
	doc, err := HostedDocument(id, []string{scheme + p.Name}, map[string]crypto.PublicKey{
		signID.Fragment: sign.Public(), agreeID.Fragment: agree.Public(),
	})
	p.Identity = messaging.Identity{DID: id, Document: doc, Since: time.Now()}
	return err
}

// HostedDocument makes a document with these endpoints for any DID, and with keys by their fragments: each is listed
// for what its curve is good for.
func HostedDocument(id did.DID, endpoints []string, keys map[string]crypto.PublicKey) (*did.Document, error) {
	type method struct {
		ID         string `json:"id"`
		Type       string `json:"type"`
		Controller string `json:"controller"`
		Multikey   string `json:"publicKeyMultibase"`
	}
	var doc struct {
		ID             string   `json:"id"`
		Methods        []method `json:"verificationMethod"`
		Authentication []string `json:"authentication"`
		KeyAgreement   []string `json:"keyAgreement"`
		Services       []any    `json:"service"`
	}
	doc.ID = id.String()
	for fragment, key := range keys {
		kid := did.URL{DID: id, Fragment: fragment}.String()
		doc.Methods = append(doc.Methods, method{kid, "Multikey", id.String(), key.Multikey()})
		if key.Curve().CanSign() {
			doc.Authentication = append(doc.Authentication, kid)
		}
		if key.Curve().CanAgree() {
			doc.KeyAgreement = append(doc.KeyAgreement, kid)
		}
	}
	for i, uri := range endpoints {
		doc.Services = append(doc.Services, map[string]any{
			"id": fmt.Sprintf("%s#didcomm-%d", id, i), "type": did.DIDCommMessaging,
			"serviceEndpoint": map[string]any{"uri": uri, "accept": []string{"didcomm/v2"}},
		})
	}
	text, err := json.Marshal(&doc, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	return did.ParseDocument(text)
}
