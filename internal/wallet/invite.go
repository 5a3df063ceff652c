package wallet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging/outofband"
)

const (
	defaultInvite = 24 * time.Hour
	minInvite     = time.Second
	maxInvite     = 366 * 24 * time.Hour
)

// Invite makes an invitation with the addresses where the wallet listens. It can be claimed while some
// parley process runs for this wallet, such as the daemon.
func (w *Wallet) Invite(ctx context.Context, r control.InviteRequest) (control.Invite, error) {
	if r.Expires == 0 {
		r.Expires = defaultInvite
	}
	if r.Expires < minInvite || r.Expires > maxInvite {
		return control.Invite{}, &control.Error{Code: control.CodeUsage, Message: "an invitation is good for a second at the least and a year at the most"}
	}
	if err := w.Listen(ctx); err != nil {
		return control.Invite{}, err
	}
	t := time.Now().Truncate(time.Second).UTC()
	inv, err := w.issuer.Issue(outofband.Invitation{
		From: w.ids.preferred().DID, Label: w.ownName(), Accept: []string{"didcomm/v2"}, Addresses: w.bareAddresses(),
		Multi: r.Multi, Created: t, Expires: t.Add(r.Expires).Truncate(time.Second),
	})
	if err != nil {
		return control.Invite{}, fmt.Errorf("make the invitation: %w", err)
	}
	link, err := inv.Link()
	if err != nil {
		return control.Invite{}, fmt.Errorf("write the invitation: %w", err)
	}
	return control.Invite{V: control.Version, Link: link, Expires: inv.Expires}, nil
}

// bareAddresses are our addresses without the peer id, which the invitation's DID document names: a link
// must fit a QR code.
func (w *Wallet) bareAddresses() []string {
	addrs := w.transport.Addresses()
	for i, a := range addrs {
		addrs[i], _, _ = strings.Cut(a, "/p2p/")
	}
	return addrs
}

// Add makes a contact of the inviter and introduces us to it. The introduction names the invitation as
// its parent thread, which claims it; if it is refused within r.Timeout, the contact is taken back. With a DID
// instead of an invitation the contact is made and nobody is introduced.
func (w *Wallet) Add(ctx context.Context, r control.AddRequest) (control.Contact, error) {
	if r.DID != "" {
		return w.addDID(ctx, r)
	}
	inv, doc, err := w.readLink(ctx, r.Link)
	if err != nil {
		return control.Contact{}, err
	}
	c, err := w.invited(ctx, inv, doc, r.Name)
	if err != nil {
		return control.Contact{}, err
	}
	id, err := w.introduce(ctx, inv)
	if err != nil {
		return control.Contact{}, err
	}
	p, err := w.await(ctx, id, inbox.Delivered, r.Timeout)
	if err != nil {
		return control.Contact{}, err
	}
	if p.State == inbox.Failed || p.State == inbox.Expired {
		if err := w.store.RemoveContact(ctx, c.DID); err != nil && !errors.Is(err, inbox.ErrNotFound) {
			return control.Contact{}, err
		}
		return control.Contact{}, &control.Error{Code: control.CodeTrust, Message: "the invitation was not accepted: " + p.Problem,
			Hint: "ask for a new invitation; no contact was added"}
	}
	if c, err = w.store.Contact(ctx, c.DID); err != nil {
		return control.Contact{}, err
	}
	return w.contactView(ctx, c)
}

// readLink reads an invitation and checks what can be checked without its maker.
func (w *Wallet) readLink(ctx context.Context, link string) (*outofband.Invitation, *did.Document, error) {
	inv, err := outofband.ParseLink(link)
	if err != nil {
		return nil, nil, &control.Error{Code: control.CodeUsage, Message: "this is not an invitation, or not the whole of one",
			Hint: "copy the whole link, in quotes"}
	}
	if !inv.Expires.IsZero() && !time.Now().Before(inv.Expires) {
		return nil, nil, &control.Error{Code: control.CodeTrust, Message: "the invitation expired at " + inv.Expires.Format(time.RFC3339),
			Hint: "ask for a new invitation"}
	}
	if w.isOurs(inv.From) {
		return nil, nil, &control.Error{Code: control.CodeUsage, Message: "this is an invitation of this very wallet", Hint: "give it to a friend"}
	}
	doc, err := w.resolver.Resolve(ctx, inv.From)
	if err != nil {
		return nil, nil, &control.Error{Code: control.CodeTrust, Message: "the invitation was altered or damaged on its way: its DID does not hold",
			Hint: "ask for it again"}
	}
	return inv, doc, nil
}

// invited adds the inviter as a contact, or finds it where an earlier Add of the same invitation was cut
// short.
func (w *Wallet) invited(ctx context.Context, inv *outofband.Invitation, doc *did.Document, name string) (inbox.Contact, error) {
	plaintext, err := inv.Plaintext()
	if err != nil {
		return inbox.Contact{}, err
	}
	if c, err := w.store.Contact(ctx, inv.From); err == nil {
		if len(c.Invitation) == 0 {
			return c, &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf("they are a contact already: %s", c.Name),
				Hint: "parley send " + c.Name + " TEXT"}
		}
		return w.invitedAgain(ctx, inv, plaintext)
	}
	fallback := fallbackName(inv.From)
	c := inbox.Contact{
		DID: inv.From.Canonical(), Name: name, Addresses: inv.Addresses[:min(len(inv.Addresses), 16)],
		Invitation: plaintext, Added: now(), Ours: w.ids.preferred().DID.Canonical(),
	}
	c.Trust(doc.PinKeys(), doc.Version(), inbox.KeysInvited, c.Added)
	if name == "" {
		c.Name = inbox.PetName(inv.Label, fallback)
	}
	if err := w.store.Learn(ctx, inv.From); err != nil {
		return c, err
	}
	return c, explainName(c.Name, w.store.AddContact(ctx, c))
}

// invitedAgain has a newer invitation take the place of one that was never accepted.
func (w *Wallet) invitedAgain(ctx context.Context, inv *outofband.Invitation, plaintext []byte) (c inbox.Contact, err error) {
	err = w.store.UpdateContact(ctx, inv.From, func(stored *inbox.Contact) error {
		stored.Invitation, stored.PeerRecord = plaintext, nil
		stored.Addresses = inv.Addresses[:min(len(inv.Addresses), 16)]
		c = *stored
		return nil
	})
	return c, err
}

// introductionPrefix begins the ids of introductions.
const introductionPrefix = "hello-"

// introductionID is the id of the nth introduction with which we claim an invitation.
func introductionID(inv *outofband.Invitation, n int) string {
	return fmt.Sprintf("%s%d-%s", introductionPrefix, n, inv.ID)
}

// introduce queues our introduction, which claims the invitation, unless one is on its way or was delivered
// already, and returns its id.
func (w *Wallet) introduce(ctx context.Context, inv *outofband.Invitation) (string, error) {
	m := w.introductionTo(inv.From.Canonical())
	m.ParentThreadID, m.Expires, m.PleaseAck = inv.ID, inv.Expires, []string{""}
	for n := 1; ; n++ {
		m.ID = introductionID(inv, n)
		before, err := w.store.Sent(ctx, inbox.SentQuery{MessageID: m.ID, Limit: 1})
		switch {
		case err != nil:
			return "", err
		case len(before) == 0:
			return m.ID, explainSend("the inviter", w.node.Send(ctx, m))
		case before[0].State != inbox.Failed && before[0].State != inbox.Expired:
			return m.ID, nil
		}
	}
}

// resumeIntroductions introduces us to contacts of whom an Add was cut short before it had. One that cannot be made
// now, because the contact is blocked or its keys have changed or too much is queued, is left for another time.
func (w *Wallet) resumeIntroductions(ctx context.Context) error {
	all, err := w.store.Contacts(ctx)
	if err != nil {
		return err
	}
	for _, c := range all {
		if len(c.Invitation) == 0 {
			continue
		}
		inv, err := outofband.Parse(c.Invitation)
		if err != nil {
			w.log.Error("a contact's invitation cannot be read", "contact", c.DID, "err", err)
			continue
		}
		before, err := w.store.Sent(ctx, inbox.SentQuery{MessageID: introductionID(inv, 1), Limit: 1})
		if err == nil && len(before) == 0 {
			_, err = w.introduce(ctx, inv)
		}
		var reason *control.Error
		switch {
		case errors.As(err, &reason):
			w.log.Warn("a contact's invitation is not claimed", "contact", c.DID, "err", err)
		case err != nil:
			return err
		}
	}
	return nil
}
