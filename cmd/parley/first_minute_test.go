package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestFirstMinute is the first minute of two people with real processes, and says how much time of the machine it
// took: of the processor, and by the clock. How fast a machine is proves nothing, so nothing is asserted of that.
func TestFirstMinute(t *testing.T) {
	dir := t.TempDir()
	env := append(os.Environ(), "PARLEY_KEYRING=off", "PARLEY_PASSPHRASE=", "PARLEY_HOME=")
	began, worked := time.Now(), time.Duration(0)
	count := func(s *os.ProcessState) { worked += s.UserTime() + s.SystemTime() }
	parley := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("parley", args...)
		var out, errOut bytes.Buffer
		cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, &out, &errOut
		if err := cmd.Run(); err != nil {
			t.Fatalf("parley %s: %v\n%s", strings.Join(args, " "), err, errOut.String())
		}
		count(cmd.ProcessState)
		return strings.TrimSpace(out.String())
	}
	for _, name := range []string{"alice", "bob"} {
		parley(append([]string{"init", "--home", name, "--name", name, "--no-passphrase"}, loopback...)...)
	}
	daemon, err := start(dir, env, "daemon", "--json", "--home", "alice")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = daemon.end(syscall.SIGKILL) }()
	if err := daemon.ready(); err != nil {
		t.Fatal(err)
	}
	link := parley("invite", "-q", "--home", "alice")
	parley("add", "--home", "bob", "--as", "ally", link)
	if got := parley("send", "--home", "bob", "ally", "hi there"); got != "✓ delivered to ally" {
		t.Errorf("send says %q", got)
	}
	if got := parley("recv", "--home", "alice", "--limit", "1"); !strings.HasSuffix(got, " bob: hi there") {
		t.Errorf("recv says %q", got)
	}
	if err := daemon.end(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	count(daemon.cmd.ProcessState)
	t.Logf("the first minute took %s of the processor and %s by the clock", worked.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
	if list, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(list) != 2 {
		t.Errorf("left over: %v, %v", list, err)
	}
}
