package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// screen is a terminal on which a process runs, and all that was written to it.
type screen struct {
	t       *testing.T
	master  *os.File
	process *os.Process
	ended   chan error
	changed chan struct{}

	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

// newScreen runs parley at a terminal of 80 columns.
func newScreen(t *testing.T, dir string, args ...string) *screen {
	t.Helper()
	return newScreenOf(t, []string{"TERM=xterm", "NO_COLOR="}, dir, args...)
}

// newScreenOf is newScreen with more of an environment.
func newScreenOf(t *testing.T, env []string, dir string, args ...string) *screen {
	t.Helper()
	master, slave := newTerminal(t)
	defer func() { _ = slave.Close() }()
	cmd := exec.Command("parley", args...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, slave, slave, slave
	cmd.Env = append(append(os.Environ(), "PARLEY_PASSPHRASE="), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &screen{t: t, master: master, process: cmd.Process, ended: make(chan error, 1), changed: make(chan struct{}, 1)}
	go s.read()
	go func() { s.ended <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return s
}

// newTerminal opens both ends of a terminal of 80 columns.
func newTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminal device: %v", err)
	}
	t.Cleanup(func() { _ = master.Close() })
	fd := int(master.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80})
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}

func (s *screen) read() {
	b := make([]byte, 4096)
	for {
		n, err := s.master.Read(b)
		s.mu.Lock()
		s.text.Write(b[:n])
		s.mu.Unlock()
		select {
		case s.changed <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// shows waits until the text has appeared, and returns everything so far.
func (s *screen) shows(text string) string {
	s.t.Helper()
	return s.until(fmt.Sprintf("%q", text), func(all string) bool { return strings.Contains(all, text) })
}

// until waits until everything that was shown is as it has to be, and returns it.
func (s *screen) until(what string, done func(all string) bool) string {
	s.t.Helper()
	for deadline := time.After(patience); ; {
		s.mu.Lock()
		all := s.text.String()
		s.mu.Unlock()
		if done(all) {
			return all
		}
		select {
		case <-s.changed:
		case <-deadline:
			s.t.Fatalf("%s does not appear in:\n%q", what, all)
		}
	}
}

func (s *screen) types(keys string) {
	s.t.Helper()
	if _, err := s.master.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// While a line is being typed others appear above it, and nothing that they bring is obeyed.
func TestChatAtATerminal(t *testing.T) {
	t.Parallel()
	k := &killer{t: t, dir: t.TempDir()}
	k.meet()
	_ = k.daemons["b"].end(syscall.SIGTERM) // chat takes the wallet itself
	s := newScreen(t, k.dir, "chat", "a", "--home", "b")
	s.shows("Talking with ")
	s.types("half a li")
	s.shows("half a li")
	k.must("send", "--home", "a", "b", "hi \x1b[2J there\nsecond line", "--wait", "delivered", "--timeout", "20s")
	s.shows(`hi \x1b[2J there`)
	all := s.shows("second line")
	if !strings.Contains(all, "\r\n       │ second line") {
		t.Errorf("the second line is not continued under the first: %q", all)
	}
	if after := all[strings.Index(all, "second line"):]; !strings.Contains(s.shows("second line"), "half a li") || strings.Contains(after, "\x1b[2J") {
		t.Errorf("the line that is being typed is gone, or the screen was cleared: %q", after)
	}
	s.types("ne\r")
	s.shows("\x1b[7G\x1b[32m✓") // the tick changes where it stands
	if got := k.must("recv", "--home", "a", "--limit", "1", "--timeout", "20s"); !strings.HasSuffix(got, "b: half a line\n") {
		t.Errorf("what was typed arrives as %q", got)
	}
	s.types("\x04")
	began := time.Now()
	if err := <-s.ended; err != nil {
		t.Errorf("after Ctrl-D: %v", err)
	}
	if took := time.Since(began); took >= lastWait {
		t.Errorf("it waited %s though all was delivered", took)
	}
	// What was shown is read.
	if got := k.must("recv", "--home", "b", "--timeout", "0"); got != "" {
		t.Errorf("still unread: %q", got)
	}
}

// Ctrl-C at the question for a passphrase gives the terminal back as it was.
func TestInterruptedPassphrase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newScreen(t, dir, "init", "--home", "w")
	s.shows("Choose a passphrase:")
	s.types("secr\x03")
	s.shows("interrupted")
	var exit *exec.ExitError
	if err := <-s.ended; err == nil {
		t.Error("init succeeded")
	} else if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("exit: %v", err)
	}
	expectSane(t, s.master)
	if _, err := os.Stat(dir + "/w"); !os.IsNotExist(err) {
		t.Errorf("a folder was made: %v", err)
	}
}
