package didpeer_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
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

func create2(t testing.TB, o didpeer.Options) did.DID {
	t.Helper()
	id, err := didpeer.Create2(o)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func create3(t testing.TB, two did.DID) did.DID {
	t.Helper()
	id, err := didpeer.Create3(two)
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
	sameAsText(t, doc)
	return doc
}

// sameAsText fails unless the document's text, read anew, means the same as the document. Most
// documents are made without their text, so that this compares two ways.
func sameAsText(t testing.TB, doc *did.Document) {
	t.Helper()
	text := doc.JSON()
	again, err := did.ParseDocument(text)
	if err != nil {
		t.Fatalf("%.200s: %v", text, err)
	}
	exact := cmp.Comparer(func(a, b did.DID) bool { return a == b })
	for name, part := range map[string]func(*did.Document) any{
		"id":             func(d *did.Document) any { return d.ID() },
		"alsoKnownAs":    func(d *did.Document) any { return d.AlsoKnownAs() },
		"methods":        func(d *did.Document) any { return d.Methods() },
		"authentication": func(d *did.Document) any { return d.Authentication() },
		"keyAgreement":   func(d *did.Document) any { return d.KeyAgreement() },
		"services":       func(d *did.Document) any { return d.Services() },
	} {
		if diff := cmp.Diff(part(again), part(doc), exact, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s of %s are not those of its text: %s\n%.2000s", name, doc.ID().Short(), diff, text)
		}
	}
}

// knows returns a resolver that has met the given long forms and did:peer:2.
func knows(longs ...did.DID) didpeer.Resolver {
	met := make(map[did.DID]did.DID)
	for _, long := range longs {
		met[long.Canonical()] = long
		if three, err := didpeer.Create3(long); err == nil {
			met[three] = long
		}
	}
	return didpeer.Resolver{Known: func(_ context.Context, short did.DID) (did.DID, error) {
		if long, ok := met[short]; ok {
			return long, nil
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
