package fromprior_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/jose"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/internal/vectors"
	"github.com/parley-im/parley/messaging/fromprior"
)

var (
	old  = did.MustParse("did:example:old")
	next = did.MustParse("did:example:new")
	kid  = "did:example:old#key-1"
	at   = time.Unix(1_700_000_000, 0).UTC()
)

// house is the old DID's key and the directory that lists it.
func house(t *testing.T, c crypto.Curve) (*crypto.Keyring, crypto.Keys) {
	t.Helper()
	key, err := crypto.GenerateKey(c)
	if err != nil {
		t.Fatal(err)
	}
	ring := crypto.NewKeyring()
	ring.Add(kid, key)
	return ring, crypto.Keys{kid: key.Public()}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, c := range []crypto.Curve{crypto.Ed25519, crypto.P256, crypto.P384, crypto.P521, crypto.Secp256k1} {
		ring, directory := house(t, c)
		for name, p := range map[string]fromprior.Prior{
			"a new DID":   {Issuer: old, Subject: next, IssuedAt: at},
			"with times":  {Issuer: old, Subject: next, IssuedAt: at, Expires: at.Add(time.Hour), NotBefore: at},
			"the end":     {Issuer: old, IssuedAt: at},
			"key ignored": {Issuer: old, Subject: next, IssuedAt: at, KeyID: "did:example:other#1"},
		} {
			token, err := fromprior.Create(t.Context(), ring, kid, p)
			if err != nil {
				t.Fatalf("%v, %s: %v", c, name, err)
			}
			got, err := fromprior.Check(t.Context(), directory, token, p.Subject)
			p.KeyID = kid
			if diff := cmp.Diff(p, got, cmp.AllowUnexported(did.DID{})); err != nil || diff != "" {
				t.Errorf("%v, %s: %v\n%s", c, name, err, diff)
			}
		}
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	ring, _ := house(t, crypto.Ed25519)
	for name, tc := range map[string]struct {
		kid string
		p   fromprior.Prior
	}{
		"no old DID":     {kid, fromprior.Prior{Subject: next}},
		"the same DID":   {kid, fromprior.Prior{Issuer: old, Subject: old}},
		"key of the new": {"did:example:new#key-1", fromprior.Prior{Issuer: old, Subject: next}},
		"no fragment":    {"did:example:old", fromprior.Prior{Issuer: old, Subject: next}},
		"no DID URL":     {"key-1", fromprior.Prior{Issuer: old, Subject: next}},
		"relative key":   {"#key-1", fromprior.Prior{Issuer: old, Subject: next}},
	} {
		if token, err := fromprior.Create(t.Context(), ring, tc.kid, tc.p); !errors.Is(err, fromprior.ErrInvalid) {
			t.Errorf("%s: %.40q, %v", name, token, err)
		}
	}
	// The longest of all is read again.
	long := did.MustParse("did:example:" + strings.Repeat("a", 8192-len("did:example:")))
	ring, directory := house(t, crypto.Ed25519)
	longest, err := fromprior.Create(t.Context(), ring, kid, fromprior.Prior{Issuer: old, Subject: long})
	if err == nil {
		_, err = fromprior.Check(t.Context(), directory, longest, long)
	}
	if err != nil {
		t.Errorf("a long DID: %v", err)
	}
	_, err = fromprior.Create(t.Context(), ring, "did:example:old#key-2", fromprior.Prior{Issuer: old, Subject: next})
	if !errors.Is(err, crypto.ErrUnknownKey) {
		t.Errorf("a key that is not there: %v", err)
	}
}

// token signs any claims with any header kid, as an attacker can.
func token(t *testing.T, ring *crypto.Keyring, kid, claims string) string {
	t.Helper()
	raw, err := jose.SignCompact([]byte(claims), jose.SignOptions{KID: kid, Curve: crypto.Ed25519, Typ: "JWT",
		Sign: func(m []byte) ([]byte, error) { return ring.Sign(t.Context(), "did:example:old#key-1", m) }})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	ring, directory := house(t, crypto.Ed25519)
	good := token(t, ring, kid, `{"iss":"did:example:old","sub":"did:example:new","iat":1}`)
	if _, err := fromprior.Check(t.Context(), directory, good, next); err != nil {
		t.Fatalf("the model does not pass: %v", err)
	}
	for name, tc := range map[string]struct {
		token string
		from  did.DID
	}{
		"for another sender":     {good, did.MustParse("did:example:mallory")},
		"without a sender":       {good, did.DID{}},
		"the end, with a sender": {token(t, ring, kid, `{"iss":"did:example:old","iat":1}`), next},
		"of another issuer":      {token(t, ring, kid, `{"iss":"did:example:mallory","sub":"did:example:new","iat":1}`), next},
		"key of the new DID":     {token(t, ring, "did:example:new#key-1", `{"iss":"did:example:old","sub":"did:example:new","iat":1}`), next},
		"unknown key":            {token(t, ring, "did:example:old#key-9", `{"iss":"did:example:old","sub":"did:example:new","iat":1}`), next},
		"no kid":                 {token(t, ring, "", `{"iss":"did:example:old","sub":"did:example:new","iat":1}`), next},
		"the same DID":           {token(t, ring, kid, `{"iss":"did:example:old","sub":"did:example:old","iat":1}`), old},
		"iss twice":              {token(t, ring, kid, `{"iss":"did:example:old","iss":"did:example:old","sub":"did:example:new"}`), next},
		"iss with a fragment":    {token(t, ring, kid, `{"iss":"did:example:old#key-1","sub":"did:example:new","iat":1}`), next},
		"iat a string":           {token(t, ring, kid, `{"iss":"did:example:old","sub":"did:example:new","iat":"1"}`), next},
		"signature cut":          {good[:len(good)-4], next},
		"signature gone":         {good[:strings.LastIndexByte(good, '.')+1], next},
		"payload altered":        {strings.Replace(good, ".eyJ", ".eyK", 1), next},
		"two parts":              {"e.e", next},
		"not a token":            {"invalid", next},
		"empty":                  {"", next},
		"too long":               {good + strings.Repeat("A", fromprior.MaxSize), next},
	} {
		if p, err := fromprior.Check(t.Context(), directory, tc.token, tc.from); !errors.Is(err, fromprior.ErrInvalid) || p.KeyID != "" {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

// broken is a directory that cannot answer now.
type broken struct{ asked []string }

func (b *broken) Lookup(_ context.Context, kid string, _ crypto.Purpose) (crypto.PublicKey, error) {
	b.asked = append(b.asked, kid)
	return crypto.PublicKey{}, errors.New("no answer")
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	ring, _ := house(t, crypto.Ed25519)
	b := new(broken)
	good := token(t, ring, kid, `{"iss":"did:example:old","sub":"did:example:new","iat":1}`)
	if _, err := fromprior.Check(t.Context(), b, good, next); err == nil || errors.Is(err, fromprior.ErrInvalid) {
		t.Errorf("a directory without an answer: %v, want an error that may pass", err)
	}
	foreign := token(t, ring, "did:example:new#key-1", `{"iss":"did:example:old","sub":"did:example:new","iat":1}`)
	_, _ = fromprior.Check(t.Context(), b, foreign, next)
	_, _ = fromprior.Check(t.Context(), b, good, old)
	if len(b.asked) != 1 {
		t.Errorf("asked for %v: nothing is looked up for a token that is for another sender or names a foreign key", b.asked)
	}
}

// static resolves the documents of a file.
type static map[did.DID]*did.Document

func (s static) Resolve(_ context.Context, id did.DID) (*did.Document, error) {
	if d := s[id]; d != nil {
		return d, nil
	}
	return nil, fmt.Errorf("%s: %w", id, did.ErrNotFound)
}

func TestVectors(t *testing.T) {
	t.Parallel()
	var docs []json.RawMessage
	vectors.Load(t, "sicpa/diddocs.json", &docs)
	known := static{}
	for _, raw := range docs {
		d, err := did.ParseDocument(raw)
		if err != nil {
			t.Fatal(err)
		}
		known[d.ID()] = d
	}
	var file struct {
		JWT []struct {
			ID, JWT, Result string
			Claims          struct{ Sub string }
		}
		Rules []struct{ ID, Iss, Sub, Result string } `json:"claims_rules_from_didcomm_rust_tests"`
	}
	vectors.Load(t, "sicpa/from_prior.json", &file)
	directory := did.Directory(known)
	for _, v := range file.JWT {
		from, _ := did.Parse(v.Claims.Sub)
		_, err := fromprior.Check(t.Context(), directory, v.JWT, from)
		if (err == nil) != (v.Result == "valid") || err != nil && !errors.Is(err, fromprior.ErrInvalid) {
			t.Errorf("%s: %v, want %s", v.ID, err, v.Result)
		}
	}
	ring, _ := house(t, crypto.Ed25519)
	for _, v := range file.Rules {
		claims := fmt.Sprintf(`{"iss":%q,"sub":%q,"iat":1}`, v.Iss, v.Sub)
		from, _ := did.Parse(v.Sub)
		forged := token(t, ring, v.Iss+"#key-1", claims)
		if _, err := fromprior.Check(t.Context(), directory, forged, from); !errors.Is(err, fromprior.ErrInvalid) {
			t.Errorf("%s: %v, want %s because %s", v.ID, err, v.Result, claims)
		}
	}
	t.Logf("%d tokens, %d rules about claims", len(file.JWT), len(file.Rules))
}

func FuzzCheck(f *testing.F) {
	f.Add("eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6ImRpZDpleGFtcGxlOm9sZCNrZXktMSJ9.eyJpc3MiOiJkaWQ6ZXhhbXBsZTpvbGQiLCJzdWIiOiJkaWQ6ZXhhbXBsZTpuZXciLCJpYXQiOjF9.AA")
	f.Add("e.e.e")
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := fromprior.Check(t.Context(), crypto.Keys{}, token, next); !errors.Is(err, fromprior.ErrInvalid) {
			t.Errorf("%v", err)
		}
	})
}
