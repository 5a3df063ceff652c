package did

import (
	"context"
	"fmt"

	"github.com/parley-im/parley/crypto"
)

// Resolver finds the document of a DID. Implementations are safe for concurrent use, return a
// document whose ID is exactly the DID asked for, and wrap ErrNotFound, ErrMethod, ErrInvalid,
// ErrDeactivated, ErrRewritten or ErrUnsafe where these apply; any other error may pass.
type Resolver interface {
	Resolve(ctx context.Context, id DID) (*Document, error)
}

// ResolverFunc is a function used as a Resolver.
type ResolverFunc func(ctx context.Context, id DID) (*Document, error)

// Resolve calls f.
func (f ResolverFunc) Resolve(ctx context.Context, id DID) (*Document, error) { return f(ctx, id) }

// Offline reports whether DIDs of a method carry their document, so that resolving one needs no network: key, peer and
// jwk. A short did:peer form carries none, but what it stands for is looked up at home.
func Offline(method string) bool { return method == "key" || method == "peer" || method == "jwk" }

// Methods is a Resolver that hands each DID to the resolver of its method, by names such as
// "key" and "peer". It must not be changed once it is in use; then it is safe for concurrent
// use.
type Methods map[string]Resolver

// Resolve asks the resolver of id's method. It returns ErrMethod when there is none, and
// ErrInvalid for the zero DID and for a resolver that answers with another DID's document.
func (m Methods) Resolve(ctx context.Context, id DID) (*Document, error) {
	if id.IsZero() {
		return nil, fmt.Errorf("resolving: %w: no DID given", ErrInvalid)
	}
	r := m[id.Method()]
	if r == nil {
		return nil, fmt.Errorf("resolving %s: %w: did:%s", id.Short(), ErrMethod, clip(id.Method()))
	}
	return resolve(ctx, r, id)
}

// resolve asks r and makes sure that the answer is about id.
func resolve(ctx context.Context, r Resolver, id DID) (*Document, error) {
	doc, err := r.Resolve(ctx, id)
	if err != nil {
		return nil, err
	}
	if doc == nil || doc.ID() != id {
		return nil, fmt.Errorf("resolving %s: %w: the resolver answered with another DID's document",
			id.Short(), ErrInvalid)
	}
	return doc, nil
}

// Directory returns the public keys of the DIDs that r resolves, by key id. A key id is an
// absolute DID URL with a fragment; the DID in it may be either form of a did:peer:4. Lookup
// returns an error that wraps crypto.ErrUnknownKey when the document has no such key for the
// purpose, ErrInvalid for a malformed key id, and whatever r returns. It is safe for concurrent
// use when r is.
func Directory(r Resolver) crypto.Directory { return directory{r} }

type directory struct{ resolver Resolver }

// Lookup implements crypto.Directory.
func (d directory) Lookup(ctx context.Context, kid string, p crypto.Purpose) (crypto.PublicKey, error) {
	u, err := ParseURL(kid)
	if err != nil {
		return crypto.PublicKey{}, fmt.Errorf("looking up key: %w", err)
	}
	doc, err := d.resolver.Resolve(ctx, u.DID)
	if err != nil {
		return crypto.PublicKey{}, fmt.Errorf("looking up key: %w", err)
	}
	return doc.Key(u, p)
}
