package packing_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/internal/vectors"
	"github.com/parley-im/parley/messaging/packing"
)

// vector is one entry of the shared files.
type vector struct {
	ID        string          `json:"id"`
	Result    string          `json:"result"`
	Message   json.RawMessage `json:"message"` // a string, or the object itself
	Plaintext json.RawMessage `json:"expected_plaintext"`
	Metadata  struct {
		Layers        []string `json:"layers"`
		EncryptedFrom string   `json:"encrypted_from"`
		SignFrom      string   `json:"sign_from"`
		FromPrior     any      `json:"from_prior"`
	} `json:"metadata"`
}

func (v *vector) bytes(t *testing.T) []byte {
	t.Helper()
	if v.Message[0] != '"' {
		return v.Message
	}
	var s string
	if err := json.Unmarshal(v.Message, &s); err != nil {
		t.Fatal(err)
	}
	return []byte(s)
}

// sets are the shared files; acceptable says of each vector that leaves it to policy whether we take it.
var sets = []struct {
	file, secrets, documents string
	acceptable               map[string]bool
}{
	{"didcomm-spec-v2.1/vectors.json", "didcomm-spec-v2.1/secrets-", "didcomm-spec-v2.1/diddoc-", map[string]bool{
		"C.3-anoncrypt-authcrypt-sign-p521": false, // takes AcceptForeignNesting
	}},
	{"generated/vectors.json", "generated/secrets.json", "generated/diddocs.json", map[string]bool{
		"to-without-recipient":               true,  // flagged as misaddressed
		"from-did-url-query":                 true,  // its DID is compared
		"neg-from_prior-in-signed-plaintext": false, // it must be encrypted
		"signed-kid-in-both-headers":         true,
		"signed-alg-Ed25519":                 true,
		"from_prior-expired":                 true, // the specification knows no expiry; the caller is told
	}},
	{"sicpa/didcomm-python.json", "sicpa/secrets.json", "sicpa/diddocs.json", map[string]bool{
		"didcomm-python/plaintext_4": true, // no body, which v2.1 allows
	}},
	{"sicpa/didcomm-rust.json", "sicpa/secrets.json", "sicpa/diddocs.json", map[string]bool{
		"didcomm-rust/INVALID_PLAINTEXT_MSG_NO_BODY": true,
	}},
}

// files are those of a name, or of a prefix with one file for each person.
func files(name string) []string {
	if strings.HasSuffix(name, ".json") {
		return []string{name}
	}
	return []string{name + "alice.json", name + "bob.json"}
}

func loadPacker(t *testing.T, secrets, documents string) packing.Packer {
	t.Helper()
	ring, docs := crypto.NewKeyring(), fixed{}
	for _, name := range files(secrets) {
		var list []json.RawMessage
		vectors.Load(t, name, &list)
		for _, raw := range list {
			var id struct{ KID string }
			if err := json.Unmarshal(raw, &id); err != nil {
				t.Fatal(err)
			}
			key, err := crypto.ParsePrivateJWK(raw)
			if err != nil {
				t.Fatal(err)
			}
			ring.Add(id.KID, key)
		}
	}
	for _, name := range files(documents) {
		var raw json.RawMessage
		vectors.Load(t, name, &raw)
		var list []json.RawMessage
		if raw[0] == '{' {
			list = []json.RawMessage{raw}
		} else if err := json.Unmarshal(raw, &list); err != nil {
			t.Fatal(err)
		}
		for _, raw := range list {
			d, err := did.ParseDocument(raw)
			if err != nil {
				t.Fatal(err)
			}
			docs[d.ID()] = d
		}
	}
	return packing.Packer{Keys: ring, Resolver: docs}
}

// TestVectors holds every shared vector to its result, the rules about plaintexts and from_prior included.
func TestVectors(t *testing.T) {
	t.Parallel()
	for _, s := range sets {
		t.Run(s.file, func(t *testing.T) {
			t.Parallel()
			var file struct{ Vectors, Positive, Negative []vector }
			vectors.Load(t, s.file, &file)
			p := loadPacker(t, s.secrets, s.documents)
			all := slices.Concat(file.Vectors, file.Positive, file.Negative)
			count := map[string]int{}
			for _, v := range all {
				count[v.Result]++
				take := v.Result == "valid"
				if v.Result == "acceptable" {
					ruling, ok := s.acceptable[v.ID]
					if !ok {
						t.Errorf("%s: no ruling for an acceptable vector", v.ID)
					}
					take = ruling
				}
				v.check(t, p, take)
			}
			if len(all) == 0 || count["acceptable"] != len(s.acceptable) {
				t.Errorf("%d vectors, %d acceptable and %d rulings", len(all), count["acceptable"], len(s.acceptable))
			}
			t.Logf("%-32s %3d valid  %3d invalid  %d acceptable: each as published", s.file, count["valid"], count["invalid"], count["acceptable"])
		})
	}
}

func (v *vector) check(t *testing.T, p packing.Packer, take bool) {
	t.Helper()
	o := packing.UnpackOptions{AcceptPlain: true}
	if v.ID == "didcomm-python/TEST_ENCRYPTED_DIDCOMM_MESSAGE_AUTH_P521" {
		if _, err := p.Unpack(t.Context(), v.bytes(t), o); err == nil {
			t.Errorf("%s opens without AcceptForeignNesting", v.ID)
		}
		o.AcceptForeignNesting = true
	}
	got, err := p.Unpack(t.Context(), v.bytes(t), o)
	if (err == nil) != take {
		t.Errorf("%s: %v, want it taken: %v", v.ID, err, take)
		return
	}
	if err != nil || v.Result != "valid" {
		return
	}
	if got.Forwards > 0 { // the vector describes the layer for the mediator, whose keys are here too
		if !strings.HasPrefix(v.ID, "forward-") || string(got.Layers[0]) != "authcrypt" {
			t.Errorf("%s: %d forwards, layers %v", v.ID, got.Forwards, got.Layers)
		}
		return
	}
	if got.SenderKey != v.Metadata.EncryptedFrom || got.SignerKey != v.Metadata.SignFrom {
		t.Errorf("%s: sender %q, signer %q, want %+v", v.ID, got.SenderKey, got.SignerKey, v.Metadata)
	}
	if (got.Prior != nil) != (got.Message.Extra["from_prior"] != nil) {
		t.Errorf("%s: prior %+v of %v", v.ID, got.Prior, got.Message.Extra)
	}
	if len(v.Plaintext) > 0 && !sameJSON(t, got.Payload, v.Plaintext) {
		t.Errorf("%s: another plaintext: %s", v.ID, got.Payload)
	}
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	left, _ := json.Marshal(x)
	right, _ := json.Marshal(y)
	return string(left) == string(right)
}
