package main

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/basicmessage"
	"github.com/parley-im/parley/messaging/wallet"
)

// TestMain runs the example itself when a test has started this binary for that.
func TestMain(m *testing.M) {
	if os.Getenv("PARLEY_EXAMPLE") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// start runs the bot in a process of its own, and returns the invitation that it prints.
func start(t *testing.T, dir string) (link string, stop func()) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, dir, "/ip4/127.0.0.1/udp/0/quic-v1")
	cmd.Env, cmd.Stderr = append(os.Environ(), "PARLEY_EXAMPLE=1"), os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := bufio.NewScanner(out)
	if !s.Scan() {
		t.Fatalf("the bot printed nothing: %v", cmd.Wait())
	}
	return s.Text(), func() {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the bot ended: %v", err)
		}
	}
}

func TestBot(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	link, stop := start(t, filepath.Join(t.TempDir(), "bot"))
	defer stop()
	w, err := wallet.Open(ctx, filepath.Join(t.TempDir(), "human"), wallet.Options{
		Create: true, Name: "human", Listen: []string{"/ip4/127.0.0.1/udp/0/quic-v1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan string, 1)
	w.Handle(basicmessage.Type, basicmessage.OnText(func(_ context.Context, _ messaging.Replier, _ *messaging.Received, text string) error {
		heard <- text
		return nil
	}))
	running, quit := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- w.Run(running) }()
	defer func() {
		quit()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	c, err := w.Add(ctx, link, "")
	if err != nil || c.Name != "echo" {
		t.Fatalf("add: %+v, %v", c, err)
	}
	id, err := w.Text(ctx, "echo", "is there anybody?")
	if err != nil {
		t.Fatal(err)
	}
	select {
	case text := <-heard:
		if text != "is there anybody?" {
			t.Errorf("the bot says %q", text)
		}
	case <-ctx.Done():
		t.Fatal("the bot says nothing")
	}
	if state, err := w.Await(ctx, id, inbox.Read); err != nil || state != inbox.Read {
		t.Errorf("the message is %s, %v: the bot has dealt with it", state, err)
	}
}
