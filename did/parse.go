package did

import (
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/parley-im/parley/crypto"
)

// Limits of a document. A document beyond one of them is refused.
const (
	// MaxDocument is the longest text of a document, in bytes.
	MaxDocument = 64 << 10
	// MaxDepth is how deep objects and arrays may nest; the document itself is depth 1.
	MaxDepth = 16
	// MaxMethods bounds the verification methods, embedded ones included, and the entries of
	// each relationship.
	MaxMethods = 64
	// MaxServices bounds the services.
	MaxServices = 32
	// MaxEndpoints bounds the endpoints of all services together.
	MaxEndpoints = 32
	// MaxValues bounds the members and elements of all objects and arrays together, those of
	// unknown members included.
	MaxValues = 4096
)

type rawDocument struct {
	ID             string        `json:"id"`
	AlsoKnownAs    strlist       `json:"alsoKnownAs"`
	Methods        methodlist    `json:"verificationMethod"`
	PublicKey      methodlist    `json:"publicKey"` // name of verificationMethod before DID Core 1.0
	Authentication referencelist `json:"authentication"`
	KeyAgreement   referencelist `json:"keyAgreement"`
	Service        servicelist   `json:"service"`
}

// ParseDocument parses the JSON text of a DID document (W3C DID Core 5), which must have an
// "id". Ids relative to the document are made absolute. Keys of unknown types, malformed keys,
// keys of other DIDs and references to nothing are kept out; everything else that is wrong
// (syntax, duplicate members, wrong JSON types, one id for two keys, a limit passed) is an
// error that wraps ErrInvalid. That the document is the right one for a DID is the resolver's
// business. The text is copied.
func ParseDocument(text []byte) (*Document, error) {
	doc, err := parseDocument(text)
	if err != nil {
		return nil, fmt.Errorf("DID document: %w: %w", ErrInvalid, err)
	}
	return doc, nil
}

func parseDocument(text []byte) (*Document, error) {
	if len(text) > MaxDocument {
		return nil, fmt.Errorf("longer than %d bytes", MaxDocument)
	}
	if err := checkShape(text); err != nil {
		return nil, err
	}
	var raw rawDocument
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, errors.New(clip(err.Error())) // it may quote a member name of any length
	}
	id, err := Parse(raw.ID)
	if err != nil {
		return nil, fmt.Errorf("id: %w", err)
	}
	b := builder{doc: &Document{id: id, text: givenText(text)}, index: make(map[string]int)}
	if err := b.keys(&raw); err != nil {
		return nil, err
	}
	if err := b.services(raw.Service); err != nil {
		return nil, err
	}
	for _, s := range raw.AlsoKnownAs {
		if other, err := Parse(s); err == nil {
			b.doc.aka = append(b.doc.aka, other)
		}
	}
	return b.doc, nil
}

// builder collects the keys of a document. index maps the fragment of every method's id to its
// place in doc.methods, or to unusable.
type builder struct {
	doc   *Document
	index map[string]int
	count int
}

// unusable stands for a method whose key is kept out. It still occupies its id.
const unusable = -1

func (b *builder) keys(raw *rawDocument) error {
	for _, m := range slices.Concat(raw.Methods, raw.PublicKey) {
		if _, err := b.add(m); err != nil {
			return err
		}
	}
	var err error
	if b.doc.auth, err = b.relation(raw.Authentication, crypto.Curve.CanSign); err != nil {
		return fmt.Errorf("authentication: %w", err)
	}
	if b.doc.agree, err = b.relation(raw.KeyAgreement, crypto.Curve.CanAgree); err != nil {
		return fmt.Errorf("keyAgreement: %w", err)
	}
	return nil
}

func (b *builder) services(raw servicelist) error {
	endpoints := 0
	for _, r := range raw {
		s, err := r.service(b.doc.id)
		if err != nil {
			return err
		}
		if endpoints += len(s.Endpoints); endpoints > MaxEndpoints {
			return fmt.Errorf("more than %d endpoints", MaxEndpoints)
		}
		b.doc.services = append(b.doc.services, s)
	}
	return nil
}

// relation resolves the entries of a verification relationship, leaving out those that name
// nothing usable, and repetitions.
func (b *builder) relation(refs referencelist, usable func(crypto.Curve) bool) ([]int, error) {
	var out []int
	for _, ref := range refs {
		i, err := b.reference(ref)
		if err != nil {
			return nil, err
		}
		if i != unusable && usable(b.doc.methods[i].Key.Curve()) && !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	return out, nil
}

func (b *builder) reference(ref reference) (int, error) {
	if ref.method != nil {
		return b.add(*ref.method)
	}
	u, ok := b.own(ref.id)
	if !ok {
		return unusable, nil
	}
	if i, ok := b.index[u.Fragment]; ok {
		return i, nil
	}
	return unusable, nil
}

// add takes a method in and returns its place. The same key under the same id may stand in a
// document twice, as some software embeds it in two relationships; different ones may not.
func (b *builder) add(m rawMethod) (int, error) {
	if b.count++; b.count > MaxMethods {
		return 0, fmt.Errorf("more than %d verification methods", MaxMethods)
	}
	u, ok := b.own(m.ID)
	if !ok {
		return unusable, nil
	}
	vm, ok := b.method(u, m)
	i, taken := b.index[u.Fragment]
	if taken {
		if ok != (i != unusable) || ok && !vm.Key.Equal(b.doc.methods[i].Key) {
			return 0, fmt.Errorf("two verification methods have the id #%s", clip(u.Fragment))
		}
		return i, nil
	}
	i = unusable
	if ok {
		i = len(b.doc.methods)
		b.doc.methods = append(b.doc.methods, vm)
	}
	b.index[u.Fragment] = i
	return i, nil
}

func (b *builder) method(u URL, m rawMethod) (VerificationMethod, bool) {
	key, ok := m.key()
	if !ok {
		return VerificationMethod{}, false
	}
	controller := b.doc.id
	if m.Controller != "" {
		var err error
		if controller, err = Parse(m.Controller); err != nil {
			return VerificationMethod{}, false
		}
	}
	return VerificationMethod{ID: u, Type: m.Type, Controller: controller, Key: key}, true
}

// own reads the id of a method: a fragment of the document's DID in either form. Ids of other
// DIDs are none of this document's business.
func (b *builder) own(id string) (URL, bool) {
	u, err := ParseURL(absolute(b.doc.id, id))
	if err != nil || u.Fragment == "" || u.Path != "" || u.Query != "" || !u.DID.Same(b.doc.id) {
		return URL{}, false
	}
	u.DID = b.doc.id
	return u, true
}
