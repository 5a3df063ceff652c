package did

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/parley-im/parley/did/internal/capped"
)

// maxStrings bounds lists of strings such as routingKeys and alsoKnownAs.
const maxStrings = 64

// The list types stop decoding at their limit, so that a document of sixty thousand empty
// elements costs no more memory than its text.
type (
	methodlist    []rawMethod
	referencelist []reference
	servicelist   []rawService
	strlist       []string
	valuelist     []jsontext.Value
)

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (l *methodlist) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	return decodeList(d, (*[]rawMethod)(l), MaxMethods)
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (l *referencelist) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	return decodeList(d, (*[]reference)(l), MaxMethods)
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (l *servicelist) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	return decodeList(d, (*[]rawService)(l), MaxServices)
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (l *strlist) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	return decodeList(d, (*[]string)(l), maxStrings)
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (l *valuelist) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	return decodeList(d, (*[]jsontext.Value)(l), MaxEndpoints)
}

func decodeList[T any](d *jsontext.Decoder, list *[]T, limit int) error {
	switch tok, err := d.ReadToken(); {
	case err != nil:
		return err
	case tok.Kind() == 'n':
		return nil
	case tok.Kind() != '[':
		return fmt.Errorf("want an array, not %s", tok.Kind())
	}
	return capped.Elements(d, list, limit)
}

// reference is an entry of a verification relationship: the id of a method, or the method
// itself.
type reference struct {
	id     string
	method *rawMethod
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (r *reference) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	switch kind := d.PeekKind(); kind {
	case '"':
		return json.UnmarshalDecode(d, &r.id)
	case '{':
		r.method = new(rawMethod)
		return json.UnmarshalDecode(d, r.method)
	case 'n', 't', 'f', '0', '[':
		return fmt.Errorf("a verification relationship lists %s, not an id or a method", kind)
	default:
		return errors.New("malformed verification relationship")
	}
}

// checkShape refuses text that nests deeper than MaxDepth or has more than MaxValues values,
// before a decoder keeps state for each level and each name. It only counts brackets and commas
// outside strings; the decoder checks the rest.
func checkShape(text []byte) error {
	depth, values := 0, 1
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			depth++
			values++
		case '}', ']':
			depth--
		case ',':
			values++
		case '"':
			i = endOfString(text, i)
		}
		if depth > MaxDepth || values > MaxValues {
			return fmt.Errorf("nested deeper than %d levels or more than %d values", MaxDepth, MaxValues)
		}
	}
	return nil
}

// endOfString returns the place of the quote that closes the string opened at i, or the last
// place of the text.
func endOfString(text []byte, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return i
}
