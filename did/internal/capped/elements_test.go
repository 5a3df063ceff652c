package capped_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-im/parley/did/internal/capped"
)

func TestElements(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   string
		want []int
		err  string // part of it; empty for none
	}{
		"none":            {`[]`, nil, ""},
		"as many":         {`[1,2,3]`, []int{1, 2, 3}, ""},
		"one too many":    {`[1,2,3,4]`, []int{1, 2, 3}, "more than 3 elements"},
		"another type":    {`[1,"2"]`, []int{1}, "string"},
		"cut short":       {`[1,2`, []int{1, 2}, "EOF"},
		"broken too late": {`[1,2,3,4,}`, []int{1, 2, 3}, "more than 3 elements"},
	} {
		d := jsontext.NewDecoder(strings.NewReader(c.in))
		if _, err := d.ReadToken(); err != nil {
			t.Fatal(err)
		}
		var got []int
		err := capped.Elements(d, &got, 3)
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v, want %q", name, err, c.err)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
