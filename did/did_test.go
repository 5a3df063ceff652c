package did_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/parley-im/parley/did"
)

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in, method string
	}{
		{"shortest", "did:a:b", "a"},
		{"digits in the method", "did:3:x", "3"},
		{"colons inside", "did:web:example.com:user:alice", "web"},
		{"empty segment inside", "did:x::y", "x"},
		{"percent-encoded port", "did:web:localhost%3A8443", "web"},
		{"all characters", "did:example:AZaz09.-_%0a%FF", "example"},
		{"peer 4 long", longForm, "peer"},
		{"longest", "did:a:" + strings.Repeat("b", did.MaxLength-6), "a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, err := did.Parse(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if d.String() != tt.in || d.Method() != tt.method || d.IsZero() {
				t.Errorf("got %q, method %q", d, d.Method())
			}
			if d != did.MustParse(tt.in) {
				t.Error("two parses of one text differ")
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in string }{
		{"empty", ""},
		{"scheme only", "did:"},
		{"no id", "did:peer"},
		{"empty id", "did:peer:"},
		{"empty method", "did::abc"},
		{"upper case scheme", "DID:peer:2.V"},
		{"upper case method", "did:PEER:2.V"},
		{"hyphen in method", "did:my-method:1"},
		{"ends in a colon", "did:web:example.com:"},
		{"leading space", " did:a:b"},
		{"newline", "did:a:b\n"},
		{"fragment", "did:a:b#key-1"},
		{"path", "did:a:b/c"},
		{"query", "did:a:b?c"},
		{"base64 padding", "did:peer:2.Sabc="},
		{"percent cut short", "did:a:b%4"},
		{"percent not hexadecimal", "did:a:%zz"},
		{"not ASCII", "did:a:ü"},
		{"quote", `"did:a:b"`},
		{"backslash", `did:a:b\c`},
		{"too long", "did:a:" + strings.Repeat("b", did.MaxLength-5)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, err := did.Parse(tt.in)
			if !errors.Is(err, did.ErrInvalid) {
				t.Fatalf("got %q, %v; want ErrInvalid", d, err)
			}
			if !d.IsZero() {
				t.Errorf("a refused DID left %q", d)
			}
			if len(err.Error()) > 400 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
			if err := d.UnmarshalText([]byte(tt.in)); !errors.Is(err, did.ErrInvalid) {
				t.Errorf("UnmarshalText: %v", err)
			}
		})
	}
}

func TestMustParsePanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	did.MustParse("nonsense")
}

func TestForms(t *testing.T) {
	t.Parallel()
	short, long := did.MustParse(shortForm), did.MustParse(longForm)
	if long.Canonical() != short || short.Canonical() != short {
		t.Errorf("canonical forms are %q and %q", long.Canonical(), short.Canonical())
	}
	if !long.IsLong() || short.IsLong() {
		t.Error("IsLong confuses the forms")
	}
	if !long.Same(short) || !short.Same(long) || long == short {
		t.Error("the forms must be the same DID and not equal text")
	}
	other := did.MustParse("did:peer:4zQmOther:z2M1k7h4psgp4CmJcnQn2Ljp7Pz7ktsd7oBhMU3dWY5s4fhFNj17")
	if other.Same(long) || other.Same(short) {
		t.Error("two long forms with different hashes are the same")
	}
	for _, s := range []string{"did:web:a:b", "did:peer:2.Vz6Mk:x", "did:peer4:a:b", "did:key:z6Mk"} {
		if d := did.MustParse(s); d.Canonical() != d || d.IsLong() {
			t.Errorf("%s has another form %s", d, d.Canonical())
		}
	}
	var zero did.DID
	if !zero.Same(did.DID{}) || zero.Same(short) || zero.IsLong() || zero.Method() != "" {
		t.Error("the zero value is confused with a DID")
	}
}

func TestShort(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{"did:web:example.com", "did:web:example.com"},
		{shortForm, "did:peer:4zQmd8…54Bd"},
		{longForm, "did:peer:4zQmd8…54Bd"},
		{"did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp", "did:key:z6MkiT…ooWp"},
		{"did:" + strings.Repeat("m", 40) + ":id", "did:" + strings.Repeat("m", 40) + ":id"},
	}
	for _, tt := range tests {
		if got := did.MustParse(tt.in).Short(); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.in, got, tt.want)
		}
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	short, long := did.MustParse(shortForm), did.MustParse(longForm)
	if got := short.Hash(); got != "6a684522" || long.Hash() != got {
		t.Errorf("hashes are %s and %s", got, long.Hash())
	}
	if (did.DID{}).Hash() != "" {
		t.Error("the zero value has a hash")
	}
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("met", "peer", long)
	if strings.Contains(out.String(), "zQm") || !strings.Contains(out.String(), long.Hash()) {
		t.Errorf("logged %s", out.String())
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	type record struct {
		ID did.DID `json:"id,omitzero"`
	}
	in := record{did.MustParse(longForm)}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out record
	if err := json.Unmarshal(text, &out); err != nil || out != in {
		t.Errorf("%s came back as %v, %v", text, out, err)
	}
	if text, err := json.Marshal(record{}); err != nil || string(text) != "{}" {
		t.Errorf("the zero value became %s, %v", text, err)
	}
	if _, err := (did.DID{}).MarshalText(); !errors.Is(err, did.ErrInvalid) {
		t.Errorf("the zero value has a text: %v", err)
	}
	if err := json.Unmarshal([]byte(`{"id":""}`), &out); !errors.Is(err, did.ErrInvalid) {
		t.Errorf("an empty text was accepted: %v", err)
	}
	if err := out.ID.UnmarshalText(make([]byte, did.MaxLength+1)); !errors.Is(err, did.ErrInvalid) {
		t.Errorf("a long text was accepted: %v", err)
	}
}
