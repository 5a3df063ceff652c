package messagingtest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didkey"
	"github.com/parley-im/parley/did/didpeer"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/inbox/memory"
	"github.com/parley-im/parley/messaging"
)

// Party is a wallet on a Network. Change its Node and register handlers in Mux before the Node runs.
type Party struct {
	// Name is what others know it by; its endpoint is "mem:NAME".
	Name string
	// Identity is a did:peer:4 with an Ed25519 and an X25519 key, in its long form.
	Identity messaging.Identity
	// Keys holds the private keys under their ids in the long and the short form of the DID.
	Keys *crypto.Keyring
	// Store is its memory. It outlives the node: see Restart.
	Store *memory.Store
	// Resolver resolves did:key and did:peer, short forms of DIDs that the store has learnt included, and hosted DIDs
	// as the network has them now.
	Resolver did.Resolver
	// Mux is the Node's handler and Transport its only transport.
	Mux       *messaging.Mux
	Transport *Transport
	Node      *messaging.Node

	network *Network
}

// NewParty makes a wallet with fresh keys and an empty store. It returns an error instead of failing a
// test, so that it can be used inside of property tests. The name must fit into a URI.
func (n *Network) NewParty(name string) (*Party, error) {
	p := n.newParty(name)
	if err := p.makeIdentity(); err != nil {
		return nil, fmt.Errorf("messagingtest: party %s: %w", name, err)
	}
	p.Restart()
	return p, nil
}

// newParty makes a party without an identity.
func (n *Network) newParty(name string) *Party {
	p := &Party{Name: name, Keys: crypto.NewKeyring(), Store: memory.Open(), network: n}
	p.Resolver = did.Methods{"key": didkey.Resolver{}, "peer": didpeer.Resolver{Known: p.Store.LongForm}, Hosted: &n.registry}
	return p
}

// Restart gives the party a new node, transport and mux over the same keys and store, as a wallet that
// is closed and opened again has. The old node must have stopped. Handlers must be registered again.
func (p *Party) Restart() {
	p.Mux, p.Transport = &messaging.Mux{}, p.network.Transport(p.Name)
	p.Transport.Identity, p.Transport.Resolver = p.Identity, p.Resolver
	p.Node = &messaging.Node{
		Identities: messaging.FixedIdentities{p.Identity}, Keys: p.Keys, Resolver: p.Resolver, Store: p.Store,
		Transports: []messaging.Transport{p.Transport}, Handler: p.Mux,
	}
}

// DID returns the party's DID in its short form.
func (p *Party) DID() did.DID { return p.Identity.DID.Canonical() }

// Start runs the node until stop is called or ctx ends. stop waits for the node and returns the error of
// Run; calling it again returns the same.
func (p *Party) Start(ctx context.Context) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	var err error
	node := p.Node
	go func() {
		defer close(done)
		err = node.Run(ctx)
	}()
	return func() error {
		cancel()
		<-done
		return err
	}
}

// Befriend makes each of the two a contact of the other under its name, with its keys pinned and its DID
// document known, as an invitation that was claimed does. Hosted ones need not be published for that.
func Befriend(ctx context.Context, a, b *Party) error {
	return errors.Join(a.meet(ctx, b), b.meet(ctx, a))
}

func (p *Party) meet(ctx context.Context, other *Party) error {
	if other.Identity.DID.IsLong() {
		if err := p.Store.Learn(ctx, other.Identity.DID); err != nil {
			return err
		}
	}
	keys := other.Identity.Document.PinKeys()
	return p.Store.AddContact(ctx, inbox.Contact{
		DID: other.DID(), Name: other.Name, Confirmed: true, Keys: keys, Pins: other.Identity.Document.Pins(),
		Version: other.Identity.Document.Version(),
		History: []inbox.KeyEvent{{At: time.Now(), How: inbox.KeysInvited, Keys: inbox.KeySet(inbox.Fingerprints(keys))}},
	})
}

// makeIdentity makes the keys and the DID, and binds the keys to their ids.
func (p *Party) makeIdentity() error {
	sign, agree, err := newKeys()
	if err != nil {
		return err
	}
	id, err := didpeer.Create4(didpeer.Options{
		Authentication: []crypto.PublicKey{sign.Public()}, KeyAgreement: []crypto.PublicKey{agree.Public()},
		Services: []did.Service{{
			ID: "#didcomm", Endpoints: []did.Endpoint{{URI: scheme + p.Name, Accept: []string{"didcomm/v2"}}},
		}},
	})
	if err != nil {
		return err
	}
	ctx := context.Background()
	doc, err := p.Resolver.Resolve(ctx, id)
	if err != nil {
		return err
	}
	for _, m := range doc.Methods() {
		key := sign
		if m.Key.Equal(agree.Public()) {
			key = agree
		}
		kid := m.ID
		p.Keys.Add(kid.String(), key)
		kid.DID = kid.DID.Canonical()
		p.Keys.Add(kid.String(), key)
	}
	p.Identity = messaging.Identity{DID: id, Document: doc, Since: time.Now()}
	return p.Store.Learn(ctx, id)
}

// newKeys makes a key to sign with and one to agree with.
func newKeys() (sign, agree crypto.PrivateKey, err error) {
	if sign, err = crypto.GenerateKey(crypto.Ed25519); err == nil {
		agree, err = crypto.GenerateKey(crypto.X25519)
	}
	return sign, agree, err
}
