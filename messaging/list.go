package messaging

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxList is how many elements any list of headers may have. The limit of each header is at most this.
const maxList = 256

// list is a JSON array that is refused while it is read, not after it has been held: 1 MiB of "{}"
// would else become a hundred times that in memory.
type list[T any] []T

// UnmarshalJSONFrom reads an array of at most maxList elements, or null.
func (l *list[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	tok, err := dec.ReadToken()
	if err != nil {
		return err
	}
	*l = nil
	if tok.Kind() == 'n' {
		return nil
	}
	if tok.Kind() != '[' {
		return fmt.Errorf("%s where an array must stand", tok.Kind())
	}
	for dec.PeekKind() != ']' {
		if len(*l) == maxList {
			return fmt.Errorf("more than %d elements", maxList)
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
