package did_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parley-im/parley/did"
)

func TestParseURL(t *testing.T) {
	t.Parallel()
	id := did.MustParse("did:example:123")
	tests := []struct {
		name, in string
		want     did.URL
	}{
		{"plain DID", "did:example:123", did.URL{DID: id}},
		{"fragment", "did:example:123#key-1", did.URL{DID: id, Fragment: "key-1"}},
		{"path", "did:example:123/a/b", did.URL{DID: id, Path: "/a/b"}},
		{"query", "did:example:123?service=x&y=/?", did.URL{DID: id, Query: "service=x&y=/?"}},
		{"everything", "did:example:123/p?q#f?/x", did.URL{DID: id, Path: "/p", Query: "q", Fragment: "f?/x"}},
		{"percent", "did:example:123#%41", did.URL{DID: id, Fragment: "%41"}},
		{"long form", longForm + "#key-2", did.URL{DID: did.MustParse(longForm), Fragment: "key-2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := did.ParseURL(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateComparable(did.DID{})); diff != "" {
				t.Error(diff)
			}
			if got.String() != tt.in || got.IsZero() {
				t.Errorf("printed as %q", got)
			}
		})
	}
}

func TestParseURLRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", "#key-1", "key-1", "did:example:123#", "did:example:123?", "did:example:123?#f",
		"did:example:123#a#b", "did:example:123#a b", "did:example:123#ü", "did:example:123/a b",
		"did:example:123/%", "did:example:123?%g0", "https://example.com/#a", "did:example#a",
		"did:example:#a", "did:example:123#" + strings.Repeat("f", did.MaxLength+1024),
	} {
		if u, err := did.ParseURL(in); !errors.Is(err, did.ErrInvalid) || !u.IsZero() {
			t.Errorf("%.40q: got %v, %v; want ErrInvalid", in, u, err)
		}
	}
}

func TestURLSame(t *testing.T) {
	t.Parallel()
	long := did.URL{DID: did.MustParse(longForm), Fragment: "key-1"}
	short := did.URL{DID: did.MustParse(shortForm), Fragment: "key-1"}
	if !long.Same(short) || !short.Same(long) || long == short {
		t.Error("the two forms of one key id are not the same")
	}
	for _, other := range []did.URL{
		{DID: short.DID, Fragment: "key-2"},
		{DID: short.DID},
		{DID: short.DID, Fragment: "key-1", Path: "/"},
		{DID: short.DID, Fragment: "key-1", Query: "x"},
		{DID: did.MustParse("did:a:b"), Fragment: "key-1"},
	} {
		if long.Same(other) {
			t.Errorf("%s and %s are the same", long, other)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	for _, s := range []string{
		"did:example:123/p?q#f", "did:a:b#", "did:a:b?#", "did:a:b//", "did:a:b#%zz", longForm + "#key-1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := did.ParseURL(s)
		if err != nil {
			if !errors.Is(err, did.ErrInvalid) {
				t.Fatalf("%v is not ErrInvalid", err)
			}
			return
		}
		if u.String() != s {
			t.Fatalf("%q printed as %q", s, u)
		}
		if d, err := did.Parse(u.DID.String()); err != nil || d != u.DID {
			t.Fatalf("%q holds the DID %q: %v", s, u.DID, err)
		}
		if !u.Same(did.URL{DID: u.DID.Canonical(), Path: u.Path, Query: u.Query, Fragment: u.Fragment}) {
			t.Fatalf("%q is not the same as its canonical form", s)
		}
	})
}
