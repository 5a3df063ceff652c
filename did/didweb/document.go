package didweb

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

// Options says what the document of a did:web carries. At least one key is needed. The keys become #key-1, #key-2 and
// so on, those for authentication first; a key that stands in both lists is one method.
type Options struct {
	// DID is whose document it is.
	DID did.DID
	// Authentication are the keys that sign for the DID; their curves must be able to.
	Authentication []crypto.PublicKey
	// KeyAgreement are the keys that messages are encrypted to, the preferred one first.
	KeyAgreement []crypto.PublicKey
	// Services must be of type DIDCommMessaging, which an empty Type stands for, and have an endpoint with a URI. An
	// ID is the DID and a fragment, or the fragment alone, such as "#didcomm"; services without one become #service,
	// #service-1 and so on. MultiAddrs are written: a document on the web can change with them.
	Services []did.Service
}

// The written form of a document. Ids are absolute, since some readers take nothing else.
type (
	document struct {
		Context        []string  `json:"@context"`
		ID             string    `json:"id"`
		Methods        []method  `json:"verificationMethod"`
		Authentication []string  `json:"authentication,omitempty"`
		KeyAgreement   []string  `json:"keyAgreement,omitempty"`
		Services       []service `json:"service,omitempty"`
	}
	method struct {
		ID         string `json:"id"`
		Type       string `json:"type"`
		Controller string `json:"controller"`
		Multibase  string `json:"publicKeyMultibase"`
	}
	service struct {
		ID       string `json:"id"`
		Type     string `json:"type"`
		Endpoint any    `json:"serviceEndpoint"`
	}
)

// Document returns the text of the document to put at URL(o.DID): indented JSON with a line feed at its end, the same
// for the same options, that has been read back. Errors wrap did.ErrMethod or did.ErrInvalid for a DID without a URL,
// and did.ErrInvalid for a key that does not fit its purpose, a service that cannot be written, and more than fits
// into a document.
func Document(o Options) ([]byte, error) {
	if _, err := URL(o.DID); err != nil {
		return nil, fmt.Errorf("writing a document: %w", err)
	}
	text, err := o.write()
	if err == nil {
		err = o.readBack(text)
	}
	if err != nil {
		return nil, fmt.Errorf("writing the document of %s: %w: %w", o.DID.Short(), did.ErrInvalid, err)
	}
	return text, nil
}

func (o Options) write() ([]byte, error) {
	if len(o.Authentication)+len(o.KeyAgreement) == 0 {
		return nil, errors.New("no key given")
	}
	d := document{
		Context: []string{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"},
		ID:      o.DID.String(),
	}
	var err error
	if d.Authentication, err = d.relate(o.Authentication, crypto.Curve.CanSign); err != nil {
		return nil, fmt.Errorf("authentication: %w", err)
	}
	if d.KeyAgreement, err = d.relate(o.KeyAgreement, crypto.Curve.CanAgree); err != nil {
		return nil, fmt.Errorf("key agreement: %w", err)
	}
	if d.Services, err = d.services(o.Services); err != nil {
		return nil, err
	}
	text, err := json.Marshal(d, jsontext.WithIndent("  "))
	return append(text, '\n'), err
}

// relate adds the keys that are not there yet and returns the ids of all.
func (d *document) relate(keys []crypto.PublicKey, fits func(crypto.Curve) bool) ([]string, error) {
	var ids []string
	for _, key := range keys {
		if key.IsZero() || !fits(key.Curve()) {
			return nil, errors.New("a key cannot do this")
		}
		i := slices.IndexFunc(d.Methods, func(m method) bool { return m.Multibase == key.Multikey() })
		if i < 0 {
			i = len(d.Methods)
			d.Methods = append(d.Methods, method{d.ID + "#key-" + strconv.Itoa(i+1), "Multikey", d.ID, key.Multikey()})
		}
		if slices.Contains(ids, d.Methods[i].ID) {
			return nil, errors.New("a key stands in the list twice")
		}
		ids = append(ids, d.Methods[i].ID)
	}
	return ids, nil
}

func (d *document) services(list []did.Service) ([]service, error) {
	var out []service
	unnamed := 0
	taken := make(map[string]bool)
	for _, m := range d.Methods {
		taken[m.ID] = true
	}
	for i, s := range list {
		if err := checkService(s); err != nil {
			return nil, fmt.Errorf("service %d: %w", i, err)
		}
		fragment := strings.TrimPrefix(s.ID, d.ID)
		if fragment == "" {
			fragment = serviceID(unnamed)
			unnamed++
		}
		id := d.ID + fragment
		if u, err := did.ParseURL(id); err != nil || u.DID.String() != d.ID || u.Fragment != fragment[1:] {
			return nil, fmt.Errorf("service %d: the id must be a fragment of the DID, such as #didcomm", i)
		}
		if taken[id] {
			return nil, fmt.Errorf("service %d: its id %s is taken", i, fragment)
		}
		taken[id] = true
		out = append(out, service{id, did.DIDCommMessaging, oneOrMany(s.Endpoints)})
	}
	return out, nil
}

func serviceID(unnamed int) string {
	if unnamed == 0 {
		return "#service"
	}
	return "#service-" + strconv.Itoa(unnamed)
}

func checkService(s did.Service) error {
	if s.Type != "" && s.Type != did.DIDCommMessaging {
		return fmt.Errorf("type must be %s", did.DIDCommMessaging)
	}
	if len(s.Endpoints) == 0 {
		return errors.New("no endpoint given")
	}
	if slices.ContainsFunc(s.Endpoints, func(e did.Endpoint) bool { return e.URI == "" }) {
		return errors.New("an endpoint has no URI")
	}
	return nil
}

// oneOrMany writes one endpoint as an object and several as an array (DIDComm v2.1, Service Endpoint).
func oneOrMany(endpoints []did.Endpoint) any {
	if len(endpoints) == 1 {
		return endpoints[0]
	}
	return endpoints
}

// readBack makes sure that readers find in text what o asked for: what they cannot use they would leave out silently.
func (o Options) readBack(text []byte) error {
	doc, err := did.ParseDocument(text)
	if err != nil {
		return err
	}
	endpoints := 0
	for _, s := range o.Services {
		endpoints += len(s.Endpoints)
	}
	if !sameKeys(doc.Authentication(), o.Authentication) || !sameKeys(doc.KeyAgreement(), o.KeyAgreement) ||
		len(doc.DIDComm()) != endpoints {
		return errors.New("a key or an endpoint cannot be read back")
	}
	return nil
}

func sameKeys(methods []did.VerificationMethod, keys []crypto.PublicKey) bool {
	return slices.EqualFunc(methods, keys, func(m did.VerificationMethod, k crypto.PublicKey) bool {
		return m.Key.Equal(k)
	})
}
