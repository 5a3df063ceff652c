package main

import (
	"github.com/spf13/pflag"

	"github.com/parley-im/parley/cmd/parley/internal/keyfiles"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didjwk"
	"github.com/parley-im/parley/did/didkey"
	"github.com/parley-im/parley/did/didpeer"
	"github.com/parley-im/parley/messaging/packing"
)

// carried resolves the DIDs that carry their documents.
var carried = did.Methods{"key": didkey.Resolver{}, "jwk": didjwk.Resolver{}, "peer": didpeer.Resolver{Legacy: true}}

// offline are the flags of the commands that work on files instead of a wallet.
type offline struct {
	secrets, documents string
	network            bool
}

func (o *offline) flags(f *pflag.FlagSet) {
	f.StringVar(&o.secrets, "secrets", "", "file with our private keys: an array of JWKs with kid")
	f.StringVar(&o.documents, "diddocs", "", "file with an array of DID documents")
	f.BoolVar(&o.network, "network", false, "ask the network for documents too, as parley did resolve does")
}

// packer reads the files.
func (o *offline) packer(a *app) (p packing.Packer, err error) {
	rest, err := o.resolver(a)
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
func (o *offline) resolver(a *app) (did.Resolver, error) {
	if o.network {
		return a.networkResolver()
	}
	return carried, nil
}
