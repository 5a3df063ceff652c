package oskeyring_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/zalando/go-keyring"

	"github.com/parley-im/parley/crypto/keyfile"
	"github.com/parley-im/parley/crypto/keyfile/oskeyring"
)

// mock replaces the keyring of the process, so tests that use it cannot be parallel. The bus that the address names
// is never asked.
func mock(t *testing.T, broken error) oskeyring.Ring {
	t.Helper()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
	if broken != nil {
		keyring.MockInitWithError(broken)
	} else {
		keyring.MockInit()
	}
	return oskeyring.Ring{}
}

func TestRing(t *testing.T) {
	r := mock(t, nil)
	secret := bytes.Repeat([]byte{0, 0xff, '\n'}, 20)
	if _, err := r.Get(t.Context(), "a"); !errors.Is(err, keyfile.ErrEntry) {
		t.Errorf("before: got %v, want ErrEntry", err)
	}
	if err := r.Set(t.Context(), "a", secret); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Get(t.Context(), "a"); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("got %x, %v", got, err)
	}
	if _, err := r.Get(t.Context(), "b"); !errors.Is(err, keyfile.ErrEntry) {
		t.Errorf("another account: got %v, want ErrEntry", err)
	}
	if err := r.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if err := r.Delete(t.Context(), "a"); !errors.Is(err, keyfile.ErrEntry) {
		t.Errorf("deleted again: got %v, want ErrEntry", err)
	}
	if err := keyring.Set(oskeyring.Service, "c", "not base64!"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Get(t.Context(), "c"); !errors.Is(err, keyfile.ErrEntry) {
		t.Errorf("an entry of somebody else: got %v, want ErrEntry", err)
	}
}

func TestProbe(t *testing.T) {
	if err := mock(t, nil).Probe(t.Context()); err != nil {
		t.Error(err)
	}
	locked := errors.New("locked")
	if err := mock(t, locked).Probe(t.Context()); !errors.Is(err, locked) {
		t.Errorf("got %v, want locked", err)
	}
}

// A wallet's key file under the ring, from its making to its end.
func TestKeyFile(t *testing.T) {
	r := mock(t, nil)
	path := filepath.Join(t.TempDir(), "wallet", "keys")
	made, err := keyfile.Create(t.Context(), path, keyfile.Protection{Ring: r})
	if err != nil {
		t.Fatal(err)
	}
	opened, err := keyfile.Open(t.Context(), path, keyfile.Protection{Ring: r})
	if err != nil || opened.Subkey("x") != made.Subkey("x") {
		t.Errorf("opened another root, %v", err)
	}
	locked := errors.New("locked")
	mock(t, locked)
	if _, err := keyfile.Open(t.Context(), path, keyfile.Protection{Ring: r}); !errors.Is(err, keyfile.ErrRing) || !errors.Is(err, locked) {
		t.Errorf("locked: got %v, want ErrRing", err)
	}
	mock(t, nil) // empty, as on another machine
	if _, err := keyfile.Open(t.Context(), path, keyfile.Protection{Ring: r}); !errors.Is(err, keyfile.ErrEntry) {
		t.Errorf("empty: got %v, want ErrEntry", err)
	}
}

// Where there is no bus nothing is asked, and nothing is started.
func TestNoBus(t *testing.T) {
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		t.Skip("the keyring of this system needs no bus")
	}
	r := mock(t, nil)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "autolaunch:")
	if matches, _ := filepath.Glob("/run/user/*/*bus*"); len(matches) > 0 {
		t.Skip("this machine has a session bus where the library finds it by itself")
	}
	if err := r.Probe(t.Context()); err == nil || errors.Is(err, keyfile.ErrEntry) {
		t.Errorf("got %v", err)
	}
}
