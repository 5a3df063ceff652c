package did_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

// ann is a draft of one key for each purpose, and one service.
func ann(t testing.TB) did.Draft {
	t.Helper()
	id := did.MustParse("did:a:ann")
	return did.Draft{
		ID:          id,
		AlsoKnownAs: []did.DID{did.MustParse("did:a:anna")},
		Methods: []did.VerificationMethod{
			{ID: did.URL{DID: id, Fragment: "sign"}, Type: "Multikey", Controller: id, Key: publicKey(t, crypto.Ed25519, 1)},
			{ID: did.URL{DID: id, Fragment: "agree"}, Type: "Multikey", Controller: id, Key: publicKey(t, crypto.X25519, 2)},
		},
		Authentication: []int{0},
		KeyAgreement:   []int{1},
		Services: []did.Service{{ID: "did:a:ann#s", Type: did.DIDCommMessaging, Endpoints: []did.Endpoint{
			{URI: "u", Accept: []string{"didcomm/v2"}, RoutingKeys: []string{"did:a:bob#r"}, MultiAddrs: []string{"/m"}},
		}}},
		Text: func() []byte { return annText(t) },
	}
}

func annText(t testing.TB) []byte {
	return fmt.Appendf(nil, `{"id":"did:a:ann","alsoKnownAs":["did:a:anna"],"verificationMethod":[
		{"id":"#sign","type":"Multikey","publicKeyMultibase":%q},{"id":"#agree","type":"Multikey","publicKeyMultibase":%q}],
		"authentication":["#sign"],"keyAgreement":["#agree"],
		"service":[{"id":"#s","type":"DIDCommMessaging","serviceEndpoint":
		{"uri":"u","accept":["didcomm/v2"],"routingKeys":["did:a:bob#r"],"multiAddrs":["/m"]}}]}`,
		publicKey(t, crypto.Ed25519, 1), publicKey(t, crypto.X25519, 2))
}

func build(t testing.TB, d did.Draft) *did.Document {
	t.Helper()
	doc, err := did.NewDocument(d)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestNewDocumentIsTheParsedOne(t *testing.T) {
	t.Parallel()
	doc := build(t, ann(t))
	compareDocuments(t, parse(t, "%s", annText(t)), doc)
	checkConsistent(t, doc)
}

func TestNewDocumentCompletes(t *testing.T) {
	t.Parallel()
	d := ann(t)
	d.Methods[0].Controller = did.DID{}
	d.Services[0].ID = "#s"
	d.Services[0].Endpoints[0].RoutingKeys = []string{"#r"}
	doc := build(t, d)
	if got := doc.Methods()[0].Controller; got != d.ID {
		t.Errorf("controlled by %s", got)
	}
	if s := doc.Services()[0]; s.ID != "did:a:ann#s" || s.Endpoints[0].RoutingKeys[0] != "did:a:ann#r" {
		t.Errorf("relative references stayed: %+v", s)
	}
	if got := d.Services[0].Endpoints[0].RoutingKeys[0]; got != "#r" {
		t.Errorf("the draft was changed to %s", got)
	}
	// The ids of a long form's document may be written in its short form.
	long, short := did.MustParse(longForm), did.MustParse(shortForm)
	key := publicKey(t, crypto.Ed25519, 1)
	doc = build(t, did.Draft{
		ID: long, Text: func() []byte { return nil }, Authentication: []int{0},
		Methods: []did.VerificationMethod{{ID: did.URL{DID: short, Fragment: "k"}, Type: "Multikey", Key: key}},
	})
	if got := doc.Authentication()[0].ID.DID; got != long {
		t.Errorf("the method's id is of %s", got)
	}
}

func TestNewDocumentRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		spoil func(*did.Draft)
		want  string
	}{
		{"no id", func(d *did.Draft) { d.ID = did.DID{} }, "no id"},
		{"no text", func(d *did.Draft) { d.Text = nil }, "no text"},
		{"too many aliases", func(d *did.Draft) { d.AlsoKnownAs = make([]did.DID, 65) }, "more than 64 aliases"},
		{"an empty alias", func(d *did.Draft) { d.AlsoKnownAs = make([]did.DID, 1) }, "alias is empty"},
		{"a key of another DID", func(d *did.Draft) { d.Methods[1].ID.DID = did.MustParse("did:a:bob") }, "#agree: it belongs to another DID"},
		{"an id with a path", func(d *did.Draft) { d.Methods[1].ID.Path = "/x" }, "not the DID and a fragment"},
		{"an id with a query", func(d *did.Draft) { d.Methods[1].ID.Query = "x" }, "not the DID and a fragment"},
		{"an id without a fragment", func(d *did.Draft) { d.Methods[1].ID.Fragment = "" }, "not the DID and a fragment"},
		{"a fragment that is none", func(d *did.Draft) { d.Methods[1].ID.Fragment = "a#b" }, "'#'"},
		{"one id for two keys", func(d *did.Draft) { d.Methods[1].ID = d.Methods[0].ID }, "two verification methods have the id #sign"},
		{"no key", func(d *did.Draft) { d.Methods[1].Key = crypto.PublicKey{} }, "has no such key"},
		{"an unknown type", func(d *did.Draft) { d.Methods[1].Type = "Key" }, `type "Key"`},
		{"a type of another curve", func(d *did.Draft) { d.Methods[1].Type = "Ed25519VerificationKey2020" }, "has no such key"},
		{"too many methods", func(d *did.Draft) { d.Methods = make([]did.VerificationMethod, did.MaxMethods+1) }, "more than 64"},
		{"a key that cannot sign", func(d *did.Draft) { d.Authentication = []int{1} }, "authentication: a X25519 key cannot serve"},
		{"a key that cannot agree", func(d *did.Draft) { d.KeyAgreement = []int{0} }, "keyAgreement: a Ed25519 key cannot serve"},
		{"a place below", func(d *did.Draft) { d.KeyAgreement = []int{-1} }, "no verification method -1"},
		{"a place above", func(d *did.Draft) { d.KeyAgreement = []int{2} }, "no verification method 2"},
		{"a key twice", func(d *did.Draft) { d.KeyAgreement = []int{1, 1} }, "listed twice"},
		{"too many entries", func(d *did.Draft) { d.KeyAgreement = make([]int, did.MaxMethods+1) }, "more than 64 entries"},
		{"too many services", func(d *did.Draft) { d.Services = make([]did.Service, did.MaxServices+1) }, "more than 32 services"},
		{"too many endpoints", func(d *did.Draft) { d.Services[0].Endpoints = make([]did.Endpoint, did.MaxEndpoints+1) }, "more than 32 endpoints"},
		{"endpoints of another type", func(d *did.Draft) { d.Services[0].Type = "LinkedDomains" }, `"LinkedDomains"`},
		{"an endpoint without a uri", func(d *did.Draft) { d.Services[0].Endpoints[0].URI = "" }, "no uri"},
		{"too many routing keys", func(d *did.Draft) { d.Services[0].Endpoints[0].RoutingKeys = make([]string, 65) }, "more than 64"},
		{"too long", func(d *did.Draft) { d.Services[0].Endpoints[0].URI = strings.Repeat("u", did.MaxDocument) }, "longer than"},
		{"too long by its controllers", func(d *did.Draft) {
			d.ID = did.MustParse("did:a:" + strings.Repeat("a", did.MaxLength-6))
			d.Methods = nil
			for i := range 8 {
				id := did.URL{DID: d.ID, Fragment: fmt.Sprint("k", i)}
				d.Methods = append(d.Methods, did.VerificationMethod{ID: id, Type: "Multikey", Key: publicKey(t, crypto.P256, 1)})
			}
		}, "longer than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := ann(t)
			tt.spoil(&d)
			doc, err := did.NewDocument(d)
			if !errors.Is(err, did.ErrInvalid) || doc != nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, %v; want %q", doc, err, tt.want)
			}
		})
	}
}

// What is given to NewDocument may be changed afterwards.
func TestNewDocumentCopies(t *testing.T) {
	t.Parallel()
	d := ann(t)
	doc := build(t, d)
	clear(d.AlsoKnownAs)
	clear(d.Methods)
	d.Authentication[0], d.KeyAgreement[0] = 1, 0
	clear(d.Services[0].Endpoints[0].RoutingKeys)
	clear(d.Services[0].Endpoints)
	clear(d.Services)
	compareDocuments(t, parse(t, "%s", annText(t)), doc)
}

// The text is made once, for whoever asks first, and for the copies of the document too.
func TestNewDocumentRendersOnce(t *testing.T) {
	t.Parallel()
	d := ann(t)
	var rendered atomic.Int64
	text := d.Text
	d.Text = func() []byte {
		rendered.Add(1)
		return text()
	}
	doc := build(t, d)
	if n := rendered.Load(); n != 0 {
		t.Errorf("rendered %d times before anybody asked", n)
	}
	var wg sync.WaitGroup
	for _, form := range []*did.Document{doc, doc.WithVersion("1-x"), doc.WithAliases(map[string]string{"a": "sign"})} {
		for range 4 {
			wg.Go(func() {
				if got := form.JSON(); string(got) != string(annText(t)) {
					t.Errorf("the text is %s", got)
				}
				clear(form.JSON())
			})
		}
	}
	wg.Wait()
	if n := rendered.Load(); n != 1 {
		t.Errorf("rendered %d times", n)
	}
	if got := (&did.Document{}).JSON(); got != nil {
		t.Errorf("the zero value has the text %q", got)
	}
}

// A document whose text is not there yet weighs in a cache what the text will.
func TestCacheWeighsDraftedDocuments(t *testing.T) {
	t.Parallel()
	cache := did.NewCache(did.ResolverFunc(func(_ context.Context, id did.DID) (*did.Document, error) {
		return did.NewDocument(did.Draft{
			ID: id, Text: func() []byte { return nil },
			Services: []did.Service{{ID: "#s", Type: did.DIDCommMessaging, Endpoints: []did.Endpoint{{URI: strings.Repeat("u", 60<<10)}}}},
		})
	}), 100, time.Hour)
	for i := range 50 {
		if _, err := cache.Resolve(t.Context(), numberedDID(i)); err != nil {
			t.Fatal(err)
		}
	}
	if n := cache.Len(); n != 6 {
		t.Errorf("%d documents of 60 KiB are held in 400 KiB", n)
	}
}

func TestParseService(t *testing.T) {
	t.Parallel()
	id := did.MustParse("did:a:ann")
	doc := parse(t, "%s", annText(t))
	got, err := did.ParseService(id, []byte(`{"id":"#s","type":"DIDCommMessaging","serviceEndpoint":
		{"uri":"u","accept":["didcomm/v2"],"routingKeys":["did:a:bob#r"],"multiAddrs":["/m"]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(doc.Services()[0], got); diff != "" {
		t.Error(diff)
	}
	refused := map[string]string{
		"not JSON":           `{`,
		"no object":          `[]`,
		"a member twice":     `{"id":"#s","id":"#s"}`,
		"an id of no string": `{"id":1}`,
		"too long":           `{"id":"` + strings.Repeat("x", did.MaxDocument) + `"}`,
		"too deep":           `{"x":` + strings.Repeat("[", did.MaxDepth) + strings.Repeat("]", did.MaxDepth) + `}`,
		"too many endpoints": `{"type":"DIDCommMessaging","serviceEndpoint":[` + list(`"u"`, did.MaxEndpoints+1) + `]}`,
	}
	for name, text := range refused {
		if s, err := did.ParseService(id, []byte(text)); !errors.Is(err, did.ErrInvalid) || s.ID != "" || len(err.Error()) > 500 {
			t.Errorf("%s: got %+v, %v", name, s, err)
		}
	}
}
