package routing_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didkey"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/routing"
)

const bob = "did:example:bob"

// mediator is a did:key with the ring that holds its agreement key.
type mediator struct {
	did  did.DID
	ring *crypto.Keyring
	kid  string
}

func newMediator(t *testing.T, curve crypto.Curve) mediator {
	t.Helper()
	key, err := crypto.GenerateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	id, err := didkey.Create(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	doc, err := didkey.Resolver{}.Resolve(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	m := mediator{did: id, ring: crypto.NewKeyring(), kid: doc.KeyAgreement()[0].ID.String()}
	m.ring.Add(m.kid, key)
	return m
}

// open takes the mediator's layer off.
func (m mediator) open(t *testing.T, sealed []byte) (*messaging.Message, string, [][]byte) {
	t.Helper()
	opened, err := envelope.Open(t.Context(), m.ring, nil, sealed, envelope.OpenOptions{})
	if err != nil {
		t.Fatalf("the mediator cannot open it: %v", err)
	}
	if len(opened.Layers) != 1 || opened.Layers[0] != envelope.Anoncrypt {
		t.Errorf("layers %v: a forward is anoncrypt", opened.Layers)
	}
	msg, err := messaging.ParseMessage(opened.Payload)
	if err != nil {
		t.Fatal(err)
	}
	next, inner, err := routing.Parse(msg)
	if err != nil {
		t.Fatal(err)
	}
	return msg, next, inner
}

func TestWrap(t *testing.T) {
	t.Parallel()
	first, last := newMediator(t, crypto.X25519), newMediator(t, crypto.P256)
	keys := routing.Resolved(didkey.Resolver{})
	sealed := []byte(`{"ciphertext":"Grüße"}`)
	expires := time.Unix(2_000_000_000, 0).UTC()

	out, err := routing.Wrap(t.Context(), keys, sealed, bob, []string{first.did.String(), last.kid}, expires)
	if err != nil {
		t.Fatal(err)
	}
	outer, next, inner := first.open(t, out)
	if next != last.kid || len(inner) != 1 || len(outer.To) != 1 || outer.To[0] != first.did || !outer.From.IsZero() || !outer.Expires.Equal(expires) {
		t.Fatalf("the outer layer: next %q, %d envelopes, to %v from %q until %v", next, len(inner), outer.To, outer.From, outer.Expires)
	}
	_, next, inner = last.open(t, inner[0])
	if next != bob || len(inner) != 1 || !bytes.Equal(inner[0], sealed) {
		t.Errorf("the inner layer: next %q, %s", next, inner)
	}
	if _, err := envelope.Open(t.Context(), last.ring, nil, out, envelope.OpenOptions{}); !errors.Is(err, envelope.ErrNotForUs) {
		t.Errorf("the last mediator opens the outer layer: %v", err)
	}

	if out, err := routing.Wrap(t.Context(), keys, sealed, bob, nil, time.Time{}); err != nil || !bytes.Equal(out, sealed) {
		t.Errorf("without routing keys: %s, %v", out, err)
	}
}

func TestWrapRefuses(t *testing.T) {
	t.Parallel()
	m := newMediator(t, crypto.X25519)
	keys := routing.Resolved(didkey.Resolver{})
	many := make([]string, routing.MaxKeys+1)
	for i := range many {
		many[i] = m.did.String()
	}
	for name, tc := range map[string]struct {
		sealed string
		keys   []string
	}{
		"too many keys":           {`{}`, many},
		"a key that is no DID":    {`{}`, []string{"key"}},
		"another fragment":        {`{}`, []string{m.did.String() + "#z6none"}},
		"a method that is not":    {`{}`, []string{"did:web:example.org"}},
		"an envelope of no JSON":  {`ey.x.y`, []string{m.did.String()}},
		"an envelope of no bytes": {``, []string{m.did.String()}},
	} {
		if out, err := routing.Wrap(t.Context(), keys, []byte(tc.sealed), bob, tc.keys, time.Time{}); err == nil {
			t.Errorf("%s: %.60s", name, out)
		}
	}
	huge := []byte(`{"ciphertext":"` + strings.Repeat("A", envelope.MaxSize*3/4) + `"}`)
	if _, err := routing.Wrap(t.Context(), keys, huge, bob, []string{m.did.String()}, time.Time{}); !errors.Is(err, envelope.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	failing := func(context.Context, string) ([]envelope.Recipient, error) { return nil, context.DeadlineExceeded }
	if _, err := routing.Wrap(t.Context(), failing, []byte(`{}`), bob, []string{m.did.String()}, time.Time{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("keys that cannot be had now: %v", err)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	attach := func(ds ...messaging.AttachmentData) (as []messaging.Attachment) {
		for _, d := range ds {
			as = append(as, messaging.Attachment{Data: d})
		}
		return as
	}
	one := messaging.AttachmentData{JSON: jsontext.Value(`{"a":1}`)}
	for name, tc := range map[string]struct {
		typ, body string
		as        []messaging.Attachment
		want      []string // nil: refused
	}{
		"JSON":               {routing.ForwardType, `{"next":"did:example:bob"}`, attach(one), []string{`{"a":1}`}},
		"base64":             {routing.ForwardType, `{"next":"did:example:bob#key"}`, attach(messaging.AttachmentData{Base64: "eyJhIjoxfQ"}), []string{`{"a":1}`}},
		"two":                {routing.ForwardType, `{"next":"did:example:bob"}`, attach(one, one), []string{`{"a":1}`, `{"a":1}`}},
		"a minor version":    {"https://didcomm.org/routing/2.1/forward", `{"next":"did:example:bob"}`, attach(one), []string{`{"a":1}`}},
		"another type":       {routing.Protocol + "backward", `{"next":"did:example:bob"}`, attach(one), nil},
		"no next":            {routing.ForwardType, `{}`, attach(one), nil},
		"next is no DID":     {routing.ForwardType, `{"next":"bob"}`, attach(one), nil},
		"next is a number":   {routing.ForwardType, `{"next":1}`, attach(one), nil},
		"next twice":         {routing.ForwardType, `{"next":"did:a:b","next":"did:a:c"}`, attach(one), nil},
		"nothing to forward": {routing.ForwardType, `{"next":"did:example:bob"}`, nil, nil},
		"elsewhere":          {routing.ForwardType, `{"next":"did:example:bob"}`, attach(messaging.AttachmentData{Links: []string{"https://x"}, Hash: "h"}), nil},
		"not base64":         {routing.ForwardType, `{"next":"did:example:bob"}`, attach(messaging.AttachmentData{Base64: "!"}), nil},
		"too many": {routing.ForwardType, `{"next":"did:example:bob"}`,
			make([]messaging.Attachment, routing.MaxForwards+1), nil},
	} {
		next, sealed, err := routing.Parse(&messaging.Message{Type: tc.typ, Body: jsontext.Value(tc.body), Attachments: tc.as})
		if tc.want == nil {
			if !errors.Is(err, routing.ErrForward) {
				t.Errorf("%s: %q, %s, %v", name, next, sealed, err)
			}
			continue
		}
		var got []string
		for _, s := range sealed {
			got = append(got, string(s))
		}
		if err != nil || !strings.HasPrefix(next, bob) || strings.Join(got, "|") != strings.Join(tc.want, "|") {
			t.Errorf("%s: %q, %s, %v", name, next, sealed, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"id":"1","type":"https://didcomm.org/routing/2.0/forward","body":{"next":"did:example:bob"},"attachments":[{"data":{"json":{}}}]}`))
	f.Fuzz(func(t *testing.T, plaintext []byte) {
		m, err := messaging.ParseMessage(plaintext)
		if err != nil {
			return
		}
		if _, sealed, err := routing.Parse(m); err == nil && (len(sealed) == 0 || len(sealed) > routing.MaxForwards) {
			t.Errorf("%d envelopes", len(sealed))
		}
	})
}
