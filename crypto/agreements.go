package crypto

import (
	"container/list"
	"context"
	"sync"
)

// StaticAgreer is a KeyStore that is told which agreements are between two keys that both last: those of our
// key with the key of a correspondent, in contrast to those with a key made for one message.
type StaticAgreer interface {
	// AgreeStatic is Agree for a peer whose key lasts. The secret is the caller's to overwrite.
	AgreeStatic(ctx context.Context, kid string, peer PublicKey) ([]byte, error)
}

// AgreeStatic computes the secret that the key kid in k shares with the lasting key peer, from memory where k
// is a StaticAgreer that has it.
func AgreeStatic(ctx context.Context, k KeyStore, kid string, peer PublicKey) ([]byte, error) {
	if s, ok := k.(StaticAgreer); ok {
		return s.AgreeStatic(ctx, kid, peer)
	}
	return k.Agree(ctx, kid, peer)
}

// Agreements is a KeyStore that remembers what our keys and lasting keys of others agree on: ECDH-1PU needs it
// for every message between two parties, and it is always the same. It holds the secrets in memory, a bounded
// number of them, and overwrites those that make room for others. It is safe for concurrent use.
//
// A kid must stand for one private key for as long as the Agreements lives.
type Agreements struct {
	KeyStore
	limit int

	mu     sync.Mutex
	known  map[agreementOf]*list.Element // of *agreement; under mu
	recent list.List                     // the one used last in front; under mu
}

type agreementOf struct {
	kid, peer string
	curve     Curve
}

type agreement struct {
	of     agreementOf
	secret []byte
}

// RememberAgreements returns k with a memory of at most limit agreements, of 32 to 66 bytes each; a limit below
// 1 means 1,024.
func RememberAgreements(k KeyStore, limit int) *Agreements {
	if limit < 1 {
		limit = 1024
	}
	return &Agreements{KeyStore: k, limit: limit, known: map[agreementOf]*list.Element{}}
}

// AgreeStatic implements StaticAgreer. What fails is not remembered.
func (a *Agreements) AgreeStatic(ctx context.Context, kid string, peer PublicKey) ([]byte, error) {
	of := agreementOf{kid, peer.raw, peer.curve}
	if secret := a.recall(of); secret != nil {
		return secret, nil
	}
	secret, err := a.Agree(ctx, kid, peer)
	if err != nil {
		return nil, err
	}
	a.remember(of, secret)
	return secret, nil
}

// Forget overwrites and forgets everything.
func (a *Agreements) Forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.recent.Len() > 0 {
		a.evict()
	}
}

func (a *Agreements) recall(of agreementOf) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.known[of]
	if e == nil {
		return nil
	}
	a.recent.MoveToFront(e)
	return append([]byte(nil), e.Value.(*agreement).secret...)
}

func (a *Agreements) remember(of agreementOf, secret []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known[of] != nil {
		return // computed twice at the same time
	}
	for a.recent.Len() >= a.limit {
		a.evict()
	}
	a.known[of] = a.recent.PushFront(&agreement{of, append([]byte(nil), secret...)})
}

// evict overwrites and forgets the one that was not used for longest; with mu held.
func (a *Agreements) evict() {
	oldest := a.recent.Remove(a.recent.Back()).(*agreement)
	clear(oldest.secret)
	delete(a.known, oldest.of)
}
