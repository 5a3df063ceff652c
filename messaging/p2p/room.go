package p2p

import (
	"context"
	"slices"
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/sync/semaphore"
)

// room counts the bytes of envelopes that wait to be committed: per stream, per peer and in all. Guests, who
// have proved nothing or no more than to hold an invitation, share a quarter of it.
type room struct {
	total, guests *semaphore.Weighted

	mu    sync.Mutex // guards peers
	peers map[peer.ID]*share
}

// share is the room of one peer.
type share struct {
	*semaphore.Weighted
	streams int
}

func newRoom(total int64) *room {
	guests := max(total/4, maxEnvelope)
	return &room{total: semaphore.NewWeighted(total), guests: semaphore.NewWeighted(guests), peers: map[peer.ID]*share{}}
}

// seat is the room of one stream.
type seat struct{ levels []*semaphore.Weighted }

// visit makes a seat for a stream of a guest, as enter does.
func (r *room) visit(id peer.ID) (s *seat, leave func()) {
	s, leave = r.enter(id)
	s.levels = slices.Insert(s.levels, 2, r.guests)
	return s, leave
}

// enter makes a seat for a stream of a peer. leave gives it back once nothing is held any more.
func (r *room) enter(id peer.ID) (s *seat, leave func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.peers[id]
	if p == nil {
		p = &share{Weighted: semaphore.NewWeighted(peerMemory)}
		r.peers[id] = p
	}
	p.streams++
	s = &seat{[]*semaphore.Weighted{semaphore.NewWeighted(streamMemory), p.Weighted, r.total}}
	return s, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if p.streams--; p.streams == 0 {
			delete(r.peers, id)
		}
	}
}

// hold waits until there is room for n bytes at every level.
func (s *seat) hold(ctx context.Context, n int) error {
	for i, level := range s.levels {
		if level.TryAcquire(int64(n)) {
			continue
		}
		if err := level.Acquire(ctx, int64(n)); err != nil {
			for _, held := range s.levels[:i] {
				held.Release(int64(n))
			}
			return err
		}
	}
	return nil
}

// free gives n bytes back.
func (s *seat) free(n int) {
	for _, level := range s.levels {
		level.Release(int64(n))
	}
}
