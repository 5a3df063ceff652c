package did

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/parley-im/parley/crypto"
)

// Draft lists the parts of a document for NewDocument: for resolvers that know them already and need no JSON in
// between. Authentication and KeyAgreement are places in Methods, in order of preference.
type Draft struct {
	ID          DID
	AlsoKnownAs []DID
	// Methods are the keys. The DID in a method's ID is Draft.ID in either form of a did:peer:4; a Controller left
	// out is Draft.ID; Type is one that ParseDocument reads, such as "Multikey".
	Methods                      []VerificationMethod
	Authentication, KeyAgreement []int
	// Services may have ids and routing keys relative to Draft.ID, such as "#service"; ParseService reads one.
	Services []Service
	// Text renders the same document as JSON. It is called at most once, when Document.JSON first asks, by
	// whatever goroutine that is; what it returns must not be changed afterwards.
	Text func() []byte
}

// NewDocument makes a document of its parts, with the limits of ParseDocument: its text must be no longer than
// MaxDocument, of which only an estimate is checked here, because the text is not rendered before somebody asks for
// it. The error wraps ErrInvalid for a part that ParseDocument would refuse or keep out: a key of another DID, one id
// for two keys, a key in a relationship that its curve cannot serve, an endpoint without URI, a limit passed. The
// slices are copied.
func NewDocument(d Draft) (*Document, error) {
	doc, err := d.document()
	if err != nil {
		return nil, fmt.Errorf("DID document: %w: %w", ErrInvalid, err)
	}
	return doc, nil
}

func (d *Draft) document() (*Document, error) {
	switch {
	case d.ID.IsZero():
		return nil, errors.New("it has no id")
	case d.Text == nil:
		return nil, errors.New("it has no text")
	case len(d.AlsoKnownAs) > maxStrings:
		return nil, fmt.Errorf("more than %d aliases", maxStrings)
	case slices.ContainsFunc(d.AlsoKnownAs, DID.IsZero):
		return nil, errors.New("an alias is empty")
	}
	out := &Document{id: d.ID, aka: slices.Clone(d.AlsoKnownAs)}
	var err error
	if out.methods, err = d.methods(); err != nil {
		return nil, err
	}
	if out.auth, err = d.relation(d.Authentication, crypto.Curve.CanSign); err != nil {
		return nil, fmt.Errorf("authentication: %w", err)
	}
	if out.agree, err = d.relation(d.KeyAgreement, crypto.Curve.CanAgree); err != nil {
		return nil, fmt.Errorf("keyAgreement: %w", err)
	}
	if out.services, err = d.services(); err != nil {
		return nil, err
	}
	size := out.estimate()
	if size > MaxDocument {
		return nil, fmt.Errorf("longer than %d bytes", MaxDocument)
	}
	out.text = &lazyText{render: d.Text, size: size}
	return out, nil
}

// methods returns the methods under ids of the document's own form.
func (d *Draft) methods() ([]VerificationMethod, error) {
	if len(d.Methods) > MaxMethods {
		return nil, fmt.Errorf("more than %d verification methods", MaxMethods)
	}
	out := slices.Clone(d.Methods)
	for i := range out {
		m := &out[i]
		if err := d.checkMethod(m); err != nil {
			return nil, fmt.Errorf("verification method #%s: %w", clip(m.ID.Fragment), err)
		}
		if _, taken := find(out[:i], m.ID.Fragment); taken {
			return nil, fmt.Errorf("two verification methods have the id #%s", clip(m.ID.Fragment))
		}
		m.ID.DID = d.ID
		if m.Controller.IsZero() {
			m.Controller = d.ID
		}
	}
	return out, nil
}

func (d *Draft) checkMethod(m *VerificationMethod) error {
	if !m.ID.DID.Same(d.ID) {
		return errors.New("it belongs to another DID")
	}
	if m.ID.Path != "" || m.ID.Query != "" || m.ID.Fragment == "" {
		return errors.New("its id is not the DID and a fragment")
	}
	if err := checkChars(m.ID.Fragment, pchar+"/?"); err != nil {
		return err
	}
	curve, known := suites[m.Type]
	if !known || m.Key.IsZero() || curve != 0 && curve != m.Key.Curve() {
		return fmt.Errorf("type %q has no such key", clip(m.Type))
	}
	return nil
}

func (d *Draft) relation(indices []int, usable func(crypto.Curve) bool) ([]int, error) {
	if len(indices) > MaxMethods {
		return nil, fmt.Errorf("more than %d entries", MaxMethods)
	}
	for n, i := range indices {
		switch {
		case i < 0 || i >= len(d.Methods):
			return nil, fmt.Errorf("no verification method %d", i)
		case !usable(d.Methods[i].Key.Curve()):
			return nil, fmt.Errorf("a %s key cannot serve", d.Methods[i].Key.Curve())
		case slices.Contains(indices[:n], i):
			return nil, fmt.Errorf("verification method %d is listed twice", i)
		}
	}
	return slices.Clone(indices), nil
}

func (d *Draft) services() ([]Service, error) {
	if len(d.Services) > MaxServices {
		return nil, fmt.Errorf("more than %d services", MaxServices)
	}
	out := slices.Clone(d.Services)
	endpoints := 0
	for i := range out {
		s := &out[i]
		if endpoints += len(s.Endpoints); endpoints > MaxEndpoints {
			return nil, fmt.Errorf("more than %d endpoints", MaxEndpoints)
		}
		if len(s.Endpoints) > 0 && s.Type != DIDCommMessaging {
			return nil, fmt.Errorf("a service of type %q has no endpoints of DIDComm", clip(s.Type))
		}
		s.ID = absolute(d.ID, s.ID)
		s.Endpoints = cloneEndpoints(s.Endpoints)
		for _, e := range s.Endpoints {
			if e.URI == "" || max(len(e.Accept), len(e.RoutingKeys), len(e.MultiAddrs)) > maxStrings {
				return nil, fmt.Errorf("an endpoint has no uri or a list of more than %d", maxStrings)
			}
			for j, key := range e.RoutingKeys {
				e.RoutingKeys[j] = absolute(d.ID, key)
			}
		}
	}
	return out, nil
}

// ParseService reads the JSON text of one entry of the "service" of id's document as ParseDocument does, within its
// limits. The error wraps ErrInvalid.
func ParseService(id DID, text []byte) (Service, error) {
	s, err := parseService(id, text)
	if err != nil {
		return Service{}, fmt.Errorf("service: %w: %w", ErrInvalid, err)
	}
	return s, nil
}

func parseService(id DID, text []byte) (Service, error) {
	if len(text) > MaxDocument {
		return Service{}, fmt.Errorf("longer than %d bytes", MaxDocument)
	}
	if err := checkShape(text); err != nil {
		return Service{}, err
	}
	var raw rawService
	if err := json.Unmarshal(text, &raw); err != nil {
		return Service{}, errors.New(clip(err.Error()))
	}
	return raw.service(id)
}

// lazyText is the JSON form of a document: there from the start, or rendered when it is first asked for.
type lazyText struct {
	once   sync.Once
	render func() []byte // nil once bytes are there
	bytes  []byte
	size   int // of bytes; an estimate where they are rendered
}

// givenText copies a text that is there already.
func givenText(given []byte) *lazyText { return &lazyText{bytes: bytes.Clone(given), size: len(given)} }

// weight says how many bytes the text takes, or would take, for a cache that counts them.
func (t *lazyText) weight() int {
	if t == nil {
		return 0
	}
	return t.size
}

func (t *lazyText) get() []byte {
	if t == nil {
		return nil
	}
	t.once.Do(func() {
		if t.render != nil {
			t.bytes, t.render = t.render(), nil
		}
	})
	return t.bytes
}

// What names, quotes and braces of a method with its key, and of a service, take in a text.
const (
	methodSize  = 160
	serviceSize = 64
)

// estimate says how long the text of a document is, nearly: every method names its controller, and its id is
// relative.
func (d *Document) estimate() int {
	n := 2 * len(d.id.s)
	for _, other := range d.aka {
		n += len(other.s)
	}
	for _, m := range d.methods {
		n += methodSize + len(m.Controller.s) + len(m.ID.Fragment)
	}
	for _, s := range d.services {
		n += serviceSize + len(s.ID)
		for _, e := range s.Endpoints {
			n += len(e.URI)
			for _, list := range [][]string{e.Accept, e.RoutingKeys, e.MultiAddrs} {
				for _, s := range list {
					n += len(s)
				}
			}
		}
	}
	return n
}
