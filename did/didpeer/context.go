package didpeer

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/parley-im/parley/did"
)

// controlled are the members of an input document whose methods get a controller.
var controlled = map[string]bool{
	"verificationMethod":   true,
	"authentication":       true,
	"assertionMethod":      true,
	"keyAgreement":         true,
	"capabilityInvocation": true,
	"capabilityDelegation": true,
}

// contextualize turns the input document of a did:peer:4 into the document of id: it adds the
// id, the alias and the controllers that are missing (Peer DID, method 4, Resolving a DID).
// Everything else stays in its order. It refuses input with an id of its own.
func contextualize(input []byte, id, alias did.DID) ([]byte, error) {
	var out bytes.Buffer
	dec, enc := jsontext.NewDecoder(bytes.NewReader(input)), jsontext.NewEncoder(&out)
	if tok, err := dec.ReadToken(); err != nil || tok.Kind() != '{' {
		return nil, errors.New("the document is not a JSON object")
	}
	c := contextualizer{id: id, alias: alias, enc: enc}
	c.write(jsontext.BeginObject, jsontext.String("id"), jsontext.String(id.String()))
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, errors.New("the document is not JSON")
		}
		member := name.String()
		value, err := dec.ReadValue()
		if err != nil {
			return nil, fmt.Errorf("member %.32q is not JSON", member)
		}
		c.member(member, value)
	}
	if !c.aliased {
		c.member("alsoKnownAs", jsontext.Value("[]"))
	}
	c.write(jsontext.EndObject)
	if _, err := dec.ReadToken(); err != nil {
		return nil, errors.New("the document does not end as an object")
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return nil, errors.New("something follows the document")
	}
	return out.Bytes(), c.err
}

// contextualizer writes members until the first error, which it keeps.
type contextualizer struct {
	id, alias did.DID
	enc       *jsontext.Encoder
	aliased   bool
	err       error
}

func (c *contextualizer) write(toks ...jsontext.Token) {
	for _, tok := range toks {
		if c.err == nil {
			c.err = c.enc.WriteToken(tok)
		}
	}
}

func (c *contextualizer) member(name string, value jsontext.Value) {
	var err error
	switch {
	case name == "id":
		err = errors.New("an input document must not have an id")
	case name == "alsoKnownAs":
		c.aliased = true
		value, err = appendString(value, c.alias.String())
	case controlled[name]:
		value, err = c.controllers(value)
	}
	if c.err == nil {
		c.err = err
	}
	c.write(jsontext.String(name))
	if c.err == nil {
		c.err = c.enc.WriteValue(value)
	}
}

// controllers gives every embedded method that lacks a controller the document's DID. What is no
// list stays: package did refuses it where it matters.
func (c *contextualizer) controllers(list jsontext.Value) (jsontext.Value, error) {
	elements, ok := splitList(list)
	if !ok {
		return list, nil
	}
	for i, e := range elements {
		if e.Kind() != '{' {
			continue
		}
		has, err := hasMember(e, "controller")
		if err != nil {
			return nil, err
		}
		if !has {
			elements[i] = withMember(e, "controller", c.id.String())
		}
	}
	return joinList(elements), nil
}

func appendString(list jsontext.Value, s string) (jsontext.Value, error) {
	elements, ok := splitList(list)
	if !ok {
		return nil, fmt.Errorf("want an array of aliases, not %s", list.Kind())
	}
	quoted, err := jsontext.AppendQuote(nil, s)
	if err != nil {
		return nil, err
	}
	return joinList(append(elements, quoted)), nil
}

// splitList returns the elements of an array, and none for null.
func splitList(list jsontext.Value) ([]jsontext.Value, bool) {
	var out []jsontext.Value
	err := json.Unmarshal(list, &out)
	return out, err == nil
}

func joinList(elements []jsontext.Value) jsontext.Value {
	out := jsontext.Value("[")
	for i, e := range elements {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, e...)
	}
	return append(out, ']')
}

func hasMember(object jsontext.Value, name string) (bool, error) {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(object, &members); err != nil {
		return false, errors.New("malformed object")
	}
	_, ok := members[name]
	return ok, nil
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
