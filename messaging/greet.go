package messaging

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

const (
	defaultGreet = 32
	greetAtOnce  = 4
	greetJitter  = 2 * time.Second
)

// greetContacts greets the contacts that were heard of last: they learn where we are now, and what
// waits for us or for them moves at once. Failures do not matter.
func (n *Node) greetContacts(ctx context.Context) {
	limit := n.Greet
	if limit == 0 {
		limit = defaultGreet
	}
	all, err := n.Store.Contacts(ctx)
	if limit < 0 || err != nil {
		return
	}
	all = slices.DeleteFunc(all, func(c inbox.Contact) bool {
		return c.Blocked || len(c.Invitation) > 0 || c.Offer != nil
	})
	slices.SortFunc(all, func(a, b inbox.Contact) int { return b.Seen.Compare(a.Seen) })
	var g errgroup.Group
	g.SetLimit(greetAtOnce)
	for i, c := range all[:min(len(all), limit)] {
		g.Go(func() error {
			jitter := rand.N(greetJitter)
			if i == 0 {
				jitter = 0
			}
			if wait(ctx, nil, time.Now().Add(jitter)) == nil {
				if err := n.greet(ctx, c); err != nil {
					n.log().Debug("greeting failed", "contact", c.DID, "err", err)
				}
			}
			return nil
		})
	}
	_ = g.Wait()
}

// greet proves who we are to a contact and learns where it is. It returns nil once the contact has
// answered on one of its endpoints.
func (n *Node) greet(ctx context.Context, c inbox.Contact) error {
	self, err := n.self(did.DID{}, []inbox.Contact{c})
	if err != nil {
		return err
	}
	_, doc, err := n.recipient(ctx, c.DID)
	if err != nil {
		return err
	}
	usable, err := n.usable(doc)
	for _, e := range usable {
		ctx, cancel := context.WithTimeout(ctx, attemptTime)
		_, err = e.transport.Send(ctx, Delivery{
			From: self.DID, To: c.DID, Endpoint: e.Endpoint, Addresses: c.Addresses, Record: c.PeerRecord,
			Life: n.life(), Saw: c.Life, Keys: inbox.KeySet(doc.Pins()),
		})
		cancel()
		if err == nil {
			return n.Store.Wake(context.WithoutCancel(ctx), c.DID, time.Now())
		}
	}
	return err
}
