package crypto

import (
	"context"
	"fmt"
	"sync"
)

// Keyring is a KeyStore held in memory. It is safe for concurrent use.
type Keyring struct {
	mu   sync.RWMutex
	keys map[string]PrivateKey // under mu
}

// NewKeyring returns an empty Keyring.
func NewKeyring() *Keyring { return &Keyring{keys: map[string]PrivateKey{}} }

// Add stores k under kid and replaces what was there.
func (r *Keyring) Add(kid string, k PrivateKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys[kid] = k
}

// Public implements KeyStore.
func (r *Keyring) Public(_ context.Context, kid string) (PublicKey, error) {
	k, err := r.get(kid)
	return k.Public(), err
}

// Sign implements KeyStore.
func (r *Keyring) Sign(_ context.Context, kid string, message []byte) ([]byte, error) {
	k, err := r.get(kid)
	if err != nil {
		return nil, err
	}
	return k.Sign(message)
}

// Agree implements KeyStore.
func (r *Keyring) Agree(_ context.Context, kid string, peer PublicKey) ([]byte, error) {
	k, err := r.get(kid)
	if err != nil {
		return nil, err
	}
	return k.Agree(peer)
}

func (r *Keyring) get(kid string) (PrivateKey, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	k, ok := r.keys[kid]
	if !ok || k.IsZero() {
		return PrivateKey{}, fmt.Errorf("%w %q", ErrUnknownKey, kid)
	}
	return k, nil
}
