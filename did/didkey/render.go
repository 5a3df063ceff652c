package didkey

import (
	"github.com/go-json-experiment/json"
	"github.com/parley-im/parley/did"
)

// form is the JSON form, in the order in which the method's specification shows it.
type form struct {
	Context              []string     `json:"@context"`
	ID                   string       `json:"id"`
	VerificationMethod   []methodForm `json:"verificationMethod"`
	Authentication       []string     `json:"authentication,omitempty"`
	AssertionMethod      []string     `json:"assertionMethod,omitempty"`
	CapabilityInvocation []string     `json:"capabilityInvocation,omitempty"`
	CapabilityDelegation []string     `json:"capabilityDelegation,omitempty"`
	KeyAgreement         []string     `json:"keyAgreement,omitempty"`
}

type methodForm struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	Controller string `json:"controller"`
	Multikey   string `json:"publicKeyMultibase"`
}

// render writes the document. Its strings are ASCII, which never fails to marshal.
func render(methods []did.VerificationMethod, signs, agrees []int) []byte {
	f := form{
		Context: []string{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"},
		ID:      methods[0].ID.DID.String(),
	}
	ids := make([]string, len(methods))
	for i, m := range methods {
		ids[i] = m.ID.String()
		f.VerificationMethod = append(f.VerificationMethod, methodForm{
			ID: ids[i], Type: m.Type, Controller: m.Controller.String(), Multikey: m.ID.Fragment,
		})
	}
	for _, i := range signs {
		f.Authentication = append(f.Authentication, ids[i])
	}
	f.AssertionMethod = f.Authentication
	f.CapabilityInvocation = f.Authentication
	f.CapabilityDelegation = f.Authentication
	for _, i := range agrees {
		f.KeyAgreement = append(f.KeyAgreement, ids[i])
	}
	text, _ := json.Marshal(f)
	return text
}
