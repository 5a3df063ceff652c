package aries_test

import (
	"errors"
	"sync"
	"testing"

	ariesdid "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	"github.com/hyperledger/aries-framework-go/pkg/framework/aries/api/vdr"
	"github.com/hyperledger/aries-framework-go/spi/storage"
	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

// reader is a VDR that is one function.
type reader func(id string) (*ariesdid.DocResolution, error)

// Read implements aries.Reader.
func (r reader) Read(id string, _ ...vdr.DIDMethodOption) (*ariesdid.DocResolution, error) {
	return r(id)
}

// parsed returns a reader that lets aries parse the same text for every DID.
func parsed(text string) reader {
	return func(string) (*ariesdid.DocResolution, error) {
		doc, err := ariesdid.ParseDocument([]byte(text))
		return &ariesdid.DocResolution{DIDDocument: doc}, err
	}
}

func public(t testing.TB, c crypto.Curve, seed byte) crypto.PublicKey {
	t.Helper()
	size := map[crypto.Curve]int{crypto.P384: 48, crypto.P521: 66}[c]
	secret := make([]byte, max(size, 32))
	secret[len(secret)-1], secret[len(secret)-2] = seed, 5
	key, err := crypto.NewPrivateKey(c, secret)
	if err != nil {
		t.Fatal(err)
	}
	return key.Public()
}

func byID(ms []did.VerificationMethod) map[string]string {
	out := make(map[string]string)
	for _, m := range ms {
		out[m.ID.String()] = m.Key.Multikey()
	}
	return out
}

// memory is an aries storage provider with one store. Only what the peer VDR calls works.
type memory struct {
	storage.Provider
	storage.Store
	mu   sync.Mutex
	data map[string][]byte // guarded by mu
}

func (m *memory) OpenStore(string) (storage.Store, error) { return m, nil }

func (m *memory) Put(key string, value []byte, _ ...storage.Tag) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.data[key] = value
	return nil
}

func (m *memory) Get(key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if value, ok := m.data[key]; ok {
		return value, nil
	}
	return nil, storage.ErrDataNotFound
}

// Close settles which embedded Close counts.
func (m *memory) Close() error { return errors.New("not closed here") }
