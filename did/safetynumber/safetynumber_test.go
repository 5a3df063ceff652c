package safetynumber_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/safetynumber"
	"pgregory.net/rapid"
)

// golden is a case of testdata/golden.json, whose numbers testdata/golden.py computed.
type golden struct {
	Name    string
	Parties []struct {
		DID  string
		Keys []string
	}
	Digits, Words, Code string
}

func goldens(t testing.TB) []golden {
	t.Helper()
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []golden
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 3 {
		t.Fatalf("only %d golden cases", len(cases))
	}
	return cases
}

// party returns party i of the case.
func (g golden) party(t testing.TB, i int) safetynumber.Party {
	t.Helper()
	p := safetynumber.Party{DID: did.MustParse(g.Parties[i].DID)}
	for _, s := range g.Parties[i].Keys {
		key, err := crypto.ParseMultikey(s)
		if err != nil {
			t.Fatal(err)
		}
		p.Keys = append(p.Keys, key)
	}
	return p
}

func of(t testing.TB, a, b safetynumber.Party) safetynumber.Number {
	t.Helper()
	n, err := safetynumber.Of(a, b)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for _, g := range goldens(t) {
		t.Run(g.Name, func(t *testing.T) {
			t.Parallel()
			n := of(t, g.party(t, 0), g.party(t, 1))
			got := []string{n.Digits(), strings.Join(n.Words(), " "), n.Code()}
			if diff := cmp.Diff([]string{g.Digits, g.Words, g.Code}, got); diff != "" {
				t.Error(diff)
			}
			groups := n.Groups()
			if strings.Join(groups[:], " ") != n.Digits() || len(n.Digits()) != 71 {
				t.Errorf("groups %q are not the digits %q", groups, n.Digits())
			}
			if len(n.Words()) != 18 || len(n.Code()) != 102 {
				t.Errorf("%d words and a code of %d characters", len(n.Words()), len(n.Code()))
			}
			if err := safetynumber.Match(g.Code, n); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestBothScreensShowTheSame(t *testing.T) {
	t.Parallel()
	cases := goldens(t)
	ours, theirs := cases[0].party(t, 0), cases[2].party(t, 1)
	want := of(t, ours, theirs)
	if !theirs.DID.IsLong() {
		t.Fatal("this case needs a long form")
	}
	short := theirs
	short.DID = theirs.DID.Canonical()
	pinned := safetynumber.Party{DID: theirs.DID}
	for _, k := range theirs.Keys {
		pinned.Pins = append(pinned.Pins, k.Fingerprint())
	}
	turned := safetynumber.Party{DID: theirs.DID, Keys: slices.Clone(theirs.Keys)}
	slices.Reverse(turned.Keys)
	twice := safetynumber.Party{DID: theirs.DID, Keys: append(slices.Clone(theirs.Keys), theirs.Keys...), Pins: pinned.Pins}
	for name, same := range map[string]safetynumber.Party{
		"short form": short, "pins instead of keys": pinned, "another order of keys": turned, "keys twice": twice,
	} {
		if of(t, ours, same) != want || of(t, same, ours) != want {
			t.Errorf("%s: another number", name)
		}
	}
}

func TestOfLeavesTheCallersPinsAlone(t *testing.T) {
	t.Parallel()
	g := goldens(t)[0]
	p := g.party(t, 0)
	p.Pins = [][32]byte{{9}, {1}, {1}}
	before := slices.Clone(p.Pins)
	of(t, p, g.party(t, 1))
	if diff := cmp.Diff(before, p.Pins); diff != "" {
		t.Error(diff)
	}
}

// TestEveryChangeShows: the number depends on each key, on their number and on the DID, of both parties.
func TestEveryChangeShows(t *testing.T) {
	t.Parallel()
	g := goldens(t)[2]
	a, b := g.party(t, 0), g.party(t, 1)
	want := of(t, a, b)
	other := goldens(t)[1].party(t, 0)
	changes := map[string]func(p *safetynumber.Party){
		"a key less": func(p *safetynumber.Party) { p.Keys = p.Keys[1:] },
		"a key more": func(p *safetynumber.Party) { p.Pins = append(p.Pins, [32]byte{1}) },
		"another key": func(p *safetynumber.Party) {
			p.Keys = append([]crypto.PublicKey{}, p.Keys[1:]...)
			p.Pins = [][32]byte{{7}}
		},
		"another DID":   func(p *safetynumber.Party) { p.DID = other.DID },
		"similar DID":   func(p *safetynumber.Party) { p.DID = did.MustParse(p.DID.Canonical().String() + "x") },
		"other party's": func(p *safetynumber.Party) { p.Keys = other.Keys },
	}
	for name, change := range changes {
		c, d := a, b
		change(&c)
		change(&d)
		for _, n := range []safetynumber.Number{of(t, c, b), of(t, a, d)} {
			if n == want || n.Digits() == want.Digits() || slices.Equal(n.Words(), want.Words()) || n.Code() == want.Code() {
				t.Errorf("%s does not show", name)
			}
			if err := safetynumber.Match(n.Code(), want); !errors.Is(err, safetynumber.ErrMismatch) {
				t.Errorf("%s: Match: %v", name, err)
			}
		}
	}
}

// TestKeysAndDIDAreApart: bytes cannot wander from the keys into the DID.
func TestKeysAndDIDAreApart(t *testing.T) {
	t.Parallel()
	g := goldens(t)[0]
	tail := "did:example:" + strings.Repeat("b", 20)
	with := safetynumber.Party{DID: did.MustParse("did:example:" + strings.Repeat("a", 20) + tail), Pins: [][32]byte{{1}}}
	without := safetynumber.Party{
		DID:  did.MustParse(tail),
		Pins: [][32]byte{{1}, [32]byte([]byte("did:example:" + strings.Repeat("a", 20)))},
	}
	if of(t, with, g.party(t, 0)) == of(t, without, g.party(t, 0)) {
		t.Error("a DID was taken for a key")
	}
}

func TestRefusedParties(t *testing.T) {
	t.Parallel()
	g := goldens(t)[0]
	good, other := g.party(t, 0), g.party(t, 1)
	many := safetynumber.Party{DID: other.DID}
	for i := range did.MaxMethods + 1 {
		many.Pins = append(many.Pins, sha256.Sum256([]byte{byte(i)}))
	}
	long := goldens(t)[2].party(t, 1)
	for name, test := range map[string]struct {
		a, b safetynumber.Party
		want string
	}{
		"no keys":       {good, safetynumber.Party{DID: other.DID}, "no keys"},
		"no DID":        {good, safetynumber.Party{Keys: other.Keys}, "no DID"},
		"empty key":     {good, safetynumber.Party{DID: other.DID, Keys: []crypto.PublicKey{{}}}, "empty"},
		"too many keys": {good, many, "65 keys"},
		"oneself":       {good, good, "two parties"},
		"two forms":     {long, safetynumber.Party{DID: long.DID.Canonical(), Keys: long.Keys}, "two parties"},
	} {
		for _, pair := range [][2]safetynumber.Party{{test.a, test.b}, {test.b, test.a}} {
			n, err := safetynumber.Of(pair[0], pair[1])
			if !errors.Is(err, did.ErrInvalid) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: error %v", name, err)
			}
			if !n.IsZero() {
				t.Errorf("%s: a number came with the error", name)
			}
		}
	}
	many.Pins = many.Pins[:did.MaxMethods]
	of(t, good, many)
}

func TestMatchTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	cases := goldens(t)
	ours, theirs := cases[0].party(t, 0), cases[0].party(t, 1)
	n := of(t, ours, theirs)
	between := theirs
	between.Keys = cases[1].party(t, 0).Keys
	body := strings.TrimPrefix(n.Code(), "parley-verify:1:")
	last := body[:len(body)-1]
	both, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		t.Fatal(err)
	}
	swapped := base64.RawURLEncoding.EncodeToString(slices.Concat(both[32:], both[:32]))
	for name, test := range map[string]struct {
		code string
		kind error
		want string
	}{
		"other keys":   {of(t, ours, between).Code(), safetynumber.ErrMismatch, "different keys of the other"},
		"other people": {cases[1].Code, safetynumber.ErrMismatch, "neither"},
		"empty":        {"", did.ErrInvalid, "not a verification code"},
		"a link":       {"https://example.com/?_oob=e30", did.ErrInvalid, "not a verification code"},
		"newer":        {"parley-verify:2:" + body, did.ErrInvalid, "another version"},
		"cut short":    {"parley-verify:1:" + last, did.ErrInvalid, "cut short"},
		"lengthened":   {n.Code() + "A", did.ErrInvalid, "cut short"},
		"padded":       {n.Code() + "==", did.ErrInvalid, "cut short"},
		"line breaks":  {"parley-verify:1:\n\n" + body[2:], did.ErrInvalid, "damaged"},
		"stray bits":   {"parley-verify:1:" + last + "_", did.ErrInvalid, "damaged"},
		"bad alphabet": {"parley-verify:1:" + last + "+", did.ErrInvalid, "damaged"},
		"other order":  {"parley-verify:1:" + swapped, did.ErrInvalid, "wrong order"},
		"upper case":   {"PARLEY-VERIFY:1:" + body, did.ErrInvalid, "not a verification code"},
	} {
		err := safetynumber.Match(test.code, n)
		if !errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %v with %q", name, err, test.kind, test.want)
		}
	}
	if err := safetynumber.Match(n.Code(), safetynumber.Number{}); !errors.Is(err, did.ErrInvalid) {
		t.Errorf("the zero number matched: %v", err)
	}
	var zero safetynumber.Number
	if err := safetynumber.Match(zero.Code(), zero); err == nil {
		t.Error("the zero number matched itself")
	}
}

// TestAnyTwoSetsOfKeys: whatever the keys, the number is made of words and digits and finds its own code only.
func TestAnyTwoSetsOfKeys(t *testing.T) {
	t.Parallel()
	g := goldens(t)[0]
	a, b := g.party(t, 0), g.party(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		pins := rapid.SliceOfNDistinct(rapid.SliceOfN(rapid.Byte(), 32, 32), 1, 3, func(b []byte) string { return string(b) })
		b := b
		b.Keys, b.Pins = nil, nil
		for _, p := range pins.Draw(t, "pins") {
			b.Pins = append(b.Pins, [32]byte(p))
		}
		n, err := safetynumber.Of(a, b)
		if err != nil {
			t.Fatal(err)
		}
		if err := safetynumber.Match(n.Code(), n); err != nil {
			t.Fatal(err)
		}
		for _, g := range n.Groups() {
			if len(g) != 5 || strings.Trim(g, "0123456789") != "" {
				t.Fatalf("group %q", g)
			}
		}
		turned, err := safetynumber.Of(b, a)
		if err != nil || turned != n {
			t.Fatalf("the other side sees %v, %v", turned.Digits(), err)
		}
	})
}

func FuzzMatch(f *testing.F) {
	g := goldens(f)[0]
	n := of(f, g.party(f, 0), g.party(f, 1))
	for _, c := range goldens(f) {
		f.Add(c.Code)
	}
	for _, s := range []string{"", "parley-verify:1:", g.Code[:60], strings.ToUpper(g.Code), "parley-verify:9:" + g.Code[16:]} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, code string) {
		err := safetynumber.Match(code, n)
		if (err == nil) != (code == n.Code()) {
			t.Errorf("Match(%q) = %v: exactly one text is the code", code, err)
		}
		if err != nil && !errors.Is(err, did.ErrInvalid) && !errors.Is(err, safetynumber.ErrMismatch) {
			t.Errorf("Match(%q): an error of no kind: %v", code, err)
		}
	})
}

func BenchmarkOf(b *testing.B) {
	g := goldens(b)[0]
	p, q := g.party(b, 0), g.party(b, 1)
	for b.Loop() {
		of(b, p, q)
	}
}

func BenchmarkOfMostKeys(b *testing.B) {
	var p, q safetynumber.Party
	p.DID, q.DID = did.MustParse("did:example:a"), did.MustParse("did:example:b")
	for i := range did.MaxMethods {
		p.Pins = append(p.Pins, [32]byte(bytes.Repeat([]byte{byte(i)}, 32)))
	}
	q.Pins = p.Pins
	for b.Loop() {
		of(b, p, q)
	}
}
