package didwebvh_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didwebvh"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	second, third := newSigner(t), newSigner(t)
	keys := func(ss ...signer) []string {
		var out []string
		for _, s := range ss {
			out = append(out, s.multikey)
		}
		return out
	}
	promise := func(s signer) []string { return []string{hash([]byte(s.multikey))} }
	tests := map[string]func(t *testing.T) *writer{
		"one entry": func(t *testing.T) *writer { return newWriter(t, change{}) },
		"an update": func(t *testing.T) *writer {
			return newWriter(t, change{}).add(change{state: func(s object) { s["alsoKnownAs"] = []string{"did:web:example.com"} }})
		},
		"rotated keys": func(t *testing.T) *writer {
			w := newWriter(t, change{})
			w.add(change{params: object{"updateKeys": keys(second)}})
			return w.add(change{signers: []signer{second}})
		},
		"two keys, both sign": func(t *testing.T) *writer {
			w := newWriter(t, change{}).add(change{params: object{"updateKeys": keys(second, third)}})
			return w.add(change{signers: []signer{second, third}})
		},
		"pre-rotation": func(t *testing.T) *writer {
			w := newWriter(t, change{params: object{"nextKeyHashes": promise(second)}})
			w.add(change{params: object{"updateKeys": keys(second), "nextKeyHashes": promise(third)}, signers: []signer{second}})
			return w.add(change{params: object{"updateKeys": keys(third), "nextKeyHashes": promise(second)}, signers: []signer{third}})
		},
		"pre-rotation that ends": func(t *testing.T) *writer {
			w := newWriter(t, change{params: object{"nextKeyHashes": promise(second)}})
			w.add(change{params: object{"updateKeys": keys(second), "nextKeyHashes": []string{}}, signers: []signer{second}})
			w.add(change{params: object{"updateKeys": keys(third)}, signers: []signer{second}})
			return w.add(change{signers: []signer{third}})
		},
		"pre-rotation that starts late": func(t *testing.T) *writer {
			w := newWriter(t, change{}).add(change{params: object{"nextKeyHashes": promise(third)}})
			return w.add(change{params: object{"updateKeys": keys(third), "nextKeyHashes": promise(second)}, signers: []signer{third}})
		},
		"moved": func(t *testing.T) *writer {
			w := newWriter(t, change{params: object{"portable": true}})
			return w.move("example.org%3A8443:ada", nil)
		},
		"null parameters": func(t *testing.T) *writer {
			w := newWriter(t, change{params: object{"nextKeyHashes": nil, "witness": nil, "watchers": nil, "ttl": nil, "portable": nil, "deactivated": nil}})
			return w.add(change{params: object{"nextKeyHashes": nil, "witness": object{}, "watchers": []string{"https://example.net"}, "ttl": 60}})
		},
		"the method said again": func(t *testing.T) *writer {
			return newWriter(t, change{}).add(change{params: object{"method": "did:webvh:1.0"}})
		},
		"one proof without an array": func(t *testing.T) *writer {
			return newWriter(t, change{sealed: func(e object) { e["proof"] = e["proof"].([]object)[0] }})
		},
		"a proof with more members": func(t *testing.T) *writer {
			return newWriter(t, change{proof: object{"id": "urn:uuid:1", "nonce": "ü\u2028", "expires": "2030-01-01T00:00:00Z"}})
		},
		"unusual times": func(t *testing.T) *writer {
			w := newWriter(t, change{entry: func(e object) { e["versionTime"] = "2025-01-01T12:00:00.123+00:00" }})
			return w.add(change{entry: func(e object) { e["versionTime"] = "2025-01-01T12:00:00.124Z" }})
		},
		"a clock slightly ahead": func(t *testing.T) *writer {
			return newWriter(t, change{entry: func(e object) { e["versionTime"] = now().Add(4 * time.Minute).Format(time.RFC3339) }})
		},
		"numbers, escapes and names that need sorting": func(t *testing.T) *writer {
			return newWriter(t, change{state: func(s object) {
				s["extra"] = object{"\U0001F600": 1e21, "\uFB33": 0.1, "{SCID}": math.Copysign(0, -1), "a\u0001/": "\u2028\\\"", "B": []any{nil, true, 1e-7}}
			}})
		},
		"without a last newline": func(t *testing.T) *writer {
			w := newWriter(t, change{})
			w.lines[0] += " \r"
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
			if doc.ID() != w.did() {
				t.Errorf("the document is about %s", doc.ID())
			}
			if doc.Version() != w.last {
				t.Errorf("version %s, want %s", doc.Version(), w.last)
			}
			if diff := cmp.Diff(string(canonical(t, w.state)), string(doc.JSON())); diff != "" {
				t.Errorf("document (-written +resolved):\n%s", diff)
			}
		})
	}
}

// move adds an entry that moves the DID to another host.
func (w *writer) move(to string, params object) *writer {
	w.t.Helper()
	old := w.did()
	w.host = to
	return w.add(change{params: params, state: func(s object) {
		s["id"] = w.did().String()
		s["alsoKnownAs"] = []string{old.String()}
	}})
}

func TestKeysOfTheDocument(t *testing.T) {
	t.Parallel()
	w := newWriter(t, change{})
	doc, err := w.resolve()
	if err != nil {
		t.Fatal(err)
	}
	kid := did.URL{DID: w.did(), Fragment: "sign"}
	key, err := doc.Key(kid, crypto.Authentication)
	if err != nil {
		t.Fatal(err)
	}
	if key.Multikey() != w.own.multikey {
		t.Errorf("authentication key %s, want %s", key, w.own.multikey)
	}
	if n := len(doc.KeyAgreement()); n != 1 {
		t.Errorf("%d agreement keys, want 1", n)
	}
}

func TestMovedAway(t *testing.T) {
	t.Parallel()
	w := newWriter(t, change{params: object{"portable": true}})
	old, at := w.did(), w.files()
	w.move("example.org", nil)
	for url := range at {
		at[url] = w.log()
	}
	_, err := didwebvh.Resolver{Fetch: at, Now: now}.Resolve(t.Context(), old)
	if !errors.Is(err, did.ErrInvalid) || !strings.Contains(err.Error(), w.did().String()) {
		t.Errorf("the old DID gives %v, want an error that names the new one", err)
	}
}

func TestDeactivated(t *testing.T) {
	t.Parallel()
	tests := map[string]func(t *testing.T) *writer{
		"from the start": func(t *testing.T) *writer { return newWriter(t, change{params: object{"deactivated": true}}) },
		"later": func(t *testing.T) *writer {
			return newWriter(t, change{}).add(change{params: object{"deactivated": true, "updateKeys": []string{}}})
		},
		"moved before": func(t *testing.T) *writer {
			w := newWriter(t, change{params: object{"portable": true}}).move("example.org", nil)
			return w.add(change{params: object{"deactivated": true}})
		},
	}
	for name, write := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := write(t).resolve(); !errors.Is(err, did.ErrDeactivated) || errors.Is(err, did.ErrInvalid) {
				t.Errorf("got %v, want ErrDeactivated alone", err)
			}
		})
	}
}

func TestSeen(t *testing.T) {
	t.Parallel()
	w := newWriter(t, change{})
	first := w.last
	w.add(change{}).add(change{})
	last := w.last
	// Somebody with the first key writes another second entry.
	forged := *w
	forged.lines, forged.last = w.lines[:1:1], first
	forged.add(change{params: object{"deactivated": true}})
	short := *w
	short.lines = w.lines[:2]

	broken := errors.New("disk failure")
	tests := map[string]struct {
		log  *writer
		seen string
		err  error // of Seen
		want error
	}{
		"nothing seen":            {log: w},
		"the first one":           {log: w, seen: first},
		"the last one":            {log: w, seen: last},
		"cut short":               {log: &short, seen: last, want: did.ErrRewritten},
		"rewritten, deactivated":  {log: &forged, seen: last, want: did.ErrRewritten},
		"rewritten, never seen":   {log: &forged, seen: first, want: did.ErrDeactivated},
		"not even a version":      {log: w, seen: "x", want: did.ErrRewritten},
		"right hash, wrong place": {log: w, seen: "9" + last[1:], want: did.ErrRewritten},
		"nobody knows":            {log: w, err: broken, want: broken},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := func(_ context.Context, id did.DID) (string, error) {
				if id != w.did() {
					t.Errorf("asked for %s", id)
				}
				return tt.seen, tt.err
			}
			doc, err := didwebvh.Resolver{Fetch: tt.log.files(), Now: now, Seen: seen}.Resolve(t.Context(), w.did())
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if tt.want == nil && doc.Version() != last {
				t.Errorf("version %s, want %s", doc.Version(), last)
			}
			if tt.want == did.ErrRewritten && errors.Is(err, did.ErrDeactivated) {
				t.Error("a rewritten log must not deactivate")
			}
		})
	}
}

func TestResolverWithoutALog(t *testing.T) {
	t.Parallel()
	w := newWriter(t, change{})
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := map[string]struct {
		ctx      context.Context
		resolver didwebvh.Resolver
		id       did.DID
		want     error
	}{
		"another method": {t.Context(), didwebvh.Resolver{Fetch: w.files()}, did.MustParse("did:web:example.com"), did.ErrMethod},
		"not found":      {t.Context(), didwebvh.Resolver{Fetch: files{}}, w.did(), did.ErrNotFound},
		"cancelled":      {cancelled, didwebvh.Resolver{Fetch: w.files()}, w.did(), context.Canceled},
		"zero DID":       {t.Context(), didwebvh.Resolver{Fetch: w.files()}, did.DID{}, did.ErrMethod},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := tt.resolver.Resolve(tt.ctx, tt.id); !errors.Is(err, tt.want) || errors.Is(err, did.ErrInvalid) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	if _, err := (didwebvh.Resolver{}).Resolve(t.Context(), w.did()); err == nil {
		t.Error("a resolver without a Fetcher resolves")
	}
}

// TestFutureIsTemporary holds the resolver to asking again when a clock may be wrong, and to the real clock when it
// is given none.
func TestFutureIsTemporary(t *testing.T) {
	t.Parallel()
	w := newWriter(t, change{entry: func(e object) { e["versionTime"] = "9999-01-01T00:00:00Z" }})
	_, err := didwebvh.Resolver{Fetch: w.files()}.Resolve(t.Context(), w.did())
	if err == nil || errors.Is(err, did.ErrInvalid) || !strings.Contains(err.Error(), "clock") {
		t.Errorf("got %v, want a temporary error about the clock", err)
	}
	late := func() time.Time { return time.Date(9999, 1, 2, 0, 0, 0, 0, time.UTC) }
	if _, err := (didwebvh.Resolver{Fetch: w.files(), Now: late}).Resolve(t.Context(), w.did()); err != nil {
		t.Errorf("once its time has come: %v", err)
	}
}
