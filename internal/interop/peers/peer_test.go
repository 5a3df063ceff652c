package peers

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// fakeMode makes the test binary play a peer.
const fakeMode = "PARLEY_FAKE_PEER"

func TestMain(m *testing.M) {
	if mode := os.Getenv(fakeMode); mode != "" {
		fake(mode)
		return
	}
	os.Exit(m.Run())
}

// fake answers setup, and then what its mode says.
func fake(mode string) {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var r Request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			fmt.Fprintln(os.Stderr, "not a request:", err)
			os.Exit(3)
		}
		if r.Op == "setup" && mode != "broken" {
			fmt.Printf(`{"version":"%d documents"}`+"\n", len(r.World.Documents))
			continue
		}
		switch mode {
		case "echo":
			fmt.Printf(`{"packed":%q,"seconds":%d}`+"\n", r.Op+" "+r.Form.Name, r.N)
		case "error":
			fmt.Println(`{"error":"no such key"}`)
		case "chatter":
			fmt.Println("warning: deprecated")
		case "dies", "broken":
			fmt.Fprintln(os.Stderr, "some trace\nout of luck")
			os.Exit(3)
		case "hangs":
			time.Sleep(time.Hour) // select {} alone would be found to be a deadlock
		}
	}
}

// startFake runs the test binary in a mode.
func startFake(t *testing.T, mode string, patience time.Duration) (*Peer, Answer, error) {
	t.Helper()
	w := &World{Documents: []json.RawMessage{[]byte(`{}`), []byte(`{}`)}}
	command := []string{"env", fakeMode + "=" + mode, os.Args[0]}
	p, hello, err := start(t.Context(), t.TempDir(), command, w, patience)
	if err == nil {
		t.Cleanup(p.Stop)
	}
	return p, hello, err
}

func TestAskAndAnswer(t *testing.T) {
	t.Parallel()
	p, hello, err := startFake(t, "echo", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if hello.Version != "2 documents" {
		t.Errorf("it was set up as %q", hello.Version)
	}
	for _, op := range []string{"pack", "unpack", "bench"} {
		a, err := p.Ask(Request{Op: op, Form: &Form{Name: "x"}, N: 3})
		if err != nil || a.Packed != op+" x" || a.Seconds != 3 {
			t.Errorf("%s: %+v, %v", op, a, err)
		}
	}
	p.Stop()
	p.Stop()
	if _, err := p.Ask(Request{Op: "pack"}); err == nil {
		t.Error("it answers after it was stopped")
	}
}

func TestPeersThatMisbehave(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ mode, says string }{
		{"error", "no such key"},
		{"chatter", `it says "warning: deprecated"`},
		{"dies", "it has ended: out of luck"},
	} {
		t.Run(c.mode, func(t *testing.T) {
			t.Parallel()
			p, _, err := startFake(t, c.mode, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second request is told the same
				if _, err := p.Ask(Request{Op: "pack", Form: &Form{}}); err == nil || err.Error() != c.says {
					t.Errorf("got %v, want %s", err, c.says)
				}
			}
		})
	}
}

// A late answer must not be taken for that to the next request.
func TestSilentPeerIsGivenUp(t *testing.T) {
	t.Parallel()
	p, _, err := startFake(t, "hangs", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	p.patience = 50 * time.Millisecond
	for range 2 {
		if _, err := p.Ask(Request{Op: "pack", Form: &Form{}}); err == nil || err.Error() != "no answer in 50ms" {
			t.Errorf("got %v", err)
		}
	}
	if p.cmd.ProcessState == nil {
		t.Error("the program still runs")
	}
}

// A peer that does not read fills the pipe: that too ends in time.
func TestPeerThatDoesNotRead(t *testing.T) {
	t.Parallel()
	p, _, err := startFake(t, "hangs", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	p.patience = 50 * time.Millisecond
	if _, err := p.Ask(Request{Op: "unpack", Form: &Form{}, Packed: strings.Repeat("x", 4<<20)}); err == nil || err.Error() != "no answer in 50ms" {
		t.Errorf("got %v", err)
	}
}

func TestPeerThatDoesNotStart(t *testing.T) {
	t.Parallel()
	if _, _, err := startFake(t, "broken", time.Minute); err == nil || err.Error() != "it does not start: it has ended: out of luck" {
		t.Errorf("got %v", err)
	}
	if _, _, err := start(t.Context(), t.TempDir(), []string{"no-such-program-of-ours"}, &World{}, time.Minute); err == nil {
		t.Error("a program that is not there has started")
	}
}

func TestContextEndsPeer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	command := []string{"env", fakeMode + "=echo", os.Args[0]}
	p, _, err := start(ctx, t.TempDir(), command, &World{}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	cancel()
	p.end()
	if p.cmd.ProcessState.Success() {
		t.Error("it ended by itself")
	}
	if _, err := p.Ask(Request{Op: "pack", Form: &Form{}}); err == nil {
		t.Error("it answers after its context has ended")
	}
}
