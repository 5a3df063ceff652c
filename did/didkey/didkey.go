package didkey

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
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
	doc, err := describe(id.String(), key)
	if err != nil {
		return nil, fmt.Errorf("did:key: %w", err)
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("did:key: %w", err)
	}
	return did.ParseDocument(text)
}

// document is the JSON form, in the order in which the method's specification shows it.
type document struct {
	Context              []string `json:"@context"`
	ID                   string   `json:"id"`
	VerificationMethod   []method `json:"verificationMethod"`
	Authentication       []string `json:"authentication,omitempty"`
	AssertionMethod      []string `json:"assertionMethod,omitempty"`
	CapabilityInvocation []string `json:"capabilityInvocation,omitempty"`
	CapabilityDelegation []string `json:"capabilityDelegation,omitempty"`
	KeyAgreement         []string `json:"keyAgreement,omitempty"`
}

type method struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	Controller string `json:"controller"`
	Multikey   string `json:"publicKeyMultibase"`
}

// add lists a key and returns its id.
func (d *document) add(key crypto.PublicKey) string {
	id := d.ID + "#" + key.Multikey()
	d.VerificationMethod = append(d.VerificationMethod,
		method{ID: id, Type: "Multikey", Controller: d.ID, Multikey: key.Multikey()})
	return id
}

func describe(id string, key crypto.PublicKey) (*document, error) {
	d := &document{
		Context: []string{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"},
		ID:      id,
	}
	kid := d.add(key)
	if key.Curve().CanSign() {
		d.Authentication = []string{kid}
		d.AssertionMethod = []string{kid}
		d.CapabilityInvocation = []string{kid}
		d.CapabilityDelegation = []string{kid}
	}
	switch {
	case key.Curve().CanAgree():
		d.KeyAgreement = []string{kid}
	case key.Curve() == crypto.Ed25519:
		derived, err := key.X25519()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", did.ErrInvalid, err)
		}
		d.KeyAgreement = []string{d.add(derived)}
	}
	return d, nil
}
