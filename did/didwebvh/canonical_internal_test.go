package didwebvh

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// FuzzCanonical compares two libraries' canonical forms of everything that passes checkShape. Where they agree, the
// documents we believe are those that other software signed.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"b":1,"a":[1.0,-0,1e21,1E-7,0.000001,123456789012345678901234567890]}`, `{"\u20ac":"\u000f\n\"\\\/","\r":"","1":"\u0080"}`,
		`{"\ud83d\ude00":1,"\ufb33":2,"\u00f6":3}`, `{"x":4.50,"y":2e-3,"z":333333333.33333329}`, `{"a":{"c":null,"b":true}}`, `{"a":1e999}`,
		`{"a":5e-324,"b":1.7976931348623157e308,"c":9007199254740993}`, `[]`, `{"a":"\ud800"}`, `{"a":1,"a":2}`, "{\"a\":\"\u2028\x7f\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if checkShape(text, maxEntryTokens) != nil || !jsontext.Value(text).IsValid() {
			return
		}
		got, err := canonical(text)
		if err != nil {
			return
		}
		want := jsontext.Value(text).Clone()
		if err := want.Canonicalize(); err != nil {
			t.Fatalf("%q has the canonical form %q here, none elsewhere: %v", text, got, err)
		}
		if string(got) != string(want) {
			t.Errorf("%q: %q here, %q elsewhere", text, got, want)
		}
		again, err := canonical(got)
		if err != nil || string(again) != string(got) {
			t.Errorf("%q is not its own canonical form: %q, %v", got, again, err)
		}
	})
}

func TestCanonicalIsNeededForAnObject(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "[]", `"x"`, "1", "null"} {
		if got, err := canonical([]byte(text)); err == nil {
			t.Errorf("%q has the canonical form %q", text, got)
		}
	}
}
