package jose

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/c2sp/wycheproof"

	"github.com/parley-im/parley/crypto"
)

// webGroup is a group of the JSON Web files: one private key, or a set of them, and messages for it.
type webGroup struct {
	Comment string
	Private json.RawMessage
	Public  json.RawMessage
	Tests   []struct {
		TcID             int
		Comment, JWE, Pt string
		JWS, Enc, Result string
		Flags            []string
	}
}

func loadWeb(t *testing.T, name string) []webGroup {
	t.Helper()
	data, err := fs.ReadFile(wycheproof.TestVectors, name)
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ TestGroups []webGroup }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	return file.TestGroups
}

// header reads the protected header of a compact serialization.
func header(compact string) (h struct{ Alg, Enc, Zip, KID string }) {
	first, _, _ := strings.Cut(compact, ".")
	raw, err := base64.RawURLEncoding.DecodeString(first)
	if err == nil {
		_ = json.Unmarshal(raw, &h)
	}
	return h
}

// TestWycheproofEncryption: a JWE of our algorithms gives its published verdict; one of any other algorithm is
// refused, which for a valid one is the named reason.
func TestWycheproofEncryption(t *testing.T) {
	t.Parallel()
	opened, refused, foreign := 0, 0, map[string]int{}
	for _, g := range loadWeb(t, "json_web_encryption_test.json") {
		key, keyErr := crypto.ParsePrivateJWK(g.Private)
		for _, c := range g.Tests {
			pt, err := decryptCompact(c.JWE, key)
			h := header(c.JWE)
			ours := h.Alg == string(ECDHES) && (h.Enc == string(A256CBCHS512) || h.Enc == string(A256GCM)) && h.Zip == ""
			switch {
			case err == nil && c.Result == "valid" && ours && keyErr == nil:
				opened++
				if want, _ := hex.DecodeString(c.Pt); !bytes.Equal(pt, want) {
					t.Errorf("tcId %d (%s): another plaintext: %x", c.TcID, c.Comment, pt)
				}
			case err == nil:
				t.Errorf("tcId %d (%s, %s) opens: %+v", c.TcID, c.Comment, c.Result, h)
			case c.Result == "valid" && ours:
				t.Errorf("tcId %d (%s): %v", c.TcID, c.Comment, err)
			case c.Result == "valid":
				foreign[h.Alg+" "+h.Enc+" "+h.Zip]++
			default:
				refused++
			}
		}
	}
	t.Logf("%d open, %d invalid ones are refused; valid, and refused because DIDComm has no such algorithm: %v", opened, refused, foreign)
	if opened == 0 || refused == 0 {
		t.Error("no vector of our algorithms ran")
	}
}

// decryptCompact opens a compact JWE with a key of ours. These have no kid, which DIDComm demands, so it becomes
// the same JWE in JSON serialization, where a kid can be added outside of what is authenticated.
func decryptCompact(jwe string, key crypto.PrivateKey) ([]byte, error) {
	if parts := strings.Split(jwe, "."); len(parts) == 5 {
		jwe = fmt.Sprintf(`{"protected":%q,"recipients":[{"header":{"kid":"k"},"encrypted_key":%q}],"iv":%q,"ciphertext":%q,"tag":%q}`,
			parts[0], parts[1], parts[2], parts[3], parts[4])
	}
	doc, err := Parse([]byte(jwe))
	switch {
	case err != nil:
		return nil, err
	case doc.JWE == nil:
		return nil, errors.New("no JWE")
	case key.IsZero() || key.Public().Curve() != doc.JWE.Header.EPK.Curve():
		return nil, errors.New("the key is on another curve")
	}
	return doc.JWE.Decrypt(0, key.Agree, crypto.PublicKey{})
}

// keyRules are the vectors of invalid keys that turn on the JWK members alg and use. ParseJWK ignores them: what a
// key is for, its DID document says.
var keyRules = map[int]string{
	19: "alg of the JWK names another curve", 20: "alg of the JWK does not exist", 21: "use of the JWK is enc",
}

// TestWycheproofKey: nothing verifies with an invalid key. Keys are EC and OKP here; symmetric and RSA keys, and
// what concerns sets of keys, do not exist.
func TestWycheproofKey(t *testing.T) {
	t.Parallel()
	ran, foreign := 0, 0
	for _, g := range loadWeb(t, "json_web_key_test.json") {
		for _, c := range g.Tests {
			accepted := verifiesInSet(g, c.JWS)
			h := header(c.JWS)
			_, known := algorithms[h.Alg]
			_, rule := keyRules[c.TcID]
			switch {
			case c.Result == "valid" && !known && !accepted:
				foreign++
			case accepted != (c.Result == "valid" || rule):
				t.Errorf("tcId %d (%s, %s) verifies: %v", c.TcID, g.Comment, c.Comment, accepted)
			default:
				ran++
			}
		}
	}
	t.Logf("%d verdicts as published or by the rules named above, %d valid ones are of algorithms that DIDComm does not have", ran, foreign)
	if ran == 0 {
		t.Error("no vector ran")
	}
}

// verifiesInSet verifies with any key of the group that can be parsed.
func verifiesInSet(g webGroup, jws string) bool {
	var set struct{ Keys []json.RawMessage }
	text := g.Public
	if text == nil {
		text = g.Private
	}
	if json.Unmarshal(text, &set) != nil || len(set.Keys) == 0 {
		set.Keys = []json.RawMessage{text}
	}
	for _, raw := range set.Keys {
		key, err := crypto.ParseJWK(raw)
		if err == nil && verifies(key, json.RawMessage(`"`+jws+`"`)) {
			return true
		}
	}
	return false
}
