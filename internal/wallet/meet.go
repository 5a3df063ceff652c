package wallet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/p2p"
)

// maxAddrs is how many multiaddrs a contact may be given.
const maxAddrs = 16

// maxAddr is the size in bytes of the longest of them: a name of DNS has 253.
const maxAddr = 512

// addDID makes a contact of a DID that we were told by other means. Nobody is introduced: our first message
// waits at its recipient until that one accepts us. Is a message of theirs waiting here, it is accepted.
func (w *Wallet) addDID(ctx context.Context, r control.AddRequest) (control.Contact, error) {
	id, doc, err := w.readDID(ctx, r)
	if err != nil {
		return control.Contact{}, err
	}
	addrs, err := bareAddrs(r.Addrs, func(peer string) bool {
		return slices.ContainsFunc(doc.DIDComm(), func(e did.Endpoint) bool { return e.URI == p2p.ServiceURI(peer) })
	})
	if err != nil {
		return control.Contact{}, err
	}
	if err := w.freeName(ctx, r.Name); err != nil {
		return control.Contact{}, err
	}
	c := inbox.Contact{DID: id.Canonical(), Name: r.Name, Addresses: addrs, Added: now()}
	c.Trust(doc.PinKeys(), doc.Version(), inbox.KeysAdded, c.Added)
	if c.Name == "" {
		c.Name = fallbackName(id)
	}
	if err := w.store.Learn(ctx, id); err != nil {
		return control.Contact{}, err
	}
	accepted, err := w.acceptAdded(ctx, c, r.Name)
	if !errors.Is(err, inbox.ErrNotFound) {
		return accepted, err
	}
	if err := w.store.AddContact(ctx, c); err != nil {
		return control.Contact{}, explainName(c.Name, err)
	}
	return w.contactView(ctx, c)
}

// acceptAdded accepts the request of somebody whom the user adds anyway, and keeps the addresses that the user
// knows. ErrNotFound if there is none.
func (w *Wallet) acceptAdded(ctx context.Context, c inbox.Contact, name string) (control.Contact, error) {
	requests, err := w.store.Requests(ctx)
	if err != nil {
		return control.Contact{}, err
	}
	if !slices.ContainsFunc(requests, func(q inbox.Request) bool { return q.From.Same(c.DID) }) {
		return control.Contact{}, inbox.ErrNotFound
	}
	view, err := w.SettleRequest(ctx, control.RequestDecision{From: c.DID.String(), Name: name})
	if err != nil || len(c.Addresses) == 0 {
		return view, err
	}
	err = w.store.UpdateContact(ctx, c.DID, func(stored *inbox.Contact) error {
		stored.Addresses = c.Addresses
		c = *stored
		return nil
	})
	if err != nil {
		return view, err
	}
	return w.contactView(ctx, c)
}

// readDID resolves the DID of somebody new and checks that messages can be sent there.
func (w *Wallet) readDID(ctx context.Context, r control.AddRequest) (id did.DID, doc *did.Document, err error) {
	if r.Link != "" {
		return id, nil, &control.Error{Code: control.CodeUsage, Message: "an invitation or a DID, not both", Hint: "parley add LINK"}
	}
	if id, err = did.Parse(strings.TrimSpace(r.DID)); err != nil {
		return id, nil, &control.Error{Code: control.CodeUsage, Message: "this is no DID: " + err.Error(), Hint: "their wallet tells it: id --json, on their side"}
	}
	if w.isOurs(id) {
		return id, nil, &control.Error{Code: control.CodeUsage, Message: "this is the DID of this very wallet", Hint: "parley contacts add DID, with that of a friend"}
	}
	if c, err := w.store.Contact(ctx, id); err == nil {
		return id, nil, known(c)
	} else if !errors.Is(err, inbox.ErrNotFound) {
		return id, nil, err
	}
	if doc, err = w.resolver.Resolve(ctx, id); err != nil {
		return id, nil, explainResolve(id, err)
	}
	if len(doc.DIDComm()) == 0 {
		return id, nil, &control.Error{Code: control.CodeUsage, Message: id.Short() + " has no DIDComm service: nothing can be sent there",
			Hint: "ask for another DID, or for an invitation: parley add LINK"}
	}
	return id, doc, nil
}

// known is the error of adding somebody who is a contact.
func known(c inbox.Contact) error {
	if c.Blocked {
		return &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf("they are a contact already, and blocked: %s", c.Name),
			Hint: "parley contacts unblock " + c.Name}
	}
	return &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf("they are a contact already: %s", c.Name),
		Hint: "parley send " + c.Name + " TEXT"}
}

// CannotResolve says that a DID does not resolve, and why, and names it once.
func CannotResolve(id did.DID, err error) string {
	why := strings.TrimPrefix(err.Error(), "resolving "+id.Short()+": ")
	return fmt.Sprintf("cannot resolve %s: %s", id.Short(), strings.TrimPrefix(why, id.Short()+": "))
}

// explainResolve says why a DID could not be resolved, and what to do.
func explainResolve(id did.DID, err error) error {
	e := &control.Error{Code: control.CodeUnknown, Message: CannotResolve(id, err), Hint: "is it the whole DID? ask for it again"}
	switch {
	case id.Method() == "peer" && errors.Is(err, did.ErrNotFound):
		e.Message = id.Short() + " is the short form of a DID whose document is not known here"
		e.Hint = `ask for the long form: "long_did" of id --json, on their side`
	case errors.Is(err, did.ErrMethod) && id.Method() == "plc":
		e.Hint = "PARLEY_PLC_DIRECTORY names a directory of did:plc"
	case errors.Is(err, did.ErrMethod):
		e.Hint = "PARLEY_RESOLVER names a Universal Resolver for other methods"
	case errors.Is(err, did.ErrUnsafe):
		e.Code, e.Hint = control.CodeTrust, "if that host is one of your own network: --allow-private-networks"
	case errors.Is(err, did.ErrRewritten):
		e.Code, e.Hint = control.CodeTrust, "its history was rewritten: ask them what happened, another way"
	case errors.Is(err, did.ErrDeactivated):
		e.Hint = "they have given it up: ask for another"
	case errors.Is(err, did.ErrNotFound), errors.Is(err, did.ErrInvalid):
	case !messaging.OfflineMethod(id.Method()):
		e.Code, e.Hint = control.CodeNetwork, "try again; nothing was changed"
	}
	return e
}

// bareAddrs checks multiaddrs and takes their peer ids off, which have to belong to the DID.
func bareAddrs(addrs []string, belongs func(peer string) bool) (bare []string, err error) {
	if len(addrs) > maxAddrs {
		return nil, &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf("at most %d addresses can be kept", maxAddrs), Hint: "leave some out"}
	}
	for _, addr := range addrs {
		if len(addr) > maxAddr {
			return nil, &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf("an address has at most %d bytes", maxAddr), Hint: "--addr /dns4/NAME/tcp/PORT"}
		}
		a, peer, named := strings.Cut(addr, "/p2p/")
		if err := p2p.CheckListen([]string{a}); err != nil {
			return nil, &control.Error{Code: control.CodeUsage, Message: err.Error(), Hint: "--addr /ip4/ADDRESS/udp/PORT/quic-v1 or --addr /dns4/NAME/tcp/PORT"}
		}
		if named && !belongs(peer) {
			return nil, &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf("address %q is that of somebody else: the DID names another peer", addr),
				Hint: "ask for both again: id --json, on their side"}
		}
		bare = append(bare, a)
	}
	return bare, nil
}

// fallbackName is the petname of somebody who does not say one.
func fallbackName(id did.DID) string { return "friend-" + id.Hash()[:6] }
