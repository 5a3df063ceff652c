package did_test

import (
	"context"
	"errors"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

func TestMethods(t *testing.T) {
	t.Parallel()
	a, b := did.MustParse("did:a:1"), did.MustParse("did:b:1")
	broken := errors.New("broken")
	m := did.Methods{
		"a":     fixed(minimal(t, a), nil),
		"b":     fixed(minimal(t, a), nil), // answers with another DID's document
		"none":  fixed(nil, nil),
		"fails": fixed(nil, broken),
		"nil":   nil,
	}
	tests := []struct {
		name string
		id   did.DID
		want error
	}{
		{"known method", a, nil},
		{"another DID's document", b, did.ErrInvalid},
		{"no document", did.MustParse("did:none:1"), did.ErrInvalid},
		{"failing resolver", did.MustParse("did:fails:1"), broken},
		{"unknown method", did.MustParse("did:c:1"), did.ErrMethod},
		{"nil resolver", did.MustParse("did:nil:1"), did.ErrMethod},
		{"zero", did.DID{}, did.ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc, err := m.Resolve(t.Context(), tt.id)
			if !errors.Is(err, tt.want) || (err == nil) != (doc != nil) {
				t.Fatalf("got %v, %v; want %v", doc, err, tt.want)
			}
			if doc != nil && doc.ID() != tt.id {
				t.Errorf("got the document of %s", doc.ID())
			}
		})
	}
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	doc, keys := alice(t)
	d := did.Directory(did.Methods{"example": did.ResolverFunc(func(_ context.Context, id did.DID) (*did.Document, error) {
		if id != doc.ID() {
			return nil, did.ErrNotFound
		}
		return doc, nil
	})})
	tests := []struct {
		name, kid string
		purpose   crypto.Purpose
		want      error
		key       string
	}{
		{"signs", "did:example:alice#sign", crypto.Authentication, nil, "sign"},
		{"agrees", "did:example:alice#agree", crypto.KeyAgreement, nil, "agree"},
		{"wrong purpose", "did:example:alice#sign", crypto.KeyAgreement, crypto.ErrUnknownKey, ""},
		{"unknown key", "did:example:alice#gone", crypto.Authentication, crypto.ErrUnknownKey, ""},
		{"unknown DID", "did:example:carol#sign", crypto.Authentication, did.ErrNotFound, ""},
		{"key of bob in alice's document", "did:example:bob#stolen", crypto.Authentication, did.ErrNotFound, ""},
		{"unknown method", "did:other:alice#sign", crypto.Authentication, did.ErrMethod, ""},
		{"relative", "#sign", crypto.Authentication, did.ErrInvalid, ""},
		{"no DID", "sign", crypto.Authentication, did.ErrInvalid, ""},
		{"no fragment", "did:example:alice", crypto.Authentication, crypto.ErrUnknownKey, ""},
		{"no purpose", "did:example:alice#sign", 0, did.ErrInvalid, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := d.Lookup(t.Context(), tt.kid, tt.purpose)
			if !errors.Is(err, tt.want) || (err == nil) == got.IsZero() {
				t.Fatalf("got %v, %v; want %v", got, err, tt.want)
			}
			if tt.key != "" && !got.Equal(keys[tt.key]) {
				t.Errorf("got the key %v", got)
			}
		})
	}
}

// A resolver may know a did:peer:4 by one form and be asked for a key id in the other.
func TestDirectoryFindsEitherForm(t *testing.T) {
	t.Parallel()
	key := publicKey(t, crypto.Ed25519, 1)
	for _, have := range []string{shortForm, longForm} {
		doc := parse(t, `{"id":%q,"authentication":[{"id":"#k","type":"Multikey","publicKeyMultibase":%q}]}`, have, key)
		d := did.Directory(fixed(doc, nil))
		for _, asked := range []string{shortForm, longForm} {
			got, err := d.Lookup(t.Context(), asked+"#k", crypto.Authentication)
			if err != nil || !got.Equal(key) {
				t.Errorf("have %.60s, asked for %.60s: %v", have, asked, err)
			}
		}
		// A resolver that answers with a stranger's document must not lend out his keys.
		if _, err := d.Lookup(t.Context(), "did:peer:4zQmOther#k", crypto.Authentication); !errors.Is(err, crypto.ErrUnknownKey) {
			t.Errorf("another DID's key: %v", err)
		}
	}
}

func TestDirectoryPassesContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d := did.Directory(did.ResolverFunc(func(ctx context.Context, _ did.DID) (*did.Document, error) {
		return nil, ctx.Err()
	}))
	if _, err := d.Lookup(ctx, "did:a:b#k", crypto.Authentication); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
