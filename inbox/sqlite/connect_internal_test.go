package sqlite

import (
	"crypto/sha256"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mattn/go-sqlite3"
)

// TestTamperedSource changes one setting at a time; no connection may be had with it.
func TestTamperedSource(t *testing.T) {
	t.Parallel()
	for _, reader := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "wallet.db")
		source := dataSource(path, reader)
		conn, err := connector{source, reader}.Connect(t.Context())
		if err != nil {
			t.Fatalf("untampered: %v", err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		for from, to := range map[string]string{
			"_synchronous=FULL": "_synchronous=NORMAL", "_foreign_keys=1": "_foreign_keys=0",
			"_busy_timeout=5000": "_busy_timeout=0", "_secure_delete=on": "_secure_delete=fast",
			"_query_only=0": "_query_only=1", "_query_only=1": "_query_only=0",
			"_journal_mode=WAL": "_journal_mode=MEMORY",
		} {
			if !strings.Contains(source, from) {
				continue
			}
			tampered := strings.Replace(source, from, to, 1)
			if strings.HasPrefix(from, "_journal") {
				tampered = strings.Replace(tampered, "wallet.db", "other.db", 1) // this one keeps its mode
			}
			_, err := connector{tampered, reader}.Connect(t.Context())
			name, _, _ := strings.Cut(strings.TrimPrefix(from, "_"), "=")
			if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "does not open") {
				t.Errorf("%s: err = %v, want a refusal that names %s", to, err, name)
			}
		}
	}
}

// TestSettings reads the settings back on every connection of an open store.
func TestSettings(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	want := map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000",
		"secure_delete": "1", "fullfsync": "1", "checkpoint_fullfsync": "1",
	}
	check := func(r session, queryOnly string) error {
		want["query_only"] = queryOnly
		for name, value := range want {
			var got string
			if _, err := r.get("PRAGMA "+name, nil, &got); err != nil || got != value {
				t.Errorf("%s = %s, want %s (%v)", name, got, value, err)
			}
		}
		return nil
	}
	if err := s.do(t.Context(), 0, func(t *tx) error { return check(t.session, "0") }); err != nil {
		t.Error(err)
	}
	var within func(depth int) error
	within = func(depth int) error {
		return s.read(t.Context(), func(r session) error {
			if depth < 3 { // hold this connection while the next is opened
				if err := within(depth + 1); err != nil {
					return err
				}
			}
			return check(r, "1")
		})
	}
	if err := within(0); err != nil {
		t.Error(err)
	}
	err := s.read(t.Context(), func(r session) error { return r.exec("DELETE FROM settings") })
	if err == nil || !strings.Contains(err.Error(), "readonly") {
		t.Errorf("a reader writes: err = %v", err)
	}
}

func TestCheckVersion(t *testing.T) {
	t.Parallel()
	if err := checkVersion(3_051_002, "3.51.2"); err == nil || !strings.Contains(err.Error(), "3.51.2") {
		t.Errorf("err = %v, want a refusal", err)
	}
	text, number, _ := sqlite3.Version()
	for _, n := range []int{3_051_003, number} {
		if err := checkVersion(n, text); err != nil {
			t.Error(err)
		}
	}
}

func testVault(t testing.TB) *vault {
	t.Helper()
	v, err := newVault(func(label string) [32]byte { return sha256.Sum256([]byte(label)) }, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return v
}
