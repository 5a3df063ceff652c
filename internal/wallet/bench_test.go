package wallet_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

// benchFriends are two wallets at work on loopback, with all that is real: key files, SQLite, QUIC.
func benchFriends(b *testing.B) (alice, bob *wallet.Wallet) {
	b.Helper()
	var ws []*wallet.Wallet
	for _, name := range []string{"alice", "bob"} {
		home := filepath.Join(b.TempDir(), name)
		listen, err := wallet.FreeAddrs(b.Context(), "/ip4/127.0.0.1")
		if err == nil {
			_, err = wallet.Create(b.Context(), home, wallet.CreateOptions{Name: name, Listen: listen})
		}
		if err != nil {
			b.Fatal(err)
		}
		w, err := wallet.Open(b.Context(), home, wallet.Options{})
		if err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- w.Run(ctx) }()
		b.Cleanup(func() {
			cancel()
			if err := errors.Join(<-done, w.Close()); err != nil {
				b.Error(err)
			}
		})
		ws = append(ws, w)
	}
	inv, err := ws[0].Invite(b.Context(), control.InviteRequest{})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := ws[1].Add(b.Context(), control.AddRequest{Link: inv.Link, Timeout: patience}); err != nil {
		b.Fatal(err)
	}
	return ws[0], ws[1]
}

// flush measures one write of 1 KiB with an fsync, on the disk that the benchmark uses.
func flush(b *testing.B) time.Duration {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "flush"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	const rounds = 50
	block := make([]byte, 1<<10)
	began := time.Now()
	for range rounds {
		if _, err := f.Write(block); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(began) / rounds
}

// sealOpen measures sealing and opening one message of 1 KiB between two that know each other's keys.
func sealOpen(b *testing.B) time.Duration {
	b.Helper()
	const alice, bob = "did:example:alice#1", "did:example:bob#1"
	store := func(kid string) (crypto.KeyStore, crypto.PublicKey) {
		key, err := crypto.GenerateKey(crypto.X25519)
		if err != nil {
			b.Fatal(err)
		}
		ring := crypto.NewKeyring()
		ring.Add(kid, key)
		return crypto.RememberAgreements(ring, 1), key.Public()
	}
	ours, from := store(alice)
	theirs, to := store(bob)
	payload := []byte(`{"id":"1","body":{"content":"` + strings.Repeat("x", 1<<10) + `"}}`)
	const rounds = 200
	began := time.Now()
	for range rounds {
		sealed, err := envelope.Seal(b.Context(), ours, payload, envelope.Options{To: []envelope.Recipient{{KID: bob, Key: to}}, From: alice})
		if err == nil {
			_, err = envelope.Open(b.Context(), theirs, crypto.Keys{alice: from}, sealed, envelope.OpenOptions{})
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(began) / rounds
}

// BenchmarkSendDelivered is one message of 1 KiB after the other, each awaited until it is delivered.
// "flushes" is that time in units of one fsync of the same disk: two cannot be saved, ours before it is
// sent and theirs before it is answered.
func BenchmarkSendDelivered(b *testing.B) {
	alice, _ := benchFriends(b)
	text := strings.Repeat("x", 1<<10)
	unit := flush(b)
	for b.Loop() {
		sent, err := alice.Send(b.Context(), control.SendRequest{To: "bob", Text: text, Wait: "delivered", Timeout: patience})
		if err != nil || sent.State != "delivered" {
			b.Fatal(sent, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(unit), "flushes")
}

// BenchmarkStream is many messages of 1 KiB from 64 senders at once, until all are delivered: batches,
// pipelining and group commit. "flushes" is the time for each message, as above; "seals" is the same in units
// of its cryptography, sealing and opening it, with every processor at that alone: 1 would be the limit.
func BenchmarkStream(b *testing.B) {
	alice, _ := benchFriends(b)
	text := strings.Repeat("x", 1<<10)
	unit := flush(b)
	seal := sealOpen(b) / time.Duration(runtime.GOMAXPROCS(0))
	at, err := alice.Changes(b.Context(), control.ChangesRequest{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := alice.Send(b.Context(), control.SendRequest{To: "bob", Text: text}); err != nil {
				b.Error(err)
				return
			}
		}
	})
	for waiting := true; waiting; {
		s, err := alice.Status(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if waiting = s.Waiting > 0; waiting {
			if at, err = alice.Changes(b.Context(), control.ChangesRequest{After: at.Rev, Wait: patience}); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(unit), "flushes")
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(seal), "seals")
}
