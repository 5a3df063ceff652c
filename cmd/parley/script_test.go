package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/parley-im/parley/internal/wallet"
)

// patience is how long anything in a script may take before it counts as broken.
const patience = 30 * time.Second

// loopback are the flags that keep tests off every network.
var loopback = []string{"--listen", "/ip4/127.0.0.1/udp/0/quic-v1", "--listen", "/ip4/127.0.0.1/tcp/0"}

// TestScripts runs testdata/script/*.txtar: one scenario each, with real processes.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", os.Getenv("GORACE"))
			env.Setenv("PARLEY_KEYRING", "off") // no script touches the keyring of whoever runs it
			env.Values["processes"] = map[string]*process{}
			env.Values["locks"] = map[string]*os.File{}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"wallet":  scriptWallet,
			"friends": scriptFriends,
			"daemon":  scriptDaemon,
			"halt":    scriptHalt,
			"exits":   scriptExits,
			"keep":    scriptKeep,
			"json":    scriptJSON,
			"alter":   scriptAlter,
			"follow":  scriptFollow,
			"shows":   scriptShows,
			"hold":    scriptHold,
			"release": scriptRelease,
			"https":   scriptHTTPS,
		},
	})
}

// process is a parley that stays, and the lines of its stdout.
type process struct {
	cmd    *exec.Cmd
	lines  chan string // closed at the end of stdout
	stderr bytes.Buffer
}

// start runs parley in the background.
func start(dir string, env []string, args ...string) (*process, error) {
	path, err := exec.LookPath("parley")
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(path, args...), lines: make(chan string, 1000)}
	p.cmd.Dir, p.cmd.Env, p.cmd.Stderr = dir, env, &p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	return p, nil
}

// line returns the next line of stdout.
func (p *process) line() (string, error) {
	select {
	case l, ok := <-p.lines:
		if !ok {
			err := p.cmd.Wait()
			return "", fmt.Errorf("it ended: %w\n%s", err, p.stderr.String())
		}
		return l, nil
	case <-time.After(patience):
		return "", fmt.Errorf("it said nothing for %s", patience)
	}
}

// ready waits for the daemon's first event.
func (p *process) ready() error {
	l, err := p.line()
	if err != nil {
		return fmt.Errorf("daemon: %w", err)
	}
	var e event
	if err := json.Unmarshal([]byte(l), &e); err != nil || e.V != 1 || e.Event != "ready" || e.DID == "" || len(e.Addrs) == 0 {
		return fmt.Errorf("the daemon's first line is %s", l)
	}
	return nil
}

// end sends a signal and waits for the end of the process.
func (p *process) end(sig syscall.Signal) error {
	_ = p.cmd.Process.Signal(sig)
	ended := make(chan error, 1)
	go func() {
		for range p.lines { // else the process may block on its stdout
		}
		ended <- p.cmd.Wait()
	}()
	select {
	case err := <-ended:
		return err
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		return fmt.Errorf("it did not end within %s of %s", patience, sig)
	}
}

// environ is the environment of the script's commands.
func environ(ts *testscript.TestScript) []string {
	env := os.Environ()
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "WORK", "PARLEY_HOME", "PARLEY_PASSPHRASE", "NO_COLOR", "XDG_RUNTIME_DIR",
		"PARLEY_KEYRING", "PARLEY_TEST_KEYRING", "PARLEY_ALLOW_PRIVATE_NETWORKS", "SSL_CERT_FILE"} {
		env = append(env, name+"="+ts.Getenv(name))
	}
	return env
}

// wallet [-kept] NAME...: makes unprotected wallets in folders of these names, on loopback. Each daemon listens on
// another port than the one before, unless the ports are kept.
func scriptWallet(ts *testscript.TestScript, _ bool, args []string) {
	kept := args[0] == "-kept"
	if kept {
		args = args[1:]
	}
	for _, w := range args {
		listen := loopback
		if kept {
			addrs, err := wallet.FreeAddrs(context.Background(), "/ip4/127.0.0.1")
			ts.Check(err)
			listen = nil
			for _, addr := range addrs {
				listen = append(listen, "--listen", addr)
			}
		}
		ts.Check(ts.Exec("parley", append([]string{"init", "-q", "--home", w, "--name", w, "--no-passphrase"}, listen...)...))
	}
}

// friends A B: A invites B. Both daemons must run.
func scriptFriends(ts *testscript.TestScript, _ bool, args []string) {
	link, err := output(ts, "parley", "invite", "-q", "--home", args[0])
	ts.Check(err)
	_, err = output(ts, "parley", "add", "-q", "--home", args[1], link)
	ts.Check(err)
}

// daemon NAME [FLAG...]: runs the daemon of the wallet NAME and waits until it is ready.
func scriptDaemon(ts *testscript.TestScript, neg bool, args []string) {
	daemons := ts.Value("processes").(map[string]*process)
	p, err := start(ts.MkAbs("."), environ(ts), append([]string{"daemon", "--json", "--home", args[0]}, args[1:]...)...)
	ts.Check(err)
	ts.Defer(func() { _ = p.end(syscall.SIGKILL) })
	err = p.ready()
	if neg {
		if err == nil {
			ts.Fatalf("the daemon is ready, which it must not be")
		}
		_, _ = io.Copy(ts.Stderr(), &p.stderr)
		return
	}
	ts.Check(err)
	daemons[args[0]] = p
}

// halt [-KILL] NAME: ends a daemon, which has to succeed unless it is killed. It is not called stop: that is
// testscript's own, which ends the script as passed.
func scriptHalt(ts *testscript.TestScript, _ bool, args []string) {
	daemons := ts.Value("processes").(map[string]*process)
	sig := syscall.SIGTERM
	if args[0] == "-KILL" {
		sig, args = syscall.SIGKILL, args[1:]
	}
	p := daemons[args[0]]
	if p == nil {
		ts.Fatalf("no daemon %s", args[0])
	}
	delete(daemons, args[0])
	if err := p.end(sig); err != nil && sig == syscall.SIGTERM {
		ts.Fatalf("daemon %s: %v\n%s", args[0], err, p.stderr.String())
	}
}

// exits CODE COMMAND...: the exit code is exactly this one.
func scriptExits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	path, err := exec.LookPath(args[1])
	ts.Check(err)
	cmd := exec.Command(path, args[2:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = ts.MkAbs("."), environ(ts), ts.Stdout(), ts.Stderr()
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ts.Fatalf("%v", err)
	}
	if got := cmd.ProcessState.ExitCode(); got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// keep VAR [KEY]: keeps the last stdout, or a member of its last JSON object, in an environment variable.
func scriptKeep(ts *testscript.TestScript, _ bool, args []string) {
	out := strings.TrimSpace(ts.ReadFile("stdout"))
	if len(args) == 2 {
		objects := parseLines(ts, out)
		out = fmt.Sprint(objects[len(objects)-1][args[1]])
	}
	ts.Setenv(args[0], out)
}

// json FILE COUNT [KEY PATTERN]...: FILE (stdout, stderr) is so many JSON objects with "v":1, one per
// line, and of each the member KEY as text matches. With "keys" as KEY the names of all members do.
func scriptJSON(ts *testscript.TestScript, neg bool, args []string) {
	objects := parseLines(ts, ts.ReadFile(args[0]))
	if want, err := strconv.Atoi(args[1]); err != nil || len(objects) != want {
		ts.Fatalf("%d objects, want %s", len(objects), args[1])
	}
	for _, o := range objects {
		if fmt.Sprint(o["v"]) != "1" {
			ts.Fatalf("no version in %v", o)
		}
		for i := 2; i+1 < len(args); i += 2 {
			got := member(o, args[i])
			if ok := regexp.MustCompile("^(?:" + args[i+1] + ")$").MatchString(got); ok == neg {
				ts.Fatalf("%s is %s, which should match %s: %t", args[i], got, args[i+1], !neg)
			}
		}
	}
}

// member is the text of the member at a path such as error.code.
func member(o map[string]any, path string) string {
	var v any = o
	for key := range strings.SplitSeq(path, ".") {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	if s, ok := v.(string); ok {
		return s
	}
	text, _ := json.Marshal(v)
	return string(text)
}

func parseLines(ts *testscript.TestScript, text string) []map[string]any {
	var objects []map[string]any
	for l := range strings.Lines(text) {
		var o map[string]any
		d := json.NewDecoder(strings.NewReader(l))
		d.UseNumber()
		if err := d.Decode(&o); err != nil {
			ts.Fatalf("not a JSON object: %s: %v", l, err)
		}
		objects = append(objects, o)
	}
	return objects
}

// output runs a command that must succeed and returns its stdout, trimmed.
func output(ts *testscript.TestScript, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = ts.MkAbs("."), environ(ts)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return strings.TrimSpace(string(out)), err
}
