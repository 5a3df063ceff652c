package control_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/control/controltest"
)

func TestSocketModes(t *testing.T) {
	t.Parallel()
	path, _ := serving(t, &controltest.Wallet{})
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != os.ModeSocket|0o600 {
		t.Errorf("socket: %v, %v, want mode 0600", info.Mode(), err)
	}
}

// A socket that a killed daemon left behind is replaced.
func TestStaleSocket(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	_ = dead.Close()
	if _, err := client(t, path).Self(t.Context()); control.ErrorOf(err).Code != control.CodeNoDaemon {
		t.Errorf("error at a stale socket = %v, want no_daemon", err)
	}
	l, err := control.Listen(path)
	if err != nil {
		t.Fatalf("a stale socket is in the way: %v", err)
	}
	serveOn(t, l, &controltest.Wallet{})
	if _, err := client(t, path).Self(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestListenRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		prepare func(path string) error
	}{
		{"a file in the way", func(path string) error { return os.WriteFile(path, []byte("mine"), 0o600) }},
		{"a folder in the way", func(path string) error { return os.Mkdir(path, 0o700) }},
		{"a link in the way", func(path string) error { return os.Symlink("/dev/null", path) }},
		{"a folder others can read", func(path string) error { return os.Chmod(filepath.Dir(path), 0o750) }},
		{"a folder others can write", func(path string) error { return os.Chmod(filepath.Dir(path), 0o702) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			path := socketPath(t)
			if err := tc.prepare(path); err != nil {
				t.Fatal(err)
			}
			before, _ := os.Lstat(path)
			l, err := control.Listen(path)
			if err == nil {
				_ = l.Close()
				t.Fatal("Listen succeeded")
			}
			after, _ := os.Lstat(path)
			if (before == nil) != (after == nil) || before != nil && before.Mode() != after.Mode() {
				t.Errorf("what stood there has changed: %v, then %v", before, after)
			}
		})
	}
}

// Listen makes the folder if need be, for the user alone.
func TestListenMakesTheFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(filepath.Dir(socketPath(t)), "new")
	l, err := control.Listen(filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder %v, %v, want mode 0700", info.Mode(), err)
	}
}

func TestLongPath(t *testing.T) {
	t.Parallel()
	long := filepath.Join(t.TempDir(), "a-name-that-is-far-too-long-for-the-address-of-a-unix-socket-on-any-system-that-there-is-today")
	if err := os.Chmod(filepath.Dir(long), 0o700); err != nil {
		t.Fatal(err)
	}
	if l, err := control.Listen(long); err == nil {
		_ = l.Close()
		t.Error("Listen succeeded on a path that no client can dial")
	}
	if _, err := client(t, long).Self(t.Context()); err == nil {
		t.Error("Self succeeded")
	}
	var e *control.Error
	if _, err := client(t, filepath.Join(t.TempDir(), "none")).Self(t.Context()); !errors.As(err, &e) || e.Code != control.CodeNoDaemon {
		t.Errorf("error without a socket = %v, want no_daemon", err)
	}
}
