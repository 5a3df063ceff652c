package didjwk

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

const (
	prefix = "did:jwk:"
	// maxJWK is the most that package did reads of one key in a document, in bytes.
	maxJWK = 1 << 10
	// maxNested keeps a JWK, which is the fourth level of its document, above did.MaxDepth.
	maxNested = did.MaxDepth - 3

	useSig = "sig"
	useEnc = "enc"
)

// encoding is strict about stray bits: one JWK text has one DID.
var encoding = base64.RawURLEncoding.Strict()

// Create returns the did:jwk of a public key of any curve: its JWK without spaces, the members in alphabetical order.
// Keys that only sign or only agree get the "use" that says so, as the specification recommends. It fails only for the
// zero key, with an error that wraps did.ErrInvalid.
func Create(key crypto.PublicKey) (did.DID, error) {
	if key.IsZero() {
		return did.DID{}, fmt.Errorf("creating did:jwk: %w: no key given", did.ErrInvalid)
	}
	jwk := key.JWK()
	switch curve := key.Curve(); {
	case !curve.CanAgree():
		jwk = withUse(jwk, useSig)
	case !curve.CanSign():
		jwk = withUse(jwk, useEnc)
	}
	return did.Parse(prefix + encoding.EncodeToString(jwk))
}

// withUse puts the member in its alphabetical place, before x.
func withUse(jwk []byte, use string) []byte {
	return bytes.Replace(jwk, []byte(`"x":`), []byte(`"use":"`+use+`","x":`), 1)
}

// Resolver resolves did:jwk. It has no state, needs no network and is safe for concurrent use.
type Resolver struct{}

var _ did.Resolver = Resolver{}

// Resolve makes the document of id, whose only key is #0. It returns an error that wraps did.ErrMethod for another
// method, and did.ErrInvalid for anything that is not the strict base64url of one public JWK within the limits of this
// package.
func (Resolver) Resolve(_ context.Context, id did.DID) (*did.Document, error) {
	encoded, ok := strings.CutPrefix(id.String(), prefix)
	if !ok {
		return nil, fmt.Errorf("did:jwk: %w: %s", did.ErrMethod, id.Short())
	}
	jwk, err := decode(encoded)
	if err != nil {
		return nil, fmt.Errorf("did:jwk: %w: %w", did.ErrInvalid, err)
	}
	doc, err := describe(id, jwk)
	if err != nil {
		return nil, fmt.Errorf("did:jwk: %w: %w", did.ErrInvalid, err)
	}
	return doc, nil
}

func decode(encoded string) (jsontext.Value, error) {
	if encoding.DecodedLen(len(encoded)) > maxJWK {
		return nil, fmt.Errorf("the JWK is longer than %d bytes", maxJWK)
	}
	jwk, err := encoding.DecodeString(encoded)
	if err != nil {
		return nil, errors.New("not strict base64url without padding")
	}
	if n := bytes.Count(jwk, []byte("{")) + bytes.Count(jwk, []byte("[")); n > maxNested {
		return nil, fmt.Errorf("more than %d objects and arrays in the JWK", maxNested)
	}
	return jwk, nil
}

func describe(id did.DID, jwk jsontext.Value) (*did.Document, error) {
	key, err := crypto.ParseJWK(jwk)
	if err != nil {
		return nil, err
	}
	// ParseJWK has refused what is no object and members named twice.
	var members struct {
		Use *string `json:"use"`
	}
	if err := json.Unmarshal(jwk, &members); err != nil {
		return nil, errors.New(`the member "use" of the JWK is not a string`)
	}
	var use string
	if members.Use != nil {
		use = *members.Use
	}
	draft := did.Draft{
		ID:      id,
		Methods: []did.VerificationMethod{{ID: did.URL{DID: id, Fragment: "0"}, Type: methodType, Key: key}},
		Text:    func() []byte { return text(id, jwk, use) },
	}
	if use != useEnc && key.Curve().CanSign() {
		draft.Authentication = []int{0}
	}
	if use != useSig && key.Curve().CanAgree() {
		draft.KeyAgreement = []int{0}
	}
	return did.NewDocument(draft)
}
