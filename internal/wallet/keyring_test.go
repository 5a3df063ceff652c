package wallet_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/parley-im/parley/crypto/keyfile"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

// under is the protection by a passphrase, or by none if it is empty.
func under(passphrase string) keyfile.Protection {
	return keyfile.Protection{Passphrase: []byte(passphrase)}
}

// memoryRing is a keyring in memory.
type memoryRing struct {
	broken error // what the calls return, if not nil

	mu      sync.Mutex
	entries map[string]string // guarded by mu
}

func (r *memoryRing) Set(_ context.Context, account string, secret []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.entries == nil {
		r.entries = map[string]string{}
	}
	r.entries[account] = string(secret)
	return r.broken
}

func (r *memoryRing) Get(_ context.Context, account string) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if secret, ok := r.entries[account]; ok {
		return []byte(secret), r.broken
	}
	return nil, errors.Join(r.broken, keyfile.ErrEntry)
}

func (r *memoryRing) Delete(_ context.Context, account string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.entries, account)
	return r.broken
}

func TestKeyring(t *testing.T) {
	home, ring := filepath.Join(t.TempDir(), "w"), &memoryRing{}
	made, err := wallet.Create(t.Context(), home, wallet.CreateOptions{Ring: ring})
	must(t, err)
	kind, err := wallet.KeyStore(home)
	must(t, err)
	same(t, "key store", kind, keyfile.Keyring)
	needs, err := wallet.NeedsPassphrase(home)
	must(t, err)
	same(t, "needs a passphrase", needs, false)

	w, err := wallet.Open(t.Context(), home, wallet.Options{Ring: ring})
	must(t, err)
	s, err := w.Status(t.Context())
	must(t, err)
	same(t, "status", []any{s.KeyStore, s.Protected, s.DID}, []any{"keyring", false, made.DID})
	must(t, w.Close())

	// To a passphrase, to the keyring again, to nothing: the wallet stays the same.
	for _, p := range []keyfile.Protection{under("pass"), {Ring: ring}, under("")} {
		old := keyfile.Protection{Ring: ring}
		if kind, err := wallet.KeyStore(home); err == nil && kind == keyfile.Passphrase {
			old = under("pass")
		}
		must(t, wallet.ChangeProtection(t.Context(), home, old, p))
		w, err := wallet.Open(t.Context(), home, wallet.Options{Passphrase: p.Passphrase, Ring: ring})
		must(t, err)
		s, err := w.Status(t.Context())
		must(t, err)
		same(t, "status", []any{s.KeyStore, s.DID}, []any{string(p.Kind()), made.DID})
		must(t, w.Close())
	}
	same(t, "entries that are left", len(ring.entries), 0)
}

// Each way in which a keyring fails says what to do, and changes nothing.
func TestKeyringErrors(t *testing.T) {
	locked := errors.New("the collection is locked")
	for _, test := range []struct {
		name string
		ring func(*memoryRing) keyfile.Ring
		say  string
	}{
		{"locked", func(r *memoryRing) keyfile.Ring { r.broken = locked; return r }, "unlock"},
		{"left alone", func(*memoryRing) keyfile.Ring { return nil }, "unset PARLEY_KEYRING"},
		{"of another machine", func(*memoryRing) keyfile.Ring { return &memoryRing{} }, "parley restore"},
	} {
		t.Run(test.name, func(t *testing.T) {
			home, ring := filepath.Join(t.TempDir(), "w"), &memoryRing{}
			_, err := wallet.Create(t.Context(), home, wallet.CreateOptions{Ring: ring})
			must(t, err)
			before := read(t, filepath.Join(home, "keys"))
			_, err = wallet.Open(t.Context(), home, wallet.Options{Ring: test.ring(ring)})
			same(t, "code", code(t, err), control.CodeTrust)
			var e *control.Error
			if !errors.As(err, &e) || !strings.Contains(e.Hint, test.say) {
				t.Errorf("%+v does not say %q", e, test.say)
			}
			same(t, "key file", read(t, filepath.Join(home, "keys")), before)
		})
	}
}

// A keyring that does not keep the secret makes no wallet; one that was never finished leaves no entry.
func TestKeyringCutShort(t *testing.T) {
	home, ring := filepath.Join(t.TempDir(), "w"), &memoryRing{broken: errors.New("locked")}
	_, err := wallet.Create(t.Context(), home, wallet.CreateOptions{Ring: ring})
	same(t, "code", code(t, err), control.CodeTrust)
	same(t, "a wallet", wallet.Exists(home), false)

	ring = &memoryRing{}
	_, err = wallet.Create(t.Context(), home, wallet.CreateOptions{Ring: ring})
	must(t, err)
	must(t, os.Rename(filepath.Join(home, "keys"), filepath.Join(home, "keys.unfinished")))
	_, err = wallet.Create(t.Context(), home, wallet.CreateOptions{Ring: ring})
	must(t, err)
	same(t, "entries", len(ring.entries), 1)
}
