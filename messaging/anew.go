package messaging

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// freshFor is how old a document may be when there is reason to think that it has changed since: so often at most is
// the host of a DID asked because of what others send.
const freshFor = time.Minute

// anew resolves a DID, and asks again for a document that is older than freshFor, if the resolver can.
func (n *Node) anew(ctx context.Context, id did.DID) (*did.Document, error) {
	if r, ok := n.Resolver.(did.Refresher); ok && !n.offline(id.Method()) {
		return r.Refresh(ctx, id, freshFor)
	}
	return n.Resolver.Resolve(ctx, id)
}

// doubts are the recipients to whom the last delivery has failed and whose documents can change. The zero value is
// ready.
type doubts struct {
	mu  sync.Mutex
	ids map[did.DID]bool // guarded by mu; at most maxDoubts
}

// maxDoubts bounds what is remembered: a doubt that is forgotten costs no more than a later look.
const maxDoubts = 4096

func (d *doubts) set(id did.DID, doubt bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case !doubt:
		delete(d.ids, id)
		return
	case d.ids == nil, len(d.ids) >= maxDoubts:
		d.ids = map[did.DID]bool{}
	}
	d.ids[id] = true
}

func (d *doubts) has(id did.DID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ids[id]
}

// doubt records whether the last delivery to somebody has failed, if its document can change.
func (n *Node) doubt(id did.DID, failed bool) {
	if !n.offline(id.Method()) {
		n.doubts.set(id, failed)
	}
}

// document resolves a recipient. After a delivery has failed it is asked for anew; when that fails, what was known
// before still holds, unless the DID was given up: what is sealed by it is sealed to trusted keys all the same.
func (n *Node) document(ctx context.Context, id did.DID) (*did.Document, error) {
	if n.doubts.has(id) {
		doc, err := n.anew(ctx, id)
		if err == nil || errors.Is(err, did.ErrDeactivated) || ctx.Err() != nil {
			return doc, err
		}
	}
	return n.Resolver.Resolve(ctx, id)
}

// senders finds the documents by which one envelope is checked. It keeps the last one, so that it is that very
// document which is judged afterwards: another may be there by then. It belongs to one goroutine.
type senders struct {
	node *Node
	doc  *did.Document
}

// Resolve implements did.Resolver.
func (s *senders) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	if s.doc != nil && s.doc.ID() == id {
		return s.doc, nil
	}
	doc, err := s.node.resolveSender(ctx, id)
	if err == nil {
		s.doc = doc
	}
	return doc, err
}

// unseal opens an envelope, and returns the document of its sender, nil if none was asked for. Where the keys of a
// contact can change, one that does not open by those that we know is tried again with a newer document, and else put
// off: nothing that a friend sends is refused because a host is behind.
func (n *Node) unseal(ctx context.Context, sealed []byte) (*envelope.Opened, *did.Document, error) {
	s := &senders{node: n}
	open := func() (*envelope.Opened, error) {
		return envelope.Open(ctx, n.Keys, did.Directory(s), sealed, envelope.OpenOptions{CheckSigner: checkSigner})
	}
	opened, err := open()
	if err == nil || s.doc == nil || n.offline(s.doc.ID().Method()) ||
		!errors.Is(err, envelope.ErrOpen) && !errors.Is(err, crypto.ErrUnknownKey) {
		return opened, s.doc, err
	}
	c, known := n.Store.Contact(ctx, s.doc.ID())
	if errors.Is(known, inbox.ErrNotFound) {
		return nil, s.doc, err
	}
	if doc, failed := n.anew(ctx, s.doc.ID()); failed == nil && doc != s.doc {
		s.doc = doc
		if opened, err = open(); err == nil {
			return opened, s.doc, nil
		}
	}
	if known == nil {
		_, _ = n.judge(ctx, c, s.doc) // so that the user learns of a change
	}
	return nil, s.doc, &putOffError{freshFor}
}
