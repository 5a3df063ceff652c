package envelope_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/internal/vectors"
)

// mutations is how many altered envelopes each run opens.
const mutations = 10_000

// source is an envelope that opens, in the world that knows its keys.
type source struct {
	world   *world
	message []byte
	payload []byte
	proof   envelope.Proof
}

// sources are envelopes of all forms of our own, and the valid ones among the shared vectors if they are given.
func sources(t *testing.T) (all []source) {
	t.Helper()
	add := func(w *world, message []byte) {
		got, err := envelope.Open(context.Background(), w.ring(), w.docs, message, envelope.OpenOptions{CheckSigner: checkSigner})
		if err == nil {
			all = append(all, source{w, message, got.Payload, got.Proof})
		}
	}
	p := standard(t)
	w := newWorld()
	w.docs = p.docs
	for _, to := range p.to {
		w.keys[to.KID] = fixedKey(t, to.Key.Curve(), to.KID)
	}
	for _, f := range p.forms() {
		add(w, p.seal(t, hello, f.options))
	}
	if len(all) != len(p.forms()) {
		t.Fatalf("%d of %d forms open", len(all), len(p.forms()))
	}
	if os.Getenv(vectors.Env) == "" {
		t.Logf("only our own envelopes are mutated: %s is not set", vectors.Env)
		return all
	}
	for _, s := range suites {
		w, list := s.load(t)
		for _, v := range list {
			if v.Result == "valid" {
				add(w, v.bytes(t))
			}
		}
	}
	return all
}

// mutator alters a JSON value somewhere, in ways that JOSE parsers have been broken by.
type mutator struct {
	*rand.Rand
	others []source
}

// mutate returns an altered copy of the message.
func (m *mutator) mutate(message []byte) []byte {
	var v any
	if m.IntN(4) == 0 || json.Unmarshal(message, &v) != nil {
		return m.bytes(bytes.Clone(message))
	}
	for range 1 + m.IntN(3) {
		v = m.value(v)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return message
	}
	if m.IntN(8) == 0 {
		return m.bytes(out)
	}
	return out
}

// bytes alters the text without regard to what it means.
func (m *mutator) bytes(b []byte) []byte {
	if len(b) == 0 {
		return b
	}
	i := m.IntN(len(b))
	switch m.IntN(6) {
	case 0:
		return b[:i]
	case 1:
		b[i] ^= 1 << m.IntN(8)
	case 2:
		return slices.Insert(b, i, []byte(`{"a":`)[m.IntN(5)])
	case 3:
		return slices.Delete(b, i, min(len(b), i+1+m.IntN(8)))
	case 4:
		return slices.Concat(b[:i], b[:i], b[i:])
	default:
		return slices.Concat(b, b[i:])
	}
	return b
}

// value alters one value below v, or v itself.
func (m *mutator) value(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return m.object(v)
	case []any:
		return m.array(v)
	case string:
		return m.text(v)
	}
	return m.scalar()
}

func (m *mutator) object(o map[string]any) any {
	names := make([]string, 0, len(o))
	for name := range o {
		names = append(names, name)
	}
	if len(names) == 0 {
		return m.scalar()
	}
	slices.Sort(names)
	name := names[m.IntN(len(names))]
	switch m.IntN(8) {
	case 0:
		delete(o, name)
	case 1:
		o[[]string{"zip", "crit", "b64", "alg", "enc", "kid", "header", "payload", "epk"}[m.IntN(9)]] = o[name]
	case 2:
		o[name] = m.scalar()
	case 3:
		o[name] = m.foreign(name, o[name])
	default:
		o[name] = m.value(o[name])
	}
	return o
}

// foreign takes the member of the same name from another envelope.
func (m *mutator) foreign(name string, v any) any {
	var other map[string]any
	if json.Unmarshal(m.others[m.IntN(len(m.others))].message, &other) == nil && other[name] != nil {
		return other[name]
	}
	return v
}

func (m *mutator) array(a []any) any {
	if len(a) == 0 {
		return m.scalar()
	}
	i := m.IntN(len(a))
	switch m.IntN(6) {
	case 0:
		return slices.Delete(a, i, i+1)
	case 1:
		return append(a, a[i])
	case 2:
		slices.Reverse(a)
		return a
	default:
		a[i] = m.value(a[i])
		return a
	}
}

// text alters a string; what is base64url of JSON is altered within.
func (m *mutator) text(s string) any {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(raw) == 0 {
		return string(m.bytes([]byte(s)))
	}
	switch m.IntN(6) {
	case 0:
		return s + []string{"=", "\n", "A", "A=", "AAAA"}[m.IntN(5)]
	case 1:
		return ""
	case 2:
		return string(m.bytes([]byte(s)))
	}
	if raw[0] == '{' {
		return base64.RawURLEncoding.EncodeToString(m.mutate(raw))
	}
	return base64.RawURLEncoding.EncodeToString(m.bytes(raw))
}

func (m *mutator) scalar() any {
	var deep any = "x"
	for range 40 {
		deep = []any{deep}
	}
	return []any{nil, true, 0, -1.5, "", "none", "DEF", "ECDH-ES+A256KW", "ECDH-1PU+A256KW", "A256GCM", "XC20P", "dir",
		map[string]any{}, []any{}, deep}[m.IntN(15)]
}

// TestMutations: an altered envelope is refused in one of the known ways, costs bounded memory, and never proves
// what was not sealed. It does not run in parallel: other allocations would count.
func TestMutations(t *testing.T) {
	all := sources(t)
	m := &mutator{Rand: rand.New(rand.NewPCG(1, 2)), others: all}
	check := func(string, []byte) error { return nil } // so that signatures are reached; what it allocates does not count
	o := envelope.OpenOptions{CheckSigner: check, AcceptAries: true, AcceptForeignNesting: true}
	opened := 0
	for i := range mutations {
		s := &all[i%len(all)]
		data := m.mutate(s.message)
		var got *envelope.Opened
		var err error
		ring := s.world.ring()
		used := allocated(func() {
			got, err = envelope.Open(context.Background(), ring, s.world.docs, data, o)
		})
		if limit := uint64(16*len(data) + 64<<10); used > limit {
			t.Errorf("%d bytes for %d, limit %d: %.200s", used, len(data), limit, data)
		}
		if err != nil {
			if got != nil || !refused(err) {
				t.Errorf("%v: %.300s", err, data)
			}
			continue
		}
		opened++
		forged(t, all, got, data)
	}
	t.Logf("%d altered envelopes of %d that open: %d still open and prove nothing new", mutations, len(all), opened)
}

// forged reports an opened message that proves a sender or a signer which none of the originals had for that payload.
func forged(t *testing.T, all []source, got *envelope.Opened, data []byte) {
	t.Helper()
	if got.SenderKey == "" && got.SignerKey == "" {
		return // anybody can seal an anoncrypt message
	}
	for _, s := range all {
		if bytes.Equal(s.payload, got.Payload) &&
			(got.SenderKey == "" || got.SenderKey == s.proof.SenderKey) && (got.SignerKey == "" || got.SignerKey == s.proof.SignerKey) {
			return
		}
	}
	t.Errorf("forged %+v: %.300s", got.Proof, data)
}
