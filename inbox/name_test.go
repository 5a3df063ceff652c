package inbox_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/parley-im/parley/inbox"
)

func TestValidName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"bob": true, "Bob-2": true, "ä": true, "李": true, "a.b_c@d": true, "dido": true, "x-": true, "did": true,
		strings.Repeat("x", 64): true, strings.Repeat("ä", 32): true, "🙂": true,
		"": false, strings.Repeat("x", 65): false, strings.Repeat("ä", 32) + "x": false,
		"-bob": false, "did:example:bob": false, "DID:x": false, "a b": false, "a\tb": false, "a\u00a0b": false,
		"a\nb": false, "\x1b[31m": false, "a\x00": false, "a\u202eb": false, "\xff": false, "a\xc3": false, "\ufeff": false,
	} {
		if got := inbox.ValidName(name); got != want {
			t.Errorf("ValidName(%q) = %v, want %v", name, got, want)
		}
	}
}

func TestPetName(t *testing.T) {
	t.Parallel()
	for wish, want := range map[string]string{
		"bob": "bob", "Bob Smith": "Bob-Smith", " bob ": "bob", "-bob": "bob", "--": "none", "": "none",
		"did:example:bob": "none", "-did:x": "none", "a\x1b[31mb": "a-[31mb", "a\xffb": "a-b", "\u202ebob": "bob",
		"You": "none", "ME": "none", "mee": "mee", "a\ufe0flice": "alice", "a\u034flice": "alice",
		strings.Repeat("x", 99): strings.Repeat("x", 48), strings.Repeat("ä", 99): strings.Repeat("ä", 24),
		"x" + strings.Repeat("ä", 24): "x" + strings.Repeat("ä", 23),
	} {
		if got := inbox.PetName(wish, "none"); got != want {
			t.Errorf("PetName(%q) = %q, want %q", wish, got, want)
		}
	}
}

func FuzzPetName(f *testing.F) {
	for _, wish := range []string{"bob", "-", "did:x", "a b\xff", "\u202e", strings.Repeat("é", 40)} {
		f.Add(wish)
	}
	f.Fuzz(func(t *testing.T, wish string) {
		name := inbox.PetName(wish, "fallback")
		if !inbox.ValidName(name) || len(name) > 48 {
			t.Errorf("PetName(%q) = %q, which is no petname", wish, name)
		}
		if again := inbox.PetName(name, "fallback"); again != name {
			t.Errorf("PetName(%q) = %q", name, again)
		}
		if inbox.ValidName(wish) && len(wish) <= 48 && !strings.HasSuffix(wish, "-") && name != wish && !strings.ContainsRune(wish, utf8.RuneError) &&
			!strings.EqualFold(wish, "you") && !strings.EqualFold(wish, "me") && !strings.ContainsFunc(wish, func(r rune) bool {
			return unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
		}) {
			t.Errorf("a valid wish %q became %q", wish, name)
		}
	})
}

func FuzzFoldName(f *testing.F) {
	f.Add("Straße", "sTRASSE")
	f.Add("Kelvin", "\u212aelvin")
	f.Add("ſ", "S")
	f.Add("Σς", "σσ")
	f.Fuzz(func(t *testing.T, a, b string) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			t.Skip("names are valid UTF-8")
		}
		if got, want := inbox.FoldName(a) == inbox.FoldName(b), strings.EqualFold(a, b); got != want {
			t.Errorf("%q and %q: folded equal %v, EqualFold %v", a, b, got, want)
		}
	})
}

func TestFreeName(t *testing.T) {
	t.Parallel()
	among := func(names ...string) func(string) (bool, error) {
		return func(name string) (bool, error) {
			for _, n := range names {
				if inbox.FoldName(n) == inbox.FoldName(name) {
					return true, nil
				}
			}
			return false, nil
		}
	}
	long := strings.Repeat("x", 63) + "y"
	for _, c := range []struct {
		name  string
		taken []string
		want  string
	}{
		{"bob", nil, "bob"}, {"bob", []string{"BOB"}, "bob-2"}, {"bob", []string{"bob", "bob-2", "bob-3"}, "bob-4"},
		{"bob", []string{"bob", "bob-3"}, "bob-2"}, {long, []string{long}, strings.Repeat("x", 62) + "-2"},
	} {
		got, err := inbox.FreeName(c.name, among(c.taken...))
		if err != nil || got != c.want || !inbox.ValidName(got) {
			t.Errorf("FreeName(%q) among %q = %q, %v, want %q", c.name, c.taken, got, err, c.want)
		}
	}
	mine := errors.New("mine")
	if _, err := inbox.FreeName("bob", func(string) (bool, error) { return false, mine }); !errors.Is(err, mine) {
		t.Errorf("err = %v, want that of taken", err)
	}
}
