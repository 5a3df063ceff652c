package didweb_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didweb"
)

// public returns a key that depends only on the curve and the seed.
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

// wallet returns what a wallet on the web puts into its document.
func wallet(t testing.TB) didweb.Options {
	t.Helper()
	return didweb.Options{
		DID:            did.MustParse("did:web:example.com:users:alice"),
		Authentication: []crypto.PublicKey{public(t, crypto.Ed25519, 1)},
		KeyAgreement:   []crypto.PublicKey{public(t, crypto.X25519, 2)},
		Services: []did.Service{{
			ID:   "#didcomm",
			Type: did.DIDCommMessaging,
			Endpoints: []did.Endpoint{{
				URI:        "libp2p-peerId:12D3KooWQhcHbUpCNZCmVMpHHVvKhrGhKvvRo9pqvUYLUUQ5EFYY",
				Accept:     []string{"didcomm/v2"},
				MultiAddrs: []string{"/ip4/192.0.2.7/tcp/4001"},
			}},
		}},
	}
}

// shelf is a Fetcher with one file.
type shelf struct {
	url, text string
	err       error
	asked     []string // "limit url types"
}

func (s *shelf) Fetch(_ context.Context, url string, limit int, types ...string) ([]byte, error) {
	s.asked = append(s.asked, fmt.Sprint(limit, " ", url, " ", types))
	switch {
	case s.err != nil:
		return nil, s.err
	case url != s.url:
		return nil, did.ErrNotFound
	}
	return []byte(s.text), nil
}
