package didpeer_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didpeer"
)

// public returns a key that depends only on the curve and the seed.
func public(t testing.TB, c crypto.Curve, seed byte) crypto.PublicKey {
	t.Helper()
	size := map[crypto.Curve]int{crypto.P384: 48, crypto.P521: 66}[c]
	secret := make([]byte, max(size, 32))
	secret[len(secret)-1], secret[len(secret)-2] = seed, 3
	key, err := crypto.NewPrivateKey(c, secret)
	if err != nil {
		t.Fatal(err)
	}
	return key.Public()
}

// wallet returns what a Parley wallet puts into its DID.
func wallet(t testing.TB) didpeer.Options {
	t.Helper()
	return didpeer.Options{
		Authentication: []crypto.PublicKey{public(t, crypto.Ed25519, 1)},
		KeyAgreement:   []crypto.PublicKey{public(t, crypto.X25519, 2)},
		Services: []did.Service{{
			ID:   "#didcomm",
			Type: did.DIDCommMessaging,
			Endpoints: []did.Endpoint{{
				URI:    "libp2p-peerId:12D3KooWQhcHbUpCNZCmVMpHHVvKhrGhKvvRo9pqvUYLUUQ5EFYY",
				Accept: []string{"didcomm/v2"},
			}},
		}},
	}
}

func create4(t testing.TB, o didpeer.Options) did.DID {
	t.Helper()
	id, err := didpeer.Create4(o)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func resolve(t testing.TB, r didpeer.Resolver, id did.DID) *did.Document {
	t.Helper()
	doc, err := r.Resolve(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// knows returns a resolver that has met the given long forms.
func knows(longs ...did.DID) didpeer.Resolver {
	return didpeer.Resolver{Known: func(_ context.Context, short did.DID) (did.DID, error) {
		for _, long := range longs {
			if long.Same(short) {
				return long, nil
			}
		}
		return did.DID{}, did.ErrNotFound
	}}
}

// tree decodes JSON for comparison.
func tree(t testing.TB, text []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func multikeys(ms []did.VerificationMethod) []string {
	var out []string
	for _, m := range ms {
		out = append(out, m.Key.Multikey())
	}
	return out
}

func ids(ms []did.VerificationMethod) []string {
	var out []string
	for _, m := range ms {
		out = append(out, m.ID.Fragment)
	}
	return out
}

func parseDocument(t testing.TB, text []byte) *did.Document {
	t.Helper()
	doc, err := did.ParseDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func purposes(doc *did.Document) map[crypto.Purpose][]did.VerificationMethod {
	return map[crypto.Purpose][]did.VerificationMethod{
		crypto.Authentication: doc.Authentication(),
		crypto.KeyAgreement:   doc.KeyAgreement(),
	}
}
