package jose

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

var (
	errDepth   = errors.New("nested too deep")
	errObject  = errors.New("not a JSON object")
	errArray   = errors.New("not a JSON array")
	errString  = errors.New("not a JSON string")
	errJSON    = errors.New("bad JSON")
	errTrailer = errors.New("something follows the JSON value")

	errDuplicate = errors.New("duplicate member")
)

// The walkers below read JSON that scan has checked, so they check nothing but types.

// members calls visit for each member of the JSON object in data. name is unquoted; value is a
// part of data.
func members(data []byte, visit func(name []byte, value jsontext.Value) error) error {
	d := walk(data)
	defer d.done()
	if d.PeekKind() != '{' {
		return errObject
	}
	d.ReadToken() // the brace just seen
	for d.PeekKind() != '}' {
		quoted, err := d.ReadValue()
		if err != nil {
			return syntax(err)
		}
		name, err := unquote(quoted)
		if err != nil {
			return err
		}
		value, err := d.ReadValue()
		if err != nil {
			return syntax(err)
		}
		if err := visit(name, value); err != nil {
			return err
		}
	}
	return nil
}

// elements calls visit for each element of the JSON array in data, at most limit times.
func elements(data []byte, limit int, visit func(value jsontext.Value) error) error {
	d := walk(data)
	defer d.done()
	if d.PeekKind() != '[' {
		return errArray
	}
	d.ReadToken() // the bracket just seen
	for n := 0; d.PeekKind() != ']'; n++ {
		value, err := d.ReadValue()
		if err != nil {
			return syntax(err)
		}
		if n == limit {
			return fmt.Errorf("more than %d elements", limit)
		}
		if err := visit(value); err != nil {
			return err
		}
	}
	return nil
}

// walker is a decoder with the buffer that it reads from. Opening a message takes half a dozen of them.
type walker struct {
	jsontext.Decoder
	buffer bytes.Buffer
}

var walkers = sync.Pool{New: func() any { return new(walker) }}

// walk returns a decoder of data, to be given back by done.
func walk(data []byte) *walker {
	w := walkers.Get().(*walker)
	w.buffer = *bytes.NewBuffer(data)
	w.Reset(&w.buffer, jsontext.AllowDuplicateNames(true))
	return w
}

// done gives the decoder back; it keeps nothing of what it has read.
func (w *walker) done() {
	w.buffer = bytes.Buffer{}
	w.Reset(&w.buffer)
	walkers.Put(w)
}

// syntax replaces an error of the decoder, which may quote what a message says.
func syntax(err error) error {
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		return fmt.Errorf("bad JSON at byte %d", syntactic.ByteOffset)
	}
	return errJSON
}

// unquote returns the content of a JSON string, without a copy where nothing is escaped.
func unquote(v jsontext.Value) ([]byte, error) {
	if v.Kind() != '"' {
		return nil, errString
	}
	if bytes.IndexByte(v, '\\') < 0 {
		return v[1 : len(v)-1], nil
	}
	return jsontext.AppendUnquote(nil, v)
}

// text returns a JSON string as a Go string.
func text(v jsontext.Value) (string, error) {
	b, err := unquote(v)
	return string(b), err
}

// optional is like text, but takes null for a member that is absent: some serializers write one.
func optional(v jsontext.Value) (string, error) {
	if v.Kind() == 'n' {
		return "", nil
	}
	return text(v)
}

// octets decodes a JSON string of base64url.
func octets(v jsontext.Value) ([]byte, error) {
	b, err := unquote(v)
	if err != nil {
		return nil, err
	}
	return decode(b, 0)
}
