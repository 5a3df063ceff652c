package sqlite

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-sqlite3"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

func openTest(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "wallet.db"), Options{
		Subkey: func(label string) [32]byte { return sha256.Sum256([]byte(label)) },
		Log:    slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func testParcel(id string, size int) inbox.Parcel {
	return inbox.Parcel{
		Owner: did.MustParse("did:example:alice"), To: did.MustParse("did:example:bob"), MessageID: id,
		Payload: []byte(strings.Repeat("x", size)), Created: time.Unix(1, 0),
	}
}

// queueing returns a step that queues a parcel and then returns err.
func queueing(t *testing.T, s *Store, id string, err error) func(*tx) error {
	t.Helper()
	ps, _, perr := s.parcels([]inbox.Parcel{testParcel(id, 10)})
	if perr != nil {
		t.Fatal(perr)
	}
	return func(t *tx) error { return errors.Join(t.enqueue(ps), err) }
}

func newCall(ctx context.Context, step func(*tx) error) *call {
	return &call{ctx: ctx, step: step, ran: make(chan struct{}), done: make(chan error, 1)}
}

// commitTogether has the steps share a transaction. The writer's goroutine is idle meanwhile.
func commitTogether(t *testing.T, s *Store, steps ...func(*tx) error) []error {
	t.Helper()
	var calls []*call
	for _, step := range steps {
		calls = append(calls, newCall(t.Context(), step))
	}
	s.commit(calls)
	var errs []error
	for _, c := range calls {
		errs = append(errs, <-c.done)
	}
	return errs
}

func queued(t *testing.T, s *Store) (ids []string) {
	t.Helper()
	ps, err := s.Sent(t.Context(), inbox.SentQuery{BySeq: true, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range ps {
		ids = append(ids, p.MessageID+" "+strconv.FormatInt(p.Rev, 10))
	}
	return ids
}

func TestGatherIsBounded(t *testing.T) {
	t.Parallel()
	s := &Store{calls: make(chan *call, 1000)}
	for range 600 {
		s.calls <- &call{bytes: 100}
	}
	for i, want := range []int{maxCalls, maxCalls, 601 + 2 - 2*maxCalls, 1} {
		if got := len(s.gather(&call{})); got != want {
			t.Errorf("gathering %d: %d calls, want %d", i, got, want)
		}
	}
	for range 5 {
		s.calls <- &call{bytes: maxBytes / 2}
	}
	if got := len(s.gather(&call{bytes: 1})); got != 3 {
		t.Errorf("%d large calls in one transaction, want 3", got)
	}
}

func TestOneFailsAlone(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	mine := errors.New("mine")
	errs := commitTogether(t, s, queueing(t, s, "m1", nil), queueing(t, s, "m2", mine), queueing(t, s, "m3", nil))
	if errs[0] != nil || !errors.Is(errs[1], mine) || errs[2] != nil {
		t.Errorf("errors %v", errs)
	}
	if got := strings.Join(queued(t, s), ", "); got != "m1 1, m3 2" {
		t.Errorf("queued with revisions: %s", got)
	}
}

// TestDiskFails makes one of three steps report what SQLite reports when an fsync fails.
func TestDiskFails(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	if _, err := s.Enqueue(t.Context(), testParcel("m0", 1)); err != nil {
		t.Fatal(err)
	}
	failed := sqlite3.Error{Code: sqlite3.ErrIoErr, ExtendedCode: sqlite3.ErrIoErrFsync}
	errs := commitTogether(t, s, queueing(t, s, "m1", nil), queueing(t, s, "m2", failed), queueing(t, s, "m3", nil))
	for i, err := range errs {
		if !errors.As(err, new(sqlite3.Error)) {
			t.Errorf("call %d of the transaction: err = %v", i, err)
		}
	}
	if got := strings.Join(queued(t, s), ", "); got != "m0 1" {
		t.Errorf("queued: %s", got)
	}
	for range 2 {
		_, err := s.Enqueue(t.Context(), testParcel("m4", 1))
		if err == nil || !strings.Contains(err.Error(), "nothing more is accepted") {
			t.Errorf("err = %v, want that the store stops accepting", err)
		}
	}
}

func TestDiskFailed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"fsync":    {sqlite3.Error{Code: sqlite3.ErrIoErr, ExtendedCode: sqlite3.ErrIoErrFsync}, true},
		"wrapped":  {errors.Join(sqlite3.Error{Code: sqlite3.ErrIoErr, ExtendedCode: sqlite3.ErrIoErrDirFsync}), true},
		"write":    {sqlite3.Error{Code: sqlite3.ErrIoErr, ExtendedCode: sqlite3.ErrIoErrWrite}, true},
		"full":     {sqlite3.Error{Code: sqlite3.ErrFull}, false},
		"full shm": {sqlite3.Error{Code: sqlite3.ErrIoErr, ExtendedCode: sqlite3.ErrIoErrSHMSize}, false},
		"busy":     {sqlite3.Error{Code: sqlite3.ErrBusy}, false},
		"other":    {errors.New("other"), false},
	} {
		if got := diskFailed(c.err); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestDiskFull fills the database to a limit, and lifts it again.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	limit := func(pages int) {
		t.Helper()
		err := s.do(t.Context(), 0, func(t *tx) error {
			_, err := t.numbers("PRAGMA max_page_count = " + strconv.Itoa(pages))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	limit(120)
	var acked []string
	var full error
	for i := 0; full == nil && i < 1000; i++ {
		id := "m" + strconv.Itoa(i)
		if _, full = s.Enqueue(t.Context(), testParcel(id, 5000)); full == nil {
			acked = append(acked, id+" "+strconv.Itoa(i+1))
		}
	}
	if full == nil || !strings.Contains(full.Error(), "the disk is full") {
		t.Fatalf("err = %v, want that the disk is full", full)
	}
	if got := queued(t, s); strings.Join(got, ", ") != strings.Join(acked, ", ") {
		t.Errorf("stored %d, acknowledged %d", len(got), len(acked))
	}
	if errs := commitTogether(t, s, queueing(t, s, "small", nil), func(t *tx) error {
		ps, _, err := s.parcels([]inbox.Parcel{testParcel("large", 50_000)})
		return errors.Join(err, t.enqueue(ps))
	}); errs[1] == nil {
		t.Error("a large message fits a full disk")
	} else if errs[0] == nil && len(queued(t, s)) != len(acked)+1 {
		t.Error("a message was acknowledged and is not there")
	}
	limit(1_000_000)
	if _, err := s.Enqueue(t.Context(), testParcel("more", 5000)); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if report, err := s.Check(t.Context()); err != nil || report.Err() != nil {
		t.Errorf("check: %v, %v", err, report.Err())
	}
}

// TestWaitingEnds ends contexts: before the writer's turn, and within it.
func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	busy, free := make(chan struct{}), make(chan struct{})
	held := make(chan error, 1)
	go func() {
		held <- s.do(context.Background(), 0, func(*tx) error {
			close(busy)
			<-free
			return nil
		})
	}()
	<-busy
	ctx, cancel := context.WithCancel(t.Context())
	waiting := make(chan error, 1)
	go func() {
		_, err := s.Enqueue(ctx, testParcel("m1", 1))
		waiting <- err
	}()
	cancel()
	if err := <-waiting; !errors.Is(err, context.Canceled) {
		t.Errorf("waiting: err = %v, want context.Canceled", err)
	}
	close(free)
	if err := <-held; err != nil {
		t.Error(err)
	}
	if got := queued(t, s); len(got) != 0 {
		t.Errorf("queued: %v", got)
	}

	ctx, cancel = context.WithCancel(t.Context())
	touched := 0
	err := s.do(ctx, 0, func(*tx) error {
		cancel()
		touched++ // the race detector sees whether do returns before this
		return nil
	})
	if touched++; err != nil && !errors.Is(err, context.Canceled) || touched != 2 {
		t.Errorf("running: err = %v, touched %d times", err, touched)
	}
}

// TestPanicIsTheCallers: the step of one caller must not end the writer of all.
func TestPanicIsTheCallers(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	bob := did.MustParse("did:example:bob")
	if err := s.AddContact(t.Context(), inbox.Contact{DID: bob, Name: "bob"}); err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() {
			if p := recover(); p != "mine" {
				t.Errorf("panic %v, want the caller's", p)
			}
		}()
		_ = s.UpdateContact(t.Context(), bob, func(c *inbox.Contact) error { panic("mine") })
	}()
	if err := s.UpdateContact(t.Context(), bob, func(*inbox.Contact) error { return nil }); err != nil {
		t.Error(err)
	}
}

// TestOnlyVolatileStepsWaitForNoDisk: a transaction is committed without a flush only if none of its steps needs
// one, and the next one has a flush again, also after a failure.
func TestOnlyVolatileStepsWaitForNoDisk(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	mode := func(volatile ...bool) (modes []int) {
		var calls []*call
		for _, v := range volatile {
			calls = append(calls, &call{ctx: t.Context(), volatile: v, ran: make(chan struct{}), done: make(chan error, 1), step: func(t *tx) error {
				var n int
				_, err := t.get("PRAGMA synchronous", nil, &n)
				modes = append(modes, n)
				return err
			}})
		}
		if _, err := s.transact(calls); err != nil {
			t.Fatal(err)
		}
		return modes
	}
	for _, c := range []struct {
		volatile []bool
		want     int
	}{
		{[]bool{false}, 2}, {[]bool{true}, 1}, {[]bool{false}, 2}, {[]bool{true, true}, 1}, {[]bool{true, false}, 2}, {[]bool{false, true}, 2},
	} {
		for _, got := range mode(c.volatile...) {
			if got != c.want {
				t.Errorf("steps that are volatile %v ran with synchronous=%d, want %d", c.volatile, got, c.want)
			}
		}
	}
	failed := &call{ctx: t.Context(), volatile: true, ran: make(chan struct{}), done: make(chan error, 1), step: func(*tx) error { return errors.New("no") }}
	if _, err := s.transact([]*call{failed}); err != nil {
		t.Fatal(err)
	}
	if got := mode(false); got[0] != 2 {
		t.Errorf("after a failed volatile step: synchronous=%d", got[0])
	}
}
