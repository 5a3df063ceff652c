package main

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// isRaw reports whether the terminal is in raw mode: it neither echoes nor waits for whole lines.
func isRaw(t *testing.T, tty *os.File) bool {
	t.Helper()
	modes, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return modes.Lflag&(unix.ECHO|unix.ICANON|unix.ISIG) == 0 && modes.Oflag&unix.OPOST == 0
}

// expectSane fails the test if the terminal is not as a shell wants it.
func expectSane(t *testing.T, tty *os.File) {
	t.Helper()
	modes, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	const local, out = unix.ECHO | unix.ICANON | unix.ISIG, unix.OPOST | unix.ONLCR
	if err != nil || modes.Lflag&local != local || modes.Oflag&out != out {
		t.Errorf("the terminal is left as %+v, %v", modes, err)
	}
}

// Another size, Ctrl-Z and a signal while a line is being typed: it stays, and the terminal is given back.
func TestChatTerminalSignals(t *testing.T) {
	t.Parallel()
	k := &killer{t: t, dir: t.TempDir()}
	k.meet()
	s := newScreen(t, k.dir, "chat", "a", "--home", "b")
	s.shows("(a is online)")
	s.types("this is half a line of text 日本語\x1b[D")
	s.shows("\r> this is half a line of text 日本\x1b[?7h\x1b[?25h")
	if err := unix.IoctlSetWinsize(int(s.master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 10, Col: 24}); err != nil {
		t.Fatal(err)
	}
	s.shows("> this is half a line o\x1b[K\r\n  f text 日本語\x1b[K")

	// No shell could continue it here, so the kernel does not stop it: it must come back by itself.
	s.types("\x1a")
	all := s.shows("日本語\x1b[K\x1b[J\r  f text 日本\x1b[?7h\x1b[?25h\x1b[1A\r\x1b[1B\r\n\x1b[?2004l")
	s.types("x")
	s.shows("  f text 日本x語\x1b[K")
	if after := s.shows("日本x語")[len(all):]; !strings.Contains(after, "\x1b[?2004h") || !isRaw(t, s.master) {
		t.Errorf("it did not take the terminal again: %q", after)
	}
	// Stopped by force and continued, it draws its line again.
	before := len(s.shows(""))
	_ = s.process.Signal(syscall.SIGSTOP)
	_ = s.process.Signal(syscall.SIGCONT)
	s.until("the line after a stop", func(all string) bool { return strings.Contains(all[before:], "日本x語") })
	_ = s.process.Signal(syscall.SIGTERM)
	if err := <-s.ended; err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
	s.until("the end of marking what is pasted", func(all string) bool {
		return strings.LastIndex(all, "\x1b[?2004l") > strings.LastIndex(all, "\x1b[?2004h")
	})
	expectSane(t, s.master)
}

// Who panics while the terminal is taken gives it back first.
func TestKeyboardRescue(t *testing.T) {
	t.Parallel()
	master, slave := newTerminal(t)
	defer func() { _ = slave.Close() }()
	k, err := openKeyboard(slave, newDisplay(slave, 80, 24))
	if err != nil {
		t.Fatal(err)
	}
	if !isRaw(t, master) {
		t.Error("the terminal is not in raw mode")
	}
	func() {
		defer func() {
			if r := recover(); r != "on fire" {
				t.Errorf("recovered %v", r)
			}
		}()
		defer k.rescue()
		panic("on fire")
	}()
	expectSane(t, master)
	k.restore() // a second time does nothing
	if k.resume(); isRaw(t, master) {
		t.Error("it takes the terminal again after the end")
	}
}

// Without a name at a terminal it asks whom, and then talks with them.
func TestChatAsksWhom(t *testing.T) {
	t.Parallel()
	k := &killer{t: t, dir: t.TempDir()}
	k.meet()
	k.must(append([]string{"init", "-q", "--home", "another", "--name", "another", "--no-passphrase"}, freePort(t)...)...)
	k.start("another")
	k.must("add", "-q", "--home", "b", strings.TrimSpace(k.must("invite", "-q", "--home", "another")))
	s := newScreen(t, k.dir, "chat", "--home", "b")
	s.shows("Talk with whom? ")
	s.types("nobody\nano\n")
	s.shows("Talking with \x1b[0m\x1b[1;36manother")
	s.types("\x03")
	if err := <-s.ended; err != nil {
		t.Error(err)
	}
	expectSane(t, s.master)
}

// A terminal that can do nothing but print gets lines, and none of what others can do; without colours the
// line that is typed still stays below, and ticks are told on lines.
func TestChatOnSimpleTerminals(t *testing.T) {
	t.Parallel()
	k := &killer{t: t, dir: t.TempDir()}
	k.meet()
	s := newScreenOf(t, []string{"TERM=dumb"}, k.dir, "chat", "a", "--home", "b")
	s.shows("Talking with a. Ctrl-D ends it.")
	s.types("/nonsense\nhello\n")
	s.shows("There is no /nonsense: it was not sent.")
	all := s.shows("      ✓ delivered: hello")
	if strings.Contains(all, "\x1b") || isRaw(t, s.master) {
		t.Errorf("a dumb terminal gets %q", all)
	}
	s.types("\x04")
	if err := <-s.ended; err != nil {
		t.Error(err)
	}

	s = newScreenOf(t, []string{"TERM=xterm", "NO_COLOR=1"}, k.dir, "chat", "a", "--home", "b")
	s.shows("you: hello\r\n")
	s.types("one\rtwo\rthr")
	all = s.until("that two messages were delivered", func(all string) bool {
		return strings.Count(all, "      ✓ delivered: one")+strings.Count(all, "delivered: 2 messages, the last: two") > 0
	})
	if strings.Contains(all, "\x1b[32m") || strings.Contains(all, "\x1b[7G") || !strings.HasSuffix(all, "\r> thr\x1b[?7h\x1b[?25h") {
		t.Errorf("without colours: %q", all)
	}
	s.types("\x15\x04")
	if err := <-s.ended; err != nil {
		t.Error(err)
	}
	expectSane(t, s.master)
}
