package envelope_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/internal/vectors"
)

// docs is a Directory that keeps purposes apart, as DID documents do.
type docs map[crypto.Purpose]crypto.Keys

func (d docs) Lookup(ctx context.Context, kid string, p crypto.Purpose) (crypto.PublicKey, error) {
	return d[p].Lookup(ctx, kid, p)
}

// world holds the identities of a vector file.
type world struct {
	keys    map[string]crypto.PrivateKey
	docs    docs
	signers map[crypto.Curve]string // a kid of Alice's per signing curve
}

func newWorld() *world {
	return &world{
		keys:    map[string]crypto.PrivateKey{},
		docs:    docs{crypto.Authentication: {}, crypto.KeyAgreement: {}},
		signers: map[crypto.Curve]string{},
	}
}

// ring returns a KeyStore with the keys named, or with all of them if none is named.
func (w *world) ring(kids ...string) *crypto.Keyring {
	r := crypto.NewKeyring()
	for kid, k := range w.keys {
		if len(kids) == 0 {
			r.Add(kid, k)
		}
	}
	for _, kid := range kids {
		r.Add(kid, w.keys[kid])
	}
	return r
}

func (w *world) addSecrets(t testing.TB, name string) {
	t.Helper()
	var list []map[string]any
	vectors.Load(t, name, &list)
	for _, secret := range list {
		raw, err := json.Marshal(secret)
		if err != nil {
			t.Fatal(err)
		}
		key, err := crypto.ParsePrivateJWK(raw)
		if err != nil {
			t.Fatalf("%s: %v: %v", name, secret["kid"], err)
		}
		w.keys[secret["kid"].(string)] = key
	}
}

// method is a verification method, or the id of one.
type method struct {
	ID  string          `json:"id"`
	JWK json.RawMessage `json:"publicKeyJwk"`
}

func (m *method) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		return json.Unmarshal(b, &m.ID)
	}
	type plain method
	return json.Unmarshal(b, (*plain)(m))
}

type document struct {
	Authentication     []method `json:"authentication"`
	KeyAgreement       []method `json:"keyAgreement"`
	VerificationMethod []method `json:"verificationMethod"`
}

func (w *world) addDocument(t testing.TB, d document) {
	t.Helper()
	byID := map[string]method{}
	for _, m := range d.VerificationMethod {
		byID[m.ID] = m
	}
	for p, list := range map[crypto.Purpose][]method{
		crypto.Authentication: d.Authentication, crypto.KeyAgreement: d.KeyAgreement,
	} {
		for _, m := range list {
			if m.JWK == nil {
				m = byID[m.ID]
			}
			if m.JWK == nil {
				continue // in another key format, and of no use to the vectors
			}
			key, err := crypto.ParseJWK(m.JWK)
			if err != nil {
				t.Fatalf("%s: %v", m.ID, err)
			}
			w.docs[p][m.ID] = key
		}
	}
}

func loadWorld(t testing.TB, secrets, documents []string) *world {
	t.Helper()
	w := newWorld()
	for _, name := range secrets {
		w.addSecrets(t, name)
	}
	for _, name := range documents {
		var raw json.RawMessage
		vectors.Load(t, name, &raw)
		var list []document
		if raw[0] == '{' {
			list = make([]document, 1)
			if err := json.Unmarshal(raw, &list[0]); err != nil {
				t.Fatal(err)
			}
		} else if err := json.Unmarshal(raw, &list); err != nil {
			t.Fatal(err)
		}
		for _, d := range list {
			w.addDocument(t, d)
		}
	}
	return w
}

var errSigner = errors.New("the payload is not from the signer")

// checkSigner does what package messaging does: DID(from) = DID(kid).
func checkSigner(kid string, payload []byte) error {
	var m struct {
		From string `json:"from"`
	}
	if err := json.Unmarshal(payload, &m); err != nil || m.From == "" || m.From != did(kid) {
		return fmt.Errorf("%w: %s", errSigner, kid)
	}
	return nil
}

func did(kid string) string {
	d, _, _ := strings.Cut(kid, "#")
	return d
}

// refused reports whether err is one of the refusals that hostile input may meet.
func refused(err error) bool {
	for _, want := range []error{
		envelope.ErrOpen, envelope.ErrMalformed, envelope.ErrUnsupported, envelope.ErrTooLarge,
		envelope.ErrPlaintext, envelope.ErrNotForUs, errSigner, crypto.ErrUnknownKey,
	} {
		if errors.Is(err, want) {
			return true
		}
	}
	return false
}
