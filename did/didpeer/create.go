package didpeer

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

// Options says what a new did:peer carries. At least one key is needed. The keys become
// #key-1, #key-2 and so on, those for authentication first.
type Options struct {
	// Authentication are the keys that sign for the DID; their curves must be able to.
	Authentication []crypto.PublicKey
	// KeyAgreement are the keys that messages are encrypted to, the preferred one first.
	KeyAgreement []crypto.PublicKey
	// Services must be of type DIDCommMessaging, which an empty Type stands for, and have an
	// endpoint with a URI. An ID is relative, such as "#didcomm"; services without one become
	// #service, #service-1 and so on.
	Services []did.Service
}

// Create4 returns the long form of a new did:peer:4; its Canonical is the short form. The same
// options always give the same DID. Errors wrap did.ErrInvalid: a key that does not fit its
// purpose, a service that cannot be written, or more than fits into did.MaxLength.
func Create4(o Options) (did.DID, error) { return create(o, o.long) }

// Create2 returns a new did:peer:2, as Create4 does.
func Create2(o Options) (did.DID, error) { return create(o, o.elements) }

func create(o Options, write func() (string, error)) (did.DID, error) {
	if err := o.check(); err != nil {
		return did.DID{}, fmt.Errorf("creating did:peer: %w: %w", did.ErrInvalid, err)
	}
	text, err := write()
	if err != nil {
		return did.DID{}, fmt.Errorf("creating did:peer: %w: %w", did.ErrInvalid, err)
	}
	id, err := did.Parse(text)
	if err != nil {
		return did.DID{}, fmt.Errorf("creating did:peer: %w", err)
	}
	doc, err := Resolver{}.Resolve(context.Background(), id)
	if err != nil {
		return did.DID{}, fmt.Errorf("creating did:peer: %w", err)
	}
	if len(doc.Methods()) != len(o.Authentication)+len(o.KeyAgreement) {
		return did.DID{}, fmt.Errorf("creating did:peer: %w: a key cannot be read back", did.ErrInvalid)
	}
	return id, nil
}

func (o Options) check() error {
	if len(o.Authentication)+len(o.KeyAgreement) == 0 {
		return errors.New("no key given")
	}
	for _, key := range o.Authentication {
		if err := checkSign(key); err != nil {
			return err
		}
	}
	for _, key := range o.KeyAgreement {
		if err := checkAgree(key); err != nil {
			return err
		}
	}
	for i, s := range o.Services {
		if err := checkService(s); err != nil {
			return fmt.Errorf("service %d: %w", i, err)
		}
	}
	return nil
}

func checkService(s did.Service) error {
	switch {
	case s.Type != "" && s.Type != did.DIDCommMessaging:
		return fmt.Errorf("type must be %s", did.DIDCommMessaging)
	case s.ID != "" && !strings.HasPrefix(s.ID, "#"):
		return errors.New("id must be relative, such as #didcomm")
	case len(s.Endpoints) == 0:
		return errors.New("no endpoint given")
	}
	for _, e := range s.Endpoints {
		if e.URI == "" {
			return errors.New("an endpoint has no URI")
		}
	}
	return nil
}

// serviceID returns the id of service i, or the one that a resolver would give it.
func (o Options) serviceID(i int) string {
	if id := o.Services[i].ID; id != "" {
		return id
	}
	unnamed := 0
	for _, s := range o.Services[:i] {
		if s.ID == "" {
			unnamed++
		}
	}
	return serviceID(unnamed)
}

// service4 and service2 are a service in the two methods. An endpoint is an object if there is
// one and an array if there are several (DIDComm v2.1, Service Endpoint).
type service4 struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Endpoint any    `json:"serviceEndpoint"`
}

type service2 struct {
	ID       string `json:"id,omitempty"`
	Type     string `json:"t"`
	Endpoint any    `json:"s"`
}

// endpoint2 is did.Endpoint with the abbreviations of did:peer:2.
type endpoint2 struct {
	URI         string   `json:"uri"`
	Accept      []string `json:"a,omitempty"`
	RoutingKeys []string `json:"r,omitempty"`
	MultiAddrs  []string `json:"multiAddrs,omitempty"`
}

func oneOrMany[T any](list []T) any {
	if len(list) == 1 {
		return list[0]
	}
	return list
}

// long writes a did:peer:4 long form.
func (o Options) long() (string, error) {
	d := newDocument(did.DID{})
	for i, key := range o.keys() {
		place, ref := d.add("key-"+strconv.Itoa(i+1), key.Multikey(), key)
		if i < len(o.Authentication) {
			d.authenticate(place, ref)
		} else {
			d.agree(place, ref)
		}
	}
	for i, s := range o.Services {
		d.Service = append(d.Service, service4{o.serviceID(i), did.DIDCommMessaging, oneOrMany(s.Endpoints)})
	}
	input, err := json.Marshal(d)
	if err != nil {
		return "", err
	}
	// Base58 costs the square of the length: refuse first what would not fit anyway.
	if len(input) > did.MaxLength {
		return "", fmt.Errorf("keys and services do not fit into a DID of %d bytes", did.MaxLength)
	}
	return encode4(input), nil
}

func (o Options) keys() []crypto.PublicKey {
	return append(o.Authentication[:len(o.Authentication):len(o.Authentication)], o.KeyAgreement...)
}

// elements writes a did:peer:2.
func (o Options) elements() (string, error) {
	var b strings.Builder
	b.WriteString(prefix2)
	for i, key := range o.keys() {
		purpose := ".V"
		if i >= len(o.Authentication) {
			purpose = ".E"
		}
		b.WriteString(purpose + key.Multikey())
	}
	for _, s := range o.Services {
		var es []endpoint2
		for _, e := range s.Endpoints {
			es = append(es, endpoint2(e))
		}
		text, err := json.Marshal(service2{s.ID, "dm", oneOrMany(es)})
		if err != nil {
			return "", err
		}
		b.WriteString(".S" + base64.RawURLEncoding.EncodeToString(text))
	}
	return b.String(), nil
}
