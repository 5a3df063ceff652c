package control_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/control/controltest"
)

// socketPath is short enough for a Unix socket, unlike t.TempDir on some systems.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "parley")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// serving serves w until the test ends or stop is called, which returns what Serve returned.
func serving(t *testing.T, w control.Wallet) (path string, stop func() error) {
	t.Helper()
	path = socketPath(t)
	l, err := control.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, serveOn(t, l, w)
}

func serveOn(t *testing.T, l net.Listener, w control.Wallet) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- control.Serve(ctx, l, w, nil) }()
	stop = func() error {
		cancel()
		err := <-ended
		ended <- err
		return err
	}
	t.Cleanup(func() { _ = stop() })
	return stop
}

func client(t *testing.T, path string) *control.Client {
	t.Helper()
	c := control.NewClient(path)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// waiting answers calls only when their context ends. It tells of each on started.
func waiting(started chan<- string, ended chan<- error) *controltest.Wallet {
	return &controltest.Wallet{Answer: func(ctx context.Context, c controltest.Call) (any, error) {
		started <- c.Method
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, ctx.Err()
	}}
}

func within[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(10 * time.Second):
		t.Fatalf("no %s within 10 s", what)
		panic("unreachable")
	}
}
