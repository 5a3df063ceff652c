package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
)

// failure is a way in which an authcrypt message does not open. How long the answer takes must not tell which.
type failure struct {
	name   string
	keys   crypto.KeyStore
	sealed []byte
	want   error
}

// failures measures how long messages take that do not open, each beside one whose key is wrong.
func (e *envelopes) failures(ctx context.Context, p *parties) error {
	list, err := newFailures(ctx, p)
	if err != nil {
		return err
	}
	operations := make([]func() error, len(list))
	for i, f := range list {
		operations[i] = func() error {
			if _, err := envelope.Open(ctx, f.keys, p.known, f.sealed, envelope.OpenOptions{}); !errors.Is(err, f.want) {
				return fmt.Errorf("%s: got %v, want %v", f.name, err, f.want)
			}
			return nil
		}
	}
	times, err := inTurns(e.ops, operations...)
	if err != nil {
		return err
	}
	for i, f := range list {
		if err := e.report.compare("refused/"+f.name+"/1KiB", times[i], times[0], "1, whatever is wrong"); err != nil {
			return err
		}
	}
	return nil
}

// newFailures makes one message, and alters it in each way. The wrong key comes first.
func newFailures(ctx context.Context, p *parties) ([]failure, error) {
	sealed, err := envelope.Seal(ctx, p.fresh, []byte(messageOf(1<<10)), envelope.Options{To: p.to, From: aliceAgrees})
	if err != nil {
		return nil, err
	}
	other, err := crypto.GenerateKey(crypto.X25519)
	if err != nil {
		return nil, err
	}
	wrong := crypto.NewKeyring()
	wrong.Add(bobAgrees, other)
	list := []failure{
		{"wrong-key", wrong, sealed, envelope.ErrOpen}, {"unknown-kid", crypto.NewKeyring(), sealed, envelope.ErrNotForUs},
	}
	for _, part := range []struct{ name, member string }{{"tag", "tag"}, {"content", "ciphertext"}, {"wrapped-key", "encrypted_key"}} {
		altered, err := alter(sealed, part.member)
		if err != nil {
			return nil, err
		}
		list = append(list, failure{"altered-" + part.name, p.fresh, altered, envelope.ErrOpen})
	}
	return list, nil
}

// alter changes the first character of a member, of the message or of its first recipient.
func alter(sealed []byte, member string) ([]byte, error) {
	var m map[string]any
	if err := json.Unmarshal(sealed, &m); err != nil {
		return nil, err
	}
	holder := m
	if recipients, ok := m["recipients"].([]any); ok && m[member] == nil {
		holder, _ = recipients[0].(map[string]any)
	}
	text, _ := holder[member].(string)
	if text == "" {
		return nil, fmt.Errorf("an envelope without %s", member)
	}
	first := "A"
	if text[0] == 'A' {
		first = "B"
	}
	holder[member] = first + text[1:]
	return json.Marshal(m)
}
