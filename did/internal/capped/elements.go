package capped

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Elements reads the rest of an array whose "[" has been read, its "]" included, and appends the elements to list,
// which may have so many at most. It stops at the first element too many, and at the first that is no T.
func Elements[T any](d *jsontext.Decoder, list *[]T, limit int) error {
	for d.PeekKind() != ']' {
		if len(*list) == limit {
			return fmt.Errorf("more than %d elements", limit)
		}
		var v T
		if err := json.UnmarshalDecode(d, &v); err != nil {
			return err
		}
		*list = append(*list, v)
	}
	_, err := d.ReadToken()
	return err
}
