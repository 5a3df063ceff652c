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

	"github.com/parley-im/parley/did"
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

// TestGolden opens databases that each version of the schema wrote, and goes on with them.
func TestGolden(t *testing.T) {
	t.Parallel()
	newest := "v3.db.gz"
	if *update {
		path := tempPath(t)
		s := open(t, path)
		fill(t, s)
		noErr(t, s.Close())
		pack(t, path, filepath.Join("testdata", newest))
	}
	for name, fill := range map[string]func(testing.TB, inbox.Store){"v1.db.gz": fillFirst, "v2.db.gz": fillSecond, newest: fill} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := tempPath(t)
			unpack(t, filepath.Join("testdata", name), path)
			model := memory.Open()
			fill(t, model)
			if name != newest {
				forgetTrust(t, model)
			}
			goOn(t, open(t, path), model)
			s := open(t, path)
			report, err := s.Check(t.Context())
			noErr(t, errors.Join(err, report.Err()))
			if report.Schema != 3 {
				t.Errorf("schema version %d, want 3", report.Schema)
			}
		})
	}
}

// forgetTrust makes the contacts as they were before schema version 3.
func forgetTrust(t *testing.T, s inbox.Store) {
	t.Helper()
	cs, err := s.Contacts(t.Context())
	noErr(t, err)
	for _, c := range cs {
		noErr(t, s.UpdateContact(t.Context(), c.DID, func(c *inbox.Contact) error {
			c.History, c.Ours = nil, did.DID{}
			return nil
		}))
	}
}

// TestMigrateNeedsTheKey opens an old database with another key first: nothing of it may change.
func TestMigrateNeedsTheKey(t *testing.T) {
	t.Parallel()
	path := tempPath(t)
	unpack(t, filepath.Join("testdata", "v1.db.gz"), path)
	other := func(label string) [32]byte { return sha256.Sum256([]byte("other " + label)) }
	if _, err := sqlite.Open(t.Context(), path, sqlite.Options{Subkey: other}); !errors.Is(err, inbox.ErrDamaged) {
		t.Fatalf("err = %v, want ErrDamaged", err)
	}
	var version int
	noErr(t, raw(t, path).QueryRow("PRAGMA user_version").Scan(&version))
	if version != 1 {
		t.Errorf("schema version %d, want 1 still", version)
	}
	es, err := open(t, path).List(t.Context(), inbox.Query{MessageID: "canary-message-1"})
	if len(es) != 1 || err != nil {
		t.Errorf("%d entries, err %v", len(es), err)
	}
}

// TestMigrateDamaged: what cannot be read is left as it is, and the rest is found.
func TestMigrateDamaged(t *testing.T) {
	t.Parallel()
	path := tempPath(t)
	unpack(t, filepath.Join("testdata", "v1.db.gz"), path)
	db := raw(t, path)
	run(t, db, "UPDATE arrivals"+spoil+"seq = 1")
	run(t, db, "UPDATE bodies"+spoil+"seq = 2")
	run(t, db, "UPDATE contacts"+spoil+"id = 1")
	noErr(t, db.Close())
	s := open(t, path)
	two := arrival(2)
	two.From = doraL
	results, err := s.Put(t.Context(), arrival(1), two)
	noErr(t, err)
	want := []inbox.PutResult{{Status: inbox.Duplicate}, {Status: inbox.Duplicate, Seq: 2}}
	if d := diff(want, results); d != "" {
		t.Errorf("results (-want +got):\n%s", d)
	}
	wantDamage(t, s, []sqlite.Damage{{Table: "arrivals", Seq: 1}, {Table: "bodies", Seq: 2}, {Table: "contacts", Seq: 1}})
}

// goOn makes sure that the store holds what the model does, and that it can be used and closed.
func goOn(t *testing.T, s *sqlite.Store, model inbox.Store) {
	t.Helper()
	if d := diff(holds(t, model), holds(t, s)); d != "" {
		t.Errorf("contents (-want +got):\n%s", d)
	}
	report, err := s.Check(t.Context())
	noErr(t, errors.Join(err, report.Err()))
	results, err := s.Put(t.Context(), arrival(1), arrival(4), arrival(5))
	noErr(t, err)
	want, err := model.Put(t.Context(), arrival(1), arrival(4), arrival(5))
	noErr(t, err)
	if d := diff(want, results); d != "" {
		t.Errorf("results (-want +got):\n%s", d)
	}
	for _, id := range []string{"canary-message-1", "canary-message-3", "canary-message-4", "canary-message-5"} {
		for _, q := range []inbox.Query{{MessageID: id}, {ThreadID: id}, {Owner: alice, From: bob, MessageID: id}} {
			want, err := model.List(t.Context(), q)
			noErr(t, err)
			got, err := s.List(t.Context(), q)
			noErr(t, err)
			if d := diff(want, got); d != "" {
				t.Errorf("entries of %s (-want +got):\n%s", id, d)
			}
		}
	}
	for _, s := range []inbox.Store{s, model} {
		noErr(t, s.UpdateContact(t.Context(), bob, func(c *inbox.Contact) error { c.DisplayName = "Bob"; return nil }))
		_, err := s.Hold(t.Context(), request(alice, 9))
		noErr(t, err)
		anonymous := arrival(3)
		anonymous.From = did.DID{}
		results, err := s.Put(t.Context(), arrival(5), anonymous)
		noErr(t, err)
		if results[0].Status != inbox.Duplicate || results[1].Status != inbox.Duplicate {
			t.Errorf("results %v, want duplicates", results)
		}
	}
	for _, s := range []inbox.Store{s, model} {
		_, err := s.Put(t.Context(), withheld(bob, 70, 5), withheld(bob, 71, 6), withheld(bob, 72, 5))
		noErr(t, err)
		if n, err := s.ReleaseContact(t.Context(), bob, keySet(5), accept(5)); n != 2 || err != nil {
			t.Errorf("%d released, %v", n, err)
		}
	}
	if d := diff(holds(t, model), holds(t, s)); d != "" {
		t.Errorf("contents afterwards (-want +got):\n%s", d)
	}
	noErr(t, s.Close())
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
