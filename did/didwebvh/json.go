package didwebvh

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/internal/capped"
)

const (
	// maxDepth is the nesting of a document within its entry.
	maxDepth = did.MaxDepth + 1
	// maxEntryTokens bounds the names, values and closing brackets of an entry. A document within the limits of
	// package did stays below it.
	maxEntryTokens = 4 * did.MaxValues
	// maxFileTokens does so for the witness file, whose proofs have about fifteen each.
	maxFileTokens = 32 * MaxWitnessProofs
)

// checkShape refuses text that is no JSON, has duplicate names, or nests deeper or has more tokens than it may. It
// runs before anything recursive or generous with memory does.
func checkShape(text []byte, maxTokens int) error {
	d := jsontext.NewDecoder(bytes.NewBuffer(text))
	for range maxTokens + 1 {
		if _, err := d.ReadToken(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return malformed(err)
		}
		if d.StackDepth() > maxDepth {
			return fmt.Errorf("nested deeper than %d levels", maxDepth)
		}
	}
	return fmt.Errorf("more than %d names and values", maxTokens)
}

// decode reads text that passed checkShape into v, refusing members that v does not know.
func decode(text []byte, v any) error {
	if err := json.Unmarshal(text, v, json.RejectUnknownMembers(true)); err != nil {
		return malformed(err)
	}
	return nil
}

// malformed says what is wrong in JSON and where, without the names of Go types, and keeps what it quotes short.
func malformed(err error) error {
	var semantic *json.SemanticError
	if !errors.As(err, &semantic) {
		return errors.New(clip(err.Error()))
	}
	what := semantic.Err
	if what == nil {
		what = fmt.Errorf("a JSON %s is not what belongs here", semantic.JSONKind)
	}
	return fmt.Errorf("at %q: %s", clip(string(semantic.JSONPointer)), clip(what.Error()))
}

// optional is a parameter that may be absent. Null sets it to its zero value, as logs of older software do
// (did:webvh 1.0, General Rules for Parameters).
type optional[T any] struct {
	set   bool
	value T
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (o *optional[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	o.set = true
	if d.PeekKind() == 'n' {
		return d.SkipValue()
	}
	return json.UnmarshalDecode(d, &o.value)
}

// list is an array of at most MaxKeys elements, versionList one of twice as many as a log may have entries: the
// witness file may run ahead of the log. Both stop decoding at their limit.
type (
	list[T any]        []T
	versionList[T any] []T
)

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (l *list[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	return decodeList(d, (*[]T)(l), MaxKeys)
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (l *versionList[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	return decodeList(d, (*[]T)(l), 2*MaxEntries)
}

func decodeList[T any](d *jsontext.Decoder, to *[]T, limit int) error {
	if tok, err := d.ReadToken(); err != nil {
		return err
	} else if tok.Kind() != '[' {
		return fmt.Errorf("want an array, not %s", tok.Kind())
	}
	*to = []T{} // an empty array is not an absent one
	return capped.Elements(d, to, limit)
}
