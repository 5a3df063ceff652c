package oskeyring

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/crypto/keyfile"
)

// stuck is a keyring whose user never comes.
type stuck struct{ release chan struct{} }

func (s stuck) Set(_, _, _ string) error        { <-s.release; return nil }
func (s stuck) Get(_, _ string) (string, error) { <-s.release; return "", nil }
func (s stuck) Delete(_, _ string) error        { <-s.release; return nil }
func (s stuck) end()                            { close(s.release) }
func calls(ctx context.Context, r Ring) map[string]func() error {
	return map[string]func() error{
		"Set":    func() error { return r.Set(ctx, "a", nil) },
		"Get":    func() error { _, err := r.Get(ctx, "a"); return err },
		"Delete": func() error { return r.Delete(ctx, "a") },
		"Probe":  func() error { return r.Probe(ctx) },
	}
}

// No call waits for longer than its bound, whatever the keyring does.
func TestStuck(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ timeout, within time.Duration }{
		"by default": {0, defaultTimeout}, "a bound of its own": {time.Second, time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := stuck{make(chan struct{})}
			defer b.end()
			for call, do := range calls(t.Context(), Ring{Timeout: test.timeout, backend: b}) {
				within := test.within
				if call == "Probe" {
					within = min(within, probeTimeout)
				}
				begin := time.Now()
				err := do()
				if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took != within {
					t.Errorf("%s, %s: %v after %s, want %s", name, call, err, took, within)
				}
				if errors.Is(err, keyfile.ErrEntry) {
					t.Errorf("%s, %s: %v says that there is no entry", name, call, err)
				}
			}
		})
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	b := stuck{make(chan struct{})}
	defer b.end()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for call, do := range calls(ctx, Ring{backend: b}) {
		if err := do(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", call, err)
		}
	}
}

// forgetful takes everything and gives something else back.
type forgetful struct{}

func (forgetful) Set(_, _, _ string) error        { return nil }
func (forgetful) Get(_, _ string) (string, error) { return "c29tZXRoaW5nIGVsc2U", nil }
func (forgetful) Delete(_, _ string) error        { return nil }

func TestProbeFindsAForgetfulRing(t *testing.T) {
	t.Parallel()
	if err := (Ring{backend: forgetful{}}).Probe(t.Context()); err == nil || !strings.Contains(err.Error(), "give back") {
		t.Errorf("got %v", err)
	}
}
