package didweb

import (
	"context"
	"fmt"

	"github.com/parley-im/parley/did"
)

// types are the media types of a document.
var types = []string{
	"application/did+json", "application/did+ld+json", "application/did", "application/json", "application/ld+json",
	"application/jsonld",
}

// Resolver resolves did:web. It remembers nothing and is as safe for concurrent use as its Fetcher.
type Resolver struct {
	// Fetch gets the documents. Without one nothing resolves.
	Fetch did.Fetcher
}

// Resolve implements did.Resolver. The id of the document is exactly the DID asked for. Errors wrap did.ErrMethod for
// another method, did.ErrInvalid for a DID without a URL and for an answer that is no document of it, and otherwise
// what the Fetcher returns, such as did.ErrNotFound and did.ErrUnsafe.
func (r Resolver) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	u, err := URL(id)
	if err != nil {
		return nil, fmt.Errorf("resolving did:web: %w", err)
	}
	if r.Fetch == nil {
		return nil, fmt.Errorf("resolving %s: %w: no fetcher is set up", id.Short(), did.ErrMethod)
	}
	text, err := r.Fetch.Fetch(ctx, u, did.MaxDocument, types...)
	if err != nil {
		return nil, fmt.Errorf("resolving %s: %w", id.Short(), err)
	}
	doc, err := did.ParseDocument(text)
	if err != nil {
		return nil, fmt.Errorf("resolving %s: %w", id.Short(), err)
	}
	if doc.ID() != id {
		return nil, fmt.Errorf("resolving %s: %w: the host has the document of %s there",
			id.Short(), did.ErrInvalid, doc.ID().Short())
	}
	return doc, nil
}
