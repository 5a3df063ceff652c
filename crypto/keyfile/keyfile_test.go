package keyfile_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/keyfile"
)

func mustCreate(t *testing.T, path string, passphrase []byte) *keyfile.Store {
	t.Helper()
	s, err := keyfile.Create(t.Context(), path, under(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// under is the protection by a passphrase, or by none if it is empty.
func under(passphrase []byte) keyfile.Protection { return keyfile.Protection{Passphrase: passphrase} }

// identify returns something that only the same root gives.
func identify(s *keyfile.Store) [32]byte { return s.Subkey("identity") }

// One file through its whole life. Each step under a passphrase costs 64 MiB, so there are few.
func TestLife(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := mustCreate(t, path, []byte("first"))
	id := identify(s)
	checkLife(t, path, "first", id, s.Protected())
	refusePassphrase(t, path, "wrong")
	refusePassphrase(t, path, "")

	change := func(old, new string) {
		t.Helper()
		if err := keyfile.Change(t.Context(), path, under([]byte(old)), under([]byte(new))); err != nil {
			t.Fatal(err)
		}
	}
	if err := keyfile.Change(t.Context(), path, under([]byte("wrong")), under([]byte("second"))); !errors.Is(err, keyfile.ErrPassphrase) {
		t.Errorf("changed with a wrong passphrase: %v", err)
	}
	change("first", "second")
	refusePassphrase(t, path, "first")
	checkLife(t, path, "second", id, true)
	change("second", "")
	refusePassphrase(t, path, "second")
	checkLife(t, path, "", id, false)
	change("", "third")
	refusePassphrase(t, path, "")
	checkLife(t, path, "third", id, true)
	if identify(s) != id {
		t.Error("a store that was open has changed")
	}
}

// checkLife opens the file and checks what does not change over its life.
func checkLife(t *testing.T, path, passphrase string, id [32]byte, protected bool) {
	t.Helper()
	kind, err := keyfile.KindOf(path)
	if want := under([]byte(passphrase)).Kind(); err != nil || kind != want || protected != (kind == keyfile.Passphrase) {
		t.Errorf("KindOf: %v, %v, want %v", kind, err, want)
	}
	s, err := keyfile.Open(t.Context(), path, under([]byte(passphrase)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if identify(s) != id {
		t.Error("the root has changed")
	}
	for p, want := range map[string]fs.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", p, info.Mode().Perm(), want)
		}
	}
	checkAlone(t, path)
}

// checkAlone fails if the folder holds anything but the key file.
func checkAlone(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != filepath.Base(path) {
		t.Errorf("the folder holds %v", entries)
	}
}

func refusePassphrase(t *testing.T, path, passphrase string) {
	t.Helper()
	if _, err := keyfile.Open(t.Context(), path, under([]byte(passphrase))); !errors.Is(err, keyfile.ErrPassphrase) || errors.Is(err, keyfile.ErrDamaged) {
		t.Errorf("%q: got %v, want ErrPassphrase", passphrase, err)
	}
}

func TestCreateNeverOverwrites(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{"wallet": "", "other file": "something else"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := writeKeyFile(t, []byte(content))
			if content == "" {
				path = newPath(t)
				mustCreate(t, path, nil)
			}
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := keyfile.Create(t.Context(), path, keyfile.Protection{}); !errors.Is(err, fs.ErrExist) {
				t.Errorf("got %v, want fs.ErrExist", err)
			}
			after, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(before, after) {
				t.Error("the file was overwritten")
			}
			checkAlone(t, path)
		})
	}
}

// Of many that create at once one wins, and the file is its own.
func TestCreateConcurrently(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		won  []*keyfile.Store
		fail []error
	)
	for range 8 {
		wg.Go(func() {
			s, err := keyfile.Create(t.Context(), path, keyfile.Protection{})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				fail = append(fail, err)
				return
			}
			won = append(won, s)
		})
	}
	wg.Wait()
	for _, err := range fail {
		if !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	}
	if len(won) != 1 {
		t.Fatalf("%d have won: %v", len(won), fail)
	}
	s, err := keyfile.Open(t.Context(), path, keyfile.Protection{})
	if err != nil {
		t.Fatal(err)
	}
	if identify(s) != identify(won[0]) {
		t.Error("the file is not the winner's")
	}
	checkAlone(t, path)
}

func TestModes(t *testing.T) {
	t.Parallel()
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o644, 0o660, 0o620, 0o601, 0o700, 0o777} {
		path := newPath(t)
		mustCreate(t, path, nil)
		chmod(t, path, mode)
		refuseMode(t, path, keyfile.ErrMode{Path: path, Mode: mode, Want: 0o600})
	}
	for _, mode := range []fs.FileMode{0o750, 0o705, 0o755, 0o770, 0o711, 0o777} {
		path := newPath(t)
		mustCreate(t, path, nil)
		dir := filepath.Dir(path)
		chmod(t, dir, mode)
		refuseMode(t, path, keyfile.ErrMode{Path: dir, Mode: mode, Want: 0o700})
		var e keyfile.ErrMode
		if _, err := keyfile.Create(t.Context(), filepath.Join(dir, "new"), keyfile.Protection{}); !errors.As(err, &e) {
			t.Errorf("created in a folder of mode %o: %v", mode, err)
		}
	}
	path := newPath(t)
	mustCreate(t, path, nil)
	chmod(t, path, 0o400)
	if _, err := keyfile.Open(t.Context(), path, keyfile.Protection{}); err != nil {
		t.Errorf("a stricter mode: %v", err)
	}
}

func chmod(t *testing.T, path string, mode fs.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func refuseMode(t *testing.T, path string, want keyfile.ErrMode) {
	t.Helper()
	_, open := keyfile.Open(t.Context(), path, keyfile.Protection{})
	_, kind := keyfile.KindOf(path)
	change := keyfile.Change(t.Context(), path, keyfile.Protection{}, under([]byte("x")))
	for name, err := range map[string]error{"Open": open, "KindOf": kind, "Change": change} {
		var got keyfile.ErrMode
		if !errors.As(err, &got) || got != want {
			t.Errorf("%s: got %v, want %v", name, err, want)
			continue
		}
		if fix := fmt.Sprintf("chmod %04o '%s'", want.Want, want.Path); !strings.Contains(err.Error(), fix) {
			t.Errorf("%q does not say %q", err, fix)
		}
	}
}

func TestModeErrorQuotesPath(t *testing.T) {
	t.Parallel()
	err := keyfile.ErrMode{Path: "/it's here; rm -rf", Mode: 0o644, Want: 0o600}
	want := `/it's here; rm -rf has mode 0644 and is open to others: run chmod 0600 '/it'\''s here; rm -rf'`
	if err.Error() != want {
		t.Errorf("got %s, want %s", err, want)
	}
}

func TestOpenRefusesWhatIsNoKeyFile(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile("testdata/plain.key")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string][]byte{
		"empty":            {},
		"text":             []byte("hello\nworld\n!\n"),
		"too long":         bytes.Repeat([]byte("\n"), 5000),
		"appended":         append(bytes.Clone(good), 'x'),
		"appended newline": append(bytes.Clone(good), '\n'),
		"prepended":        append([]byte{'\n'}, good...),
		"twice":            append(bytes.Clone(good), good...),
		"DOS line ends":    bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")),
	}
	for name, data := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refuseDamaged(t, writeKeyFile(t, data))
		})
	}
	t.Run("missing", func(t *testing.T) {
		t.Parallel()
		path := newPath(t)
		if _, err := keyfile.Open(t.Context(), path, keyfile.Protection{}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v, want fs.ErrNotExist", err)
		}
	})
	t.Run("folder", func(t *testing.T) {
		t.Parallel()
		path := newPath(t)
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
		chmod(t, filepath.Dir(path), 0o700)
		refuseDamaged(t, path)
	})
}

func refuseDamaged(t *testing.T, path string) {
	t.Helper()
	_, open := keyfile.Open(t.Context(), path, keyfile.Protection{})
	_, kind := keyfile.KindOf(path)
	change := keyfile.Change(t.Context(), path, keyfile.Protection{}, under([]byte("x")))
	for name, err := range map[string]error{"Open": open, "KindOf": kind, "Change": change} {
		if !errors.Is(err, keyfile.ErrDamaged) {
			t.Errorf("%s: got %v, want ErrDamaged", name, err)
		}
	}
}

// Every byte of the file changed, and every truncation, on disk.
func TestEveryDamageIsFound(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"plain.key", "protected.key", "keyring.key"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := copyGolden(t, name)
			good, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			check := func(what string, data []byte) {
				if err := os.WriteFile(path, data, 0o600); err != nil {
					t.Fatal(err)
				}
				if _, err := keyfile.Open(t.Context(), path, keyfile.Protection{}); !errors.Is(err, keyfile.ErrDamaged) {
					t.Errorf("%s: got %v, want ErrDamaged", what, err)
				}
			}
			for i := range good {
				bad := bytes.Clone(good)
				bad[i] ^= 1 << (i % 8)
				check(fmt.Sprintf("byte %d flipped", i), bad)
				check(fmt.Sprintf("cut at %d", i), good[:i])
			}
		})
	}
}

// What a crash leaves behind holds a root, so the next write removes it; until then it disturbs
// nobody.
func TestLeftoverTempFiles(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := mustCreate(t, path, nil)
	dir := filepath.Dir(path)
	for _, name := range []string{".wallet.key.tmp-123", ".wallet.key.tmp-"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half a ke"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mine := filepath.Join(dir, "wallet.key.backup")
	if err := os.WriteFile(mine, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keyfile.Open(t.Context(), path, keyfile.Protection{}); err != nil {
		t.Fatal(err)
	}
	if err := keyfile.Change(t.Context(), path, keyfile.Protection{}, keyfile.Protection{}); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(mine); err != nil {
		t.Errorf("a file of somebody else is gone: %v", err)
	}
	checkLife(t, path, "", identify(s), false)
}

func TestChangeFails(t *testing.T) {
	t.Parallel()
	if err := keyfile.Change(t.Context(), newPath(t), keyfile.Protection{}, keyfile.Protection{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: got %v, want fs.ErrNotExist", err)
	}
	path := newPath(t)
	mustCreate(t, path, nil)
	if err := keyfile.Change(t.Context(), path, under([]byte("x")), under([]byte("y"))); !errors.Is(err, keyfile.ErrPassphrase) {
		t.Errorf("old passphrase for an unprotected file: got %v, want ErrPassphrase", err)
	}
}

// A new salt and nonce each time: else one key would seal two files.
func TestChangeMakesNewSalt(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	mustCreate(t, path, nil)
	seen := map[string]bool{}
	for range 5 {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range []string{"salt", "nonce"} {
			_, rest, _ := strings.Cut(string(data), `"`+field+`":"`)
			value, _, _ := strings.Cut(rest, `"`)
			if value == "" || seen[value] {
				t.Errorf("%s %q is empty or seen before", field, value)
			}
			seen[value] = true
		}
		if err := keyfile.Change(t.Context(), path, keyfile.Protection{}, keyfile.Protection{}); err != nil {
			t.Fatal(err)
		}
	}
}

// Readers see one whole file or the other while the passphrase changes.
func TestOpenDuringChange(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := mustCreate(t, path, nil)
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(done)
		for range 30 {
			if err := keyfile.Change(t.Context(), path, keyfile.Protection{}, keyfile.Protection{}); err != nil {
				t.Error(err)
			}
		}
	})
	for {
		got, err := keyfile.Open(t.Context(), path, keyfile.Protection{})
		if err != nil {
			t.Error(err)
		} else if identify(got) != identify(s) {
			t.Error("another root")
		}
		select {
		case <-done:
			wg.Wait()
			return
		default:
		}
	}
}

var _ crypto.KeyStore = (*keyfile.Store)(nil)
