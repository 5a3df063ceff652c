package jose_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/jose"
	"github.com/parley-im/parley/internal/vectors"
)

// parses holds Parse to what it promises for any input, and returns the document.
func parses(t *testing.T, data []byte) jose.Document {
	t.Helper()
	before := bytes.Clone(data)
	doc, err := jose.Parse(data)
	if !bytes.Equal(before, data) {
		t.Fatal("Parse changed its input")
	}
	if err == nil {
		return doc
	}
	if doc != (jose.Document{}) {
		t.Error("a document beside an error")
	}
	if !errors.Is(err, jose.ErrMalformed) && !errors.Is(err, jose.ErrUnsupported) && err != jose.ErrTooLarge {
		t.Errorf("unexpected kind of error: %v", err)
	}
	return jose.Document{}
}

func FuzzJWE(f *testing.F) {
	sealed, keys := seal(f, `{"id":"1"}`, "did:x:b#1", "did:x:b#2")
	f.Add(sealed)
	f.Add(edit(f, sealed, func(m map[string]any) { delete(m, "tag") }))
	f.Add(edit(f, sealed, func(m map[string]any) { m["ciphertext"] = "AAAA" }))
	f.Add([]byte(`{"protected":"e30","recipients":[{}],"iv":"","ciphertext":"","tag":""}`))
	f.Add([]byte("e30.AA.AA.AA.AA"))
	f.Add([]byte(strings.Repeat("[", 100)))
	vectors.Seeds(f, func(seed []byte) { f.Add(seed) })
	f.Fuzz(func(t *testing.T, data []byte) {
		j := parses(t, data).JWE
		if j == nil {
			return
		}
		if n := len(j.Recipients); n == 0 || n > jose.MaxRecipients || j.Header.EPK.IsZero() {
			t.Fatalf("%d recipients, header %+v", n, j.Header)
		}
		for i, r := range j.Recipients {
			key, known := keys[r.KID]
			if !known || j.Header.EPK.Curve() != crypto.X25519 {
				continue
			}
			plaintext, err := j.Decrypt(i, key.Agree, key.Public())
			if err == nil && string(plaintext) != `{"id":"1"}` {
				t.Errorf("forged %q", plaintext)
			}
		}
	})
}

func FuzzJWS(f *testing.F) {
	raw, key := signed(f, `{"id":"1"}`, crypto.Ed25519)
	f.Add(raw)
	f.Add(edit(f, raw, func(m map[string]any) { m["payload"] = "e30" }))
	f.Add([]byte(`{"payload":"e30","protected":"eyJhbGciOiJFZERTQSJ9","signature":"AA"}`))
	f.Add([]byte("eyJhbGciOiJFZERTQSJ9.e30.AA"))
	vectors.Seeds(f, func(seed []byte) { f.Add(seed) })
	f.Fuzz(func(t *testing.T, data []byte) {
		j := parses(t, data).JWS
		if j == nil {
			return
		}
		if n := len(j.Signatures); n == 0 || n > jose.MaxRecipients {
			t.Fatalf("%d signatures", n)
		}
		for _, s := range j.Signatures {
			if s.Verify(key) == nil && string(j.Payload) != `{"id":"1"}` {
				t.Errorf("forged %q", j.Payload)
			}
		}
	})
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// hostile are documents that make a parser work hardest for their size.
func hostile(t testing.TB) map[string][]byte {
	const size = jose.MaxSize - 1024
	repeat := func(prefix, unit, suffix string) []byte {
		return []byte(prefix + strings.Repeat(unit, size/len(unit)) + suffix)
	}
	var names strings.Builder
	for i := 0; names.Len() < size; i++ {
		fmt.Fprintf(&names, `%q:1,`, fmt.Sprintf("%x", i))
	}
	sealed, _ := seal(t, "x", "did:x:b#1")
	raw, _ := signed(t, strings.Repeat("x", 700<<10), crypto.Ed25519)
	return map[string][]byte{
		"member names":  []byte("{" + names.String() + `"last":1}`),
		"empty objects": repeat(`{"a":[`, "{},", "{}]}"),
		"small objects": repeat(`{"a":[`, `{"b":0},`, "{}]}"),
		"escapes":       repeat(`{"ciphertext":"`, `\u0041`, `","protected":"","iv":"","tag":""}`),
		"recipients":    repeat(`{"protected":"e30","ciphertext":"","iv":"","tag":"","recipients":[`, "{},", "{}]}"),
		"dots":          repeat("e", ".", ""),
		"nesting":       repeat("", "[", ""),
		"many signatures": edit(t, raw, func(m map[string]any) {
			one := m["signatures"].([]any)[0]
			for range jose.MaxRecipients - 1 {
				m["signatures"] = append(m["signatures"].([]any), one)
			}
		}),
		"a big kid": edit(t, sealed, func(m map[string]any) {
			m["recipients"].([]any)[0].(map[string]any)["header"] = map[string]string{"kid": strings.Repeat("é", size/4)}
		}),
		"a big header": edit(t, sealed, func(m map[string]any) {
			header(t, m, func(h map[string]any) { h["x"] = json.RawMessage(`[` + strings.Repeat("1,", size/4) + "1]") })
		}),
		"a big epk": edit(t, sealed, func(m map[string]any) {
			header(t, m, func(h map[string]any) { h["epk"].(map[string]any)["x5c"] = strings.Repeat("x", size/2) })
		}),
	}
}

// TestParseAllocation: at most 16 times the input and 64 KiB, whatever comes. It does not run in
// parallel with others, whose allocations would count.
func TestParseAllocation(t *testing.T) {
	for name, data := range hostile(t) {
		t.Run(name, func(t *testing.T) {
			if len(data) > jose.MaxSize {
				t.Fatalf("%d bytes are refused at once", len(data))
			}
			got := allocated(func() { jose.Parse(data) })
			if limit := uint64(16*len(data) + 64<<10); got > limit {
				t.Errorf("%d bytes for %d: more than %d", got, len(data), limit)
			}
			t.Logf("%.1f × input", float64(got)/float64(len(data)))
		})
	}
}
