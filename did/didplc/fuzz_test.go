package didplc_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

// FuzzPLC reads logs. Whatever they hold, the answer is a document of the DID asked for or an error of a known kind,
// and costs memory in proportion to the log.
func FuzzPLC(f *testing.F) {
	for _, r := range references(f) {
		text, err := json.Marshal(r.Log)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(strings.TrimPrefix(r.DID, "did:plc:"), text)
	}
	log := people(f).story(f)
	id := strings.TrimPrefix(log.id().String(), "did:plc:")
	text := string(log.text())
	for _, s := range []string{
		text, text[:len(text)/2], "[]", "{}", "[{}]", `[{"operation":{}}]`, text + text,
		strings.ReplaceAll(text, "plc_operation", "plc_tombstone"), strings.ReplaceAll(text, "plc_operation", "create"),
		strings.ReplaceAll(text, "false", "true"), strings.ReplaceAll(text, "[]", "[[],{},null,1]"),
		strings.ReplaceAll(text, "z", "Z"), strings.Repeat("[", 500), "[" + strings.Repeat(`{"operation":{"type":"create"}},`, 40),
	} {
		f.Add(id, []byte(s))
	}
	f.Fuzz(func(t *testing.T, suffix string, text []byte) {
		id, err := did.Parse("did:plc:" + suffix)
		if err != nil {
			return
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		doc, err := resolve(t, id, text)
		runtime.ReadMemStats(&after)
		if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(64*len(text)+256<<10); got > limit {
			t.Errorf("%d bytes cost %d, limit %d", len(text), got, limit)
		}
		switch {
		case err == nil:
			var lines []json.RawMessage
			if err := json.Unmarshal(text, &lines); err != nil || !strings.HasPrefix(doc.Version(), fmt.Sprintf("%d-b", len(lines))) {
				t.Errorf("version %q of a log of %d operations, %v", doc.Version(), len(lines), err)
			}
			if doc.ID() != id {
				t.Errorf("document of %s for %s", doc.ID(), id)
			}
		case !errors.Is(err, did.ErrInvalid) && !errors.Is(err, did.ErrDeactivated):
			t.Errorf("an error of no kind: %v", err)
		case len(err.Error()) > 600:
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
	})
}

func resolveOrFail(b *testing.B, id did.DID, text []byte) {
	b.Helper()
	if _, err := resolve(b, id, text); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkTypical is a log of four operations.
func BenchmarkTypical(b *testing.B) {
	log := people(b).story(b)
	text := log.text()
	b.ReportAllocs()
	for b.Loop() {
		resolveOrFail(b, log.id(), text)
	}
}

// BenchmarkWorst is the dearest log that anybody can have: as many operations as 1 MiB holds, each with ten rotation keys
// on secp256k1 of which the last has signed.
func BenchmarkWorst(b *testing.B) {
	var keys []crypto.PrivateKey
	for i := range 10 {
		keys = append(keys, key(b, crypto.Secp256k1, byte(20+i)))
	}
	log := (&audit{t: b}).add(0, sign(b, keys[9], update(keys...)))
	for i := range 899 { // more would pass 1 MiB
		log.next(float64(i+1), i, update(keys...), keys[9])
	}
	text := log.text()
	b.ReportAllocs()
	for b.Loop() {
		resolveOrFail(b, log.id(), text)
	}
	b.ReportMetric(float64(len(text)), "log-bytes")
}
