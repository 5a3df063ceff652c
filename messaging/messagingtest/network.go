package messagingtest

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/parley-im/parley/did"
)

// Network connects transports by name. The zero value is ready: everybody reaches everybody at once and
// nothing is lost. It is safe for concurrent use, and its controls take effect at once, also for what is
// on its way.
type Network struct {
	registry registry // of hosted documents; has a lock of its own

	mu      sync.Mutex // guards everything below; never held while something blocks
	nodes   map[string]*Transport
	offline map[string]bool
	split   map[pair]bool
	simplex map[string]bool
	links   map[link]bool
	times   int
	latency time.Duration
	loss    float64
	rng     *rand.Rand
}

// pair is two names in alphabetical order.
type pair struct{ a, b string }

func pairOf(a, b string) pair { return pair{min(a, b), max(a, b)} }

// link is a path on which two DIDs have greeted each other. It ends when the path is cut or one of its
// ends stops.
type link struct {
	from, to     *Transport
	owner, other did.DID
	keys         [32]byte // that the other was to prove
}

// Transport returns a new transport that serves the endpoint "mem:NAME". Set its Identity before it is
// used. Serve takes the name, so a wallet that was stopped can come back with a new transport.
func (n *Network) Transport(name string) *Transport {
	return &Transport{network: n, name: name, serving: make(chan struct{}), ended: make(chan struct{})}
}

// Cut takes the node offline: what it sends and what is sent to it fails, and answers on their way are
// lost.
func (n *Network) Cut(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	put(&n.offline, name)
	n.unlink(name)
}

// Partition separates two nodes from each other.
func (n *Network) Partition(a, b string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	put(&n.split, pairOf(a, b))
	n.unlink(a)
}

// Heal undoes every Cut and Partition of the node.
func (n *Network) Heal(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.offline, name)
	for p := range n.split {
		if p.a == name || p.b == name {
			delete(n.split, p)
		}
	}
}

// Simplex makes the path to the node one that proves nothing and cannot answer: senders learn no more
// than that an envelope was written, and it is accepted without a sender.
func (n *Network) Simplex(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	put(&n.simplex, name)
}

// Duplicate has every batch of envelopes arrive the given number of times; the answer is that to the
// last one. Values below 2 mean once.
func (n *Network) Duplicate(times int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.times = times
}

// Latency is how long everything takes in one direction.
func (n *Network) Latency(d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.latency = d
}

// Loss breaks the path at a greeting or an envelope with the given probability (0 to 1): half of the
// time before it arrives, half of the time after it was dealt with, so that only the answer is lost. The
// seed makes a sequence of sends repeatable as far as their order is.
func (n *Network) Loss(rate float64, seed uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.loss, n.rng = rate, rand.New(rand.NewPCG(seed, seed))
}

// unlink ends the links of a node. n.mu is held.
func (n *Network) unlink(name string) {
	for l := range n.links {
		if l.from.name == name || l.to.name == name {
			delete(n.links, l)
		}
	}
}

// fate is what happens to one greeting or envelope.
type fate int

const (
	arrives fate = iota
	requestLost
	answerLost
)

func (n *Network) fate() fate {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.loss == 0 || n.rng.Float64() >= n.loss {
		return arrives
	}
	return requestLost + fate(n.rng.IntN(2))
}

// find returns the node with this name if from can reach it now.
func (n *Network) find(from *Transport, name string) (to *Transport, simplex bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.offline[from.name] || n.offline[name] || n.split[pairOf(from.name, name)] {
		return nil, false
	}
	return n.nodes[name], n.simplex[name]
}

// greeted reports whether the link has been greeted on; greet records it.
func (n *Network) greeted(l link) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.links[l]
}

func (n *Network) greet(l link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	put(&n.links, l)
}

func (n *Network) settings() (times int, latency time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return max(n.times, 1), n.latency
}

// join gives the transport its name; false if somebody has it.
func (n *Network) join(t *Transport) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.nodes[t.name] != nil {
		return false
	}
	if n.nodes == nil {
		n.nodes = map[string]*Transport{}
	}
	n.nodes[t.name] = t
	return true
}

func (n *Network) leave(t *Transport) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.nodes, t.name)
	n.unlink(t.name)
}

func put[K comparable](set *map[K]bool, k K) {
	if *set == nil {
		*set = map[K]bool{}
	}
	(*set)[k] = true
}
