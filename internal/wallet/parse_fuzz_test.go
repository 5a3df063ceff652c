package wallet_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
	"github.com/parley-im/parley/messaging"
)

// What CheckMessage takes is a message that ParseMessage takes, and what it refuses it explains.
func FuzzCheckMessage(f *testing.F) {
	for _, body := range []string{``, `{}`, `{"a":1}`, `[]`, `{"a":1,"a":2}`, `{} {}`, "{\n", "\xff", `{"a":"\ud800"}`, ` {"a":{"b":[null]}} `} {
		f.Add(moveType, []byte(body))
	}
	f.Add("x", []byte(`{}`))
	f.Fuzz(func(t *testing.T, typ string, body []byte) {
		err := wallet.CheckMessage(typ, body)
		if err != nil {
			if e := control.ErrorOf(err); e.Code != control.CodeUsage || e.Hint == "" || !strings.HasSuffix(e.Message, "nothing was sent") {
				t.Errorf("%+v", e)
			}
			return
		}
		if len(typ) > 1024 || len(body) > messaging.MaxPlaintext {
			return // the node says what is too large
		}
		m := &messaging.Message{ID: "1", Type: typ, Body: body}
		plain, err := m.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := messaging.ParseMessage(plain); err != nil {
			t.Errorf("%q: %v", body, err)
		}
		var object map[string]json.RawMessage
		if len(body) > 0 && json.Unmarshal(body, &object) != nil {
			t.Errorf("%q is no object", body)
		}
	})
}

// PayloadType says of a message what ParseMessage says.
func FuzzPayloadType(f *testing.F) {
	for _, payload := range []string{`{"id":"1","type":"a/b/1.0/c"}`, `{"body":{"type":"no"},"type":"yes","id":"1"}`, `{"id":"1","t\u0079pe":"x"}`, `{`, `[]`, ``} {
		f.Add([]byte(payload))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		got := wallet.PayloadType(payload)
		if m, err := messaging.ParseMessage(payload); err == nil && got != m.Type {
			t.Errorf("%q: %q, want %q", payload, got, m.Type)
		}
	})
}
