package main

import (
	"context"
	"os"

	"github.com/spf13/pflag"

	"github.com/parley-im/parley/cmd/parley/internal/keyfiles"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/aries"
	"github.com/parley-im/parley/did/didkey"
	"github.com/parley-im/parley/did/didpeer"
	"github.com/parley-im/parley/messaging/packing"
)

// offline are the flags of the commands that work on files instead of a wallet.
type offline struct {
	secrets, documents string
	network            bool
}

func (o *offline) flags(f *pflag.FlagSet) {
	f.StringVar(&o.secrets, "secrets", "", "file with our private keys: an array of JWKs with kid")
	f.StringVar(&o.documents, "diddocs", "", "file with an array of DID documents")
	f.BoolVar(&o.network, "network", false, "ask the Universal Resolver that PARLEY_RESOLVER names")
}

// packer reads the files.
func (o *offline) packer() (p packing.Packer, err error) {
	rest, err := o.resolver()
	if err != nil {
		return p, err
	}
	ring := crypto.NewKeyring()
	if o.secrets != "" {
		if ring, err = keyfiles.Secrets(o.secrets); err != nil {
			return p, badUsage("", "--secrets: %v", err)
		}
	}
	documents, err := keyfiles.ReadDocuments(o.documents, rest)
	if err != nil {
		return p, badUsage("", "--diddocs: %v", err)
	}
	return packing.Packer{Keys: ring, Resolver: documents}, nil
}

// resolver resolves what carries its document, and with --network the rest.
func (o *offline) resolver() (did.Resolver, error) {
	local := did.Methods{"key": didkey.Resolver{}, "peer": didpeer.Resolver{}}
	if !o.network {
		return local, nil
	}
	url := os.Getenv("PARLEY_RESOLVER")
	if url == "" {
		return nil, badUsage("set PARLEY_RESOLVER to the URL of a Universal Resolver", "--network needs somebody to ask")
	}
	universal, err := aries.NewUniversal(url)
	if err != nil {
		return nil, badUsage("", "PARLEY_RESOLVER: %v", err)
	}
	return did.ResolverFunc(func(ctx context.Context, id did.DID) (*did.Document, error) {
		if local[id.Method()] != nil {
			return local.Resolve(ctx, id)
		}
		return universal.Resolve(ctx, id)
	}), nil
}
