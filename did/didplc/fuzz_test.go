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
		strings.ReplaceAll(text, `"cid":"`, `"cid":"`+strings.Repeat(`\u0001`, 128)),
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

// crowd are ten keys on secp256k1, as many as an operation may list.
func crowd(t testing.TB) []crypto.PrivateKey {
	t.Helper()
	var keys []crypto.PrivateKey
	for i := range 10 {
		keys = append(keys, key(t, crypto.Secp256k1, byte(20+i)))
	}
	return keys
}

// turns is a log of n operations that list all keys, signed by them in turn from the last to the first and round again,
// by each so many times: nobody who looks for the signer starts at the right end.
func turns(t testing.TB, keys []crypto.PrivateKey, n, each int) *audit {
	t.Helper()
	log := (&audit{t: t}).add(0, sign(t, keys[9], update(keys...)))
	for i := range n - 1 {
		log.next(float64(i+1), i, update(keys...), keys[9-(i+1)/each%10])
	}
	return log
}

// TestSignatureChecks holds the cost of a log to its number of operations, not that of its keys. Tried in their order,
// the keys would take ten checks for each operation of either log.
func TestSignatureChecks(t *testing.T) {
	t.Parallel()
	keys := crowd(t)
	log := turns(t, keys, 201, 201)
	if _, err := resolve(t, log.id(), log.text()); err != nil {
		t.Errorf("one signer: %v", err)
	}
	log = turns(t, keys, 201, 1)
	want := "operation 201: it takes more than 2000 signature checks"
	if _, err := resolve(t, log.id(), log.text()); !errors.Is(err, did.ErrInvalid) || !strings.Contains(err.Error(), want) {
		t.Errorf("a signer each: %v, want %q", err, want)
	}
}

// BenchmarkWorst is the dearest log that anybody can have: as many operations as 1 MiB holds, each with ten rotation keys
// on secp256k1, and as many signature checks as there may be.
func BenchmarkWorst(b *testing.B) {
	log := turns(b, crowd(b), 900, 9) // more would pass 1 MiB, and shorter turns the number of checks
	text := log.text()
	b.ReportAllocs()
	for b.Loop() {
		resolveOrFail(b, log.id(), text)
	}
	b.ReportMetric(float64(len(text)), "log-bytes")
}
