package didpeer_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didpeer"
)

func TestPeer3(t *testing.T) {
	t.Parallel()
	two := create2(t, several(t))
	three := create3(t, two)
	r := knows(two)
	long, short := resolve(t, r, two), resolve(t, r, three)
	if long.ID() != two || short.ID() != three {
		t.Errorf("the documents are about %s and %s", long.ID().Short(), short.ID().Short())
	}
	if aka := long.AlsoKnownAs(); len(aka) != 1 || aka[0] != three {
		t.Errorf("the did:peer:2 is also known as %v", aka)
	}
	if aka := short.AlsoKnownAs(); len(aka) != 1 || aka[0] != two {
		t.Errorf("the did:peer:3 is also known as %v", aka)
	}
	if diff := cmp.Diff(long.Pins(), short.Pins()); diff != "" {
		t.Errorf("they have different keys: %s", diff)
	}
	if two.Same(three) || three.Canonical() != three || two.Canonical() != two {
		t.Error("package did takes a did:peer:2 and its did:peer:3 as one: say so in doc.go")
	}
	swapped := strings.NewReplacer(two.String(), three.String(), three.String(), two.String()).Replace(string(long.JSON()))
	if diff := cmp.Diff(tree(t, []byte(swapped)), tree(t, short.JSON())); diff != "" {
		t.Errorf("the documents differ in more than the name: %s", diff)
	}
	// The older key names work here as well.
	kid := three.String() + "#" + several(t).Authentication[0].Multikey()[1:9]
	if key, err := did.Directory(r).Lookup(t.Context(), kid, crypto.Authentication); err != nil || !key.Equal(several(t).Authentication[0]) {
		t.Errorf("%s: %v, %v", kid, key, err)
	}
}

func TestPeer3Refuses(t *testing.T) {
	t.Parallel()
	two, other, four := create2(t, wallet(t)), create2(t, several(t)), create4(t, wallet(t))
	three := create3(t, two)
	broken := errors.New("the disk is gone")
	list := did.MustParse("did:peer:2.V" + public(t, crypto.Ed25519, 1).Multikey() + service(`[{"t":"dm","s":"u"}]`))
	tests := []struct {
		name  string
		id    did.DID
		known func(context.Context, did.DID) (did.DID, error)
		want  error
	}{
		{"no memory", three, nil, did.ErrNotFound},
		{"not met", three, func(context.Context, did.DID) (did.DID, error) { return did.DID{}, did.ErrNotFound }, did.ErrNotFound},
		{"memory fails", three, func(context.Context, did.DID) (did.DID, error) { return did.DID{}, broken }, broken},
		{"another's did:peer:2", three, func(context.Context, did.DID) (did.DID, error) { return other, nil }, did.ErrInvalid},
		{"a did:peer:4", three, func(context.Context, did.DID) (did.DID, error) { return four, nil }, did.ErrInvalid},
		{"itself", three, func(_ context.Context, s did.DID) (did.DID, error) { return s, nil }, did.ErrInvalid},
		{"nothing", three, func(context.Context, did.DID) (did.DID, error) { return did.DID{}, nil }, did.ErrInvalid},
		{"a list of services without Legacy", create3(t, list), func(context.Context, did.DID) (did.DID, error) { return list, nil }, did.ErrInvalid},
		{"something behind it", did.MustParse(three.String() + "1"), func(context.Context, did.DID) (did.DID, error) { return two, nil }, did.ErrInvalid},
		{"its did:peer:2", three, func(context.Context, did.DID) (did.DID, error) { return two, nil }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc, err := didpeer.Resolver{Known: tt.known}.Resolve(t.Context(), tt.id)
			if !errors.Is(err, tt.want) || (err == nil) != (doc != nil) {
				t.Errorf("got %v, %v; want %v", doc, err, tt.want)
			}
		})
	}
	legacy := knows(list)
	legacy.Legacy = true
	if doc := resolve(t, legacy, create3(t, list)); len(doc.DIDComm()) != 1 {
		t.Errorf("a list of services with Legacy gave %v", doc.DIDComm())
	}
}

func TestCreate3Refuses(t *testing.T) {
	t.Parallel()
	for name, id := range map[string]did.DID{
		"nothing":              {},
		"a did:peer:4":         create4(t, wallet(t)),
		"a did:peer:3":         create3(t, create2(t, wallet(t))),
		"another method":       did.MustParse("did:example:2.V"),
		"a broken did:peer:2":  did.MustParse("did:peer:2.Vz6Mk"),
		"an empty did:peer:2":  did.MustParse("did:peer:2"),
		"a service of nothing": did.MustParse(create2(t, wallet(t)).String() + service("[1]")),
	} {
		if three, err := didpeer.Create3(id); !errors.Is(err, did.ErrInvalid) || !three.IsZero() {
			t.Errorf("%s: %s, %v", name, three, err)
		}
	}
}

func TestCreate0(t *testing.T) {
	t.Parallel()
	for _, c := range []crypto.Curve{crypto.Ed25519, crypto.P256, crypto.P384, crypto.P521, crypto.Secp256k1} {
		key := public(t, c, 1)
		id, err := didpeer.Create0(key)
		if err != nil || id.String() != "did:peer:0"+key.Multikey() {
			t.Fatalf("%v: %s, %v", c, id, err)
		}
		if diff := cmp.Diff([]string{key.Multikey()}, multikeys(resolve(t, didpeer.Resolver{}, id).Authentication())); diff != "" {
			t.Errorf("%v: %s", c, diff)
		}
	}
	for name, key := range map[string]crypto.PublicKey{"no key": {}, "a key that only agrees": public(t, crypto.X25519, 1)} {
		if id, err := didpeer.Create0(key); !errors.Is(err, did.ErrInvalid) || !id.IsZero() {
			t.Errorf("%s: %s, %v", name, id, err)
		}
	}
}
