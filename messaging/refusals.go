package messaging

import (
	"errors"
	"maps"
	"sync"
)

// refusals counts by code what was refused. The codes are those of this package, so they are few. The zero
// value is ready.
type refusals struct {
	mu     sync.Mutex
	counts map[string]int64 // guarded by mu
}

func (r *refusals) count(code string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts = map[string]int64{}
	}
	r.counts[code]++
}

// Refused returns how many greetings and envelopes were refused for good since the node was made, by the code
// that their senders were told.
func (n *Node) Refused() map[string]int64 {
	n.refused.mu.Lock()
	defer n.refused.mu.Unlock()
	return maps.Clone(n.refused.counts)
}

// counted counts a refusal and returns the error as it is.
func (n *Node) counted(err error) error {
	var r *Refusal
	if errors.As(err, &r) {
		n.refused.count(r.Code)
	}
	return err
}
