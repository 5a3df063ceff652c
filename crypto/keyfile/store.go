package keyfile

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"github.com/parley-im/parley/crypto"
)

// ErrClosed says that the store has been closed.
var ErrClosed = errors.New("key store is closed")

// Store derives and uses the keys of one wallet. It implements crypto.KeyStore over the key ids
// that were bound. It is safe for concurrent use, must not be copied, and never prints secrets.
// Create and Open make one.
type Store struct {
	kind Kind // read-only

	mu    sync.RWMutex
	root  func() *[rootSize]byte // under mu; nil once closed; a function, so that fmt cannot print it
	bound map[string]binding     // under mu
}

var _ crypto.KeyStore = (*Store)(nil)

// binding is a DID key under a key id.
type binding struct {
	curve crypto.Curve
	index uint32
	key   crypto.PrivateKey
}

// newStore takes over root.
func newStore(root *[rootSize]byte, kind Kind) *Store {
	return &Store{
		kind:  kind,
		root:  func() *[rootSize]byte { return root },
		bound: map[string]binding{},
	}
}

// Kind returns what protected the file when it was opened.
func (s *Store) Kind() Kind { return s.kind }

// Protected reports whether the file was sealed under a passphrase when it was opened.
func (s *Store) Protected() bool { return s.kind == Passphrase }

// Unprotected returns the text of a key file with the same root that nothing protects, for a place that is sealed
// as a whole, such as a backup: whoever reads it has all keys. The error is ErrClosed once the store is closed.
func (s *Store) Unprotected() ([]byte, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.root == nil {
		return nil, ErrClosed
	}
	return seal(s.root(), nil, defaultCost)
}

// Subkey returns the 32-byte key for label: the same for one root and label in every version of
// Parley, and independent of every other key. It panics once the store is closed, since a key
// made of nothing must never seal anything.
func (s *Store) Subkey(label string) [32]byte {
	return [32]byte(s.mustExpand(purposeSubkey+label, 32))
}

// Transport returns the key of the libp2p host, which is never a DID key. It is the one private
// key that leaves the store, because libp2p needs it in hand: it proves which machine a stream
// comes from and nothing about who wrote a message. It panics once the store is closed.
func (s *Store) Transport() ed25519.PrivateKey {
	seed := s.mustExpand(purposeTransport, ed25519.SeedSize)
	defer clear(seed)
	return ed25519.NewKeyFromSeed(seed)
}

func (s *Store) mustExpand(info string, size int) []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.root == nil {
		panic("keyfile: " + ErrClosed.Error())
	}
	return expand(s.root(), info, size)
}

// DIDKey returns the public half of the key number index on curve c, which is the same for one
// root in every version of Parley. All curves of package crypto have keys. The error is ErrClosed
// once the store is closed.
func (s *Store) DIDKey(c crypto.Curve, index uint32) (crypto.PublicKey, error) {
	k, err := s.derive(c, index)
	return k.Public(), err
}

func (s *Store) derive(c crypto.Curve, index uint32) (crypto.PrivateKey, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.root == nil {
		return crypto.PrivateKey{}, ErrClosed
	}
	return deriveKey(s.root(), c, index)
}

// Bind makes the DID key of c and index available under the key id kid, until the store is
// closed. Binding the same again changes nothing; binding another key under the same id is an
// error, as is an empty id.
func (s *Store) Bind(kid string, c crypto.Curve, index uint32) error {
	if kid == "" {
		return errors.New("bind a key: the key id is empty")
	}
	k, err := s.derive(c, index)
	if err != nil {
		return fmt.Errorf("bind %q: %w", kid, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.root == nil {
		return ErrClosed
	}
	if b, ok := s.bound[kid]; ok && (b.curve != c || b.index != index) {
		return fmt.Errorf("bind %q to %v key %d: it is bound to %v key %d", kid, c, index, b.curve, b.index)
	}
	s.bound[kid] = binding{curve: c, index: index, key: k}
	return nil
}

// Public implements crypto.KeyStore. The error wraps crypto.ErrUnknownKey if kid is not bound,
// and ErrClosed once the store is closed; so it is for Sign and Agree.
func (s *Store) Public(_ context.Context, kid string) (crypto.PublicKey, error) {
	k, err := s.key(kid)
	return k.Public(), err
}

// Sign implements crypto.KeyStore.
func (s *Store) Sign(_ context.Context, kid string, message []byte) ([]byte, error) {
	k, err := s.key(kid)
	if err != nil {
		return nil, err
	}
	return k.Sign(message)
}

// Agree implements crypto.KeyStore.
func (s *Store) Agree(_ context.Context, kid string, peer crypto.PublicKey) ([]byte, error) {
	k, err := s.key(kid)
	if err != nil {
		return nil, err
	}
	return k.Agree(peer)
}

func (s *Store) key(kid string) (crypto.PrivateKey, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.root == nil {
		return crypto.PrivateKey{}, ErrClosed
	}
	b, ok := s.bound[kid]
	if !ok {
		return crypto.PrivateKey{}, fmt.Errorf("%w %q", crypto.ErrUnknownKey, kid)
	}
	return b.key, nil
}

// Close overwrites the root and forgets all keys. Operations that have started finish. It may be
// called again, and always returns nil.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.root != nil {
		clear(s.root()[:])
	}
	s.root, s.bound = nil, nil
	return nil
}

// Format writes "key store" whatever the verb. It implements fmt.Formatter.
func (s *Store) Format(f fmt.State, _ rune) { io.WriteString(f, "key store") }

// LogValue returns "key store". It implements slog.LogValuer.
func (s *Store) LogValue() slog.Value { return slog.StringValue("key store") }
