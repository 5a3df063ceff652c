package jose_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/jose"
	"github.com/parley-im/parley/internal/vectors"
)

// secrets are private keys by kid.
type secrets map[string]crypto.PrivateKey

func loadSecrets(t *testing.T, name string) secrets {
	t.Helper()
	var list []json.RawMessage
	vectors.Load(t, name, &list)
	keys := secrets{}
	for _, raw := range list {
		var id struct{ KID string }
		if err := json.Unmarshal(raw, &id); err != nil {
			t.Fatal(err)
		}
		key, err := crypto.ParsePrivateJWK(raw)
		if err != nil {
			t.Fatal(err)
		}
		keys[id.KID] = key
	}
	return keys
}

type layerFile struct {
	Secrets string
	JWE     []struct {
		ID, Result, Message string
		PerRecipient        map[string]struct {
			Decrypts  bool
			Plaintext string
		} `json:"per_recipient"`
	}
	JWS []struct {
		ID, Result, Message, Payload string
		Check                        [][2]string `json:"ref_check"`
	}
}

// TestJWELayer decrypts every vector with every key it names, and each must do as the vector says:
// a "partial" one fails for some and opens for the others.
func TestJWELayer(t *testing.T) {
	t.Parallel()
	var file layerFile
	vectors.Load(t, "sicpa/didcomm-rust-jose-layer.json", &file)
	keys := loadSecrets(t, "sicpa/secrets.json")
	if len(file.JWE) == 0 {
		t.Fatal("no vectors")
	}
	for _, v := range file.JWE {
		t.Run(v.ID, func(t *testing.T) {
			opened := 0
			for kid, want := range v.PerRecipient {
				plaintext, err := decryptAs([]byte(v.Message), kid, keys)
				switch {
				case want.Decrypts && (err != nil || string(plaintext) != want.Plaintext):
					t.Errorf("%s: %v, or another plaintext", kid, err)
				case want.Decrypts:
					opened++
				case !errors.Is(err, jose.ErrDecrypt) && !errors.Is(err, jose.ErrMalformed) && !errors.Is(err, errCurve):
					t.Errorf("%s: got %v, want a refusal", kid, err)
				}
			}
			all := opened == len(v.PerRecipient)
			if none := opened == 0; all != (v.Result == "valid") || none != (v.Result == "invalid") {
				t.Errorf("%d of %d opened, but the vector is %s", opened, len(v.PerRecipient), v.Result)
			}
		})
	}
}

var errCurve = errors.New("key and epk are on different curves")

func decryptAs(message []byte, kid string, keys secrets) ([]byte, error) {
	doc, err := jose.Parse(message)
	if err != nil {
		return nil, err
	}
	for i, r := range doc.JWE.Recipients {
		if r.KID != kid {
			continue
		}
		key := keys[kid]
		if key.Public().Curve() != doc.JWE.Header.EPK.Curve() {
			return nil, errCurve
		}
		return doc.JWE.Decrypt(i, key.Agree, keys[doc.JWE.Header.SKID].Public())
	}
	return nil, errors.New("kid is not a recipient")
}

// TestJWSLayer verifies each signature of each vector with the key that the vector names.
func TestJWSLayer(t *testing.T) {
	t.Parallel()
	var file layerFile
	vectors.Load(t, "sicpa/didcomm-rust-jose-layer.json", &file)
	keys := loadSecrets(t, "sicpa/secrets.json")
	if len(file.JWS) == 0 {
		t.Fatal("no vectors")
	}
	for _, v := range file.JWS {
		t.Run(v.ID, func(t *testing.T) {
			doc, err := jose.Parse([]byte(v.Message))
			if v.Result == "invalid" && errors.Is(err, jose.ErrMalformed) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if string(doc.JWS.Payload) != v.Payload {
				t.Errorf("payload %q, want %q", doc.JWS.Payload, v.Payload)
			}
			if len(doc.JWS.Signatures) != len(v.Check) {
				t.Fatalf("%d signatures, want %d", len(doc.JWS.Signatures), len(v.Check))
			}
			for i, s := range doc.JWS.Signatures {
				if s.KID != v.Check[i][0] {
					t.Errorf("kid %q, want %q", s.KID, v.Check[i][0])
				}
				err := s.Verify(keys[s.KID].Public())
				if valid := v.Result == "valid"; (err == nil) != valid {
					t.Errorf("signature %d: %v, but the vector is %s", i, err, v.Result)
				}
			}
		})
	}
}

// edit changes the JSON object in a base64url string or a document.
func edit(t testing.TB, doc []byte, change func(m map[string]any)) []byte {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(doc, &m); err != nil {
		t.Fatal(err)
	}
	change(m)
	out, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// header changes the protected header of m.
func header(t testing.TB, m map[string]any, change func(h map[string]any)) {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(m["protected"].(string))
	if err != nil {
		t.Fatal(err)
	}
	m["protected"] = base64.RawURLEncoding.EncodeToString(edit(t, raw, change))
}
