package didwebvh_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/parley-im/parley/did"
)

var foreignNames = []string{"ts-rotation", "ts-deactivated", "ts-prerotation", "ts-moved", "ts-witnessed", "py-everything"}

// FuzzWebVH resolves the DIDs of testdata from any log and witness file. The fuzzer has no keys: whatever resolves
// must be a version that the owner wrote, with his document.
func FuzzWebVH(f *testing.F) {
	var known []foreign
	for _, name := range foreignNames {
		one := loadForeign(f, name)
		known = append(known, one)
		first, _, _ := strings.Cut(one.log, "\n")
		f.Add(one.log, one.witness)
		f.Add(first, one.witness)
		f.Add(strings.ReplaceAll(one.log, ",", " ,\t"), strings.ReplaceAll(one.witness, ":", ": "))
		f.Add(one.log+first, "["+one.witness+"]")
	}
	f.Add("", "")
	f.Add("{}\n{}", "[]")
	f.Add(`{"versionId":"1-Qm","versionTime":"","parameters":{},"state":{},"proof":[]}`, `[{"versionId":"","proof":[{}]}]`)
	f.Fuzz(func(t *testing.T, log, witness string) {
		at := max(0, slices.IndexFunc(known, func(k foreign) bool {
			return strings.Contains(log, strings.Split(k.id.String(), ":")[2])
		}))
		k := known[at]
		doc, err := k.resolve(t, log, witness)
		if err != nil {
			if doc != nil {
				t.Fatal("both a document and an error")
			}
			return
		}
		if doc.ID() != k.id {
			t.Fatalf("asked for %s, got %s", k.id, doc.ID())
		}
		n := slices.Index(k.versions, doc.Version())
		if n < 0 {
			t.Fatalf("version %s is forged", doc.Version())
		}
		own := strings.Join(strings.SplitAfter(k.log, "\n")[:n+1], "")
		if want, err := k.resolve(t, own, witness); err != nil || !bytes.Equal(doc.JSON(), want.JSON()) {
			t.Fatalf("version %s has a document that its owner did not write (%v)", doc.Version(), err)
		}
	})
}

// TestFuzzSeedsResolve makes sure that the fuzzer starts from logs that resolve, spaced or not.
func TestFuzzSeedsResolve(t *testing.T) {
	t.Parallel()
	for _, name := range foreignNames {
		k := loadForeign(t, name)
		spaced := strings.ReplaceAll(k.log, ",", " ,\t")
		if _, err := k.resolve(t, spaced, strings.ReplaceAll(k.witness, ",", ", ")); err != nil && !errors.Is(err, did.ErrDeactivated) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
