package did_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

// The two forms of the example DID of the did:peer:4 specification's shape; the hash is not
// checked in this package.
const (
	shortForm = "did:peer:4zQmd8CpeFPci817KDsbSAKWcXAE2mjvCQSasRewvbSF54Bd"
	longForm  = shortForm + ":z2M1k7h4psgp4CmJcnQn2Ljp7Pz7ktsd7oBhMU3dWY5s4fhFNj17"
)

// publicKey returns a key that depends only on the curve and the seed.
func publicKey(t testing.TB, c crypto.Curve, seed byte) crypto.PublicKey {
	t.Helper()
	size := map[crypto.Curve]int{crypto.P384: 48, crypto.P521: 66}[c]
	if size == 0 {
		size = 32
	}
	secret := bytes.Repeat([]byte{0}, size)
	secret[size-1], secret[size-2] = seed, 7
	key, err := crypto.NewPrivateKey(c, secret)
	if err != nil {
		t.Fatal(err)
	}
	return key.Public()
}

func parse(t testing.TB, format string, args ...any) *did.Document {
	t.Helper()
	doc, err := did.ParseDocument(fmt.Appendf(nil, format, args...))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// minimal returns the smallest document of id.
func minimal(t testing.TB, id did.DID) *did.Document {
	t.Helper()
	return parse(t, `{"id":%q}`, id)
}

// ids returns the ids of methods as text.
func ids(ms []did.VerificationMethod) []string {
	var out []string
	for _, m := range ms {
		out = append(out, m.ID.String())
	}
	return out
}

// multikeys returns the keys of methods as text.
func multikeys(ms []did.VerificationMethod) []string {
	var out []string
	for _, m := range ms {
		out = append(out, m.Key.Multikey())
	}
	return out
}

// fixed is a resolver that always gives the same answer.
func fixed(doc *did.Document, err error) did.Resolver {
	return did.ResolverFunc(func(context.Context, did.DID) (*did.Document, error) { return doc, err })
}
