package envelope_test

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/internal/vectors"
)

// FuzzOpen: whatever comes is refused in one of the known ways, or is what Alice sealed.
func FuzzOpen(f *testing.F) {
	p := standard(f)
	for _, form := range p.forms() {
		sealed := p.seal(f, hello, form.options)
		f.Add(sealed)
		f.Add(sealed[:len(sealed)/2])
	}
	f.Add(compactJWE(f, p))
	f.Add([]byte(compactJWS(f, aliceSign)))
	f.Add([]byte(hello))
	f.Add([]byte(strings.Repeat("[", 1000)))
	vectors.Seeds(f, func(seed []byte) { f.Add(seed) })
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		got, err := p.open(data)
		kids, kidsErr := envelope.Recipients(data)
		if !bytes.Equal(before, data) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			if got != nil || !refused(err) {
				t.Errorf("got %v, %v", got, err)
			}
			return
		}
		if kidsErr != nil || len(kids) != len(got.RecipientKIDs) {
			t.Errorf("Recipients gives %v, %v", kids, kidsErr)
		}
		// Anybody can seal an anoncrypt message, and the keys of this test are no secret.
		if (got.SenderKey != "" || got.SignerKey != "") && string(got.Payload) != hello {
			t.Errorf("forged %q", got.Payload)
		}
	})
}

// TestOpenAllocation: at most 16 times the input and 64 KiB, in every form, with a plaintext that
// makes the parser work hardest. It does not run in parallel: other allocations would count.
func TestOpenAllocation(t *testing.T) {
	p := standard(t)
	var names strings.Builder
	for i := 0; names.Len() < 384<<10; i++ {
		fmt.Fprintf(&names, `"%x":1,`, i)
	}
	for payload, body := range map[string]string{
		"small": "1", "long string": `"` + strings.Repeat("x", 384<<10) + `"`, "many members": "{" + names.String() + `"x":1}`,
	} {
		for _, f := range p.forms() {
			sealed := p.seal(t, `{"from":"`+alice+`","body":`+body+`}`, f.options)
			check := func(string, []byte) error { return nil } // what the caller allocates does not count
			var err error
			got := allocated(func() {
				_, err = envelope.Open(context.Background(), p.bob, p.docs, sealed, envelope.OpenOptions{CheckSigner: check})
			})
			if limit := uint64(16*len(sealed) + 64<<10); err != nil || got > limit {
				t.Errorf("%s, %s: %d bytes for %d, limit %d; %v", f.name, payload, got, len(sealed), limit, err)
			}
		}
	}
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestRefusalIsCheap: a hostile message costs two agreements for each of our keys it names, and no
// more, since a kid cannot occur twice.
func TestRefusalIsCheap(t *testing.T) {
	t.Parallel()
	p := standard(t)
	sealed := p.seal(t, hello, envelope.Options{To: p.to, From: aliceKey})
	sealed = edit(t, sealed, flip("ciphertext"))
	ring := &countingKeys{KeyStore: p.bob}
	if _, err := envelope.Open(context.Background(), ring, p.docs, sealed, envelope.OpenOptions{}); err != envelope.ErrOpen {
		t.Errorf("got %v, want ErrOpen", err)
	}
	if want := 2 * len(p.to); ring.agreements != want {
		t.Errorf("%d agreements, want %d", ring.agreements, want)
	}
}

// countingKeys counts agreements.
type countingKeys struct {
	crypto.KeyStore
	agreements int
}

func (c *countingKeys) Agree(ctx context.Context, kid string, peer crypto.PublicKey) ([]byte, error) {
	c.agreements++
	return c.KeyStore.Agree(ctx, kid, peer)
}
