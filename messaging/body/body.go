package body

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-im/parley/messaging"
)

// MaxList is how many elements of a List are read.
const MaxList = 256

// Malformed is the problem of a message whose body is not as its protocol demands. The comment always goes with
// the code (DIDComm v2.1, Problem Codes).
var Malformed = &messaging.Problem{Code: "e.m.msg", Comment: "Bad message."}

// List is a JSON array of which the first MaxList elements are read and the others passed over, so that a small
// body cannot become a large slice. It is nil for null, and not nil for an empty array.
type List[T any] []T

// UnmarshalJSONFrom reads the array.
func (l *List[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	tok, err := dec.ReadToken()
	if err != nil {
		return err
	}
	switch *l = nil; tok.Kind() {
	case 'n':
		return nil
	case '[':
		*l = List[T]{}
	default:
		return fmt.Errorf("%s where an array must stand", tok.Kind())
	}
	for dec.PeekKind() != ']' {
		if len(*l) == MaxList {
			if err := dec.SkipValue(); err != nil {
				return err
			}
			continue
		}
		var v T
		if err := json.UnmarshalDecode(dec, &v); err != nil {
			return err
		}
		*l = append(*l, v)
	}
	_, err = dec.ReadToken()
	return err
}
