package did_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

func TestParseDocumentRefuses(t *testing.T) {
	t.Parallel()
	k1 := `"type":"Multikey","publicKeyMultibase":"` + publicKey(t, crypto.Ed25519, 1).Multikey() + `"`
	k2 := `"type":"Multikey","publicKeyMultibase":"` + publicKey(t, crypto.Ed25519, 2).Multikey() + `"`
	tests := []struct{ name, in string }{
		{"empty", ``},
		{"not JSON", `{`},
		{"trailing garbage", `{"id":"did:a:b"} {}`},
		{"array", `[]`},
		{"null", `null`},
		{"no id", `{}`},
		{"id is null", `{"id":null}`},
		{"id is no DID", `{"id":"https://a"}`},
		{"id with a fragment", `{"id":"did:a:b#c"}`},
		{"id is a number", `{"id":7}`},
		{"id in another case", `{"ID":"did:a:b"}`},
		{"id twice", `{"id":"did:a:b","id":"did:a:c"}`},
		{"id twice, escaped", `{"id":"did:a:b","\u0069d":"did:a:c"}`},
		{"unknown member twice", `{"id":"did:a:b","x":1,"x":2}`},
		{"unknown member twice, deep", `{"id":"did:a:b","x":[{"y":{"z":1,"z":2}}]}`},
		{"endpoint member twice", `{"id":"did:a:b","service":[{"type":"DIDCommMessaging","serviceEndpoint":{"uri":"a","uri":"b"}}]}`},
		{"JWK member twice", `{"id":"did:a:b","verificationMethod":[{"id":"#k","publicKeyJwk":{"x":1,"x":2}}]}`},
		{"invalid UTF-8", "{\"id\":\"did:a:b\",\"x\":\"\xff\"}"},
		{"methods are an object", `{"id":"did:a:b","verificationMethod":{}}`},
		{"method is a string", `{"id":"did:a:b","verificationMethod":["#k"]}`},
		{"method id is a number", `{"id":"did:a:b","verificationMethod":[{"id":1}]}`},
		{"relationship is a string", `{"id":"did:a:b","authentication":"#k"}`},
		{"relationship lists a number", `{"id":"did:a:b","authentication":[1]}`},
		{"relationship lists a list", `{"id":"did:a:b","keyAgreement":[["#k"]]}`},
		{"relationship lists null", `{"id":"did:a:b","keyAgreement":[null]}`},
		{"service is an object", `{"id":"did:a:b","service":{}}`},
		{"alias is a string", `{"id":"did:a:b","alsoKnownAs":"did:a:c"}`},
		{"one id for two keys", `{"id":"did:a:b","verificationMethod":[{"id":"#k",` + k1 + `},{"id":"#k",` + k2 + `}]}`},
		{"one id in two spellings", `{"id":"did:a:b","verificationMethod":[{"id":"#k",` + k1 + `},{"id":"did:a:b#k",` + k2 + `}]}`},
		{"one id, one key unusable", `{"id":"did:a:b","verificationMethod":[{"id":"#k","type":"New"},{"id":"#k",` + k1 + `}]}`},
		{"one id, embedded", `{"id":"did:a:b","verificationMethod":[{"id":"#k",` + k1 + `}],"authentication":[{"id":"#k",` + k2 + `}]}`},
		{"too long", `{"id":"did:a:b","x":"` + strings.Repeat("x", did.MaxDocument) + `"}`},
		{"too deep", `{"id":"did:a:b","x":` + strings.Repeat("[", did.MaxDepth) + strings.Repeat("]", did.MaxDepth) + `}`},
		{"too many methods", `{"id":"did:a:b","verificationMethod":[` + list(`{"id":"#%d"}`, did.MaxMethods+1) + `]}`},
		{"too many embedded methods", `{"id":"did:a:b","authentication":[` + list(`{"id":"#a%d"}`, did.MaxMethods/2) +
			`],"keyAgreement":[` + list(`{"id":"#k%d"}`, did.MaxMethods/2+1) + `]}`},
		{"too many references", `{"id":"did:a:b","authentication":[` + list(`"#%d"`, did.MaxMethods+1) + `]}`},
		{"too many services", `{"id":"did:a:b","service":[` + list(`{"id":"#%d"}`, did.MaxServices+1) + `]}`},
		{"too many endpoints of one service", `{"id":"did:a:b","service":[{"type":"DIDCommMessaging","serviceEndpoint":[` +
			list(`"u"`, did.MaxEndpoints+1) + `]}]}`},
		{"too many endpoints together", `{"id":"did:a:b","service":[` +
			list(`{"type":"DIDCommMessaging","serviceEndpoint":["u","v","w"]}`, did.MaxEndpoints/3+1) + `]}`},
		{"too many values", `{"id":"did:a:b","x":[` + list(`0`, did.MaxValues) + `]}`},
		{"too many aliases", `{"id":"did:a:b","alsoKnownAs":[` + list(`"did:a:%d"`, 65) + `]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc, err := did.ParseDocument([]byte(tt.in))
			if !errors.Is(err, did.ErrInvalid) || doc != nil {
				t.Fatalf("got %v, %v; want ErrInvalid", doc, err)
			}
			if len(err.Error()) > 500 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestParseDocumentAccepts(t *testing.T) {
	t.Parallel()
	k := `"type":"Multikey","publicKeyMultibase":"` + publicKey(t, crypto.P256, 1).Multikey() + `"`
	tests := []struct {
		name, in string
		methods  int
	}{
		{"nothing but an id", `{"id":"did:a:b"}`, 0},
		{"nulls", `{"id":"did:a:b","verificationMethod":null,"authentication":null,"service":null,"alsoKnownAs":null}`, 0},
		{"deepest", `{"id":"did:a:b","x":` + strings.Repeat("[", did.MaxDepth-1) + strings.Repeat("]", did.MaxDepth-1) + `}`, 0},
		{"brackets in strings", `{"id":"did:a:b","x":"` + strings.Repeat(`[{\"`, 20) + `"}`, 0},
		{"longest", `{"id":"did:a:b","x":"` + strings.Repeat("x", did.MaxDocument-23) + `"}`, 0},
		{"one key embedded twice", `{"id":"did:a:b","authentication":[{"id":"#k",` + k + `}],"keyAgreement":[{"id":"#k",` + k + `}]}`, 1},
		{"most methods", `{"id":"did:a:b","verificationMethod":[` + list(`{"id":"#%d",`+k+`}`, did.MaxMethods) + `]}`, did.MaxMethods},
		{"id without a fragment", `{"id":"did:a:b","verificationMethod":[{"id":"did:a:b",` + k + `}]}`, 0},
		{"id without a mark", `{"id":"did:a:b","verificationMethod":[{"id":"k",` + k + `}]}`, 0},
		{"id with a query", `{"id":"did:a:b","verificationMethod":[{"id":"did:a:b?x#k",` + k + `}]}`, 0},
		{"escaped id", `{"\u0069d":"did:a:b","verificationMethod":[{"id":"\u0023k",` + k + `}]}`, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc, err := did.ParseDocument([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if n := len(doc.Methods()); n != tt.methods || doc.ID().String() != "did:a:b" {
				t.Errorf("%d methods of %s", n, doc.ID())
			}
		})
	}
}

// list returns n elements, each with its number.
func list(format string, n int) string {
	var out []string
	for i := range n {
		s := format
		if strings.Contains(format, "%d") {
			s = fmt.Sprintf(format, i)
		}
		out = append(out, s)
	}
	return strings.Join(out, ",")
}

// TestHostileDocumentsCostLittle is not parallel, because it counts the allocations of the whole
// process.
func TestHostileDocumentsCostLittle(t *testing.T) {
	const fit = did.MaxDocument - 100
	fill := func(unit string) string { return strings.TrimSuffix(strings.Repeat(unit, fit/len(unit)), ",") }
	k := `"type":"Multikey","publicKeyMultibase":"` + publicKey(t, crypto.Ed25519, 1).Multikey() + `"`
	tests := map[string]string{
		"deep arrays":          strings.Repeat("[", did.MaxDocument),
		"deep objects":         strings.Repeat(`{"a":`, fit/5),
		"empty methods":        `{"id":"did:a:b","verificationMethod":[` + fill(`{},`) + `]}`,
		"empty services":       `{"id":"did:a:b","service":[` + fill(`{},`) + `]}`,
		"short references":     `{"id":"did:a:b","authentication":[` + fill(`"",`) + `]}`,
		"short aliases":        `{"id":"did:a:b","alsoKnownAs":[` + fill(`"",`) + `]}`,
		"short endpoints":      `{"id":"did:a:b","service":[{"type":"DIDCommMessaging","serviceEndpoint":[` + fill(`0,`) + `]}]}`,
		"short routing keys":   `{"id":"did:a:b","service":[{"type":"DIDCommMessaging","serviceEndpoint":{"uri":"u","routingKeys":[` + fill(`"",`) + `]}}]}`,
		"short types":          `{"id":"did:a:b","service":[{"type":[` + fill(`"",`) + `]}]}`,
		"unknown members":      `{"id":"did:a:b"` + numbered(fit, `,"%d":0`) + `}`,
		"nested members":       `{"id":"did:a:b","x":{"y":0` + numbered(fit, `,"%d":0`) + `}}`,
		"a long base58 key":    `{"id":"did:a:b","verificationMethod":[{"id":"#k","type":"Ed25519VerificationKey2018","publicKeyBase58":"` + strings.Repeat("z", fit-20) + `"}]}`,
		"a long multikey":      `{"id":"did:a:b","verificationMethod":[{"id":"#k","type":"Multikey","publicKeyMultibase":"z` + strings.Repeat("6", fit-20) + `"}]}`,
		"a long method id":     `{"id":"did:a:b","verificationMethod":[{"id":"#` + strings.Repeat("k", fit-200) + `",` + k + `}]}`,
		"a long member name":   `{"id":"did:a:b","` + strings.Repeat("k", fit/2) + `":0,"` + strings.Repeat("k", fit/2) + `":0}`,
		"a long id":            `{"id":"did:a:` + strings.Repeat("k", fit) + `"}`,
		"escapes":              `{"id":"did:a:b","x":"` + strings.Repeat(`\u0000`, fit/6) + `"}`,
		"64 keys of full size": `{"id":"did:a:b","verificationMethod":[` + list(`{"id":"#%d","type":"P521Key2021","publicKeyBase58":"`+strings.Repeat("2", 900)+`"}`, 64) + `]}`,
		"32 services":          `{"id":"did:a:b","service":[` + list(`{"type":"DIDCommMessaging","serviceEndpoint":"u"}`, 32) + `]}`,
		"32 endpoints":         `{"id":"did:a:b","service":[{"type":"DIDCommMessaging","serviceEndpoint":[` + list(`"u"`, 32) + `]}]}`,
		"many services":        `{"id":"did:a:b","service":[` + list(`{"type":"DIDCommMessaging","serviceEndpoint":[`+list(`"u"`, 32)+`]}`, 32) + `]}`,
		"most members":         `{"id":"did:a:b"` + numbered(25000, `,"%d":0`) + `}`,
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := did.ParseDocument([]byte(text))
			runtime.ReadMemStats(&after)
			got, limit := after.TotalAlloc-before.TotalAlloc, uint64(16*len(text)+64<<10)
			if got > limit {
				t.Errorf("%d bytes of input cost %d bytes, limit %d (%v)", len(text), got, limit, err)
			}
			if err != nil && len(err.Error()) > 500 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}

// numbered repeats the format with rising numbers up to a size.
func numbered(size int, format string) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// checkConsistent checks what holds for every document.
func checkConsistent(t *testing.T, doc *did.Document) {
	t.Helper()
	for _, m := range doc.Methods() {
		if m.Key.IsZero() || m.ID.DID != doc.ID() || m.ID.Fragment == "" {
			t.Fatalf("method %v", m)
		}
	}
	for p, ms := range map[crypto.Purpose][]did.VerificationMethod{
		crypto.Authentication: doc.Authentication(), crypto.KeyAgreement: doc.KeyAgreement(),
	} {
		for _, m := range ms {
			if got, err := doc.Key(m.ID, p); err != nil || !got.Equal(m.Key) {
				t.Fatalf("%s is listed for %v and not found: %v", m.ID, p, err)
			}
			if p == crypto.Authentication && !m.Key.Curve().CanSign() || p == crypto.KeyAgreement && !m.Key.Curve().CanAgree() {
				t.Fatalf("%s cannot be used for %v", m.ID, p)
			}
		}
	}
	for _, e := range doc.DIDComm() {
		if e.URI == "" {
			t.Fatal("an endpoint without a URI")
		}
	}
}
