package didpeer

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/parley-im/parley/did"
)

const prefix2 = "did:peer:2"

// resolve2 makes the document of a numalgo 2 DID. Its numalgo 3 name becomes its alias.
func resolve2(id did.DID, legacy bool) (*did.Document, error) {
	body := strings.TrimPrefix(id.String(), prefix2)
	short, err := did.Parse(prefix3 + hash(body))
	if err != nil {
		return nil, err
	}
	return describe2(id, short, body, legacy)
}

// describe2 makes a document of the elements in body (Peer DID, Resolving a did:peer:2).
func describe2(id, alias did.DID, body string, legacy bool) (*did.Document, error) {
	elements, ok := strings.CutPrefix(body, ".")
	if !ok {
		return nil, fmt.Errorf("%w: no element after numalgo 2", did.ErrInvalid)
	}
	if n := strings.Count(elements, "."); n >= did.MaxMethods+did.MaxServices {
		return nil, fmt.Errorf("%w: %d elements are too many", did.ErrInvalid, n+1)
	}
	d := newDocument(id)
	d.alias(alias)
	unnamed := 0
	for element := range strings.SplitSeq(elements, ".") {
		var err error
		switch {
		case element == "":
			err = fmt.Errorf("%w: empty element", did.ErrInvalid)
		case element[0] == 'S':
			err = d.addServices(element[1:], legacy, &unnamed)
		default:
			err = d.addKey(element[0], element[1:])
		}
		if err != nil {
			return nil, err
		}
	}
	doc, err := d.build()
	if err != nil {
		return nil, err
	}
	return doc.WithAliases(d.legacyNames()), nil
}

// addKey lists the key of an element under the next id and in the relationship that its
// purpose code names.
func (d *document) addKey(purpose byte, multikey string) error {
	if strings.IndexByte("AEVID", purpose) < 0 {
		return fmt.Errorf("%w: purpose code %q", did.ErrInvalid, purpose)
	}
	key, err := parseMultikey(multikey)
	if err != nil {
		return err
	}
	check := checkSign
	if purpose == 'E' {
		check = checkAgree
	}
	if err := check(key); err != nil {
		return err
	}
	place, ref := d.add("key-"+strconv.Itoa(len(d.VerificationMethod)+1), multikey, key)
	switch purpose {
	case 'V':
		d.authenticate(place, ref)
	case 'E':
		d.agree(place, ref)
	case 'A':
		d.AssertionMethod = append(d.AssertionMethod, ref)
	case 'I':
		d.CapabilityInvocation = append(d.CapabilityInvocation, ref)
	case 'D':
		d.CapabilityDelegation = append(d.CapabilityDelegation, ref)
	}
	return nil
}

// addServices lists the service of an element, or several when it is a list and legacy allows
// that. Those without an id get one: #service, then #service-1 and so on.
func (d *document) addServices(encoded string, legacy bool, unnamed *int) error {
	texts, err := decodeServices(encoded, legacy)
	if err != nil {
		return fmt.Errorf("%w: service: %w", did.ErrInvalid, err)
	}
	for _, text := range texts {
		// Now, and not when the document is built: a list may have thousands.
		if len(d.Service) == did.MaxServices {
			return fmt.Errorf("%w: more than %d services", did.ErrInvalid, did.MaxServices)
		}
		expanded, named, err := expand(text, serviceID(*unnamed))
		if err != nil {
			return fmt.Errorf("%w: service: %w", did.ErrInvalid, err)
		}
		if !named {
			*unnamed++
		}
		service, err := did.ParseService(d.draft.ID, expanded)
		if err != nil {
			return err
		}
		d.Service = append(d.Service, expanded)
		d.serviceBytes += len(expanded) + 1
		d.draft.Services = append(d.draft.Services, service)
	}
	return nil
}

func serviceID(n int) string {
	if n == 0 {
		return "#service"
	}
	return "#service-" + strconv.Itoa(n)
}

// decodeServices undoes the encoding of an element, and takes a list apart.
func decodeServices(encoded string, legacy bool) ([]jsontext.Value, error) {
	text, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return nil, err
	}
	value := jsontext.Value(text)
	if value.Kind() != '[' {
		return []jsontext.Value{value}, nil
	}
	if !legacy {
		return nil, errors.New("a JSON list; each service must be an element of its own")
	}
	list, ok := splitList(value)
	if !ok {
		return nil, errors.New("not a JSON list")
	}
	return list, nil
}

// legacyNames maps the names that older software gives the keys to ours, leaving out those
// that two keys would share.
func (d *document) legacyNames() map[string]string {
	names := make(map[string]string, len(d.VerificationMethod))
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
