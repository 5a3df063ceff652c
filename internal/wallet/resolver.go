package wallet

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/aries"
	"github.com/parley-im/parley/did/didjwk"
	"github.com/parley-im/parley/did/didkey"
	"github.com/parley-im/parley/did/didpeer"
	"github.com/parley-im/parley/did/didplc"
	"github.com/parley-im/parley/did/didweb"
	"github.com/parley-im/parley/did/didwebvh"
	"github.com/parley-im/parley/did/fetch"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
)

// ResolverOptions are whom a Resolver may ask. The zero value asks nobody but the hosts that DIDs themselves name, if
// they are public.
type ResolverOptions struct {
	// Universal is the URL of a Universal Resolver for the methods that are not built in; empty: they do not resolve.
	// Whoever runs it is believed, and learns which DIDs are asked for.
	Universal string
	// PLCDirectory is the URL of a directory of did:plc, which learns which of them are asked for but is not
	// believed: the log of each is verified. Empty: did:plc counts as not built in.
	PLCDirectory string
	// AllowPrivate lets hosts with private and loopback addresses be asked, for tests and intranets.
	AllowPrivate bool
	// Roots are the certificate authorities that are believed; nil: those of the system.
	Roots *x509.CertPool
	// Known returns the long form of a did:peer:4, and of other DIDs that have one; did.ErrNotFound if none is
	// known. Nil: none is.
	Known func(ctx context.Context, id did.DID) (did.DID, error)
	// Seen returns the newest version of a DID's log that was ever seen; nil: none was.
	Seen did.Seen
}

// Resolver resolves DIDs as a wallet does, and remembers what it found: it is a did.Refresher as well. It is safe for
// concurrent use.
type Resolver struct {
	*did.Cache
	web *fetch.Client
}

// NewResolver returns a Resolver. It asks nobody yet. A URL that cannot be used is a *control.Error with CodeUsage.
func NewResolver(o ResolverOptions) (*Resolver, error) {
	web := fetch.New(fetch.Options{AllowPrivate: o.AllowPrivate, Roots: o.Roots})
	methods := did.Methods{
		"key": didkey.Resolver{}, "peer": didpeer.Resolver{Known: o.Known, Legacy: true}, "jwk": didjwk.Resolver{},
		"web": didweb.Resolver{Fetch: web}, "webvh": didwebvh.Resolver{Fetch: web, Seen: o.Seen},
	}
	if o.PLCDirectory != "" {
		if u, err := url.Parse(o.PLCDirectory); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || strings.ContainsAny(o.PLCDirectory, "?#") {
			return nil, &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf("%q cannot be a directory of did:plc: an https address without query is needed", o.PLCDirectory),
				Hint: "PARLEY_PLC_DIRECTORY=https://plc.directory"}
		}
		methods["plc"] = didplc.Resolver{Directory: o.PLCDirectory, Fetch: web, Seen: o.Seen}
	}
	if o.Universal == "" {
		return &Resolver{did.NewCache(methods, 0, 0), web}, nil
	}
	other, err := aries.NewUniversal(o.Universal)
	if err != nil {
		return nil, &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf("the universal resolver %q cannot be used: %v", o.Universal, err),
			Hint: "PARLEY_RESOLVER=https://HOST/1.0/identifiers"}
	}
	return &Resolver{did.NewCache(did.ResolverFunc(func(ctx context.Context, id did.DID) (*did.Document, error) {
		if methods[id.Method()] != nil {
			return methods.Resolve(ctx, id)
		}
		return other.Resolve(ctx, id)
	}), 0, 0), web}, nil
}

// Close lets idle connections go. The Resolver can be used afterwards.
func (r *Resolver) Close() { r.web.Close() }

// newResolver is the wallet's own: it knows what the wallet has learnt.
func (w *Wallet) newResolver(o Options) (*Resolver, error) {
	return NewResolver(ResolverOptions{
		Universal: o.UniversalResolver, PLCDirectory: o.PLCDirectory, AllowPrivate: o.AllowPrivateNetworks, Roots: o.Roots,
		Known: w.known, Seen: w.seen,
	})
}

// known returns the form of a did:peer that carries its document: the long form of a numalgo 4 that was learnt, or the
// numalgo 2 among the contacts that a numalgo 3 is the hash of.
func (w *Wallet) known(ctx context.Context, id did.DID) (did.DID, error) {
	if !strings.HasPrefix(id.String(), "did:peer:3") {
		return w.store.LongForm(ctx, id)
	}
	all, err := w.store.Contacts(ctx)
	if err != nil {
		return did.DID{}, err
	}
	for _, c := range all {
		if !strings.HasPrefix(c.DID.String(), "did:peer:2") {
			continue
		}
		if short, err := didpeer.Create3(c.DID); err == nil && short == id {
			return c.DID, nil
		}
	}
	return did.DID{}, fmt.Errorf("no contact is the did:peer:2 of it: %w", did.ErrNotFound)
}

// seen is the newest version of a contact's log that the wallet has seen.
func (w *Wallet) seen(ctx context.Context, id did.DID) (string, error) {
	c, err := w.store.Contact(ctx, id)
	if errors.Is(err, inbox.ErrNotFound) {
		return "", nil
	}
	return c.Version, err
}
