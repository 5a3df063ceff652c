package crypto_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/parley-im/parley/crypto"
)

var (
	_ crypto.KeyStore  = (*crypto.Keyring)(nil)
	_ crypto.Directory = crypto.Keys(nil)
)

func TestKeyring(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	ring := crypto.NewKeyring()
	ed, x := mustGenerate(t, crypto.Ed25519), mustGenerate(t, crypto.X25519)
	ring.Add("ed", ed)
	ring.Add("x", x)

	if pub, err := ring.Public(ctx, "ed"); err != nil || !pub.Equal(ed.Public()) {
		t.Errorf("Public: %v, %v", pub, err)
	}
	sig, err := ring.Sign(ctx, "ed", []byte("m"))
	if err != nil {
		t.Fatal(err)
	}
	if err := ed.Public().Verify([]byte("m"), sig); err != nil {
		t.Error(err)
	}
	peer := mustGenerate(t, crypto.X25519)
	got, err := ring.Agree(ctx, "x", peer.Public())
	if err != nil {
		t.Fatal(err)
	}
	if want := checkAgree(t, peer, x); string(got) != string(want) {
		t.Errorf("Agree: got %x, want %x", got, want)
	}
	if _, err := ring.Sign(ctx, "x", nil); err == nil || errors.Is(err, crypto.ErrUnknownKey) {
		t.Errorf("signing with an agreement key: %v", err)
	}
	ring.Add("ed", x)
	if pub, err := ring.Public(ctx, "ed"); err != nil || !pub.Equal(x.Public()) {
		t.Errorf("after replacing: %v, %v", pub, err)
	}
}

func TestKeyringUnknownKey(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	ring := crypto.NewKeyring()
	ring.Add("zero", crypto.PrivateKey{})
	for _, kid := range []string{"", "nobody", "zero"} {
		_, pub := ring.Public(ctx, kid)
		_, sign := ring.Sign(ctx, kid, nil)
		_, agree := ring.Agree(ctx, kid, mustGenerate(t, crypto.X25519).Public())
		for name, err := range map[string]error{"Public": pub, "Sign": sign, "Agree": agree} {
			if !errors.Is(err, crypto.ErrUnknownKey) {
				t.Errorf("%s(%q): got %v, want ErrUnknownKey", name, kid, err)
			}
		}
	}
}

func TestKeyringConcurrently(t *testing.T) {
	t.Parallel()
	ring := crypto.NewKeyring()
	var wg sync.WaitGroup
	for i := range 8 {
		k := mustGenerate(t, crypto.Ed25519)
		wg.Go(func() {
			kid := fmt.Sprint(i)
			for range 50 {
				ring.Add(kid, k)
				pub, err := ring.Public(t.Context(), kid)
				if err != nil || !pub.Equal(k.Public()) {
					t.Errorf("key %s: %v, %v", kid, pub, err)
				}
				if sig, err := ring.Sign(t.Context(), kid, nil); err != nil || pub.Verify(nil, sig) != nil {
					t.Errorf("key %s does not sign: %v", kid, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestKeysLookup(t *testing.T) {
	t.Parallel()
	keys := crypto.Keys{"zero": {}}
	for _, c := range allCurves {
		keys[c.String()] = mustGenerate(t, c).Public()
	}
	for _, c := range allCurves {
		for p, want := range map[crypto.Purpose]bool{crypto.Authentication: c.CanSign(), crypto.KeyAgreement: c.CanAgree(), 0: false, 3: false} {
			got, err := keys.Lookup(t.Context(), c.String(), p)
			if want && (err != nil || !got.Equal(keys[c.String()])) {
				t.Errorf("%v for %v: %v, %v", c, p, got, err)
			}
			if !want && !errors.Is(err, crypto.ErrUnknownKey) {
				t.Errorf("%v for %v: got %v, want ErrUnknownKey", c, p, err)
			}
		}
	}
	for _, kid := range []string{"", "nobody", "zero"} {
		if _, err := keys.Lookup(t.Context(), kid, crypto.Authentication); !errors.Is(err, crypto.ErrUnknownKey) {
			t.Errorf("%q: got %v, want ErrUnknownKey", kid, err)
		}
	}
}

func TestPurposeNames(t *testing.T) {
	t.Parallel()
	for p, want := range map[crypto.Purpose]string{
		crypto.Authentication: "authentication", crypto.KeyAgreement: "keyAgreement", 0: "Purpose(0)",
	} {
		if got := p.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
