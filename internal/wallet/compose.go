package wallet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/basicmessage"
)

// typeForm is what a message type looks like (DIDComm v2.1, Message Type URI).
var typeForm = regexp.MustCompile(`^[a-z][a-z0-9+.-]*:[!-~]*[?/&:;=][A-Za-z0-9._-]+/\d+\.\d+(\.\d+)?/[A-Za-z0-9._-]+$`)

// compose makes the message that r asks for: a text, or one of any other type. It asks for an acknowledgement,
// unless it is of a protocol in which that would go on for ever.
func compose(to did.DID, r control.SendRequest) (*messaging.Message, error) {
	m := basicmessage.New(to, r.Text)
	switch {
	case r.Type == "" && len(r.Body) > 0:
		return nil, &control.Error{Code: control.CodeUsage, Message: "a body needs the type of its message; nothing was sent",
			Hint: "parley message send NAME --type URI --body FILE"}
	case r.Type != "" && r.Text != "":
		return nil, &control.Error{Code: control.CodeUsage, Message: "a message with a type has a body, no text; nothing was sent",
			Hint: "parley send NAME TEXT, or parley message send NAME --type URI --body FILE"}
	case r.Type != "":
		if err := CheckMessage(r.Type, r.Body); err != nil {
			return nil, err
		}
		m = &messaging.Message{Type: r.Type, To: []did.DID{to}, Body: jsontext.Value(r.Body)}
	}
	if r.File != nil {
		attach(m, r.File)
	}
	m.ThreadID = r.Thread
	if !isHousekeeping(m.Type) {
		m.PleaseAck = []string{""}
	}
	return m, nil
}

// CheckMessage returns a *control.Error, which names the place, if typ is no message type URI or body is no JSON
// object. An empty body stands for {}.
func CheckMessage(typ string, body []byte) error {
	if !typeForm.MatchString(typ) {
		return &control.Error{Code: control.CodeUsage, Message: fmt.Sprintf("%q is no message type; nothing was sent", typ),
			Hint: "a type is a URI such as https://didcomm.org/basicmessage/2.0/message"}
	}
	if len(body) == 0 {
		return nil
	}
	d := jsontext.NewDecoder(bytes.NewReader(body))
	value, err := d.ReadValue()
	kind := value.Kind()
	if err == nil {
		if _, err = d.ReadToken(); err == nil {
			err = errors.New("something follows the object")
		} else if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	var syntax *jsontext.SyntacticError
	switch {
	case errors.As(err, &syntax):
		return badBody(place(body, syntax.ByteOffset) + ": " + syntax.Err.Error())
	case err != nil:
		return badBody(place(body, d.InputOffset()) + ": " + err.Error())
	case kind != '{':
		return badBody("it is " + kindNames[kind])
	}
	return nil
}

// kindNames names the kinds of JSON values that are no object.
var kindNames = map[jsontext.Kind]string{'[': "an array", '"': "a string", '0': "a number", 't': "true", 'f': "false", 'n': "null"}

func badBody(why string) error {
	return &control.Error{Code: control.CodeUsage, Message: "the body is not a JSON object: " + why + "; nothing was sent",
		Hint: `a body is an object such as {"content":"hi"}`}
}

// place names a byte of a text as editors do.
func place(text []byte, offset int64) string {
	before := text[:min(max(offset, 0), int64(len(text)))]
	return fmt.Sprintf("line %d, column %d", bytes.Count(before, []byte("\n"))+1, len(before)-bytes.LastIndexByte(before, '\n'))
}
