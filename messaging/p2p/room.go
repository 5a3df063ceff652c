package p2p

import (
	"context"
	"slices"
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/sync/semaphore"

	"github.com/parley-im/parley/messaging"
)

// room counts the bytes of envelopes that wait to be committed: per stream, per peer and in all. Guests, who
// have proved nothing or no more than to hold an invitation, share a quarter of it. Strangers, of whom anybody
// can make as many as there are keys, share half of that, and a few streams.
type room struct {
	total, guests, strangers *semaphore.Weighted

	mu       sync.Mutex // guards what follows
	peers    map[peer.ID]*share
	knocking int // streams of strangers
}

// share is the room of one peer.
type share struct {
	*semaphore.Weighted
	streams, strangers int
}

func newRoom(total int64) *room {
	return &room{
		total:     semaphore.NewWeighted(total),
		guests:    semaphore.NewWeighted(max(total/4, maxEnvelope)),
		strangers: semaphore.NewWeighted(max(total/8, maxEnvelope)),
		peers:     map[peer.ID]*share{},
	}
}

// seat is the room of one stream.
type seat struct{ levels []*semaphore.Weighted }

// visit makes a seat for a stream of a guest, as enter does.
func (r *room) visit(id peer.ID) (s *seat, leave func()) {
	s, leave = r.enter(id)
	s.levels = slices.Insert(s.levels, 2, r.guests)
	return s, leave
}

// admit makes a seat for a stream of a stranger, as visit does, but a smaller one; false when there are too
// many already.
func (r *room) admit(id peer.ID) (s *seat, leave func(), ok bool) {
	s, give := r.visit(id)
	if !r.knock(id, 1) {
		give()
		return nil, nil, false
	}
	s.levels[0] = semaphore.NewWeighted(strangerMemory)
	s.levels = slices.Insert(s.levels, 2, r.strangers)
	return s, func() { r.knock(id, -1); give() }, true
}

// knock counts a stranger's stream that comes or goes; false if it may not come. The peer has a seat.
func (r *room) knock(id peer.ID, n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.peers[id]
	if n > 0 && (r.knocking >= strangerStreams || p.strangers >= strangerOfPeer) {
		return false
	}
	r.knocking += n
	p.strangers += n
	return true
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

// place is the seat of a stream whose initiator is let in, once it is. It is found in hello, so that somebody
// for whom there is none is told.
type place struct {
	room  *room
	peer  peer.ID
	seat  *seat
	leave func()
}

// take finds the seat, in place of one that it has, or returns the refusal to say.
func (p *place) take(a messaging.Admission, claims bool) error {
	p.free()
	p.leave = nil
	ok := true
	switch {
	case !a.Guest:
		p.seat, p.leave = p.room.enter(p.peer)
	case claims:
		p.seat, p.leave = p.room.visit(p.peer)
	default:
		p.seat, p.leave, ok = p.room.admit(p.peer)
	}
	if !ok {
		return &refusal{Refusal: messaging.Refusal{Code: messaging.CodeBusy}, after: strangerWait}
	}
	return nil
}

// free gives the seat back, if there is one.
func (p *place) free() {
	if p.leave != nil {
		p.leave()
	}
}
