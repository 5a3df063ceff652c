package body_test

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/messaging/body"
)

func TestList(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		in   string
		want []string
		ok   bool
	}{
		"absent":         {`{}`, nil, true},
		"null":           {`{"l":null}`, nil, true},
		"empty":          {`{"l":[]}`, []string{}, true},
		"two":            {`{"l":["a","b"],"more":1}`, []string{"a", "b"}, true},
		"no array":       {`{"l":"a"}`, nil, false},
		"an object":      {`{"l":{"0":"a"}}`, nil, false},
		"another type":   {`{"l":["a",1]}`, nil, false},
		"not ended":      {`{"l":["a"`, nil, false},
		"nested":         {`{"l":[["a"]]}`, nil, false},
		"twice the same": {`{"l":["a"],"l":["b"]}`, nil, false},
	} {
		var got struct {
			L body.List[string] `json:"l"`
		}
		err := json.Unmarshal([]byte(tc.in), &got)
		if (err == nil) != tc.ok {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(tc.want, []string(got.L)); tc.ok && diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What is beyond the bound is passed over, whatever it is, and does not cost anything.
func TestListIsBounded(t *testing.T) {
	t.Parallel()
	in := `{"l":[` + strings.Repeat(`"a",`, body.MaxList) + strings.Repeat(`{"x":[1]},`, 10_000) + `7],"after":"seen"}`
	var got struct {
		L     body.List[string] `json:"l"`
		After string            `json:"after"`
	}
	if err := json.Unmarshal([]byte(in), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.L) != body.MaxList || cap(got.L) > 2*body.MaxList || got.After != "seen" {
		t.Errorf("%d elements, room for %d, then %q", len(got.L), cap(got.L), got.After)
	}
}

func FuzzList(f *testing.F) {
	for _, seed := range []string{`[]`, `null`, `["a","b"]`, `[{}]`, `[`, `{"a":1}`, `["a",["b"]]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var got body.List[string]
		if json.Unmarshal(data, &got) != nil {
			return
		}
		var all []any
		if err := json.Unmarshal(data, &all); err != nil {
			t.Fatalf("taken, though no array: %v", err)
		}
		if len(got) != min(len(all), body.MaxList) {
			t.Errorf("%d of %d elements", len(got), len(all))
		}
	})
}
