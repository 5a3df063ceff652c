package did_test

import (
	"testing"

	"github.com/mr-tron/base58"
	"github.com/parley-im/parley/crypto"
)

// base58Of returns the publicKeyBase58 of a key: its raw bytes, compressed for points. A
// multikey is that behind a two-byte code.
func base58Of(t testing.TB, key crypto.PublicKey) string {
	t.Helper()
	raw, err := base58.Decode(key.Multikey()[1:])
	if err != nil {
		t.Fatal(err)
	}
	return base58.Encode(raw[2:])
}
