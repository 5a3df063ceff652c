package didwebvh_test

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didwebvh"
)

// long returns a log of n small entries.
func long(t testing.TB, n int) *writer {
	t.Helper()
	w := newWriter(t, change{state: func(s object) {
		delete(s, "verificationMethod")
		delete(s, "authentication")
		delete(s, "keyAgreement")
	}})
	for range n - 1 {
		w.add(change{})
	}
	return w
}

func TestEntryLimit(t *testing.T) {
	t.Parallel()
	w := long(t, didwebvh.MaxEntries)
	if n := len(w.log()); n > didwebvh.MaxLog {
		t.Fatalf("the log has %d bytes: the other limit is tested", n)
	}
	// The times reach beyond now.
	r := didwebvh.Resolver{Fetch: w.files(), Now: func() time.Time { return start.AddDate(9, 0, 0) }}
	if _, err := r.Resolve(t.Context(), w.did()); err != nil {
		t.Errorf("%d entries: %v", didwebvh.MaxEntries, err)
	}
	w.add(change{})
	r.Fetch = w.files()
	if _, err := r.Resolve(t.Context(), w.did()); !errors.Is(err, did.ErrInvalid) || !strings.Contains(err.Error(), "1000 entries") {
		t.Errorf("one more: %v", err)
	}
}

// generous is a Fetcher that does not keep to the limit.
type generous struct{ log, witness string }

func (g generous) Fetch(_ context.Context, url string, _ int, _ ...string) ([]byte, error) {
	if strings.HasSuffix(url, "did.jsonl") {
		return []byte(g.log), nil
	}
	return []byte(g.witness), nil
}

func TestGenerousFetcher(t *testing.T) {
	t.Parallel()
	w := newWriter(t, change{params: witnesses(1, newSigner(t))})
	for name, g := range map[string]generous{
		"log":          {w.log() + strings.Repeat(" ", didwebvh.MaxLog), ""},
		"witness file": {w.log(), "[" + strings.Repeat(" ", didwebvh.MaxWitnessFile) + "]"},
	} {
		_, err := didwebvh.Resolver{Fetch: g, Now: now}.Resolve(t.Context(), w.did())
		if !errors.Is(err, did.ErrInvalid) || !strings.Contains(err.Error(), "longer than 1048576 bytes") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// hostile are the files that cost a resolver most, each as long as it may be.
func hostile(t testing.TB) map[string]generous {
	t.Helper()
	a := newSigner(t)
	w := newWriter(t, change{params: witnesses(1, a)})
	bad := a.prove(t, object{"versionId": w.scid}, nil)
	var spam []object
	for range didwebvh.MaxWitnessFile / 450 / didwebvh.MaxKeys {
		spam = append(spam, object{"versionId": w.last, "proof": many(bad, didwebvh.MaxKeys)})
	}
	fill := func(s string) string { return strings.Repeat(s, didwebvh.MaxLog/len(s)) }
	line := func(s string) string {
		return strings.Replace(w.lines[0], `"state":{`, `"state":{"x":`+s+`,`, 1) + "\n"
	}
	dense := newWriter(t, change{state: set("x", make([]int, 4*did.MaxValues-999))})
	for range 25 {
		dense.add(change{})
	}
	zeros := "[" + strings.Repeat("0,", 4*did.MaxValues-999) + "0]"
	names := strings.Builder{}
	for i := range 4000 {
		names.WriteString(`"` + string(rune(0x4e00+i)) + `":{},`)
	}
	return map[string]generous{
		"a thousand entries":   {long(t, didwebvh.MaxEntries).log(), ""},
		"proofs that are not":  {w.log(), string(canonical(t, spam))},
		"brackets":             {fill("["), ""},
		"newlines":             {fill("\n"), ""},
		"empty objects":        {fill("{}\n"), ""},
		"an entry of zeros":    {line(zeros), ""},
		"all entries of zeros": {dense.log(), ""},
		"an entry of names":    {line("{" + names.String() + `"y":1}`), ""},
		"a list of nothing":    {w.log(), "[" + strings.Repeat("{},", 1999) + "{}]"},
		"a string":             {`"` + fill("x"), ""},
		"a document of quotes": {line(`"` + strings.Repeat(`\"`, 40000) + `"`), ""},
	}
}

// TestCostOfHostileFiles holds memory to a multiple of what was sent. A canonical form takes up to 190 bytes for a
// value of two, but of one entry at a time. The test runs alone, for it counts all allocations.
func TestCostOfHostileFiles(t *testing.T) {
	w := newWriter(t, change{})
	for name, g := range hostile(t) {
		id := w.did()
		if scid := strings.Index(g.log, `"scid":"`); scid >= 0 {
			id = did.MustParse("did:webvh:" + g.log[scid+8:scid+8+46] + ":" + host)
		}
		r := didwebvh.Resolver{Fetch: g, Now: func() time.Time { return start.AddDate(9, 0, 0) }}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begin := time.Now()
		_, err := r.Resolve(t.Context(), id)
		took := time.Since(begin)
		runtime.ReadMemStats(&after)
		sent, used := len(g.log)+len(g.witness), after.TotalAlloc-before.TotalAlloc
		t.Logf("%-22s %8d bytes sent, %9d allocated in all, %8s: %v", name, sent, used, took.Round(time.Microsecond), err)
		if used > uint64(192*sent+1<<20) {
			t.Errorf("%s: %d bytes made us allocate %d", name, sent, used)
		}
	}
}

func BenchmarkResolve(b *testing.B) {
	for _, n := range []int{1, 10, 1000} {
		w := long(b, n)
		r := didwebvh.Resolver{Fetch: w.files(), Now: func() time.Time { return start.AddDate(9, 0, 0) }}
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Resolve(b.Context(), w.did()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
