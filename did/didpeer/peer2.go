package didpeer

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/parley-im/parley/did"
)

// resolve2 makes the document of a numalgo 2 DID from its elements (Peer DID, Resolving a
// did:peer:2).
func resolve2(id did.DID, body string, legacy bool) (*did.Document, error) {
	elements, ok := strings.CutPrefix(body, ".")
	if !ok {
		return nil, fmt.Errorf("%w: no element after numalgo 2", did.ErrInvalid)
	}
	if n := strings.Count(elements, "."); n >= did.MaxMethods+did.MaxServices {
		return nil, fmt.Errorf("%w: %d elements are too many", did.ErrInvalid, n+1)
	}
	d := newDocument()
	d.ID = id.String()
	d.AlsoKnownAs = []string{"did:peer:3" + hash(body)}
	var services []jsontext.Value
	for element := range strings.SplitSeq(elements, ".") {
		if element == "" {
			return nil, fmt.Errorf("%w: empty element", did.ErrInvalid)
		}
		if element[0] != 'S' {
			if err := d.addKey(element[0], element[1:]); err != nil {
				return nil, err
			}
			continue
		}
		s, err := decodeService(element[1:], legacy)
		if err != nil {
			return nil, err
		}
		services = append(services, s...)
	}
	if err := d.addServices(services); err != nil {
		return nil, err
	}
	doc, err := d.parse()
	if err != nil {
		return nil, err
	}
	return doc.WithAliases(d.legacyNames()), nil
}

// addKey lists the key of an element under the next id and in the relationship that its
// purpose code names.
func (d *document) addKey(purpose byte, multikey string) error {
	key, err := parseMultikey(multikey)
	if err != nil {
		return err
	}
	check, relation := checkSign, &d.Authentication
	switch purpose {
	case 'V':
	case 'E':
		check, relation = checkAgree, &d.KeyAgreement
	case 'A':
		relation = &d.AssertionMethod
	case 'I':
		relation = &d.CapabilityInvocation
	case 'D':
		relation = &d.CapabilityDelegation
	default:
		return fmt.Errorf("%w: purpose code %q", did.ErrInvalid, purpose)
	}
	if err := check(key); err != nil {
		return err
	}
	kid := "#key-" + strconv.Itoa(len(d.VerificationMethod)+1)
	d.add(kid, multikey)
	*relation = append(*relation, kid)
	return nil
}

// addServices gives ids to the services that have none: #service, then #service-1 and so on.
func (d *document) addServices(services []jsontext.Value) error {
	unnamed := 0
	for _, s := range services {
		named, err := checkID(s)
		if err != nil {
			return fmt.Errorf("%w: %w", did.ErrInvalid, err)
		}
		if !named {
			s = withMember(s, "id", serviceID(unnamed))
			unnamed++
		}
		d.Service = append(d.Service, s)
	}
	return nil
}

func serviceID(n int) string {
	if n == 0 {
		return "#service"
	}
	return "#service-" + strconv.Itoa(n)
}

// legacyNames maps the names that older software gives the keys to ours, leaving out those
// that two keys would share.
func (d *document) legacyNames() map[string]string {
	names := make(map[string]string)
	var twice []string
	for _, m := range d.VerificationMethod {
		name := legacyName(m.Multikey)
		if _, ok := names[name]; ok {
			twice = append(twice, name)
		}
		names[name] = m.ID[1:]
	}
	for _, name := range twice {
		delete(names, name)
	}
	return names
}

// decodeService returns the service of an element, or several when it is a list and legacy
// allows that.
func decodeService(encoded string, legacy bool) ([]jsontext.Value, error) {
	services, err := decodeServices(encoded, legacy)
	if err != nil {
		return nil, fmt.Errorf("%w: service: %w", did.ErrInvalid, err)
	}
	for _, s := range services {
		if s.Kind() != '{' {
			return nil, fmt.Errorf("%w: service: want one JSON object, not %s", did.ErrInvalid, s.Kind())
		}
	}
	return services, nil
}

func decodeServices(encoded string, legacy bool) ([]jsontext.Value, error) {
	text, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return nil, err
	}
	expanded, err := expand(text)
	if err != nil {
		return nil, err
	}
	if expanded.Kind() == '[' && legacy {
		return splitList(expanded)
	}
	return []jsontext.Value{expanded}, nil
}
