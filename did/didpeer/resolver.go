package didpeer

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/parley-im/parley/did"
)

// Resolver resolves did:peer. The zero value works for everything but short forms. It is safe
// for concurrent use when Known is.
type Resolver struct {
	// Known returns the long form of a did:peer:4 short form that the wallet has met, or an
	// error that wraps did.ErrNotFound. What it returns is checked against the short form's
	// hash. Nil knows none.
	Known func(ctx context.Context, short did.DID) (long did.DID, err error)

	// Legacy also accepts services encoded as one JSON list, which older did:peer:2 software
	// wrote and the specification forbids.
	Legacy bool
}

var _ did.Resolver = Resolver{}

// Resolve makes the document of id. It returns an error that wraps did.ErrMethod for another
// method or numalgo, did.ErrInvalid for a DID that breaks the method's rules, and
// did.ErrNotFound for a short form whose long form is not known.
func (r Resolver) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	doc, err := r.resolve(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("did:peer %s: %w", id.Short(), err)
	}
	return doc, nil
}

func (r Resolver) resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	rest, ok := strings.CutPrefix(id.String(), "did:peer:")
	if !ok {
		return nil, fmt.Errorf("%w: not a did:peer", did.ErrMethod)
	}
	switch numalgo, body := rest[:1], rest[1:]; numalgo {
	case "0":
		return resolve0(id, body)
	case "2":
		return resolve2(id, body, r.Legacy)
	case "4":
		return r.resolve4(ctx, id)
	default:
		return nil, fmt.Errorf("%w: numalgo %s", did.ErrMethod, numalgo)
	}
}

// document is the JSON form of what is made here. ID is empty in the input document of a
// did:peer:4.
type document struct {
	Context              []string `json:"@context"`
	ID                   string   `json:"id,omitempty"`
	AlsoKnownAs          []string `json:"alsoKnownAs,omitempty"`
	VerificationMethod   []method `json:"verificationMethod"`
	Authentication       []string `json:"authentication,omitempty"`
	AssertionMethod      []string `json:"assertionMethod,omitempty"`
	KeyAgreement         []string `json:"keyAgreement,omitempty"`
	CapabilityInvocation []string `json:"capabilityInvocation,omitempty"`
	CapabilityDelegation []string `json:"capabilityDelegation,omitempty"`
	Service              []any    `json:"service,omitempty"`
}

type method struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	Controller string `json:"controller,omitempty"`
	Multikey   string `json:"publicKeyMultibase"`
}

func newDocument() *document {
	return &document{Context: []string{
		"https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1",
	}}
}

// add lists a key, controlled by the document's DID where that is known already.
func (d *document) add(kid, multikey string) {
	d.VerificationMethod = append(d.VerificationMethod,
		method{ID: kid, Type: "Multikey", Controller: d.ID, Multikey: multikey})
}

func (d *document) parse() (*did.Document, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", did.ErrInvalid, err)
	}
	return did.ParseDocument(text)
}
