package envelope_test

import (
	"context"
	"strings"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
)

// TestAllocations holds the number of allocations of an operation, which does not depend on the machine: for one
// recipient over X25519, with agreements remembered as a wallet does. The primitives alone make some 40 for sealing
// and 35 for opening; the race detector adds up to 17, and the figures leave room for them. Whoever adds more raises a
// figure here on purpose. It does not run in parallel with others,
// whose allocations would count.
func TestAllocations(t *testing.T) {
	p := standard(t)
	ctx := context.Background()
	p.aliceKeys, p.bobKeys = crypto.RememberAgreements(p.alice, 0), crypto.RememberAgreements(p.bob, 0)
	for _, c := range []struct {
		name       string
		options    envelope.Options
		seal, open float64
	}{
		{"signed", envelope.Options{Signer: aliceSign}, 12, 25},
		{"anoncrypt", envelope.Options{To: p.to[:1]}, 64, 70},
		{"authcrypt", envelope.Options{To: p.to[:1], From: aliceKey}, 72, 80},
		{"anoncrypt(sign)", envelope.Options{To: p.to[:1], Signer: aliceSign}, 76, 92},
		{"anoncrypt(authcrypt)", envelope.Options{To: p.to[:1], From: aliceKey, ProtectSender: true}, 135, 146},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range []int{1 << 10, 64 << 10} {
				payload := []byte(plaintextOf(size))
				sealed := p.seal(t, string(payload), c.options)
				seal := testing.AllocsPerRun(50, func() {
					if _, err := envelope.Seal(ctx, p.sealing(), payload, c.options); err != nil {
						t.Fatal(err)
					}
				})
				open := testing.AllocsPerRun(50, func() {
					if _, err := p.open(sealed); err != nil {
						t.Fatal(err)
					}
				})
				if seal > c.seal || open > c.open {
					t.Errorf("%d bytes: seal %v (at most %v), open %v (at most %v)", size, seal, c.seal, open, c.open)
				}
				t.Logf("%d bytes: seal %v, open %v", size, seal, open)
			}
		})
	}
}

// plaintextOf is a message of size bytes.
func plaintextOf(size int) string {
	head, tail := `{"id":"1","type":"https://example.com/hi","from":"did:example:alice","to":["did:example:bob"],"body":{"content":"`, `"}}`
	return head + strings.Repeat("x", size-len(head)-len(tail)) + tail
}
