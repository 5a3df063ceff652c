package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain runs the example itself when a test has started this binary for that.
func TestMain(m *testing.M) {
	if os.Getenv("PARLEY_EXAMPLE") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

const listen = "/ip4/127.0.0.1/udp/0/quic-v1"

// TestAgentAsks builds the agent, and runs it against the owner, who first types something else.
func TestAgentAsks(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	agent := filepath.Join(t.TempDir(), "agent")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", agent, "../agent").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	owner := exec.CommandContext(ctx, exe, filepath.Join(t.TempDir(), "o"), listen)
	owner.Env, owner.Stderr = append(os.Environ(), "PARLEY_EXAMPLE=1"), os.Stderr
	typed, err := owner.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	shown := bufio.NewScanner(out)
	link := next(t, shown)
	answer := make(chan string, 1)
	go func() {
		said, err := exec.CommandContext(ctx, agent, filepath.Join(t.TempDir(), "a"), link, listen).CombinedOutput()
		if err != nil {
			said = append(said, err.Error()...)
		}
		answer <- string(said)
	}()
	if got, want := next(t, shown), "May I restart the heating? [yes/no]"; got != want {
		t.Errorf("the owner is shown %q, want %q", got, want)
	}
	if _, err := io.WriteString(typed, "perhaps\nyes\n"); err != nil {
		t.Fatal(err)
	}
	if got := next(t, shown); !strings.Contains(got, "yes, no") {
		t.Errorf("a wrong answer shows %q", got)
	}
	if got, want := <-answer, "the owner says: yes\n"; got != want {
		t.Errorf("the agent says %q, want %q", got, want)
	}
	if err := owner.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	if err := owner.Wait(); err != nil {
		t.Errorf("the owner ended: %v", err)
	}
}

func next(t *testing.T, s *bufio.Scanner) string {
	t.Helper()
	if !s.Scan() {
		t.Fatalf("the owner shows nothing more: %v", s.Err())
	}
	return s.Text()
}
