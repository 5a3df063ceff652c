package peers

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/packing"
)

const hello = `{"id":"1","type":"https://example.org/hello/1.0/hello","from":"did:example:alice","to":["did:example:bob"],"body":{}}`

// TestForms has us exchange every form with ourselves, so that what fails with a library fails for its sake.
func TestForms(t *testing.T) {
	t.Parallel()
	w, err := NewWorld()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, f := range Forms() {
		if names[f.Name] {
			t.Errorf("%s is there twice", f.Name)
		}
		names[f.Name] = true
		o, err := f.Options()
		if err != nil {
			t.Fatal(err)
		}
		m, err := messaging.ParseMessage([]byte(hello))
		if err != nil {
			t.Fatal(err)
		}
		packed, err := w.Packer.Pack(t.Context(), m, o)
		if err != nil || len(packed) != 1 {
			t.Fatalf("%s: %d envelopes, %v", f.Name, len(packed), err)
		}
		got, err := w.Packer.Unpack(t.Context(), packed[0].Envelope, packing.UnpackOptions{})
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		if got.SenderKey != f.From || got.SignerKey != f.SignBy {
			t.Errorf("%s: sender %q, signer %q", f.Name, got.SenderKey, got.SignerKey)
		}
		if layers := 1 + strings.Count(f.Layer, "("); len(got.Layers) != layers {
			t.Errorf("%s: %d layers, want %d", f.Name, len(got.Layers), layers)
		}
	}
}

// TestWorld makes sure that peers get what they need: documents, and a private key for every method.
func TestWorld(t *testing.T) {
	t.Parallel()
	w, err := NewWorld()
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(Request{Op: "setup", World: w})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		World struct {
			Documents []struct {
				ID      string `json:"id"`
				Methods []struct {
					ID  string            `json:"id"`
					JWK map[string]string `json:"publicKeyJwk"`
				} `json:"verificationMethod"`
			} `json:"documents"`
			Secrets []struct {
				ID  string            `json:"id"`
				JWK map[string]string `json:"privateKeyJwk"`
			} `json:"secrets"`
		} `json:"world"`
	}
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	secrets := map[string]map[string]string{}
	for _, s := range got.World.Secrets {
		secrets[s.ID] = s.JWK
	}
	for _, d := range got.World.Documents {
		for _, m := range d.Methods {
			if s := secrets[m.ID]; s["d"] == "" || s["x"] != m.JWK["x"] || m.JWK["d"] != "" {
				t.Errorf("%s: public %v", m.ID, m.JWK)
			}
			delete(secrets, m.ID)
		}
	}
	if len(secrets) > 0 || len(got.World.Documents) != 2 {
		t.Errorf("%d documents; keys that stand in none: %d", len(got.World.Documents), len(secrets))
	}
}

// What is known is about forms that the library has, and about one failure alone.
func TestKnownFailuresAreSpecific(t *testing.T) {
	t.Parallel()
	for _, l := range All() {
		for _, f := range Forms() {
			for _, d := range []Direction{Theirs, Ours} {
				k := l.Known(f, d)
				if k == nil {
					continue
				}
				if k.Explains(errors.New("no answer in 1m0s")) || k.Explains(errors.New("it has ended")) {
					t.Errorf("%s, %s: anything at all is taken for known", l.Label(), f.Name)
				}
			}
		}
	}
}
