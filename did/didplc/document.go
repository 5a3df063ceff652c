package didplc

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

const keyPrefix = "did:key:"

// document is the JSON form, with what the reference directory writes and the relationships that it leaves out.
type document struct {
	Context        []string          `json:"@context"`
	ID             string            `json:"id"`
	AlsoKnownAs    []string          `json:"alsoKnownAs,omitempty"`
	Methods        []method          `json:"verificationMethod,omitempty"`
	Authentication []string          `json:"authentication,omitempty"`
	KeyAgreement   []string          `json:"keyAgreement,omitempty"`
	Services       []documentService `json:"service,omitempty"`
}

type method struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	Controller string `json:"controller"`
	Multikey   string `json:"publicKeyMultibase"`
}

type documentService struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Endpoint string `json:"serviceEndpoint"`
}

// describe makes the document of a state. Keys and services whose names cannot be fragments of a DID URL are left out.
func describe(id did.DID, s *state) (*did.Document, error) {
	d := &document{
		Context:     []string{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"},
		ID:          id.String(),
		AlsoKnownAs: s.aliases,
	}
	for _, name := range slices.Sorted(maps.Keys(s.methods)) {
		d.addMethod(name, s.methods[name])
	}
	for _, name := range slices.Sorted(maps.Keys(s.services)) {
		if u, ok := d.fragment(name); ok {
			d.Services = append(d.Services, documentService{ID: u, Type: s.services[name].Type, Endpoint: s.services[name].Endpoint})
		}
	}
	text, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("making its document: %w", err)
	}
	return did.ParseDocument(text)
}

// addMethod lists a key, and in the relationships for which its curve and its name are right. One of a kind that we
// do not know is listed for others to read.
func (d *document) addMethod(name, didKey string) {
	u, ok := d.fragment(name)
	multikey, isKey := strings.CutPrefix(didKey, keyPrefix)
	if !ok || !isKey {
		return
	}
	d.Methods = append(d.Methods, method{ID: u, Type: "Multikey", Controller: d.ID, Multikey: multikey})
	key, err := crypto.ParseMultikey(multikey)
	if err != nil {
		return
	}
	if key.Curve().CanSign() {
		d.Authentication = append(d.Authentication, u)
	}
	if key.Curve().CanAgree() && !forRepositories(name) {
		d.KeyAgreement = append(d.KeyAgreement, u)
	}
}

// forRepositories reports whether a key is named as one of the AT Protocol's signing keys, which hosts keep for users.
func forRepositories(name string) bool {
	return name == "atproto" || strings.HasPrefix(name, "atproto_")
}

func (d *document) fragment(name string) (string, bool) {
	u := d.ID + "#" + name
	_, err := did.ParseURL(u)
	return u, err == nil
}
