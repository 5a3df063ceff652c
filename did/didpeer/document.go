package didpeer

import (
	"github.com/go-json-experiment/json"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

const multikeyType = "Multikey"

// document is the JSON form of what is made here, and beside it the same as a draft for package
// did. ID is empty in the input document of a did:peer:4, which has no draft.
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

	draft        did.Draft
	serviceBytes int // what the texts in Service take
}

type method struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	Controller string `json:"controller,omitempty"`
	Multikey   string `json:"publicKeyMultibase"`
}

// newDocument begins the document of id, which is the zero DID for an input document.
func newDocument(id did.DID) *document {
	return &document{
		Context: []string{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"},
		ID:      id.String(),
		draft:   did.Draft{ID: id},
	}
}

// alias adds another DID of the same subject.
func (d *document) alias(other did.DID) {
	d.AlsoKnownAs = append(d.AlsoKnownAs, other.String())
	d.draft.AlsoKnownAs = append(d.draft.AlsoKnownAs, other)
}

// add lists a key under a name, controlled by the document's DID where that is known already,
// and returns its place and the reference to it.
func (d *document) add(name, multikey string, key crypto.PublicKey) (int, string) {
	ref := "#" + name
	d.VerificationMethod = append(d.VerificationMethod,
		method{ID: ref, Type: multikeyType, Controller: d.ID, Multikey: multikey})
	d.draft.Methods = append(d.draft.Methods,
		did.VerificationMethod{ID: did.URL{DID: d.draft.ID, Fragment: name}, Type: multikeyType, Key: key})
	return len(d.draft.Methods) - 1, ref
}

// authenticate and agree list a key that was added for a purpose.
func (d *document) authenticate(i int, ref string) {
	d.Authentication = append(d.Authentication, ref)
	d.draft.Authentication = append(d.draft.Authentication, i)
}

func (d *document) agree(i int, ref string) {
	d.KeyAgreement = append(d.KeyAgreement, ref)
	d.draft.KeyAgreement = append(d.draft.KeyAgreement, i)
}

// build returns the document. Its text is written when somebody asks for it, unless it might be
// longer than package did allows: then it is written and parsed here.
func (d *document) build() (*did.Document, error) {
	if d.large() {
		return did.ParseDocument(d.text())
	}
	d.draft.Text = d.text
	return did.NewDocument(d.draft)
}

// large reports whether the text may be longer than did.MaxDocument; it errs on the side of yes.
// More than did.MaxValues values do not fit into a DID.
func (d *document) large() bool {
	const frame, perMethod = 1 << 10, 256
	size := frame + len(d.VerificationMethod)*(perMethod+len(d.ID)) + len(d.ID) + d.serviceBytes
	for _, other := range d.AlsoKnownAs {
		size += len(other)
	}
	return size > did.MaxDocument
}

// text renders the document. Everything in it has been read from valid text, so that writing it
// cannot fail.
func (d *document) text() []byte {
	text, _ := json.Marshal(d)
	return text
}
