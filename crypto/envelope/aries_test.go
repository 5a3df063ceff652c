package envelope_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
)

// TestAries opens what aries-framework-go has sealed: compact JWE for one recipient, without apv
// in anoncrypt. (Its anoncrypt for several recipients keeps alg and epk in unprotected headers,
// and is refused.)
func TestAries(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("testdata", "aries.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Sender   json.RawMessage
		Messages []struct {
			ID, Sealed string
			Layer      envelope.Layer
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	sender, err := crypto.ParseJWK(file.Sender)
	if err != nil {
		t.Fatal(err)
	}
	const skid = alice + "#aries"
	p := newPair(t, crypto.P256, crypto.P256)
	for _, m := range file.Messages {
		t.Run(m.ID, func(t *testing.T) {
			t.Parallel()
			got, err := envelope.Open(context.Background(), p.bob, crypto.Keys{skid: sender}, []byte(m.Sealed), envelope.OpenOptions{AcceptAries: true})
			if err != nil {
				t.Fatal(err)
			}
			_, err = envelope.Open(context.Background(), p.bob, crypto.Keys{skid: sender}, []byte(m.Sealed), envelope.OpenOptions{})
			if compact := m.Sealed[0] != '{'; compact != errors.Is(err, envelope.ErrUnsupported) {
				t.Errorf("without AcceptAries: %v; the compact form alone is refused", err)
			}
			want := envelope.Proof{RecipientKey: bobKey, Layers: []envelope.Layer{m.Layer}, RecipientKIDs: got.RecipientKIDs}
			if m.Layer == envelope.Authcrypt {
				want.SenderKey = skid
			}
			if diff := cmp.Diff(want, got.Proof); diff != "" || string(got.Payload) != hello {
				t.Errorf("payload %s, proof (-want +got):\n%s", got.Payload, diff)
			}
		})
	}
	if len(file.Messages) != 5 {
		t.Errorf("%d messages, want 5", len(file.Messages))
	}
}
