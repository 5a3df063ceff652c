package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/internal/control"
)

const (
	killRounds   = 50
	killMessages = 4                     // per round
	killWindow   = 30 * time.Millisecond // after the beginning of one of them, within which somebody is killed
	killSenders  = 10                    // one of so many send commands is killed, too
)

// TestKill is the promise of the messenger: real processes on both sides, one of them killed with
// SIGKILL at a random point between sending and delivery, again and again; in the end everything that
// send has accepted is there, once and in order.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("50 rounds of killing take half a minute: run without -short")
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	k := &killer{t: t, dir: t.TempDir(), random: rand.New(rand.NewPCG(seed, 0))}
	k.meet()
	for round := range killRounds {
		k.round(round)
	}
	k.settle()
	t.Logf("%d messages accepted, %d sends without an answer, %d receivers and %d senders killed", len(k.accepted), k.unsure, k.kills["b"], k.kills["a"])
	k.verify()
}

// killer is the test under way: a sends, b receives.
type killer struct {
	t        *testing.T
	dir      string
	random   *rand.Rand
	daemons  map[string]*process
	kills    map[string]int
	tried    []string // the texts, in the order of sending
	accepted []string // those of them whose send said that they are queued
	unsure   int      // sends that were cut short: they may have queued or not
}

// meet makes the two wallets and introduces them.
func (k *killer) meet() {
	k.daemons, k.kills = map[string]*process{}, map[string]int{}
	for _, w := range []string{"a", "b"} {
		// The ports stay the same, as init has it without --listen: whoever comes back is found at once.
		k.must(append([]string{"init", "-q", "--home", w, "--name", w, "--no-passphrase"}, freePort(k.t)...)...)
		k.start(w)
	}
	link := strings.TrimSpace(k.must("invite", "-q", "--home", "b"))
	k.must("add", "-q", "--home", "a", link)
	k.t.Cleanup(func() {
		for _, p := range k.daemons {
			_ = p.end(syscall.SIGKILL)
		}
	})
}

// freePort are flags to listen on a port of loopback that is free for both transports.
func freePort(t *testing.T) []string {
	t.Helper()
	for range 16 {
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := tcp.Addr().(*net.TCPAddr).Port
		udp, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", port))
		_ = tcp.Close()
		if err != nil {
			continue
		}
		_ = udp.Close()
		return []string{"--listen", fmt.Sprintf("/ip4/127.0.0.1/udp/%d/quic-v1", port), "--listen", fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", port)}
	}
	t.Fatal("no port is free for both TCP and UDP")
	return nil
}

// round sends messages while one side is killed and started again.
func (k *killer) round(n int) {
	victim, at := []string{"a", "b"}[k.random.IntN(2)], k.random.IntN(killMessages)
	killed := make(chan struct{})
	for i := range killMessages {
		if i == at {
			daemon, delay := k.daemons[victim], k.moment()
			time.AfterFunc(delay, func() {
				defer close(killed)
				_ = daemon.cmd.Process.Kill()
			})
		}
		k.send(fmt.Sprintf("message %03d.%d", n, i), k.random.IntN(killSenders) == 0)
	}
	<-killed
	_ = k.daemons[victim].end(syscall.SIGKILL)
	k.kills[victim]++
	k.start(victim)
}

// moment is a random point in time.
func (k *killer) moment() time.Duration {
	return time.Duration(k.random.Int64N(int64(killWindow)))
}

// send sends one message. Only what the command says counts: without its answer, as when it is killed,
// the message may be queued or not, but never twice.
func (k *killer) send(text string, kill bool) {
	k.tried = append(k.tried, text)
	ctx, cancel := context.WithCancel(k.t.Context())
	defer cancel()
	if kill {
		time.AfterFunc(k.moment(), cancel)
	}
	out, err := k.parley(ctx, "send", "--json", "--home", "a", "--timeout", "0", "b", text)
	var s control.Sent
	if err == nil && json.Unmarshal(out, &s) == nil && s.ID != "" {
		k.accepted = append(k.accepted, text)
		return
	}
	k.unsure++
	var exit *exec.ExitError
	if gone := errors.As(err, &exit) && exit.ExitCode() == 7; !kill && !gone {
		k.t.Errorf("send failed for another reason than that the daemon is gone: %v", err)
	}
}

// settle waits until nothing is left to deliver.
func (k *killer) settle() {
	k.send("the last one", false)
	for deadline := time.Now().Add(patience); ; {
		out := k.must("outbox", "--json", "--home", "a")
		if out == "" {
			return
		}
		if time.Now().After(deadline) {
			k.t.Fatalf("not delivered after %s:\n%s", patience, out)
		}
		// The newest waits behind all others: when it has been delivered, they have been.
		_, _ = k.parley(k.t.Context(), "send", "--home", "a", "b", "flush", "--wait", "delivered", "--timeout", "5s")
	}
}

// verify compares what b has with what a was told.
func (k *killer) verify() {
	out := k.must("recv", "--json", "--home", "b", "--timeout", "0")
	var got []string
	for l := range strings.Lines(out) {
		var m control.Message
		if err := json.Unmarshal([]byte(l), &m); err != nil {
			k.t.Fatal(err)
		}
		if m.Content != "flush" {
			got = append(got, m.Content)
		}
	}
	count := map[string]int{}
	for _, text := range got {
		count[text]++
	}
	for _, text := range k.accepted {
		if count[text] == 0 {
			k.t.Errorf("lost: %s", text)
		}
	}
	for text, n := range count {
		if n > 1 {
			k.t.Errorf("doubled: %s came %d times", text, n)
		}
		if !slices.Contains(k.tried, text) {
			k.t.Errorf("never sent: %s", text)
		}
	}
	// In order: what came is what was tried, less what was never queued.
	want := slices.DeleteFunc(slices.Clone(k.tried), func(text string) bool { return count[text] == 0 })
	if diff := cmp.Diff(want, got); diff != "" {
		k.t.Errorf("out of order (-sent +received):\n%s", diff)
	}
	if len(k.accepted) < killRounds {
		k.t.Errorf("only %d messages were accepted: the test tests little", len(k.accepted))
	}
}

func (k *killer) start(w string) {
	p, err := start(k.dir, k.env(), "daemon", "--json", "--home", w)
	if err == nil {
		err = p.ready()
	}
	if err != nil {
		k.t.Fatalf("daemon %s: %v", w, err)
	}
	k.daemons[w] = p
}

func (k *killer) env() []string {
	return append(os.Environ(), "PARLEY_HOME="+filepath.Join(k.dir, "none"), "PARLEY_PASSPHRASE=", "XDG_RUNTIME_DIR="+k.dir)
}

// parley runs a command to its end.
func (k *killer) parley(ctx context.Context, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "parley", args...)
	var stderr bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stderr = k.dir, k.env(), &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("parley %s: %w\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return out, err
}

// must runs a command that has to succeed.
func (k *killer) must(args ...string) string {
	out, err := k.parley(k.t.Context(), args...)
	if err != nil {
		k.t.Fatal(err)
	}
	return string(out)
}
