package didpeer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/parley-im/parley/did"
)

// maxServiceDepth is how deep a service may nest: it stands in a list in a document.
const maxServiceDepth = did.MaxDepth - 2

// longName returns the member name that did:peer:2 abbreviates, at every depth of a service.
func longName(s string) string {
	switch s {
	case "t":
		return "type"
	case "s":
		return "serviceEndpoint"
	case "r":
		return "routingKeys"
	case "a":
		return "accept"
	}
	return s
}

// expand undoes the abbreviations of a did:peer:2 service and gives it the fallback as its id
// when it has none, which it reports. It refuses text that is no JSON object, an id
// that is not relative, and members named twice, also once in each spelling.
func expand(text []byte, fallback string) (out jsontext.Value, named bool, err error) {
	if kind := jsontext.Value(text).Kind(); kind != '{' {
		return nil, false, fmt.Errorf("want one JSON object, not %s", kind)
	}
	var buf bytes.Buffer
	e := expander{dec: jsontext.NewDecoder(bytes.NewBuffer(text)), enc: jsontext.NewEncoder(&buf), fallback: fallback}
	for {
		tok, err := e.dec.ReadToken()
		if err == io.EOF {
			return bytes.TrimSpace(buf.Bytes()), e.named, nil
		}
		if err != nil {
			return nil, false, errors.New("not JSON, or a member appears twice")
		}
		if err := e.write(tok); err != nil {
			return nil, false, err
		}
	}
}

// expander copies the tokens of one service. member is the name that was written last, awaitID is
// set between the name and the value of the service's id.
type expander struct {
	dec      *jsontext.Decoder
	enc      *jsontext.Encoder
	fallback string
	member   string
	named    bool
	awaitID  bool
}

func (e *expander) write(tok jsontext.Token) error {
	depth := e.dec.StackDepth()
	switch {
	case depth > maxServiceDepth:
		return fmt.Errorf("nested deeper than %d levels", maxServiceDepth)
	case depth == 0 && !e.named:
		if err := e.writeAll(jsontext.String("id"), jsontext.String(e.fallback)); err != nil {
			return err
		}
	case tok.Kind() == '"' && inName(e.dec):
		e.member = longName(tok.String())
		tok = jsontext.String(e.member)
		if depth == 1 && e.member == "id" {
			e.named, e.awaitID = true, true
		}
	case e.awaitID:
		// The DID does not exist yet when the id is written (Peer DID, Generating a did:peer:2).
		if tok.Kind() != '"' || !strings.HasPrefix(tok.String(), "#") {
			return errors.New("its id must be relative, such as #service")
		}
		e.awaitID = false
	case e.member == "type" && tok.Kind() == '"' && tok.String() == "dm":
		tok = jsontext.String(did.DIDCommMessaging)
	}
	return e.writeAll(tok)
}

func (e *expander) writeAll(toks ...jsontext.Token) error {
	for _, tok := range toks {
		if err := e.enc.WriteToken(tok); err != nil {
			return errors.New("a member appears twice")
		}
	}
	return nil
}

// inName reports whether the string just read is the name of a member.
func inName(dec *jsontext.Decoder) bool {
	kind, length := dec.StackIndex(dec.StackDepth())
	return kind == '{' && length%2 == 1
}
