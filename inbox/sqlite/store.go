package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/mattn/go-sqlite3"
	"github.com/parley-im/parley/inbox"
)

// Options says how to open a store.
type Options struct {
	// Subkey derives the keys under which rows are sealed and looked up: Store.Subkey of
	// crypto/keyfile. It must be set, and give the same keys each time.
	Subkey func(label string) [32]byte
	// Log is told of damage and of a failing disk; nil means slog.Default().
	Log *slog.Logger
	// Readers is how many calls may read at once; 0 means 4.
	Readers int
}

// Store is an inbox.Store in one SQLite database. All methods may be called by many goroutines at
// once.
type Store struct {
	*vault
	watchers inbox.Watchers
	path     string // absolute

	writing *sql.DB
	writer  *sql.Conn // used by Open, and then by serve alone
	readers *sql.DB
	known   known

	calls  chan *call
	quit   chan struct{} // closed by Close
	served chan struct{} // closed when serve has ended
	broken atomic.Pointer[error]

	life   sync.RWMutex // held for reading by every call, for writing by Close
	closed bool         // guarded by life
}

var _ inbox.Store = (*Store)(nil)

// Open opens the database at path and creates it, with mode 0600, if there is none; the folder must
// exist. It refuses with a clear error: a file with a looser mode (fs.ErrPermission), an SQLite that
// does not keep what it is told to, a database of a newer version (inbox.ErrSchema), one that was
// sealed under other keys or is damaged as a whole (inbox.ErrDamaged). A wallet has one owner at a
// time, so leases of a former process are ended.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	s, err := open(ctx, path, o)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, explain(err))
	}
	return s, nil
}

func open(ctx context.Context, path string, o Options) (*Store, error) {
	if o.Subkey == nil {
		return nil, errors.New("options: Subkey must be set")
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Readers <= 0 {
		o.Readers = 4
	}
	version, number, _ := sqlite3.Version()
	if err := checkVersion(number, version); err != nil {
		return nil, err
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := prepareFile(path); err != nil {
		return nil, err
	}
	v, err := newVault(o.Subkey, o.Log)
	if err != nil {
		return nil, err
	}
	s := &Store{
		vault: v, path: path, writing: connect(path, false, 1), readers: connect(path, true, o.Readers),
		calls: make(chan *call), quit: make(chan struct{}), served: make(chan struct{}),
	}
	if err := s.start(ctx, path); err != nil {
		return nil, errors.Join(err, s.disconnect())
	}
	return s, nil
}

// start makes the database ready and starts the writer.
func (s *Store) start(ctx context.Context, path string) error {
	var err error
	if s.writer, err = s.writing.Conn(ctx); err != nil {
		return err
	}
	w := session{s.vault, s.writer}
	if err := migrate(w); err != nil {
		return err
	}
	if err := w.unlock(); err != nil {
		return err
	}
	if err := s.readers.PingContext(ctx); err != nil {
		return err
	}
	if err := checkModes(path); err != nil {
		return err
	}
	go s.serve()
	if err := s.do(ctx, 0, (*tx).endLeases); err != nil {
		close(s.quit)
		<-s.served
		return err
	}
	return nil
}

func (s *Store) disconnect() error {
	var err error
	if s.writer != nil {
		err = s.writer.Close()
	}
	return errors.Join(err, s.readers.Close(), s.writing.Close())
}

// Close implements inbox.Store. Closing again does nothing.
func (s *Store) Close() error {
	s.life.Lock()
	defer s.life.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	close(s.quit)
	<-s.served
	s.watchers.Close()
	return s.disconnect()
}

// enter begins a call; leave ends it.
func (s *Store) enter() error {
	s.life.RLock()
	if s.closed {
		s.life.RUnlock()
		return inbox.ErrClosed
	}
	return nil
}

func (s *Store) leave() { s.life.RUnlock() }

// read runs fn on a reading connection, within one snapshot of the database.
func (s *Store) read(ctx context.Context, fn func(r session) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	conn, err := s.readers.Conn(ctx)
	if err != nil {
		return explain(err)
	}
	r := session{s.vault, conn}
	err = r.snapshot(fn)
	return errors.Join(err, conn.Close())
}

// glance runs fn, which must be one statement and so needs no snapshot around it, on a reading connection. The
// caller has entered.
func (s *Store) glance(ctx context.Context, fn func(r session) error) error {
	conn, err := s.readers.Conn(ctx)
	if err != nil {
		return explain(err)
	}
	err = fn(session{s.vault, conn})
	return errors.Join(err, conn.Close())
}

// look is as read, for one statement alone.
func (s *Store) look(ctx context.Context, fn func(r session) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	return s.glance(ctx, fn)
}

func (s session) snapshot(fn func(r session) error) error {
	if err := s.exec("BEGIN"); err != nil {
		return err
	}
	err := fn(s)
	return errors.Join(err, s.exec("ROLLBACK"))
}

// Watch implements inbox.Store.
func (s *Store) Watch(ctx context.Context) <-chan struct{} { return s.watchers.Watch(ctx) }

// Stats implements inbox.Store.
func (s *Store) Stats(ctx context.Context) (stats inbox.Stats, err error) {
	err = s.look(ctx, func(r session) error {
		_, err := r.get(`SELECT
			(SELECT count(*) FROM entries WHERE disposition = 1),
			(SELECT count(*) FROM entries WHERE disposition = 2 AND acked = 0),
			(SELECT count(*) FROM entries WHERE disposition = 5),
			(SELECT coalesce(sum(unsettled), 0) FROM destinations),
			(SELECT count(*) FROM parcels WHERE state IN (4, 5)),
			(SELECT count(*) FROM contacts),
			(SELECT count(*) FROM requests),
			(SELECT rev FROM counters)`, nil,
			&stats.Pending, &stats.Unread, &stats.Withheld, &stats.Waiting, &stats.Failed, &stats.Contacts,
			&stats.Requests, &stats.Rev)
		return err
	})
	return stats, err
}
