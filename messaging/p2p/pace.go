package p2p

import (
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// Limits of how often one peer may say hello: each costs a signature and two proofs. Whoever sends much keeps its
// stream, so that honest peers need few.
const (
	paceEvery = 50 * time.Millisecond // on average
	paceBurst = 200                   // at once after a silence
	paceWait  = 5 * time.Second       // that is asked of one who is too quick
	maxPaced  = 4096                  // peers remembered
)

// pace holds every peer to its share of hellos. The zero value is ready; it is safe for concurrent use.
type pace struct {
	mu    sync.Mutex
	until map[peer.ID]time.Time // when the hellos of the peer so far are paid off; guarded by mu
}

// allow reports whether the peer may say hello at the time now, and counts it if so.
func (p *pace) allow(id peer.ID, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	until := p.until[id]
	if until.Before(now) || until.Sub(now) > paceBurst*paceEvery { // the latter when the clock went back
		until = now
	}
	if until = until.Add(paceEvery); until.Sub(now) > paceBurst*paceEvery {
		return false
	}
	if p.until == nil {
		p.until = map[peer.ID]time.Time{}
	}
	if len(p.until) >= maxPaced {
		p.forget(now)
	}
	p.until[id] = until
	return true
}

// forget forgets who is paid off, or, where nobody is, anybody; with mu held.
func (p *pace) forget(now time.Time) {
	for id, until := range p.until {
		if until.Before(now) {
			delete(p.until, id)
		}
	}
	for id := range p.until {
		if len(p.until) < maxPaced {
			return
		}
		delete(p.until, id)
	}
}
