package memory

import (
	"context"
	"sync"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

// Store is an inbox.Store in memory. All methods may be called by many goroutines at once.
type Store struct {
	watchers inbox.Watchers

	mu     sync.Mutex // guards everything below
	closed bool

	rev, seq, parcelSeq, lease int64
	hint                       bool // the step changed what no revision tells of

	entries  []*inbox.Entry        // by Seq
	sets     map[int64][32]byte    // by Seq: the keys under which an entry is withheld
	arrived  map[arrivalID]arrival // outlives entries
	messages map[messageID]*message
	sent     []*parcel // by Seq
	dests    []*destination
	contacts map[did.DID]inbox.Contact
	claims   map[string]did.DID
	longs    map[did.DID]did.DID
	settings map[string][]byte
	requests []inbox.Request // in the order in which they came
}

var _ inbox.Store = (*Store)(nil)

// Open returns an empty store.
func Open() *Store {
	return &Store{
		sets:     make(map[int64][32]byte),
		arrived:  make(map[arrivalID]arrival),
		messages: make(map[messageID]*message),
		contacts: make(map[did.DID]inbox.Contact),
		claims:   make(map[string]did.DID),
		longs:    make(map[did.DID]did.DID),
		settings: make(map[string][]byte),
	}
}

// step runs fn alone, and tells the watchers if it changed something. fn either changes nothing or
// returns nil.
func (s *Store) step(ctx context.Context, fn func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return inbox.ErrClosed
	}
	rev := s.rev
	err := fn()
	if s.rev != rev || s.hint {
		s.watchers.Notify()
	}
	s.hint = false
	return err
}

func (s *Store) nextRev() int64 {
	s.rev++
	return s.rev
}

// Watch implements inbox.Store.
func (s *Store) Watch(ctx context.Context) <-chan struct{} { return s.watchers.Watch(ctx) }

// Close implements inbox.Store. Closing again does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.watchers.Close()
	return nil
}

// Stats implements inbox.Store.
func (s *Store) Stats(ctx context.Context) (stats inbox.Stats, err error) {
	err = s.step(ctx, func() error {
		stats.Rev, stats.Contacts, stats.Requests = s.rev, len(s.contacts), len(s.requests)
		for _, e := range s.entries {
			switch {
			case e.Disposition == inbox.Pending:
				stats.Pending++
			case e.Disposition == inbox.Kept && !e.Acked:
				stats.Unread++
			case e.Disposition == inbox.Withheld:
				stats.Withheld++
			}
		}
		for _, p := range s.sent {
			switch {
			case !p.State.Settled():
				stats.Waiting++
			case p.State == inbox.Failed || p.State == inbox.Expired:
				stats.Failed++
			}
		}
		return nil
	})
	return stats, err
}
