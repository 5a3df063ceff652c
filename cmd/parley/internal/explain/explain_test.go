package explain_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/parley-im/parley/cmd/parley/internal/explain"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didkey"
	"github.com/parley-im/parley/did/didpeer"
	"github.com/parley-im/parley/messaging/p2p"
)

// documents resolves the methods that need nobody, and answers for the rest with what a test wants.
func documents(answer func(id did.DID) (*did.Document, error)) did.Resolver {
	own := did.Methods{"key": didkey.Resolver{}, "peer": didpeer.Resolver{}}
	return did.ResolverFunc(func(ctx context.Context, id did.DID) (*did.Document, error) {
		if own[id.Method()] != nil || answer == nil {
			return own.Resolve(ctx, id)
		}
		return answer(id)
	})
}

func public(t *testing.T, c crypto.Curve) crypto.PublicKey {
	t.Helper()
	key, err := crypto.GenerateKey(c)
	if err != nil {
		t.Fatal(err)
	}
	return key.Public()
}

// walletDID makes a DID as our wallets have them.
func walletDID(t *testing.T) did.DID {
	t.Helper()
	id, err := didpeer.Create4(didpeer.Options{
		Authentication: []crypto.PublicKey{public(t, crypto.Ed25519)}, KeyAgreement: []crypto.PublicKey{public(t, crypto.X25519)},
		Services: []did.Service{{Type: did.DIDCommMessaging, Endpoints: []did.Endpoint{{
			URI: p2p.ServiceURI("12D3KooWGDkTPDjgSAtTKWsAEAkGV3KCTJUFqkzzGQ8DmXUWbhY8"), Accept: []string{"didcomm/v2"},
		}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestAWalletHasNoProblems(t *testing.T) {
	t.Parallel()
	id := walletDID(t)
	r := explain.DID(t.Context(), documents(nil), id.String())
	if len(r.KeySet) != 64 {
		t.Errorf("key set %q", r.KeySet)
	}
	if len(r.Problems) > 0 || r.Grave() {
		t.Errorf("problems: %v", r.Problems)
	}
	if r.Method != "peer" || len(r.Keys) != 2 || len(r.Services) != 1 || r.Services[0].Reach != "direct, over libp2p" {
		t.Errorf("%+v", r)
	}
	if r.OtherForm != id.Canonical().String() || len(r.AlsoKnownAs) > 0 {
		t.Errorf("the other form %q, aliases %v", r.OtherForm, r.AlsoKnownAs)
	}
	var uses []string
	for _, k := range r.Keys {
		uses = append(uses, k.Uses...)
		if len(k.Fingerprint) != 64 {
			t.Errorf("fingerprint %q", k.Fingerprint)
		}
	}
	if !slices.Equal(uses, []string{"authentication", "keyAgreement"}) {
		t.Errorf("uses %v", uses)
	}
}

func TestPartsSpellTheDID(t *testing.T) {
	t.Parallel()
	two, err := didpeer.Create2(didpeer.Options{KeyAgreement: []crypto.PublicKey{public(t, crypto.X25519)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{
		"did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", two.String(), "did:peer:4zQmShort", "did:peer:0z6Mk", "did:peer:9x", "did:peer:4",
		"did:web:example.com", "did:web:example.com%3A8443:a:b", "did:plc:ewvi7nxzyoun6zhxrhs64oiz", "did:jwk:e30", "did:example:x:y",
		"did:webvh:QmSCID:example.com:people:bob", "did:webvh:QmSCID",
	} {
		r := explain.DID(t.Context(), documents(func(did.DID) (*did.Document, error) { return nil, did.ErrNotFound }), id)
		var text strings.Builder
		for _, p := range r.Parts {
			text.WriteString(p.Text)
			if p.Means == "" {
				t.Errorf("%s: nothing is said of %q", id, p.Text)
			}
		}
		if text.String() != id {
			t.Errorf("the parts of %s are %s", id, text.String())
		}
		if r.Trust == "" {
			t.Errorf("%s: nothing about trust", id)
		}
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	t.Parallel()
	const web = "did:web:example.com"
	x, ed, p := public(t, crypto.X25519), public(t, crypto.Ed25519), public(t, crypto.P256)
	method := func(name string, key crypto.PublicKey) string {
		return fmt.Sprintf(`{"id":"#%s","type":"Multikey","controller":%q,"publicKeyMultibase":%q}`, name, web, key.Multikey())
	}
	document := func(methods, rest string) string {
		return fmt.Sprintf(`{"id":%q,"verificationMethod":[%s]%s}`, web, methods, rest)
	}
	const service = `,"service":[{"id":"#s","type":"DIDCommMessaging","serviceEndpoint":`
	good := `,"authentication":["#e"],"keyAgreement":["#x"]`
	both := method("e", ed) + "," + method("x", x)
	for name, tc := range map[string]struct {
		text  string
		want  string
		grave bool
	}{
		"no keys":         {document("", ""), "no keyAgreement key", true},
		"no agreement":    {document(both, `,"authentication":["#e"]`), "no keyAgreement key", true},
		"another curve":   {document(method("e", ed)+","+method("p", p), `,"authentication":["#e"],"keyAgreement":["#p"]`), "no X25519 keyAgreement key", true},
		"no signing key":  {document(both, `,"keyAgreement":["#x"]`), "no authentication key", true},
		"unknown type":    {document(both+`,{"id":"#odd","type":"Strange2030"}`, good), "the key #odd of type Strange2030 is left out", false},
		"no service":      {document(both, good), "no DIDCommMessaging service", true},
		"https only":      {document(both, good+service+`{"uri":"https://example.com/"}}]`), "none of its endpoints", true},
		"mediated":        {document(both, good+service+`{"uri":"libp2p-peerId:x","routingKeys":["did:example:m#1"]}}]`), "none of its endpoints", true},
		"another version": {document(both, good+service+`{"uri":"libp2p-peerId:x","accept":["didcomm/aip1"]}}]`), "none of its endpoints", true},
	} {
		r := explain.DID(t.Context(), documents(func(did.DID) (*did.Document, error) { return did.ParseDocument([]byte(tc.text)) }), web)
		found := slices.ContainsFunc(r.Problems, func(p explain.Problem) bool { return strings.Contains(p.Text, tc.want) && p.Grave == tc.grave })
		if !found {
			t.Errorf("%s: problems %v, want %q", name, r.Problems, tc.want)
		}
		for i := 1; i < len(r.Problems); i++ {
			if r.Problems[i].Grave && !r.Problems[i-1].Grave {
				t.Errorf("%s: a grave problem behind a light one: %v", name, r.Problems)
			}
		}
	}
}

func TestWhatCannotBeResolved(t *testing.T) {
	t.Parallel()
	long := walletDID(t)
	for text, tc := range map[string]struct {
		err  error
		want string
	}{
		"did:plc:ewvi7nxzyoun6zhxrhs64oiz": {did.ErrMethod, "PARLEY_PLC_DIRECTORY"},
		"did:nope:1":                       {did.ErrMethod, "PARLEY_RESOLVER"},
		"did:web:intranet":                 {did.ErrUnsafe, "--allow-private-networks"},
		long.Canonical().String():          {nil, "ask them for the long form"},
	} {
		r := explain.DID(t.Context(), documents(func(did.DID) (*did.Document, error) { return nil, tc.err }), text)
		if !r.Grave() || !slices.ContainsFunc(r.Problems, func(p explain.Problem) bool { return strings.Contains(p.Text, tc.want) }) {
			t.Errorf("%s: %v", text, r.Problems)
		}
	}
}

func TestNoDID(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "did", "did:", "did:x:", "DID:key:x", "did:key:\x1b[31m", strings.Repeat("x", 100_000), "did:peer:" + strings.Repeat("a", 9000)} {
		r := explain.DID(t.Context(), documents(nil), text)
		if !r.Grave() || len(r.DID) > 1000 || len(r.Problems[0].Text) > 1000 {
			t.Errorf("%.20q: %v", text, r.Problems)
		}
	}
}

// What another resolver could not mend is not blamed on the lack of one.
func TestWhatNoResolverMends(t *testing.T) {
	t.Parallel()
	r := explain.DID(t.Context(), documents(nil), "did:peer:9abc")
	if !r.Grave() || slices.ContainsFunc(r.Problems, func(p explain.Problem) bool { return strings.Contains(p.Text, "PARLEY_RESOLVER") }) {
		t.Errorf("%v", r.Problems)
	}
}

// Keys are named by DID URLs: whoever pastes one learns what of it is the DID.
func TestDIDURL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"did:web:a.b#key-1": true, "did:web:a.b?x=1": true, "did:web:a.b/p": true, "x#y": false, "#": false} {
		r := explain.DID(t.Context(), documents(nil), text)
		got := slices.ContainsFunc(r.Problems, func(p explain.Problem) bool { return !p.Grave && strings.HasSuffix(p.Text, " did:web:a.b") })
		if got != want || !r.Grave() {
			t.Errorf("%s: %v", text, r.Problems)
		}
	}
}

// FuzzExplain: whatever the text, there is a report, and it is bounded.
func FuzzExplain(f *testing.F) {
	for _, s := range []string{"did:peer:2.Ez6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc.SeyJ0IjoiZG0ifQ", "did:peer:4zQm:z", "did:jwk:e30", "did:webvh:a:b%3A1:c", "did:web:%3A", "did:peer:2.....", "did:key:z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := explain.DID(t.Context(), documents(func(did.DID) (*did.Document, error) { return nil, did.ErrNotFound }), s)
		size := 0
		for _, p := range r.Parts {
			size += len(p.Text) + len(p.Means)
		}
		if size > 100_000 {
			t.Errorf("a report of %d bytes", size)
		}
	})
}
