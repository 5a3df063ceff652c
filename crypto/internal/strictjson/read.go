package strictjson

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

var (
	errObject = errors.New("not a JSON object")
	errArray  = errors.New("not a JSON array")
	errString = errors.New("not a JSON string")
)

// Members reads data, which must be one JSON object, and calls visit for each of its members in their order. name
// is without escapes, value a part of data without white space around it. A member is visited before what follows
// it has been checked, so what visit did counts only if Members returns no error. An error of visit ends it.
func Members(data []byte, visit func(name, value []byte) error) error {
	var room [32]uint64 // enough for what is honest
	s := scanner{data: data}
	if s.next() != '{' {
		return s.not(errObject)
	}
	if err := s.object(room[:0], visit); err != nil {
		return err
	}
	return s.end()
}

// Elements is like Members for one JSON array of at most limit elements.
func Elements(data []byte, limit int, visit func(value []byte) error) error {
	var room [32]uint64
	s := scanner{data: data}
	if s.next() != '[' {
		return s.not(errArray)
	}
	n := 0
	err := s.array(room[:0], func(value []byte) error {
		if n++; n > limit {
			return fmt.Errorf("more than %d elements", limit)
		}
		return visit(value)
	})
	if err != nil {
		return err
	}
	return s.end()
}

// not tells JSON of another type from what is no JSON at all.
func (s *scanner) not(wrongType error) error {
	if err := s.value(nil); err != nil {
		return err
	}
	if err := s.end(); err != nil {
		return err
	}
	return wrongType
}

// The functions below are for values that the functions above have found.

// Unquote returns the content of a JSON string, without a copy where nothing is escaped.
func Unquote(value []byte) ([]byte, error) {
	if len(value) < 2 || value[0] != '"' {
		return nil, errString
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return value[1 : len(value)-1], nil
	}
	return jsontext.AppendUnquote(nil, value)
}

// Text returns a JSON string as a Go string.
func Text(value []byte) (string, error) {
	b, err := Unquote(value)
	return string(b), err
}

// IsNull reports whether value is null.
func IsNull(value []byte) bool { return string(value) == "null" }
