package did

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// DIDCommMessaging is the type of the services that DIDComm v2 reads.
const DIDCommMessaging = "DIDCommMessaging"

// Service is an entry of a document's "service". ID is absolute where the document has a
// relative one, and otherwise the document's own text. Type is DIDCommMessaging if that is
// among the entry's types, else the first one. Endpoints are in order of preference, and empty
// for types other than DIDCommMessaging.
type Service struct {
	ID        string
	Type      string
	Endpoints []Endpoint
}

// Endpoint is one way to reach a DID (DIDComm v2.1, Service Endpoint). URI is a transport
// address or the DID of a mediator; Accept lists profiles such as "didcomm/v2"; RoutingKeys
// lists DID URLs, the outermost wrapping first; MultiAddrs lists libp2p addresses. All of it is
// the document's claim and unchecked.
type Endpoint struct {
	URI         string   `json:"uri"`
	Accept      []string `json:"accept,omitempty"`
	RoutingKeys []string `json:"routingKeys,omitempty"`
	MultiAddrs  []string `json:"multiAddrs,omitempty"`
}

func cloneEndpoints(es []Endpoint) []Endpoint {
	out := slices.Clone(es)
	for i, e := range out {
		out[i].Accept = slices.Clone(e.Accept)
		out[i].RoutingKeys = slices.Clone(e.RoutingKeys)
		out[i].MultiAddrs = slices.Clone(e.MultiAddrs)
	}
	return out
}

// rawService keeps everything whose shape depends on the type as text.
type rawService struct {
	ID          string         `json:"id"`
	Type        jsontext.Value `json:"type"`
	Endpoint    jsontext.Value `json:"serviceEndpoint"`
	Accept      jsontext.Value `json:"accept"`
	RoutingKeys jsontext.Value `json:"routingKeys"`
}

// rawEndpoint is the object form of an endpoint.
type rawEndpoint struct {
	URI         string  `json:"uri"`
	Accept      strlist `json:"accept"`
	RoutingKeys strlist `json:"routingKeys"`
	MultiAddrs  strlist `json:"multiAddrs"`
}

func (r rawService) service(id DID) (Service, error) {
	s := Service{ID: absolute(id, r.ID), Type: serviceType(r.Type)}
	var err error
	if s.Type == DIDCommMessaging {
		s.Endpoints, err = r.endpoints(id)
	}
	return s, err
}

// serviceType reads a string or a set of strings (W3C DID Core 5.4).
func serviceType(v jsontext.Value) string {
	if one, ok := unquote(v); ok {
		return one
	}
	var several strlist
	if json.Unmarshal(v, &several) != nil || len(several) == 0 {
		return ""
	}
	if slices.Contains(several, DIDCommMessaging) {
		return DIDCommMessaging
	}
	return several[0]
}

// endpoints reads the forms that are in use: an object, an array of objects or strings, and
// the older plain string with accept and routingKeys beside it. What cannot be read is left
// out whole: an endpoint that lost its routing keys would be written to in the clear. Too many
// are an error.
func (r rawService) endpoints(id DID) ([]Endpoint, error) {
	values := valuelist{r.Endpoint}
	if r.Endpoint.Kind() == '[' {
		values = nil
		if err := json.Unmarshal(r.Endpoint, &values); err != nil {
			return nil, fmt.Errorf("more than %d endpoints", MaxEndpoints)
		}
	}
	out := make([]Endpoint, 0, len(values))
	for _, v := range values {
		raw, ok := r.endpoint(v)
		if !ok || raw.URI == "" {
			continue
		}
		for i, key := range raw.RoutingKeys {
			raw.RoutingKeys[i] = absolute(id, key)
		}
		out = append(out, Endpoint{
			URI: raw.URI, Accept: raw.Accept, RoutingKeys: raw.RoutingKeys, MultiAddrs: raw.MultiAddrs,
		})
	}
	return out, nil
}

func (r rawService) endpoint(v jsontext.Value) (rawEndpoint, bool) {
	if v.Kind() == '{' {
		var e rawEndpoint
		return e, json.Unmarshal(v, &e) == nil
	}
	uri, ok := unquote(v)
	accept, okAccept := strs(r.Accept)
	routing, okRouting := strs(r.RoutingKeys)
	return rawEndpoint{URI: uri, Accept: accept, RoutingKeys: routing}, ok && okAccept && okRouting
}

// unquote reads a JSON string.
func unquote(v jsontext.Value) (string, bool) {
	if v.Kind() != '"' {
		return "", false
	}
	s, err := jsontext.AppendUnquote(nil, v)
	return string(s), err == nil
}

// strs reads an array of strings, or nothing from nothing.
func strs(v jsontext.Value) (strlist, bool) {
	if v == nil {
		return nil, true
	}
	var list strlist
	err := json.Unmarshal(v, &list)
	return list, err == nil
}

// absolute completes a relative reference such as "#key-1"; everything else stays.
func absolute(id DID, ref string) string {
	if strings.HasPrefix(ref, "#") {
		return id.s + ref
	}
	return ref
}
