package crypto_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/parley-im/parley/crypto"
)

// counted counts the agreements that are computed.
type counted struct {
	crypto.KeyStore
	mu    sync.Mutex
	agree int
}

func (c *counted) Agree(ctx context.Context, kid string, peer crypto.PublicKey) ([]byte, error) {
	c.mu.Lock()
	c.agree++
	c.mu.Unlock()
	return c.KeyStore.Agree(ctx, kid, peer)
}

func generate(t *testing.T, c crypto.Curve) crypto.PrivateKey {
	t.Helper()
	k, err := crypto.GenerateKey(c)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestAgreements(t *testing.T) {
	t.Parallel()
	ring := crypto.NewKeyring()
	one, two := generate(t, crypto.X25519), generate(t, crypto.P256)
	ring.Add("one", one)
	ring.Add("two", two)
	under := &counted{KeyStore: ring}
	a := crypto.RememberAgreements(under, 2)
	peers := map[string]crypto.PublicKey{
		"one": generate(t, crypto.X25519).Public(), "two": generate(t, crypto.P256).Public(),
	}
	for round := range 3 {
		for kid, own := range map[string]crypto.PrivateKey{"one": one, "two": two} {
			want, err := own.Agree(peers[kid])
			if err != nil {
				t.Fatal(err)
			}
			got, err := a.AgreeStatic(t.Context(), kid, peers[kid])
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("round %d, %s: %x, %v", round, kid, got, err)
			}
			clear(got) // the caller's copy
		}
	}
	if under.agree != 2 {
		t.Errorf("computed %d times, want 2", under.agree)
	}
	if _, err := a.Agree(t.Context(), "one", peers["one"]); err != nil || under.agree != 3 {
		t.Errorf("Agree itself remembers nothing: %d, %v", under.agree, err)
	}
	a.Forget()
	if _, err := a.AgreeStatic(t.Context(), "one", peers["one"]); err != nil || under.agree != 4 {
		t.Errorf("after Forget: computed %d times, %v", under.agree, err)
	}
}

func TestAgreementsAreBounded(t *testing.T) {
	t.Parallel()
	ring := crypto.NewKeyring()
	ring.Add("k", generate(t, crypto.X25519))
	under := &counted{KeyStore: ring}
	a := crypto.RememberAgreements(under, 2)
	var peers []crypto.PublicKey
	for range 3 {
		peers = append(peers, generate(t, crypto.X25519).Public())
	}
	for _, step := range []struct{ peer, computed int }{
		{0, 1}, {1, 2}, {0, 2}, {2, 3}, // evicts 1, which was not used for longest
		{0, 3}, {1, 4}, // evicts 2
		{0, 4}, {2, 5},
	} {
		if _, err := a.AgreeStatic(t.Context(), "k", peers[step.peer]); err != nil || under.agree != step.computed {
			t.Fatalf("%+v: computed %d times, %v", step, under.agree, err)
		}
	}
}

func TestAgreementsPassErrorsOn(t *testing.T) {
	t.Parallel()
	a := crypto.RememberAgreements(crypto.NewKeyring(), 0)
	for range 2 {
		if _, err := a.AgreeStatic(t.Context(), "none", generate(t, crypto.X25519).Public()); !errors.Is(err, crypto.ErrUnknownKey) {
			t.Errorf("got %v, want ErrUnknownKey", err)
		}
	}
	if _, err := a.AgreeStatic(t.Context(), "none", crypto.PublicKey{}); err == nil {
		t.Error("no peer, and no error")
	}
}

func TestAgreeStaticWithoutMemory(t *testing.T) {
	t.Parallel()
	ring := crypto.NewKeyring()
	k := generate(t, crypto.X25519)
	ring.Add("k", k)
	peer := generate(t, crypto.X25519).Public()
	got, err := crypto.AgreeStatic(t.Context(), ring, "k", peer)
	want, _ := k.Agree(peer)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%x, %v", got, err)
	}
	under := &counted{KeyStore: ring}
	a := crypto.RememberAgreements(under, 1)
	for range 2 {
		if _, err := crypto.AgreeStatic(t.Context(), a, "k", peer); err != nil {
			t.Fatal(err)
		}
	}
	if under.agree != 1 {
		t.Errorf("computed %d times through the helper, want 1", under.agree)
	}
}

func TestAgreementsAtOnce(t *testing.T) {
	t.Parallel()
	ring := crypto.NewKeyring()
	k := generate(t, crypto.X25519)
	ring.Add("k", k)
	a := crypto.RememberAgreements(ring, 3)
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	var peers []crypto.PublicKey
	for range 6 {
		peers = append(peers, generate(t, crypto.X25519).Public())
	}
	for g := range 8 {
		wg.Go(func() {
			for i := range 50 {
				peer := peers[(g+i)%len(peers)]
				got, err := a.AgreeStatic(context.Background(), "k", peer)
				want, _ := k.Agree(peer)
				if err != nil || !bytes.Equal(got, want) {
					errs <- fmt.Errorf("%x instead of %x, %w", got, want, err)
					return
				}
				clear(got)
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
}
