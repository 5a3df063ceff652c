package vectors

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestCollect(t *testing.T) {
	t.Parallel()
	var file any
	const text = `{"about":"not this","list":[{"message":"{\"id\":1}","jwt":"eyJ.e30.AA"},{"jwk":{"kty":"OKP","x":"A"}}],
		"message":{"protected":"e30","recipients":[]},"plain":{"type":"t","from_prior":"eyJ.e30.BB"}}`
	if err := json.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	var got []string
	collect(file, func(seed string) { got = append(got, seed) })
	slices.Sort(got)
	want := []string{
		"eyJ.e30.AA", "eyJ.e30.BB", `{"from_prior":"eyJ.e30.BB","type":"t"}`, `{"id":1}`, `{"kty":"OKP","x":"A"}`, `{"protected":"e30","recipients":[]}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
