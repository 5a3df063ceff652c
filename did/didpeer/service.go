package didpeer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/parley-im/parley/did"
)

// longNames are the member names that did:peer:2 abbreviates, at every depth of a service.
var longNames = map[string]string{
	"t": "type",
	"s": "serviceEndpoint",
	"r": "routingKeys",
	"a": "accept",
}

// expand undoes the abbreviations of a did:peer:2 service and refuses text that is not exactly
// one JSON value. Members named twice, once in each spelling, are refused as well.
func expand(text []byte) (jsontext.Value, error) {
	var out bytes.Buffer
	dec, enc := jsontext.NewDecoder(bytes.NewReader(text)), jsontext.NewEncoder(&out)
	member := ""
	for {
		tok, err := dec.ReadToken()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, errors.New("not JSON")
		}
		if dec.StackDepth() > did.MaxDepth {
			return nil, fmt.Errorf("nested deeper than %d levels", did.MaxDepth)
		}
		if tok.Kind() == '"' {
			tok, member = expandString(tok.String(), member, inName(dec))
		}
		if err := enc.WriteToken(tok); err != nil {
			return nil, errors.New("a member appears twice")
		}
	}
	value := jsontext.Value(bytes.TrimSpace(out.Bytes()))
	if !value.IsValid() {
		return nil, errors.New("not one JSON value")
	}
	return value, nil
}

// inName reports whether the string just read is the name of a member.
func inName(dec *jsontext.Decoder) bool {
	kind, length := dec.StackIndex(dec.StackDepth())
	return kind == '{' && length%2 == 1
}

// expandString expands a member name, or the value of a member called type, and returns the
// name of the member that is being read.
func expandString(s, member string, isName bool) (jsontext.Token, string) {
	if !isName {
		if member == "type" && s == "dm" {
			s = did.DIDCommMessaging
		}
		return jsontext.String(s), ""
	}
	if long, ok := longNames[s]; ok {
		s = long
	}
	return jsontext.String(s), s
}

func splitList(list jsontext.Value) ([]jsontext.Value, error) {
	var out []jsontext.Value
	if err := json.Unmarshal(list, &out); err != nil {
		return nil, fmt.Errorf("want an array, not %s", list.Kind())
	}
	return out, nil
}

func hasMember(object jsontext.Value, name string) (bool, error) {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(object, &members); err != nil {
		return false, errors.New("malformed object")
	}
	_, ok := members[name]
	return ok, nil
}

// checkID refuses a service whose id is not relative: the DID does not exist yet when the id
// is written (Peer DID, Generating a did:peer:2). It reports whether there is one.
func checkID(service jsontext.Value) (bool, error) {
	has, err := hasMember(service, "id")
	if err != nil || !has {
		return false, err
	}
	var s struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(service, &s); err != nil || !strings.HasPrefix(s.ID, "#") {
		return false, errors.New("a service id must be relative, such as #service")
	}
	return true, nil
}

// withMember returns the object with a string member put in front. The object must not have
// that member, and neither text may need escaping: names and DIDs do not.
func withMember(object jsontext.Value, name, value string) jsontext.Value {
	out := jsontext.Value(`{"` + name + `":"` + value + `"`)
	rest := bytes.TrimSpace(object[1:])
	if rest[0] != '}' {
		out = append(out, ',')
	}
	return append(out, rest...)
}
