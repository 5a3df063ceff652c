package keyfile_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/keyfile"
)

func TestBoundKeysWork(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := mustCreate(t, newPath(t), nil)
	for i, c := range curves {
		kid := fmt.Sprintf("did:example:a#key-%d", i)
		if err := s.Bind(kid, c, 7); err != nil {
			t.Fatal(err)
		}
		pub, err := s.Public(ctx, kid)
		if err != nil || !pub.Equal(mustDIDKey(t, s, c, 7)) {
			t.Errorf("%v: Public gives %v, %v", c, pub, err)
		}
		if c.CanSign() {
			sig, err := s.Sign(ctx, kid, []byte("m"))
			if err != nil {
				t.Fatal(err)
			}
			if err := pub.Verify([]byte("m"), sig); err != nil {
				t.Errorf("%v: %v", c, err)
			}
		} else if _, err := s.Sign(ctx, kid, nil); err == nil {
			t.Errorf("%v signs", c)
		}
		checkAgreement(t, s, kid, pub)
	}
}

func checkAgreement(t *testing.T, s *keyfile.Store, kid string, pub crypto.PublicKey) {
	t.Helper()
	peer, err := crypto.GenerateKey(pub.Curve())
	if err != nil {
		t.Fatal(err)
	}
	ours, err := s.Agree(t.Context(), kid, peer.Public())
	if !pub.Curve().CanAgree() {
		if err == nil {
			t.Errorf("%v agrees", pub.Curve())
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := peer.Agree(pub)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(ours, theirs) {
		t.Errorf("%v: the secrets differ", pub.Curve())
	}
}

func TestBind(t *testing.T) {
	t.Parallel()
	s := mustCreate(t, newPath(t), nil)
	for range 2 { // again is fine
		if err := s.Bind("kid", crypto.Ed25519, 3); err != nil {
			t.Fatal(err)
		}
	}
	want := mustDIDKey(t, s, crypto.Ed25519, 3)
	tests := map[string]error{
		"other index":   s.Bind("kid", crypto.Ed25519, 4),
		"other curve":   s.Bind("kid", crypto.X25519, 3),
		"unknown curve": s.Bind("new", 0, 3),
		"empty id":      s.Bind("", crypto.Ed25519, 3),
	}
	for name, err := range tests {
		if err == nil {
			t.Errorf("%s: bound", name)
		}
	}
	if got, err := s.Public(t.Context(), "kid"); err != nil || !got.Equal(want) {
		t.Errorf("the first binding has become %v, %v", got, err)
	}
	if err := s.Bind("alias", crypto.Ed25519, 3); err != nil {
		t.Errorf("one key under two ids: %v", err)
	}
}

func TestUnknownKey(t *testing.T) {
	t.Parallel()
	s := mustCreate(t, newPath(t), nil)
	for _, kid := range []string{"", "nobody"} {
		for name, err := range useKey(t, s, kid) {
			if !errors.Is(err, crypto.ErrUnknownKey) {
				t.Errorf("%s(%q): got %v, want ErrUnknownKey", name, kid, err)
			}
		}
	}
}

// useKey returns the error of each method of crypto.KeyStore.
func useKey(t *testing.T, s *keyfile.Store, kid string) map[string]error {
	t.Helper()
	peer, err := crypto.GenerateKey(crypto.X25519)
	if err != nil {
		t.Fatal(err)
	}
	_, public := s.Public(t.Context(), kid)
	_, sign := s.Sign(t.Context(), kid, nil)
	_, agree := s.Agree(t.Context(), kid, peer.Public())
	return map[string]error{"Public": public, "Sign": sign, "Agree": agree}
}

func TestClose(t *testing.T) {
	t.Parallel()
	s := mustCreate(t, newPath(t), nil)
	if err := s.Bind("kid", crypto.Ed25519, 0); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	checkClosed(t, s)
	checkClosed(t, new(keyfile.Store)) // nobody has opened it
}

func checkClosed(t *testing.T, s *keyfile.Store) {
	t.Helper()
	errs := useKey(t, s, "kid")
	errs["Bind"] = s.Bind("kid", crypto.Ed25519, 0)
	_, errs["DIDKey"] = s.DIDKey(crypto.Ed25519, 0)
	for name, err := range errs {
		if !errors.Is(err, keyfile.ErrClosed) {
			t.Errorf("%s: got %v, want ErrClosed", name, err)
		}
	}
	for name, f := range map[string]func(){
		"Subkey":    func() { s.Subkey("data") },
		"Transport": func() { s.Transport() },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s gives a key of a closed store", name)
				}
			}()
			f()
		}()
	}
}

func TestStoreConcurrently(t *testing.T) {
	t.Parallel()
	s := mustCreate(t, newPath(t), nil)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			kid := fmt.Sprint(i % 4)
			for range 20 {
				if err := s.Bind(kid, crypto.Ed25519, uint32(i%4)); err != nil {
					t.Error(err)
				}
				sig, err := s.Sign(t.Context(), kid, []byte(kid))
				if err != nil {
					t.Error(err)
				}
				if err := mustDIDKey(t, s, crypto.Ed25519, uint32(i%4)).Verify([]byte(kid), sig); err != nil {
					t.Error(err)
				}
				if first, again := s.Subkey(kid), s.Subkey(kid); first != again {
					t.Error("subkeys differ")
				}
			}
		})
	}
	wg.Wait()
}

// Close in the midst of work gives whole answers or ErrClosed, never a key of an emptied root.
func TestCloseConcurrently(t *testing.T) {
	t.Parallel()
	s := mustCreate(t, newPath(t), nil)
	want := mustDIDKey(t, s, crypto.Ed25519, 0)
	if err := s.Bind("kid", crypto.Ed25519, 0); err != nil {
		t.Fatal(err)
	}
	var started, wg sync.WaitGroup
	started.Add(4)
	for range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				if i == 1 {
					started.Done()
				}
				got, err := s.DIDKey(crypto.Ed25519, 0)
				if err == nil && !got.Equal(want) {
					t.Error("a key of an emptied root")
				}
				_, signErr := s.Sign(t.Context(), "kid", nil)
				if err != nil || signErr != nil {
					if err != nil && !errors.Is(err, keyfile.ErrClosed) || signErr != nil && !errors.Is(signErr, keyfile.ErrClosed) {
						t.Errorf("got %v and %v, want ErrClosed", err, signErr)
					}
					if i == 0 {
						started.Done()
					}
					return
				}
			}
		})
	}
	started.Wait()
	s.Close()
	wg.Wait()
}

func TestStoreIsNeverPrinted(t *testing.T) {
	t.Parallel()
	s, err := keyfile.Open(t.Context(), copyGolden(t, "plain.key"), keyfile.Protection{}) // root 00 01 … 1f
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Bind("kid", crypto.Ed25519, 0); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "store", s)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "store", s)
	out := log.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
		out += fmt.Sprintf(verb, s) + fmt.Sprintf(verb, struct{ s *keyfile.Store }{s})
	}
	if !strings.Contains(out, "key store") {
		t.Errorf("%q does not say that it is a key store", out)
	}
	root := []byte{8, 9, 10, 11, 12, 13, 14, 15}
	for _, enc := range []string{string(root), hex.EncodeToString(root), "8 9 10 11 12", "0x8, 0x9, 0xa"} {
		if strings.Contains(strings.ToLower(out), enc) {
			t.Errorf("%q holds the root", out)
		}
	}
}
