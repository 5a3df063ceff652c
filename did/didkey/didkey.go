package didkey

import (
	"context"
	"fmt"
	"strings"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

const (
	prefix = "did:key:"
	// maxMultikey bounds the key's text before it is decoded; a P-521 key has 94 bytes.
	maxMultikey = 128
)

// Create returns the did:key of a public key of any curve. It fails only for the zero key.
func Create(key crypto.PublicKey) (did.DID, error) {
	if key.IsZero() {
		return did.DID{}, fmt.Errorf("did:key: %w: no key given", did.ErrInvalid)
	}
	return did.Parse(prefix + key.Multikey())
}

// Resolver resolves did:key. It has no state, needs no network and is safe for concurrent use.
type Resolver struct{}

var _ did.Resolver = Resolver{}

// Resolve makes the document of id. It returns an error that wraps did.ErrMethod for another
// method and did.ErrInvalid for anything that is not one well-formed key.
func (Resolver) Resolve(_ context.Context, id did.DID) (*did.Document, error) {
	multikey, ok := strings.CutPrefix(id.String(), prefix)
	if !ok {
		return nil, fmt.Errorf("did:key: %w: %s", did.ErrMethod, id.Short())
	}
	if len(multikey) > maxMultikey {
		return nil, fmt.Errorf("did:key: %w: key longer than %d bytes", did.ErrInvalid, maxMultikey)
	}
	key, err := crypto.ParseMultikey(multikey)
	if err != nil {
		return nil, fmt.Errorf("did:key: %w: %w", did.ErrInvalid, err)
	}
	doc, err := document(id, multikey, key)
	if err != nil {
		return nil, fmt.Errorf("did:key: %w", err)
	}
	return doc, nil
}

// document describes the key, whose multikey is its id's fragment. ParseMultikey takes one spelling of a key only, so
// it need not be written anew.
func document(id did.DID, multikey string, key crypto.PublicKey) (*did.Document, error) {
	methods := make([]did.VerificationMethod, 1, 2)
	methods[0] = method(id, multikey, key)
	var signs, agrees []int
	if key.Curve().CanSign() {
		signs = []int{0}
	}
	switch {
	case key.Curve().CanAgree():
		agrees = []int{0}
	case key.Curve() == crypto.Ed25519:
		derived, err := key.X25519()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", did.ErrInvalid, err)
		}
		methods = append(methods, method(id, derived.Multikey(), derived))
		agrees = []int{1}
	}
	return did.NewDocument(did.Draft{
		ID: id, Methods: methods, Authentication: signs, KeyAgreement: agrees,
		Text: func() []byte { return render(methods, signs, agrees) },
	})
}

func method(id did.DID, multikey string, key crypto.PublicKey) did.VerificationMethod {
	return did.VerificationMethod{
		ID: did.URL{DID: id, Fragment: multikey}, Type: "Multikey", Controller: id, Key: key,
	}
}
