package wallet

import (
	"context"
	"fmt"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/aries"
	"github.com/parley-im/parley/did/didkey"
	"github.com/parley-im/parley/did/didpeer"
	"github.com/parley-im/parley/internal/control"
)

// newResolver resolves did:key and did:peer by itself, and everything else by a Universal Resolver if
// there is a URL of one.
func (w *Wallet) newResolver(universal string) (did.Resolver, error) {
	own := did.Methods{"key": didkey.Resolver{}, "peer": didpeer.Resolver{Known: w.store.LongForm}}
	if universal == "" {
		return did.NewCache(own, 0, 0), nil
	}
	other, err := aries.NewUniversal(universal)
	if err != nil {
		return nil, &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf("the universal resolver %q cannot be used: %v", universal, err),
			Hint: "PARLEY_RESOLVER=https://HOST/1.0/identifiers"}
	}
	return did.NewCache(did.ResolverFunc(func(ctx context.Context, id did.DID) (*did.Document, error) {
		if own[id.Method()] != nil {
			return own.Resolve(ctx, id)
		}
		return other.Resolve(ctx, id)
	}), 0, 0), nil
}
