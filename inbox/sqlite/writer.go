package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Bounds of one transaction, so that a call does not wait for ever for others to be written.
const (
	maxCalls = 256
	maxBytes = 8 << 20
)

// call is one step that waits for the writer.
type call struct {
	ctx   context.Context // the caller's: looked at once, before the step
	bytes int
	step  func(t *tx) error
	// volatile says that a failing power may undo the step: what it writes means nothing to those who open the
	// store anew.
	volatile bool

	err      error         // what the step returned; read after ran is closed
	panicked any           // what the step panicked with
	ran      chan struct{} // closed when the step is over and touches nothing of the caller's any more
	done     chan error    // the outcome, after the commit
}

// errPanicked undoes a step that panicked; the panic goes on in the caller.
var errPanicked = errors.New("the step panicked")

// do has the writer run step in a transaction, and returns once that has been committed. Steps of
// concurrent calls share a transaction, with a savepoint each. bytes is about how much it writes.
func (s *Store) do(ctx context.Context, bytes int, step func(t *tx) error) error {
	return s.call(&call{ctx: ctx, bytes: bytes, step: step})
}

// doVolatile is do for a step that need not outlast a failing power: alone in its transaction it waits for no disk.
func (s *Store) doVolatile(ctx context.Context, step func(t *tx) error) error {
	return s.call(&call{ctx: ctx, step: step, volatile: true})
}

func (s *Store) call(c *call) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	if broken := s.broken.Load(); broken != nil {
		return *broken
	}
	c.ran, c.done = make(chan struct{}), make(chan error, 1)
	ctx := c.ctx
	select {
	case s.calls <- c:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-c.done:
		if c.panicked != nil {
			panic(c.panicked)
		}
		return err
	case <-ctx.Done():
		<-c.ran
		return ctx.Err()
	}
}

// serve is the writer: the one goroutine that uses the writing connection. It ends with s.quit.
func (s *Store) serve() {
	defer close(s.served)
	for {
		select {
		case <-s.quit:
			return
		case c := <-s.calls:
			s.commit(s.gather(c))
		}
	}
}

// gather adds to the first call those that wait already. It waits for none.
func (s *Store) gather(c *call) []*call {
	calls, bytes := []*call{c}, c.bytes
	for len(calls) < maxCalls && bytes < maxBytes {
		select {
		case c := <-s.calls:
			calls, bytes = append(calls, c), bytes+c.bytes
		default:
			return calls
		}
	}
	return calls
}

// commit runs the calls in one transaction and tells each what became of it.
func (s *Store) commit(calls []*call) {
	t, err := s.transact(calls)
	if err != nil {
		err = fmt.Errorf("store: %w", err)
		if diskFailed(err) || errors.Is(err, errRollback) {
			err = s.breakDown(err)
		}
	}
	if err == nil && t.hinted {
		s.watchers.Notify()
	}
	for _, c := range calls {
		if err != nil {
			c.done <- err
		} else {
			c.done <- c.err
		}
	}
}

// breakDown makes the store refuse all further writing.
func (s *Store) breakDown(cause error) error {
	err := fmt.Errorf("the disk failed, nothing more is accepted until the wallet is opened again: %w", cause)
	s.log.Error("the store stops accepting", "err", cause)
	s.broken.CompareAndSwap(nil, &err)
	return err
}

// errRollback means that a transaction could not be undone: what is in the connection is unknown.
var errRollback = errors.New("cannot undo a transaction")

// transact returns an error if nothing of the calls has been committed.
func (s *Store) transact(calls []*call) (*tx, error) {
	t := &tx{session: session{s.vault, s.writer}}
	defer func() {
		for _, c := range calls {
			c.finish(nil)
		}
	}()
	if broken := s.broken.Load(); broken != nil {
		return t, *broken
	}
	if allVolatile(calls) {
		if err := t.exec("PRAGMA synchronous = NORMAL"); err != nil {
			return t, err
		}
		defer s.durableAgain(t)
	}
	if err := t.begin(); err != nil {
		return t, err
	}
	for _, c := range calls {
		if err := t.run(c); err != nil {
			return t, t.undo(err)
		}
	}
	if err := t.saveCounters(); err != nil {
		return t, t.undo(err)
	}
	if t.introduced {
		s.known.changes.Add(1)
		defer s.known.changes.Add(1)
	}
	if err := t.exec("COMMIT"); err != nil {
		return t, t.undo(err)
	}
	return t, nil
}

// allVolatile reports whether no call needs the disk.
func allVolatile(calls []*call) bool {
	return !slices.ContainsFunc(calls, func(c *call) bool { return !c.volatile })
}

// durableAgain makes commits wait for the disk again, or has nothing more be committed. It is called between two
// transactions; what the next one flushes has this one's pages before its own.
func (s *Store) durableAgain(t *tx) {
	var mode int
	err := t.exec("PRAGMA synchronous = FULL")
	if err == nil {
		_, err = t.get("PRAGMA synchronous", nil, &mode)
	}
	if err == nil && mode != synchronousFull {
		err = fmt.Errorf("synchronous is %d", mode)
	}
	if err != nil {
		_ = s.breakDown(fmt.Errorf("commits cannot be made durable: %w", err))
	}
}

// synchronousFull is the value of the PRAGMA with which a commit is on the disk when it returns.
const synchronousFull = 2

// finish says that the step is over. It may be called again.
func (c *call) finish(err error) {
	select {
	case <-c.ran:
	default:
		c.err = err
		close(c.ran)
	}
}

// attempt runs the step, and turns a panic into an error that the caller will turn back.
func (c *call) attempt(t *tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.panicked, err = p, errPanicked
		}
	}()
	if err := c.ctx.Err(); err != nil {
		return err
	}
	return c.step(t)
}

// tx is the transaction that the writer is in.
type tx struct {
	session
	counters
	saved  counters         // as they stand in the database
	seqs   map[string]int64 // by table: the newest number that this transaction has given
	hinted bool             // watchers should look again
	// introduced is set when contacts change.
	introduced bool
	// settled is the sender of whom was last seen that no entry is pending, and none has been added since.
	settled []byte
}

// begin starts the transaction and reads the counters within it.
func (t *tx) begin() error {
	if err := t.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	var err error
	if t.saved, err = t.loadCounters(); err != nil {
		return t.undo(err)
	}
	t.counters = t.saved
	return nil
}

// run runs one call within its savepoint. It returns an error only if the transaction is lost for
// all calls; the call's own is in c.err.
func (t *tx) run(c *call) error {
	if err := t.exec("SAVEPOINT step"); err != nil {
		return err
	}
	before := t.counters
	err := c.attempt(t)
	c.finish(err)
	if err == nil {
		return t.exec("RELEASE step")
	}
	if diskFailed(err) {
		return err
	}
	t.counters = before
	clear(t.seqs)
	if rerr := t.exec("ROLLBACK TO step"); rerr != nil {
		return errors.Join(err, rerr) // SQLite has undone the whole transaction by itself
	}
	return t.exec("RELEASE step")
}

// undo ends the transaction because of cause, which it returns.
func (t *tx) undo(cause error) error {
	var open bool
	err := t.conn.Raw(func(conn any) error {
		open = inTransaction(conn)
		return nil
	})
	if err == nil && open {
		err = t.exec("ROLLBACK")
	}
	if err != nil {
		return errors.Join(errRollback, cause, err)
	}
	return cause
}

// nextRev returns the next revision.
func (t *tx) nextRev() int64 {
	t.rev++
	t.hinted = true
	return t.rev
}

// nextSeq returns the number that the next row of the table has to have: one more than any ever. The caller
// inserts that row.
func (t *tx) nextSeq(table string) (int64, error) {
	seq, known := t.seqs[table]
	if !known {
		if _, err := t.get("SELECT seq FROM sqlite_sequence WHERE name = ?", []any{table}, &seq); err != nil {
			return 0, err
		}
	}
	if t.seqs == nil {
		t.seqs = map[string]int64{}
	}
	t.seqs[table] = seq + 1
	return seq + 1, nil
}

// counters is the one row of the table with this name.
type counters struct{ rev, lease int64 }

func (c counters) binding() binding { return bind("counters", 1).ints(c.rev, c.lease) }

func (s session) loadCounters() (c counters, err error) {
	var sealed []byte
	if _, err = s.get("SELECT rev, lease, sealed FROM counters WHERE id = 1", nil, &c.rev, &c.lease, &sealed); err != nil {
		return c, err
	}
	_, err = s.open(sealed, c.binding(), "counters", 1)
	return c, err
}

func (t *tx) saveCounters() error {
	if t.counters == t.saved {
		return nil
	}
	return t.exec("UPDATE counters SET rev = ?, lease = ?, sealed = ? WHERE id = 1",
		t.rev, t.lease, t.seal(nil, t.counters.binding()))
}
