package keyfile_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/parley-im/parley/crypto/keyfile"
)

// memoryRing is a keyring in memory, which fails where it is told to.
type memoryRing struct {
	set, get, delete error // what the calls return, if not nil

	mu      sync.Mutex
	entries map[string]string // guarded by mu
}

func (r *memoryRing) Set(_ context.Context, account string, secret []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.set == nil {
		if r.entries == nil {
			r.entries = map[string]string{}
		}
		r.entries[account] = string(secret)
	}
	return r.set
}

func (r *memoryRing) Get(_ context.Context, account string) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.get != nil {
		return nil, r.get
	}
	secret, ok := r.entries[account]
	if !ok {
		return nil, keyfile.ErrEntry
	}
	return []byte(secret), nil
}

func (r *memoryRing) Delete(_ context.Context, account string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.delete == nil {
		delete(r.entries, account)
	}
	return r.delete
}

// replace puts the secret in place of all that the ring holds.
func (r *memoryRing) replace(secret string) {
	for account := range r.entries {
		r.entries[account] = secret
	}
}

var errLocked = errors.New("the collection is locked")

// inRing makes a key file under a new ring.
func inRing(t *testing.T) (path string, ring *memoryRing, id [32]byte) {
	t.Helper()
	path, ring = newPath(t), &memoryRing{}
	s, err := keyfile.Create(t.Context(), path, keyfile.Protection{Ring: ring})
	if err != nil {
		t.Fatal(err)
	}
	return path, ring, identify(s)
}

func TestKeyring(t *testing.T) {
	t.Parallel()
	path, ring, id := inRing(t)
	s, err := keyfile.Open(t.Context(), path, keyfile.Protection{Ring: ring})
	if err != nil {
		t.Fatal(err)
	}
	if identify(s) != id || s.Kind() != keyfile.Keyring || s.Protected() {
		t.Errorf("another root, or %v, protected %v", s.Kind(), s.Protected())
	}
	if kind, err := keyfile.KindOf(path); kind != keyfile.Keyring || err != nil {
		t.Errorf("KindOf: %v, %v", kind, err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for account, secret := range ring.entries {
		if !strings.Contains(string(data), `"ring":"`+account+`"`) || len(secret) != 32 || strings.Contains(string(data), secret) {
			t.Errorf("account %q with %d bytes of secret does not fit %s", account, len(secret), data)
		}
	}
	if other, _, _ := inRing(t); len(ring.entries) != 1 {
		t.Errorf("%d entries, and %s", len(ring.entries), other)
	}
}

func TestKeyringFails(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		harm func(p *keyfile.Protection, ring *memoryRing)
		want error
		not  error
	}{
		{"locked", func(_ *keyfile.Protection, r *memoryRing) { r.get = errLocked }, keyfile.ErrRing, keyfile.ErrEntry},
		{"none at hand", func(p *keyfile.Protection, _ *memoryRing) { p.Ring = nil }, keyfile.ErrRing, keyfile.ErrEntry},
		{"missing", func(_ *keyfile.Protection, r *memoryRing) { clear(r.entries) }, keyfile.ErrEntry, keyfile.ErrRing},
		{"another", func(_ *keyfile.Protection, r *memoryRing) { r.replace(strings.Repeat("x", 32)) }, keyfile.ErrEntry, keyfile.ErrDamaged},
		{"too short", func(_ *keyfile.Protection, r *memoryRing) { r.replace("x") }, keyfile.ErrEntry, keyfile.ErrDamaged},
		{"with a passphrase", func(p *keyfile.Protection, _ *memoryRing) { p.Passphrase = []byte("x") }, keyfile.ErrPassphrase, keyfile.ErrRing},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path, ring, _ := inRing(t)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			p := keyfile.Protection{Ring: ring}
			test.harm(&p, ring)
			_, open := keyfile.Open(t.Context(), path, p)
			change := keyfile.Change(t.Context(), path, p, keyfile.Protection{})
			for what, err := range map[string]error{"Open": open, "Change": change} {
				if !errors.Is(err, test.want) || errors.Is(err, test.not) {
					t.Errorf("%s: got %v, want %v", what, err, test.want)
				}
			}
			if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
				t.Errorf("the file has changed, %v", err)
			}
		})
	}
}

// A file is never made or replaced unless its secret is safe in the ring.
func TestKeyringThatDoesNotKeep(t *testing.T) {
	t.Parallel()
	for name, ring := range map[string]*memoryRing{"set": {set: errLocked}, "get": {get: errLocked}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := newPath(t)
			if _, err := keyfile.Create(t.Context(), path, keyfile.Protection{Ring: ring}); !errors.Is(err, keyfile.ErrRing) || !errors.Is(err, errLocked) {
				t.Errorf("got %v, want ErrRing", err)
			}
			if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("there is a file: %v", err)
			}
			id := identify(mustCreate(t, path, nil))
			if err := keyfile.Change(t.Context(), path, keyfile.Protection{}, keyfile.Protection{Ring: ring}); !errors.Is(err, keyfile.ErrRing) {
				t.Errorf("got %v, want ErrRing", err)
			}
			checkLife(t, path, "", id, false)
			if len(ring.entries) != 0 {
				t.Errorf("the ring holds %d entries", len(ring.entries))
			}
		})
	}
}

func TestCreateOverAFileLeavesNoEntry(t *testing.T) {
	t.Parallel()
	path, ring, _ := inRing(t)
	if _, err := keyfile.Create(t.Context(), path, keyfile.Protection{Ring: ring}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v, want fs.ErrExist", err)
	}
	if _, err := keyfile.Open(t.Context(), path, keyfile.Protection{Ring: ring}); err != nil || len(ring.entries) != 1 {
		t.Errorf("%d entries, %v", len(ring.entries), err)
	}
}

// From each kind to each: the root stays, the file says its kind, and no entry is left that nothing needs.
func TestChangeKind(t *testing.T) {
	t.Parallel()
	ring := &memoryRing{}
	kinds := []keyfile.Protection{{}, {Ring: ring}, {Ring: ring}, under([]byte("pass")), {Ring: ring}, {}, {Ring: ring, Passphrase: []byte("pass")}, {}}
	path := newPath(t)
	id := identify(mustCreate(t, path, nil))
	for i, p := range kinds[1:] {
		old := kinds[i]
		if err := keyfile.Change(t.Context(), path, old, p); err != nil {
			t.Fatalf("%d: from %s to %s: %v", i, old.Kind(), p.Kind(), err)
		}
		s, err := keyfile.Open(t.Context(), path, p)
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		if identify(s) != id || s.Kind() != p.Kind() {
			t.Errorf("%d: another root, or %s instead of %s", i, s.Kind(), p.Kind())
		}
		want := 0
		if p.Kind() == keyfile.Keyring {
			want = 1
		}
		if len(ring.entries) != want {
			t.Errorf("%d: %d entries in the ring, want %d", i, len(ring.entries), want)
		}
		checkAlone(t, path)
	}
}

// An entry that cannot be removed is litter, and no error.
func TestChangeLeavesAnEntryThatStays(t *testing.T) {
	t.Parallel()
	path, ring, id := inRing(t)
	ring.delete = errLocked
	if err := keyfile.Change(t.Context(), path, keyfile.Protection{Ring: ring}, keyfile.Protection{}); err != nil {
		t.Fatal(err)
	}
	checkLife(t, path, "", id, false)
}

func TestRemove(t *testing.T) {
	t.Parallel()
	path, ring, _ := inRing(t)
	if err := keyfile.Remove(t.Context(), path, ring); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) || len(ring.entries) != 0 {
		t.Errorf("%v, %d entries", err, len(ring.entries))
	}
	if err := keyfile.Remove(t.Context(), path, ring); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("again: %v", err)
	}
	damaged := writeKeyFile(t, []byte("no keys"))
	if err := keyfile.Remove(t.Context(), damaged, nil); err != nil {
		t.Errorf("a damaged one: %v", err)
	}
}

// Unprotected and Import carry the root from one file to another.
func TestImport(t *testing.T) {
	t.Parallel()
	path, ring, id := inRing(t)
	s, err := keyfile.Open(t.Context(), path, keyfile.Protection{Ring: ring})
	if err != nil {
		t.Fatal(err)
	}
	text, err := s.Unprotected()
	if err != nil {
		t.Fatal(err)
	}
	other := newPath(t)
	fresh := &memoryRing{}
	got, err := keyfile.Import(t.Context(), other, text, keyfile.Protection{Ring: fresh})
	if err != nil {
		t.Fatal(err)
	}
	if identify(got) != id || got.Kind() != keyfile.Keyring || len(fresh.entries) != 1 {
		t.Errorf("another root, %v, or %d entries", got.Kind(), len(fresh.entries))
	}
	checkLife(t, writeKeyFile(t, text), "", id, false)
	if _, err := keyfile.Import(t.Context(), other, text, keyfile.Protection{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a file: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Unprotected(); !errors.Is(err, keyfile.ErrClosed) {
		t.Errorf("of a closed store: %v", err)
	}
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"protected.key", "keyring.key", "golden.json"} {
		text, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		path := newPath(t)
		if _, err := keyfile.Import(t.Context(), path, text, keyfile.Protection{}); !errors.Is(err, keyfile.ErrDamaged) {
			t.Errorf("%s: got %v, want ErrDamaged", name, err)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: there is a file: %v", name, err)
		}
	}
}
