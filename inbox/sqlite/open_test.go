package sqlite_test

import (
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/inbox/memory"
	"github.com/parley-im/parley/inbox/sqlite"
)

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil  func(t *testing.T, path string)
		subkey func(string) [32]byte
		want   error
		text   string
	}{
		"another key": {
			subkey: func(label string) [32]byte { return sha256.Sum256([]byte("other " + label)) },
			want:   inbox.ErrDamaged, text: "this key does not open it",
		},
		"a newer schema": {
			spoil: func(t *testing.T, path string) { run(t, raw(t, path), "PRAGMA user_version = 99") },
			want:  inbox.ErrSchema, text: "schema version 99",
		},
		"a file that others may read": {
			spoil: func(t *testing.T, path string) { noErr(t, os.Chmod(path, 0o640)) },
			want:  fs.ErrPermission, text: "mode 0640, looser than 0600: run chmod 600",
		},
		"a file that runs": {
			spoil: func(t *testing.T, path string) { noErr(t, os.Chmod(path, 0o700)) },
			want:  fs.ErrPermission, text: "mode 0700",
		},
		"a log that others may read": {
			spoil: func(t *testing.T, path string) {
				noErr(t, os.WriteFile(path+"-wal", nil, 0o600))
				noErr(t, os.Chmod(path+"-wal", 0o604))
			},
			want: fs.ErrPermission, text: "wallet.db-wal has mode 0604",
		},
		"an index that others may write": {
			spoil: func(t *testing.T, path string) {
				noErr(t, os.WriteFile(path+"-shm", nil, 0o600))
				noErr(t, os.Chmod(path+"-shm", 0o620))
			},
			want: fs.ErrPermission, text: "wallet.db-shm has mode 0620",
		},
		"a link": {
			spoil: func(t *testing.T, path string) {
				noErr(t, os.Rename(path, path+".real"))
				noErr(t, os.Symlink(path+".real", path))
			},
			text: "not a regular file",
		},
		"lost counters and check": {
			spoil: func(t *testing.T, path string) {
				db := raw(t, path)
				run(t, db, "UPDATE counters SET sealed = x'01'")
				run(t, db, "UPDATE checks SET sealed = x'01'")
			},
			want: inbox.ErrDamaged,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := tempPath(t)
			s := open(t, path)
			fill(t, s)
			noErr(t, s.Close())
			if c.spoil != nil {
				c.spoil(t, path)
			}
			if c.subkey == nil {
				c.subkey = subkey
			}
			_, err := sqlite.Open(t.Context(), path, sqlite.Options{Subkey: c.subkey})
			if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("err = %v, want %v with %q", err, c.want, c.text)
			}
		})
	}
}

func TestOpenCreates(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "a?b#c %41 'd' ä")
	noErr(t, os.Mkdir(folder, 0o700))
	s := open(t, filepath.Join(folder, "wallet.db"))
	fill(t, s)
	files, err := os.ReadDir(folder)
	noErr(t, err)
	for _, f := range files {
		info, err := f.Info()
		noErr(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %04o", f.Name(), info.Mode().Perm())
		}
	}
	if len(files) != 3 {
		t.Errorf("%d files, want the database, its log and index", len(files))
	}
	if _, err := sqlite.Open(t.Context(), filepath.Join(folder, "none", "wallet.db"), sqlite.Options{Subkey: subkey}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("err = %v, want fs.ErrNotExist", err)
	}
	if _, err := sqlite.Open(t.Context(), tempPath(t), sqlite.Options{}); err == nil {
		t.Error("opened without keys")
	}
}

var update = flag.Bool("update", false, "write the golden database of the newest schema version")

// TestGolden opens a database that the first version of the schema wrote, and goes on with it.
func TestGolden(t *testing.T) {
	t.Parallel()
	golden := filepath.Join("testdata", "v1.db.gz")
	path := tempPath(t)
	if *update {
		s := open(t, path)
		fill(t, s)
		noErr(t, s.Close())
		pack(t, path, golden)
	} else {
		unpack(t, golden, path)
	}
	s, model := open(t, path), memory.Open()
	fill(t, model)
	if d := diff(holds(t, model), holds(t, s)); d != "" {
		t.Errorf("contents (-want +got):\n%s", d)
	}
	report, err := s.Check(t.Context())
	noErr(t, errors.Join(err, report.Err()))
	results, err := s.Put(t.Context(), arrival(1), arrival(4), arrival(5))
	noErr(t, err)
	want := []inbox.PutResult{{Status: inbox.Duplicate, Seq: 1}, {Status: inbox.Duplicate}, {Status: inbox.Added, Seq: 5}}
	if d := diff(want, results); d != "" {
		t.Errorf("results (-want +got):\n%s", d)
	}
}

func pack(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	noErr(t, err)
	noErr(t, os.MkdirAll(filepath.Dir(to), 0o755))
	f, err := os.Create(to)
	noErr(t, err)
	z := gzip.NewWriter(f)
	_, err = z.Write(b)
	noErr(t, errors.Join(err, z.Close(), f.Close()))
}

func unpack(t *testing.T, from, to string) {
	t.Helper()
	f, err := os.Open(from)
	noErr(t, err)
	defer func() { noErr(t, f.Close()) }()
	z, err := gzip.NewReader(f)
	noErr(t, err)
	b, err := io.ReadAll(z)
	noErr(t, err)
	noErr(t, os.WriteFile(to, b, 0o600))
}
