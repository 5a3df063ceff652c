package didjwk

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/parley-im/parley/did"
)

const methodType = "JsonWebKey2020"

// document is the JSON form, in the order in which the method's specification shows it.
type document struct {
	Context              []string `json:"@context"`
	ID                   string   `json:"id"`
	VerificationMethod   []method `json:"verificationMethod"`
	AssertionMethod      []string `json:"assertionMethod,omitempty"`
	Authentication       []string `json:"authentication,omitempty"`
	CapabilityInvocation []string `json:"capabilityInvocation,omitempty"`
	CapabilityDelegation []string `json:"capabilityDelegation,omitempty"`
	KeyAgreement         []string `json:"keyAgreement,omitempty"`
}

type method struct {
	ID         string         `json:"id"`
	Type       string         `json:"type"`
	Controller string         `json:"controller"`
	JWK        jsontext.Value `json:"publicKeyJwk"`
}

// text renders the document of id. The JWK has been parsed, so that writing it cannot fail.
func text(id did.DID, jwk jsontext.Value, use string) []byte {
	name := id.String()
	kid := []string{name + "#0"}
	d := document{
		Context:            []string{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1"},
		ID:                 name,
		VerificationMethod: []method{{ID: kid[0], Type: methodType, Controller: name, JWK: jwk}},
	}
	if use != useEnc {
		d.AssertionMethod, d.Authentication = kid, kid
		d.CapabilityInvocation, d.CapabilityDelegation = kid, kid
	}
	if use != useSig {
		d.KeyAgreement = kid
	}
	out, _ := json.Marshal(d)
	return out
}
