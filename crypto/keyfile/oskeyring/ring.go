package oskeyring

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/parley-im/parley/crypto/keyfile"
)

// Service is the name under which all entries are.
const Service = "parley"

const (
	defaultTimeout = 60 * time.Second // for the user to unlock the keyring
	probeTimeout   = 15 * time.Second // for a first sign of one
)

// Ring is the user's keyring. The zero value is ready, and all methods may be called by many goroutines.
type Ring struct {
	// Timeout bounds each call; default a minute, in which the user may have to unlock the keyring.
	Timeout time.Duration

	backend backend // nil: that of the operating system
}

var _ keyfile.Ring = Ring{}

// backend is what go-keyring offers.
type backend interface {
	Set(service, user, secret string) error
	Get(service, user string) (string, error)
	Delete(service, user string) error
}

// system is go-keyring itself.
type system struct{}

func (system) Set(service, user, secret string) error   { return keyring.Set(service, user, secret) }
func (system) Get(service, user string) (string, error) { return keyring.Get(service, user) }
func (system) Delete(service, user string) error        { return keyring.Delete(service, user) }

// Set implements keyfile.Ring.
func (r Ring) Set(ctx context.Context, account string, secret []byte) error {
	text := base64.RawURLEncoding.EncodeToString(secret)
	_, err := r.call(ctx, func(b backend) (string, error) { return "", b.Set(Service, account, text) })
	return err
}

// Get implements keyfile.Ring.
func (r Ring) Get(ctx context.Context, account string) ([]byte, error) {
	text, err := r.call(ctx, func(b backend) (string, error) { return b.Get(Service, account) })
	if err != nil {
		return nil, err
	}
	secret, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: its entry is not one of ours", keyfile.ErrEntry)
	}
	return secret, nil
}

// Delete implements keyfile.Ring.
func (r Ring) Delete(ctx context.Context, account string) error {
	_, err := r.call(ctx, func(b backend) (string, error) { return "", b.Delete(Service, account) })
	return err
}

// Probe returns nil if a keyring answers: it keeps an entry that nothing needs, gives it back, and removes it. It
// takes 15 seconds at most, in which the user may be asked to unlock the keyring.
func (r Ring) Probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	account := "probe " + rand.Text()
	if err := r.Set(ctx, account, []byte(account)); err != nil {
		return err
	}
	got, err := r.Get(ctx, account)
	if err == nil && string(got) != account {
		err = errors.New("the keyring does not give back what it was given")
	}
	return errors.Join(err, r.Delete(ctx, account))
}

// call runs one call of the backend within the bounds.
func (r Ring) call(ctx context.Context, do func(backend) (string, error)) (string, error) {
	b := r.backend
	if b == nil {
		if err := reachable(); err != nil {
			return "", err
		}
		b = system{}
	}
	timeout := r.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	type result struct {
		text string
		err  error
	}
	done := make(chan result, 1) // so that a call that comes too late ends
	go func() {
		text, err := do(b)
		done <- result{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", fmt.Errorf("it gives no answer; perhaps it waits to be unlocked: %w", ctx.Err())
	case got := <-done:
		if errors.Is(got.err, keyring.ErrNotFound) {
			return "", fmt.Errorf("%w: it has no such entry", keyfile.ErrEntry)
		}
		return got.text, got.err
	}
}
