package sqlite_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mattn/go-sqlite3"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/inbox/sqlite"
)

// wantWhole opens a copy and reads all of it.
func wantWhole(t *testing.T, path string) *sqlite.Store {
	t.Helper()
	files, err := os.ReadDir(filepath.Dir(path))
	noErr(t, err)
	for _, f := range files {
		info, err := f.Info()
		noErr(t, err)
		if info.Mode().Perm() != 0o600 || f.Name() != filepath.Base(path) {
			t.Errorf("%s with mode %04o stands beside the copy", f.Name(), info.Mode().Perm())
		}
	}
	s := open(t, path)
	report, err := s.Check(t.Context())
	noErr(t, errors.Join(err, report.Err()))
	return s
}

func TestBackup(t *testing.T) {
	t.Parallel()
	path, copied := tempPath(t), tempPath(t)
	s := open(t, path)
	fill(t, s)
	want := holds(t, s)
	noErr(t, s.Backup(t.Context(), copied))
	b, err := os.ReadFile(copied)
	noErr(t, err)
	for _, canary := range canaries {
		if bytes.Contains(b, []byte(canary)) {
			t.Errorf("%q stands in the copy", canary)
		}
	}
	_, err = s.Put(t.Context(), arrival(77))
	noErr(t, err)
	c := wantWhole(t, copied)
	if d := diff(want, holds(t, c)); d != "" {
		t.Errorf("contents of the copy (-want +got):\n%s", d)
	}
	_, err = c.Put(t.Context(), arrival(88))
	noErr(t, err)
	again := tempPath(t)
	noErr(t, c.Backup(t.Context(), again)) // a copy of the copy
	if d := diff(holds(t, c), holds(t, wantWhole(t, again))); d != "" {
		t.Errorf("contents of the second copy (-want +got):\n%s", d)
	}
}

// TestBackupWhileBusy copies while others write: each copy is a store as it was at one moment.
func TestBackupWhileBusy(t *testing.T) {
	t.Parallel()
	s := open(t, tempPath(t))
	var acked atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				a := arrival(10_000*w + i)
				a.Payload = bytes.Repeat([]byte("canary"), 2000)
				_, err := s.Put(ctx, a)
				if err == nil {
					acked.Add(1)
				} else if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				if _, err := s.Enqueue(ctx, parcel(bob, 10_000*w+i)); err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}
		})
	}
	for range 5 {
		before := acked.Load()
		copied := tempPath(t)
		noErr(t, s.Backup(t.Context(), copied))
		after := acked.Load() + 4 // a call of each writer may be on its way back
		c := wantWhole(t, copied)
		stats, err := c.Stats(t.Context())
		noErr(t, err)
		if n := int64(stats.Pending); n < before || n > after {
			t.Errorf("%d entries in the copy, %d were acknowledged before and %d after", n, before, after)
		}
		if stats.Rev != int64(stats.Pending+stats.Waiting) {
			t.Errorf("rev %d with %d entries and %d parcels", stats.Rev, stats.Pending, stats.Waiting)
		}
	}
	stop()
	wg.Wait()
}

func TestBackupRefuses(t *testing.T) {
	t.Parallel()
	s := open(t, tempPath(t))
	fill(t, s)
	there := tempPath(t)
	noErr(t, os.WriteFile(there, []byte("precious"), 0o644))
	if err := s.Backup(t.Context(), there); !errors.Is(err, fs.ErrExist) {
		t.Errorf("err = %v, want fs.ErrExist", err)
	}
	if b, err := os.ReadFile(there); err != nil || string(b) != "precious" {
		t.Errorf("the file that was there is now %q, err %v", b, err)
	}
	if err := s.Backup(t.Context(), filepath.Join(there, "none")); err == nil {
		t.Error("a backup into a folder that is none")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	never := tempPath(t)
	if err := s.Backup(ended, never); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want context.Canceled", err)
	}
	if _, err := os.Stat(never); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a failed backup leaves a file: %v", err)
	}
	noErr(t, s.Close())
	if err := s.Backup(t.Context(), never); !errors.Is(err, inbox.ErrClosed) {
		t.Errorf("err = %v, want ErrClosed", err)
	}
	if _, err := os.Stat(never); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a failed backup leaves a file: %v", err)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	path := tempPath(t)
	s := open(t, path)
	fill(t, s)
	report, err := s.Check(t.Context())
	noErr(t, err)
	var size int64
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		noErr(t, err)
		size += info.Size()
	}
	version, _, _ := sqlite3.Version()
	if report.Rows < 30 || report.Schema != 3 || report.Bytes != size || report.SQLite != version {
		t.Errorf("report %+v, want %d bytes", report, size)
	}
}
