package didwebvh_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didwebvh"
)

// trio are three witnesses.
func trio(t testing.TB) (a, b, c signer) { return newSigner(t), newSigner(t), newSigner(t) }

func TestWitnesses(t *testing.T) {
	t.Parallel()
	a, b, c := trio(t)
	tests := map[string]func(t *testing.T) *writer{
		"from the start": func(t *testing.T) *writer { return newWriter(t, change{params: witnesses(1, a)}).approve(a) },
		"two of three": func(t *testing.T) *writer {
			return newWriter(t, change{params: witnesses(2, a, b, c)}).approve(c, a)
		},
		"a later proof stands for the earlier entries": func(t *testing.T) *writer {
			return newWriter(t, change{params: witnesses(2, a, b)}).add(change{}).add(change{}).approve(a, b)
		},
		"each has approved of another last entry": func(t *testing.T) *writer {
			w := newWriter(t, change{params: witnesses(1, a, b)}).add(change{}).approve(a)
			return w.add(change{}).approve(b)
		},
		"every entry approved, never pruned": func(t *testing.T) *writer {
			w := newWriter(t, change{params: witnesses(2, a, b)}).approve(a, b).add(change{}).approve(a, b)
			return w.add(change{}).approve(a, b)
		},
		"from the second entry on": func(t *testing.T) *writer {
			return newWriter(t, change{}).add(change{params: witnesses(1, a)}).approve(a)
		},
		"replaced by others": func(t *testing.T) *writer {
			w := newWriter(t, change{params: witnesses(1, a)})
			return w.add(change{params: witnesses(1, b)}).approve(a).add(change{}).approve(b)
		},
		"no more": func(t *testing.T) *writer {
			w := newWriter(t, change{params: witnesses(1, a)})
			return w.add(change{params: object{"witness": object{}}}).approve(a).add(change{})
		},
		"no more by null, then others": func(t *testing.T) *writer {
			w := newWriter(t, change{params: witnesses(1, a)}).add(change{params: object{"witness": nil}}).approve(a)
			return w.add(change{params: witnesses(1, b)}).approve(b)
		},
		"strangers and bad proofs beside good ones": func(t *testing.T) *writer {
			w := newWriter(t, change{params: witnesses(1, a)}).approve(c, a)
			bad := a.prove(t, object{"versionId": w.last}, object{"proofPurpose": "authentication"})
			w.witnessed = append(w.witnessed, object{"versionId": w.last, "proof": []object{bad}})
			return w
		},
		"an entry of the file without proofs": func(t *testing.T) *writer {
			w := newWriter(t, change{params: witnesses(1, a)}).approve(a)
			w.witnessed = append(w.witnessed, object{"versionId": w.last})
			return w
		},
		"the file runs ahead of the log": func(t *testing.T) *writer {
			w := newWriter(t, change{params: witnesses(1, a)}).approve(a).add(change{}).approve(a)
			w.lines = w.lines[:1]
			w.last = w.witnessed[0]["versionId"].(string)
			return w
		},
	}
	for name, write := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := write(t)
			doc, err := w.resolve()
			if err != nil {
				t.Fatal(err)
			}
			if doc.Version() != w.last {
				t.Errorf("version %s, want %s", doc.Version(), w.last)
			}
		})
	}
}

func TestTooFewWitnesses(t *testing.T) {
	t.Parallel()
	a, b, c := trio(t)
	// asked is a log whose one entry a must approve of, with proofs that f makes over its versionId.
	asked := func(f func(t *testing.T, w *writer) []object) func(*testing.T) *writer {
		return func(t *testing.T) *writer {
			w := newWriter(t, change{params: witnesses(1, a)})
			w.witnessed = []object{{"versionId": w.last, "proof": f(t, w)}}
			return w
		}
	}
	over := func(options object) func(*testing.T) *writer {
		return asked(func(t *testing.T, w *writer) []object {
			return []object{a.prove(t, object{"versionId": w.last}, options)}
		})
	}
	refuse(t, did.ErrInvalid, map[string]refusal{
		"one of two": {func(t *testing.T) *writer { return newWriter(t, change{params: witnesses(2, a, b, c)}).approve(a) }, "entry 1: invalid: 1 of 3 witnesses approve of it, want 2"},
		"one twice": {func(t *testing.T) *writer {
			return newWriter(t, change{params: witnesses(2, a, b)}).approve(a, a).approve(a)
		}, "1 of 2"},
		"only a stranger": {func(t *testing.T) *writer { return newWriter(t, change{params: witnesses(1, a)}).approve(b) }, "0 of 1"},
		"only the own key": {func(t *testing.T) *writer {
			w := newWriter(t, change{params: witnesses(1, a)})
			return w.approve(w.own)
		}, "0 of 1"},
		"the last entry is not": {func(t *testing.T) *writer {
			return newWriter(t, change{params: witnesses(1, a)}).approve(a).add(change{})
		}, "entry 2: "},
		"new ones before their time": {func(t *testing.T) *writer {
			return newWriter(t, change{params: witnesses(1, a)}).approve(a).add(change{params: witnesses(1, b)}).approve(b)
		}, "entry 2: "},
		"old ones after their time": {func(t *testing.T) *writer {
			w := newWriter(t, change{params: witnesses(1, a)}).add(change{params: witnesses(1, b)})
			return w.add(change{}).approve(a)
		}, "entry 3: "},
		"ended without approval": {func(t *testing.T) *writer {
			return newWriter(t, change{params: witnesses(1, a)}).approve(a).add(change{params: object{"witness": object{}}})
		}, "entry 2: "},
		"begun without approval": {func(t *testing.T) *writer {
			w := newWriter(t, change{}).approve(a)
			return w.add(change{params: witnesses(1, a)})
		}, "entry 2: "},
		"deactivated without approval": {func(t *testing.T) *writer {
			return newWriter(t, change{params: witnesses(1, a)}).approve(a).add(change{params: object{"deactivated": true}})
		}, "entry 2: "},
		"a proof of the unpublished": {func(t *testing.T) *writer {
			w := newWriter(t, change{params: witnesses(1, a)}).add(change{}).approve(a)
			w.lines = w.lines[:1]
			return w
		}, "0 of 1"},
		"a proof over another version": {asked(func(t *testing.T, w *writer) []object {
			return []object{a.prove(t, object{"versionId": w.scid}, nil)}
		}), "not counted: a proof over 1-Qm"},
		"a proof over the whole entry": {asked(func(t *testing.T, w *writer) []object {
			return []object{a.prove(t, w.state, nil)}
		}), "signature"},
		"a proof over more": {asked(func(t *testing.T, w *writer) []object {
			return []object{a.prove(t, object{"versionId": w.last, "x": 1}, nil)}
		}), "signature"},
		"a proof of another DID": {asked(func(t *testing.T, _ *writer) []object {
			other := newWriter(t, change{params: witnesses(1, a)})
			return []object{a.prove(t, object{"versionId": other.last}, nil)}
		}), "signature"},
		"signed by another": {asked(func(t *testing.T, w *writer) []object {
			return []object{b.prove(t, object{"versionId": w.last}, object{"verificationMethod": a.did() + "#" + a.multikey})}
		}), "signature"},
		"halves of two keys": {asked(func(t *testing.T, w *writer) []object {
			return []object{b.prove(t, object{"versionId": w.last}, object{"verificationMethod": b.did() + "#" + a.multikey})}
		}), "did:key:K#K"},
		"purpose":     {over(object{"proofPurpose": "authentication"}), "proofPurpose"},
		"cryptosuite": {over(object{"cryptosuite": "eddsa-rdfc-2022"}), "cryptosuite"},
		"expired":     {over(object{"expires": "2025-02-01T00:00:00Z"}), "expired"},
	})
}

func TestBrokenWitnessFile(t *testing.T) {
	t.Parallel()
	a := newSigner(t)
	w := newWriter(t, change{params: witnesses(1, a)}).approve(a)
	good := string(canonical(t, w.witnessed))
	proof := strings.TrimSuffix(strings.TrimPrefix(good[strings.Index(good, `"proof":`):], `"proof":[`), `],"versionId":"`+w.last+`"}]`)
	tests := map[string]struct{ text, want string }{
		"empty":              {"", "EOF"},
		"no JSON":            {"<html>", "witness file"},
		"an object":          {`{"versionId":"1"}`, "array"},
		"of numbers":         {"[1]", "witness file"},
		"proof an object":    {`[{"versionId":"1","proof":{}}]`, "array"},
		"duplicate member":   {strings.Replace(good, `{"created"`, `{"type":"x","created"`, 1), "duplicate"},
		"deep":               {strings.Repeat("[", 100000), "deeper"},
		"two values":         {good + good, "witness file"},
		"too many versions":  {"[" + strings.Repeat("{},", 2*didwebvh.MaxEntries) + "{}]", "more than 2000"},
		"too many proofs":    {"[" + strings.Repeat(`{"proof":[`+strings.Repeat("1,", 63)+"1]},", didwebvh.MaxWitnessProofs/64) + `{"proof":[1]}]`, "more than 4096 proofs"},
		"too many of one":    {`[{"proof":[` + strings.Repeat("1,", didwebvh.MaxKeys) + "1]}]", "more than 64"},
		"too many values":    {`[{"x":[` + strings.Repeat("1,", 200000) + "1]}]", "names and values"},
		"proofs of no shape": {strings.Replace(good, proof, `1,"x",null,[],{}`, 1), "0 of 1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := maps.Clone(w.files())
			for url := range at {
				if strings.HasSuffix(url, "did-witness.json") {
					at[url] = tt.text
				}
			}
			_, err := didwebvh.Resolver{Fetch: at, Now: now}.Resolve(t.Context(), w.did())
			if !errors.Is(err, did.ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want it to name %q", err, tt.want)
			}
		})
	}
	t.Run("missing", func(t *testing.T) {
		t.Parallel()
		w := newWriter(t, change{params: witnesses(1, a)})
		if _, err := w.resolve(); !errors.Is(err, did.ErrNotFound) || !strings.Contains(err.Error(), "did-witness.json") {
			t.Errorf("got %v, want ErrNotFound for the witness file", err)
		}
	})
}

// TestUnaskedWitnessFile makes sure that a log without witnesses costs one request.
func TestUnaskedWitnessFile(t *testing.T) {
	t.Parallel()
	w := newWriter(t, change{})
	w.witnessed = []object{{"nonsense": true}}
	if _, err := w.resolve(); err != nil {
		t.Errorf("a witness file that nobody needs matters: %v", err)
	}
}
