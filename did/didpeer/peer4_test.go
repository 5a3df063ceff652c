package didpeer_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mr-tron/base58"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didpeer"
)

// pack writes the long form of any input, well-formed or not, by the specification's steps.
func pack(input string) string { return packRaw("\x80\x04" + input) }

func packRaw(raw string) string { return seal("z" + base58.Encode([]byte(raw))) }

func seal(encoded string) string {
	sum := sha256.Sum256([]byte(encoded))
	return "did:peer:4z" + base58.Encode(append([]byte{0x12, 0x20}, sum[:]...)) + ":" + encoded
}

func TestForms(t *testing.T) {
	t.Parallel()
	long := create4(t, wallet(t))
	short := long.Canonical()
	r := knows(long)
	docLong, docShort := resolve(t, r, long), resolve(t, r, short)
	if docLong.ID() != long || docShort.ID() != short {
		t.Errorf("the documents are about %s and %s", docLong.ID(), docShort.ID())
	}
	if aka := docLong.AlsoKnownAs(); len(aka) != 1 || aka[0] != short {
		t.Errorf("the long form is also known as %v", aka)
	}
	if aka := docShort.AlsoKnownAs(); len(aka) != 1 || aka[0] != long {
		t.Errorf("the short form is also known as %v", aka)
	}
	if diff := cmp.Diff(docLong.Pins(), docShort.Pins()); diff != "" {
		t.Errorf("the forms have different keys: %s", diff)
	}
	replaced := strings.ReplaceAll(string(docLong.JSON()), long.String(), "LONG")
	replaced = strings.ReplaceAll(replaced, short.String(), long.String())
	replaced = strings.ReplaceAll(replaced, "LONG", short.String())
	if diff := cmp.Diff(tree(t, []byte(replaced)), tree(t, docShort.JSON())); diff != "" {
		t.Errorf("the documents differ in more than the form: %s", diff)
	}
}

func TestShortForms(t *testing.T) {
	t.Parallel()
	long, other := create4(t, wallet(t)), create4(t, several(t))
	short := long.Canonical()
	forged := did.MustParse(short.String() + strings.TrimPrefix(other.String(), other.Canonical().String()))
	broken := errors.New("the disk is gone")
	tests := []struct {
		name  string
		known func(context.Context, did.DID) (did.DID, error)
		want  error
	}{
		{"no memory", nil, did.ErrNotFound},
		{"not met", func(context.Context, did.DID) (did.DID, error) { return did.DID{}, did.ErrNotFound }, did.ErrNotFound},
		{"memory fails", func(context.Context, did.DID) (did.DID, error) { return did.DID{}, broken }, broken},
		{"another's long form", func(context.Context, did.DID) (did.DID, error) { return other, nil }, did.ErrInvalid},
		{"another's document under the hash", func(context.Context, did.DID) (did.DID, error) { return forged, nil }, did.ErrInvalid},
		{"a short form", func(_ context.Context, s did.DID) (did.DID, error) { return s, nil }, did.ErrInvalid},
		{"nothing", func(context.Context, did.DID) (did.DID, error) { return did.DID{}, nil }, did.ErrInvalid},
		{"the long form", func(context.Context, did.DID) (did.DID, error) { return long, nil }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc, err := didpeer.Resolver{Known: tt.known}.Resolve(t.Context(), short)
			if !errors.Is(err, tt.want) || (err == nil) != (doc != nil) {
				t.Errorf("got %v, %v; want %v", doc, err, tt.want)
			}
		})
	}
}

func TestPeer4Refuses(t *testing.T) {
	t.Parallel()
	good := create4(t, wallet(t)).String()
	short, encoded, _ := strings.Cut(strings.TrimPrefix(good, "did:peer:4"), ":")
	key := public(t, crypto.Ed25519, 1).Multikey()
	sum := sha256.Sum256([]byte(encoded))
	hashes := func(raw []byte) string { return "did:peer:4z" + base58.Encode(raw) + ":" + encoded }
	tests := []struct{ name, id string }{
		{"hash of something else", seal(encoded + "1")[:len("did:peer:4")+len(short)] + ":" + encoded},
		{"one character of the document changed", good[:len(good)-1] + string(good[len(good)-1]^1)},
		{"document cut short", good[:len(good)-4]},
		{"something behind the document", good + ":z1"},
		{"hash over the bytes", hashes(append([]byte{0x12, 0x20}, sha256Of(t, encoded)...))},
		{"hash without its code", hashes(sum[:])},
		{"another hash function's code", hashes(append([]byte{0x13, 0x20}, sum[:]...))},
		{"hash in another base", "did:peer:4f1220" + fmt.Sprintf("%x", sum) + ":" + encoded},
		{"no hash", "did:peer:4:" + encoded},
		{"document in another base", seal("f8004" + fmt.Sprintf("%x", "{}"))},
		{"document without its base", seal(base58.Encode([]byte("\x80\x04{}")))},
		{"document with characters outside base58", seal("z0OIl")},
		{"code big endian", packRaw("\x02\x00{}")},
		{"code not minimal", packRaw("\x80\x84\x00{}")},
		{"no code", packRaw("{}")},
		{"nothing but the code", packRaw("\x80\x04")},
		{"root id", pack(`{"id":"did:a:b"}`)},
		{"root id, escaped", pack(`{"\u0069d":"did:a:b"}`)},
		{"root id of null", pack(`{"id":null}`)},
		{"array", pack(`[]`)},
		{"string", pack(`"x"`)},
		{"not JSON", pack(`{"a":}`)},
		{"cut short", pack(`{"a":1`)},
		{"cut short after a name", pack(`{"a"`)},
		{"two values", pack(`{}{}`)},
		{"text behind", pack(`{} x`)},
		{"member twice", pack(`{"a":1,"a":2}`)},
		{"service twice", pack(`{"service":[],"service":[]}`)},
		{"controller twice", pack(`{"verificationMethod":[{"controller":"did:a:b","controller":"did:a:c"}]}`)},
		{"aliases are no list", pack(`{"alsoKnownAs":"did:a:b"}`)},
		{"methods are no list", pack(`{"verificationMethod":{}}`)},
		{"keys are no list", pack(`{"authentication":"#k"}`)},
		{"deep", pack(strings.Repeat(`{"a":`, 500) + "1" + strings.Repeat("}", 500))},
		{"invalid UTF-8", pack("{\"a\":\"\xff\"}")},
		{"one id for two keys", pack(`{"verificationMethod":[{"id":"#k","type":"Multikey","publicKeyMultibase":"` + key + `"},{"id":"#k","type":"x"}]}`)},
		{"one alias too many", pack(`{"alsoKnownAs":[` + strings.Repeat(`"x",`, 63) + `"x"]}`)},
		{"document that grows beyond its limit", pack(`{"keyAgreement":[` + strings.TrimSuffix(strings.Repeat(`{},`, 60), ",") + `],"x":"` + strings.Repeat("x", 4000) + `"}`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc, err := didpeer.Resolver{}.Resolve(t.Context(), did.MustParse(tt.id))
			if !errors.Is(err, did.ErrInvalid) || doc != nil {
				t.Errorf("got %v, %v; want ErrInvalid", doc, err)
			}
			if err != nil && len(err.Error()) > 500 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}

// sha256Of hashes the bytes in a multibase string.
func sha256Of(t *testing.T, encoded string) []byte {
	t.Helper()
	raw, err := base58.Decode(encoded[1:])
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(raw)
	return sum[:]
}

func TestPeer4Keeps(t *testing.T) {
	t.Parallel()
	key := public(t, crypto.P256, 1).Multikey()
	method := `"type":"Multikey","publicKeyMultibase":"` + key + `"`
	id := did.MustParse(pack(` { "z": 1.50, "alsoKnownAs" : ["https://me.example"], "authentication":
		[{"id":"#a",` + method + `}, "#a", {"id":"#b","controller":"did:example:boss",` + method + `}, { }] } `))
	doc := resolve(t, didpeer.Resolver{}, id)
	want := `{"id":"` + id.String() + `","z":1.50,"alsoKnownAs":["https://me.example","` + id.Canonical().String() + `"],"authentication":` +
		`[{"controller":"` + id.String() + `","id":"#a",` + method + `},"#a",{"id":"#b","controller":"did:example:boss",` + method + `},` +
		`{"controller":"` + id.String() + `"}]}`
	if diff := cmp.Diff(want, strings.TrimSpace(string(doc.JSON()))); diff != "" {
		t.Error(diff)
	}
	if ms := doc.Authentication(); len(ms) != 2 || ms[0].Controller != id || ms[1].Controller.String() != "did:example:boss" {
		t.Errorf("authentication is %v", ms)
	}
	if aka := doc.AlsoKnownAs(); len(aka) != 1 || aka[0] != id.Canonical() {
		t.Errorf("also known as %v", aka)
	}
}

// A document is made in one of two ways, depending on what its input looks like; its text always means the same,
// which resolve checks.
func TestPeer4EitherWay(t *testing.T) {
	t.Parallel()
	ed, x := public(t, crypto.Ed25519, 1), public(t, crypto.X25519, 2)
	key := func(id string, k crypto.PublicKey) string {
		return `{"id":"` + id + `","type":"Multikey","publicKeyMultibase":"` + k.Multikey() + `"}`
	}
	keys := `"verificationMethod":[` + key("#a", ed) + `,` + key("#b", x) + `],"authentication":["#a"],"keyAgreement":["#b"]`
	tests := []struct{ name, input string }{
		{"short", `{` + keys + `}`},
		{"white space", " \n{ " + keys + " } "},
		{"an alias", `{` + keys + `,"alsoKnownAs":["did:example:me"]}`},
		{"no alias", `{` + keys + `,"alsoKnownAs":null}`},
		{"an escape", `{` + keys + `,"x":"\u0061"}`},
		{"an escaped name", `{` + keys + `,"also\u004bnownAs":["did:example:me"]}`},
		{"long", `{` + keys + `,"x":"` + strings.Repeat("x", 4000) + `"}`},
		{"many values", `{` + keys + `,"x":[` + strings.Repeat("1,", 1900) + `1]}`},
		{"other relationships", `{` + keys + `,"assertionMethod":["#a",` + key("#c", ed) + `],"capabilityInvocation":[{}]}`},
		{"relationships that are no list", `{` + keys + `,"assertionMethod":{},"capabilityDelegation":"#a","capabilityInvocation":7}`},
		{"a method between keys that cannot be used", `{"verificationMethod":[{"id":"#0","type":"x"},` + key("#a", ed) +
			`,{"id":"did:example:b#1","type":"Multikey"},` + key("#b", x) + `],"authentication":["#0","#b","#a"],"keyAgreement":["#a","#b"]}`},
		{"embedded keys", `{"authentication":[` + key("#a", ed) + `],"keyAgreement":[` + key("#b", x) + `,"#b"]}`},
		{"services", `{` + keys + `,"service":[{"id":"#s","type":"DIDCommMessaging","serviceEndpoint":[{"uri":"u","routingKeys":["#b"]},"v",{}]},
			{"id":"https://x.example","type":["y","z"],"serviceEndpoint":{}}]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			id := did.MustParse(pack(tt.input))
			for _, form := range []did.DID{id, id.Canonical()} {
				doc := resolve(t, knows(id), form)
				if got, want := multikeys(doc.Authentication()), []string{ed.Multikey()}; !cmp.Equal(got, want) {
					t.Errorf("authentication %v", got)
				}
				if got, want := multikeys(doc.KeyAgreement()), []string{x.Multikey()}; !cmp.Equal(got, want) {
					t.Errorf("keyAgreement %v", got)
				}
			}
		})
	}
}

// The cache in front of the resolver must not let a forged long form speak for its victim.
func TestCacheIsNotPoisoned(t *testing.T) {
	t.Parallel()
	victim, attacker := create4(t, wallet(t)), create4(t, several(t))
	forged := did.MustParse(victim.Canonical().String() + strings.TrimPrefix(attacker.String(), attacker.Canonical().String()))
	if !forged.Same(victim) {
		t.Fatal("the forgery does not even look like the victim")
	}
	cache := did.NewCache(knows(victim), 0, time.Hour)
	dir := did.Directory(cache)
	for range 2 {
		if _, err := cache.Resolve(t.Context(), forged); !errors.Is(err, did.ErrInvalid) {
			t.Fatalf("the forgery gave %v", err)
		}
		for _, id := range []did.DID{victim, victim.Canonical()} {
			got, err := dir.Lookup(t.Context(), id.String()+"#key-1", crypto.Authentication)
			if err != nil || !got.Equal(wallet(t).Authentication[0]) {
				t.Fatalf("%s: %v, %v", id.Short(), got, err)
			}
		}
		if _, err := dir.Lookup(t.Context(), forged.String()+"#key-1", crypto.Authentication); !errors.Is(err, did.ErrInvalid) {
			t.Fatalf("a key of the forgery: %v", err)
		}
	}
}

func FuzzPeerDID(f *testing.F) {
	w := wallet(f)
	long := create4(f, w)
	two, err := didpeer.Create2(w)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{
		long.String(), long.Canonical().String(), two.String(), two.String() + ".SW10", "did:peer:2.S", "did:peer:2..", "did:peer:2.V",
		"did:peer:0" + w.Authentication[0].Multikey(), "did:peer:0", "did:peer:1zQm", "did:peer:4z:z", pack(`{}`), pack(`{"keyAgreement":[{}]}`),
	} {
		f.Add(s)
	}
	r := knows(long)
	r.Legacy = true
	f.Fuzz(func(t *testing.T, s string) {
		id, err := did.Parse(s)
		if err != nil {
			return
		}
		doc, err := r.Resolve(t.Context(), id)
		if err != nil {
			if !errors.Is(err, did.ErrInvalid) && !errors.Is(err, did.ErrMethod) && !errors.Is(err, did.ErrNotFound) {
				t.Fatalf("unexpected kind of error: %v", err)
			}
			return
		}
		if doc.ID() != id || !strings.HasPrefix(s, "did:peer:") {
			t.Fatalf("%s gave the document of %s", id, doc.ID())
		}
		sameAsText(t, doc)
	})
}

// FuzzPeer4Document reaches what lies behind the hash, which FuzzPeerDID cannot.
func FuzzPeer4Document(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"verificationMethod":[{"id":"#k"}],"authentication":["#k",{}],"alsoKnownAs":[1]}`, `{"id":1}`, `[`, `{"a":{"a":[]}}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, input string) {
		if len(input) > 4<<10 {
			return
		}
		id := did.MustParse(pack(input))
		for _, form := range []did.DID{id, id.Canonical()} {
			doc, err := knows(id).Resolve(t.Context(), form)
			if err != nil {
				if !errors.Is(err, did.ErrInvalid) {
					t.Fatalf("%v is not ErrInvalid", err)
				}
				continue
			}
			if doc.ID() != form || len(doc.AlsoKnownAs()) == 0 {
				t.Fatalf("%s gave the document of %s", form, doc.ID())
			}
			sameAsText(t, doc)
		}
	})
}

// What the longest did:peer:4 costs: base58 takes the square of the length.
func BenchmarkResolveHostile(b *testing.B) {
	id := did.MustParse(pack(`{"x":"` + strings.Repeat("x", 5800) + `"}`))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (didpeer.Resolver{}).Resolve(b.Context(), id); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCreate4(b *testing.B) {
	o := wallet(b)
	for b.Loop() {
		create4(b, o)
	}
}
