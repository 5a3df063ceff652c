package sqlite_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/inbox/inboxtest"
	"github.com/parley-im/parley/inbox/sqlite"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	hammer() // the child of TestKill
	goleak.VerifyTestMain(m)
}

// subkey derives keys as crypto/keyfile does, from a root that everybody knows.
func subkey(label string) [32]byte { return sha256.Sum256([]byte("root " + label)) }

// logs is a log that can be searched. It is safe for concurrent use.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *logs) contains(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.buf.String(), text)
}

func openLogged(t testing.TB, path string) (*sqlite.Store, *logs) {
	t.Helper()
	l := new(logs)
	s, err := sqlite.Open(t.Context(), path, sqlite.Options{Subkey: subkey, Log: slog.New(slog.NewTextHandler(l, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s, l
}

func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	s, _ := openLogged(t, path)
	return s
}

func tempPath(t testing.TB) string { return filepath.Join(t.TempDir(), "wallet.db") }

// raw opens the database as a thief would, without any of the driver's settings.
func raw(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func run(t testing.TB, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func noErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func enqueue(t testing.TB, s inbox.Outbox, ps ...inbox.Parcel) {
	t.Helper()
	_, err := s.Enqueue(t.Context(), ps...)
	noErr(t, err)
}

func TestStore(t *testing.T) {
	t.Parallel()
	inboxtest.Run(t, func(t *testing.T) inbox.Store { return open(t, tempPath(t)) })
}

func TestDurable(t *testing.T) {
	t.Parallel()
	inboxtest.RunDurable(t, func(t *testing.T) func() inbox.Store {
		path := tempPath(t)
		return func() inbox.Store { return open(t, path) }
	})
}

// TestOpenEndsLeases restarts a wallet within a lease: it need not wait for its former self.
func TestOpenEndsLeases(t *testing.T) {
	t.Parallel()
	path := tempPath(t)
	s := open(t, path)
	fill(t, s)
	first, err := s.Claim(t.Context(), now, now.Add(hour), inbox.Limit{})
	noErr(t, err)
	noErr(t, s.Close())
	s = open(t, path)
	again, err := s.Claim(t.Context(), now, now.Add(hour), inbox.Limit{})
	noErr(t, err)
	if len(first) == 0 || len(again) != len(first) {
		t.Errorf("%d destinations before, %d after", len(first), len(again))
	}
	if err := s.Settle(t.Context(), first[0], nil, now, now); !errors.Is(err, inbox.ErrLost) {
		t.Errorf("err = %v, want ErrLost", err)
	}
}

// TestCloseWhileBusy closes the store under its callers: what was acknowledged stays.
func TestCloseWhileBusy(t *testing.T) {
	t.Parallel()
	path := tempPath(t)
	s := open(t, path)
	acked := make(chan string, 10_000)
	started := make(chan struct{}, 8)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				m := arrival(w*1000 + i)
				_, err := s.Put(context.Background(), m)
				if errors.Is(err, inbox.ErrClosed) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				acked <- m.MessageID
				if i == 0 {
					started <- struct{}{}
				}
			}
		})
	}
	for range 8 {
		<-started
	}
	noErr(t, s.Close())
	wg.Wait()
	close(acked)
	s = open(t, path)
	for id := range acked {
		if es, err := s.List(t.Context(), inbox.Query{MessageID: id}); err != nil || len(es) != 1 {
			t.Errorf("%s: %d entries, err %v", id, len(es), err)
		}
	}
}
