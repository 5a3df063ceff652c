package fromprior_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging/fromprior"
)

var newKeys = [32]byte{1, 2, 3}

// known returns the keys of a directory, behind one that cannot sign and one of somebody else.
func known(t *testing.T, directory crypto.Keys) []crypto.PublicKey {
	t.Helper()
	agree, err1 := crypto.GenerateKey(crypto.X25519)
	other, err2 := crypto.GenerateKey(crypto.Ed25519)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	keys := []crypto.PublicKey{agree.Public(), other.Public()}
	for _, key := range directory {
		keys = append(keys, key)
	}
	return keys
}

func TestSuccession(t *testing.T) {
	t.Parallel()
	for _, c := range []crypto.Curve{crypto.Ed25519, crypto.P256, crypto.P384, crypto.P521, crypto.Secp256k1} {
		ring, directory := house(t, c)
		token, err := fromprior.CreateSuccession(t.Context(), ring, kid, old, newKeys, at)
		if err != nil {
			t.Fatalf("%v: %v", c, err)
		}
		got, err := fromprior.CheckSuccession(known(t, directory), token, old)
		want := fromprior.Prior{Issuer: old, Subject: old, IssuedAt: at, KeyID: kid, Keys: newKeys}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(did.DID{})); err != nil || diff != "" {
			t.Errorf("%v: %v\n%s", c, err, diff)
		}
		if p, err := fromprior.Check(t.Context(), directory, token, old); !errors.Is(err, fromprior.ErrInvalid) {
			t.Errorf("%v: it passes for a new DID: %+v, %v", c, p, err)
		}
	}
}

// Both forms of a did:peer:4 are one DID; a time that is left out is now.
func TestSuccessionOfALongForm(t *testing.T) {
	t.Parallel()
	long := did.MustParse("did:peer:4zQmShort:zLong")
	key, err := crypto.GenerateKey(crypto.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	ring := crypto.NewKeyring()
	ring.Add(long.String()+"#k", key)
	before := time.Now().Truncate(time.Second)
	token, err := fromprior.CreateSuccession(t.Context(), ring, long.String()+"#k", long, newKeys, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []did.DID{long, long.Canonical()} {
		p, err := fromprior.CheckSuccession([]crypto.PublicKey{key.Public()}, token, id)
		if err != nil || p.IssuedAt.Before(before) || p.IssuedAt.After(time.Now()) {
			t.Errorf("%s: %+v, %v", id, p, err)
		}
	}
}

func TestCreateSuccessionRefuses(t *testing.T) {
	t.Parallel()
	ring, _ := house(t, crypto.Ed25519)
	for name, tc := range map[string]struct {
		kid  string
		id   did.DID
		keys [32]byte
		want error
	}{
		"no DID":              {kid, did.DID{}, newKeys, fromprior.ErrInvalid},
		"no keys":             {kid, old, [32]byte{}, fromprior.ErrInvalid},
		"a key of another":    {"did:example:new#key-1", old, newKeys, fromprior.ErrInvalid},
		"no fragment":         {"did:example:old", old, newKeys, fromprior.ErrInvalid},
		"a key that is gone":  {"did:example:old#key-2", old, newKeys, crypto.ErrUnknownKey},
		"a key id that is ''": {"", old, newKeys, fromprior.ErrInvalid},
	} {
		if token, err := fromprior.CreateSuccession(t.Context(), ring, tc.kid, tc.id, tc.keys, at); !errors.Is(err, tc.want) {
			t.Errorf("%s: %.40q, %v", name, token, err)
		}
	}
}

func TestCheckSuccessionRefuses(t *testing.T) {
	t.Parallel()
	ring, directory := house(t, crypto.Ed25519)
	_, foreign := house(t, crypto.Ed25519)
	keys := known(t, directory)
	text := base64.RawURLEncoding.EncodeToString(newKeys[:])
	signed := func(iss, sub, set string) string {
		return token(t, ring, kid, fmt.Sprintf(`{"iss":%q,"sub":%q,"iat":1,"parley_keys":%q}`, iss, sub, set))
	}
	good := signed("did:example:old", "did:example:old", text)
	if _, err := fromprior.CheckSuccession(keys, good, old); err != nil {
		t.Fatalf("the model does not pass: %v", err)
	}
	for name, tc := range map[string]struct {
		keys  []crypto.PublicKey
		token string
		id    did.DID
	}{
		"by a key that is not known":   {known(t, foreign), good, old},
		"no keys are known":            {nil, good, old},
		"about another DID":            {keys, good, next},
		"about no DID":                 {keys, good, did.DID{}},
		"to a new DID":                 {keys, signed("did:example:old", "did:example:new", text), old},
		"to a new DID, from that":      {keys, signed("did:example:old", "did:example:new", text), next},
		"an end":                       {keys, token(t, ring, kid, `{"iss":"did:example:old","iat":1,"parley_keys":"`+text+`"}`), old},
		"from another":                 {keys, signed("did:example:new", "did:example:old", text), old},
		"without the keys":             {keys, token(t, ring, kid, `{"iss":"did:example:old","sub":"did:example:old","iat":1}`), old},
		"for no keys":                  {keys, signed("did:example:old", "did:example:old", base64.RawURLEncoding.EncodeToString(make([]byte, 32))), old},
		"keys that are too short":      {keys, signed("did:example:old", "did:example:old", text[:40]), old},
		"keys that are too long":       {keys, signed("did:example:old", "did:example:old", text+"AAAA"), old},
		"keys that are no base64url":   {keys, signed("did:example:old", "did:example:old", "!"+text[1:]), old},
		"keys that have stray bits":    {keys, signed("did:example:old", "did:example:old", text[:42]+"B"), old},
		"a kid of another DID":         {keys, token(t, ring, "did:example:new#key-1", `{"iss":"did:example:old","sub":"did:example:old","iat":1,"parley_keys":"`+text+`"}`), old},
		"signature cut":                {keys, good[:len(good)-4], old},
		"payload altered":              {keys, strings.Replace(good, ".eyJ", ".eyK", 1), old},
		"empty":                        {keys, "", old},
		"too long":                     {keys, good + strings.Repeat("A", fromprior.MaxSize), old},
		"a token of the specification": {keys, token(t, ring, kid, `{"iss":"did:example:old","sub":"did:example:new","iat":1}`), next},
	} {
		if p, err := fromprior.CheckSuccession(tc.keys, tc.token, tc.id); !errors.Is(err, fromprior.ErrInvalid) || p.KeyID != "" {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

// What Check returns never has keys: they mean nothing for a new DID.
func TestCheckIgnoresKeys(t *testing.T) {
	t.Parallel()
	ring, directory := house(t, crypto.Ed25519)
	text := base64.RawURLEncoding.EncodeToString(newKeys[:])
	raw := token(t, ring, kid, fmt.Sprintf(`{"iss":"did:example:old","sub":"did:example:new","iat":1,"parley_keys":%q}`, text))
	if p, err := fromprior.Check(t.Context(), directory, raw, next); err != nil || p.Keys != [32]byte{} {
		t.Errorf("%+v, %v", p, err)
	}
}

func FuzzCheckSuccession(f *testing.F) {
	key, err := crypto.NewPrivateKey(crypto.Ed25519, make([]byte, 32))
	if err != nil {
		f.Fatal(err)
	}
	ring := crypto.NewKeyring()
	ring.Add(kid, key)
	good, err := fromprior.CreateSuccession(f.Context(), ring, kid, old, newKeys, at)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add("e.e.e")
	f.Fuzz(func(t *testing.T, token string) {
		p, err := fromprior.CheckSuccession([]crypto.PublicKey{key.Public()}, token, old)
		if err == nil && p.Keys != newKeys {
			t.Errorf("a token that was never signed holds: %+v", p)
		}
		if err != nil && !errors.Is(err, fromprior.ErrInvalid) {
			t.Error(err)
		}
	})
}
