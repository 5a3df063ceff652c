package didweb_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didweb"
)

// golden is the document of wallet. Hosts have such files; a change of the form is seen by all who compare them.
const golden = `{
  "@context": [
    "https://www.w3.org/ns/did/v1",
    "https://w3id.org/security/multikey/v1"
  ],
  "id": "did:web:example.com:users:alice",
  "verificationMethod": [
    {
      "id": "did:web:example.com:users:alice#key-1",
      "type": "Multikey",
      "controller": "did:web:example.com:users:alice",
      "publicKeyMultibase": "ED25519"
    },
    {
      "id": "did:web:example.com:users:alice#key-2",
      "type": "Multikey",
      "controller": "did:web:example.com:users:alice",
      "publicKeyMultibase": "X25519"
    }
  ],
  "authentication": [
    "did:web:example.com:users:alice#key-1"
  ],
  "keyAgreement": [
    "did:web:example.com:users:alice#key-2"
  ],
  "service": [
    {
      "id": "did:web:example.com:users:alice#didcomm",
      "type": "DIDCommMessaging",
      "serviceEndpoint": {
        "uri": "libp2p-peerId:12D3KooWQhcHbUpCNZCmVMpHHVvKhrGhKvvRo9pqvUYLUUQ5EFYY",
        "accept": [
          "didcomm/v2"
        ],
        "multiAddrs": [
          "/ip4/192.0.2.7/tcp/4001"
        ]
      }
    }
  ]
}
`

func write(t testing.TB, o didweb.Options) *did.Document {
	t.Helper()
	text, err := didweb.Document(o)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := did.ParseDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestDocument(t *testing.T) {
	t.Parallel()
	o := wallet(t)
	want := strings.NewReplacer("ED25519", o.Authentication[0].Multikey(), `"X25519"`, `"`+o.KeyAgreement[0].Multikey()+`"`).Replace(golden)
	for range 2 {
		got, err := didweb.Document(o)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestDocumentOfEveryCurve(t *testing.T) {
	t.Parallel()
	o := wallet(t)
	o.Services = nil
	o.Authentication, o.KeyAgreement = nil, nil
	for i, c := range []crypto.Curve{crypto.Ed25519, crypto.X25519, crypto.P256, crypto.P384, crypto.P521, crypto.Secp256k1} {
		key := public(t, c, byte(i+1))
		if c.CanSign() {
			o.Authentication = append(o.Authentication, key)
		}
		if c.CanAgree() {
			o.KeyAgreement = append(o.KeyAgreement, key)
		}
	}
	doc := write(t, o)
	checkKeys(t, doc.Authentication(), o.Authentication)
	checkKeys(t, doc.KeyAgreement(), o.KeyAgreement)
	if n := len(doc.Methods()); n != 6 {
		t.Errorf("%d methods, want each key once", n)
	}
}

func checkKeys(t *testing.T, methods []did.VerificationMethod, keys []crypto.PublicKey) {
	t.Helper()
	var got, want []string
	for _, m := range methods {
		got = append(got, m.Key.Multikey())
	}
	for _, k := range keys {
		want = append(want, k.Multikey())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func TestDocumentServices(t *testing.T) {
	t.Parallel()
	o := wallet(t)
	first, second := did.Endpoint{URI: "https://a.example"}, did.Endpoint{URI: "did:peer:2", RoutingKeys: []string{"did:key:z6Mk#z6Mk"}}
	o.Services = []did.Service{
		{Endpoints: []did.Endpoint{first, second}},
		{ID: o.DID.String() + "#own", Endpoints: []did.Endpoint{second}},
		{Type: did.DIDCommMessaging, Endpoints: []did.Endpoint{first}},
	}
	want := []did.Service{
		{ID: o.DID.String() + "#service", Type: did.DIDCommMessaging, Endpoints: []did.Endpoint{first, second}},
		{ID: o.DID.String() + "#own", Type: did.DIDCommMessaging, Endpoints: []did.Endpoint{second}},
		{ID: o.DID.String() + "#service-1", Type: did.DIDCommMessaging, Endpoints: []did.Endpoint{first}},
	}
	if diff := cmp.Diff(want, write(t, o).Services()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDocumentRefuses(t *testing.T) {
	t.Parallel()
	other := func(t *testing.T) []crypto.PublicKey {
		var keys []crypto.PublicKey
		for i := range did.MaxMethods + 1 {
			keys = append(keys, public(t, crypto.Ed25519, byte(i+10)))
		}
		return keys
	}
	endpoint := []did.Endpoint{{URI: "https://a.example"}}
	tests := map[string]struct {
		change func(*testing.T, *didweb.Options)
		says   string
	}{
		"no key":         {func(_ *testing.T, o *didweb.Options) { o.Authentication, o.KeyAgreement = nil, nil }, "no key"},
		"zero key":       {func(_ *testing.T, o *didweb.Options) { o.Authentication[0] = crypto.PublicKey{} }, "authentication"},
		"X25519 signs":   {func(_ *testing.T, o *didweb.Options) { o.Authentication = o.KeyAgreement }, "authentication"},
		"Ed25519 agrees": {func(_ *testing.T, o *didweb.Options) { o.KeyAgreement = o.Authentication }, "key agreement"},
		"key twice": {func(_ *testing.T, o *didweb.Options) {
			o.Authentication = append(o.Authentication, o.Authentication[0])
		}, "twice"},
		"too many keys": {func(t *testing.T, o *didweb.Options) { o.Authentication = other(t) }, "more than"},
		"other service": {func(_ *testing.T, o *didweb.Options) { o.Services[0].Type = "LinkedDomains" }, "type"},
		"no endpoint":   {func(_ *testing.T, o *didweb.Options) { o.Services[0].Endpoints = nil }, "endpoint"},
		"no URI":        {func(_ *testing.T, o *didweb.Options) { o.Services[0].Endpoints[0].URI = "" }, "URI"},
		"id of another": {func(_ *testing.T, o *didweb.Options) { o.Services[0].ID = "did:web:other.example#a" }, "fragment"},
		"id of a folder": {func(_ *testing.T, o *didweb.Options) {
			o.Services[0].ID = o.DID.String() + ":deeper#a"
		}, "fragment"},
		"id without fragment": {func(_ *testing.T, o *didweb.Options) { o.Services[0].ID = "didcomm" }, "fragment"},
		"id of one letter":    {func(_ *testing.T, o *didweb.Options) { o.Services[0].ID = "x" }, "fragment"},
		"empty fragment":      {func(_ *testing.T, o *didweb.Options) { o.Services[0].ID = "#" }, "fragment"},
		"query":               {func(_ *testing.T, o *didweb.Options) { o.Services[0].ID = "?a#b" }, "fragment"},
		"id of a key":         {func(_ *testing.T, o *didweb.Options) { o.Services[0].ID = "#key-2" }, "taken"},
		"id twice": {func(_ *testing.T, o *didweb.Options) {
			o.Services = []did.Service{{ID: "#service", Endpoints: endpoint}, {Endpoints: endpoint}}
		}, "taken"},
		"too long": {func(_ *testing.T, o *didweb.Options) {
			o.Services[0].Endpoints[0].URI = strings.Repeat("a", did.MaxDocument)
		}, "longer"},
		"not UTF-8":        {func(_ *testing.T, o *didweb.Options) { o.Services[0].Endpoints[0].URI = "\xff" }, "UTF-8"},
		"unreadable lists": {func(_ *testing.T, o *didweb.Options) { o.Services[0].Endpoints[0].Accept = make([]string, 100) }, "read back"},
		"DID without URL":  {func(_ *testing.T, o *didweb.Options) { o.DID = did.MustParse("did:web:a..b") }, "host"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := wallet(t)
			test.change(t, &o)
			text, err := didweb.Document(o)
			if !errors.Is(err, did.ErrInvalid) || text != nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v, want ErrInvalid that says %q, and no text: %q", err, test.says, bytes.TrimSpace(text))
			}
		})
	}
}

func TestDocumentOfAnotherMethod(t *testing.T) {
	t.Parallel()
	o := wallet(t)
	for _, id := range []did.DID{{}, did.MustParse("did:key:z6Mk")} {
		o.DID = id
		if _, err := didweb.Document(o); !errors.Is(err, did.ErrMethod) {
			t.Errorf("%v: %v, want ErrMethod", id, err)
		}
	}
}
