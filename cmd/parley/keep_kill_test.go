package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
)

// keepKills is at how many points of a backup, and of a restore, the process is killed.
const keepKills = 12

// keeper runs real processes that make backups and restore them, and kills them.
type keeper struct {
	t        *testing.T
	dir      string
	identity *age.X25519Identity
}

func newKeeper(t *testing.T) *keeper {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	k := &keeper{t, t.TempDir(), id}
	if err := os.WriteFile(k.path("identity"), []byte(id.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return k
}

func (k *keeper) path(name string) string { return filepath.Join(k.dir, name) }

// run runs a command to its end, or kills it after the time (zero: never).
func (k *keeper) run(after time.Duration, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(k.t.Context(), patience)
	if after > 0 {
		ctx, cancel = context.WithTimeout(k.t.Context(), after)
	}
	defer cancel()
	cmd := exec.CommandContext(ctx, "parley", args...) // whose end is SIGKILL
	cmd.Dir, cmd.Env = k.dir, append(os.Environ(), "PARLEY_PASSPHRASE=", "XDG_RUNTIME_DIR="+k.dir)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return string(out), err
}

func (k *keeper) must(args ...string) string {
	k.t.Helper()
	out, err := k.run(0, args...)
	if err != nil {
		k.t.Fatalf("parley %s: %v", strings.Join(args, " "), err)
	}
	return out
}

func (k *keeper) init(home string) (did string) {
	k.must(append([]string{"init", "-q", "--home", home, "--name", "somebody", "--no-passphrase"}, loopback...)...)
	return k.did(home)
}

func (k *keeper) did(home string) string {
	k.t.Helper()
	var self struct {
		DID string `json:"did"`
	}
	if err := json.Unmarshal([]byte(k.must("id", "--json", "--home", home)), &self); err != nil {
		k.t.Fatal(err)
	}
	return self.DID
}

func (k *keeper) backup() []string {
	return []string{"backup", k.path("b"), "--home", "a", "--recipient", k.identity.Recipient().String()}
}

func (k *keeper) restore(home string) []string {
	return []string{"restore", k.path("b"), "--home", home, "--identity", "identity", "--no-passphrase", "--force"}
}

// hidden are the files that begin with a dot.
func (k *keeper) hidden() []string {
	found, err := filepath.Glob(k.path(".*"))
	if err != nil {
		k.t.Fatal(err)
	}
	return found
}

// TestKillBackup kills a backup at points all along its way: there is a whole file under its name, or none, and the
// next one leaves nothing behind.
func TestKillBackup(t *testing.T) {
	if testing.Short() {
		t.Skip("killing takes some seconds: run without -short")
	}
	k := newKeeper(t)
	k.init("a")
	begin := time.Now()
	k.must(k.backup()...)
	whole := time.Since(begin)
	made := 0
	for i := range keepKills {
		if err := os.Remove(k.path("b")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		_, _ = k.run(whole*time.Duration(i+1)/keepKills, k.backup()...)
		if _, err := os.Stat(k.path("b")); err == nil {
			made++
			k.must(k.restore(fmt.Sprint("copy", i))...)
		}
		k.must("id", "--home", "a")
	}
	t.Logf("%d of %d were whole", made, keepKills)
	k.must(append(k.backup(), "--force")...)
	if left := k.hidden(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := os.Stat(k.path("a/backup.unfinished")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a copy is left in the wallet: %v", err)
	}
}

// TestKillRestore kills a restore over another wallet at points all along its way: the one or the other is there, and
// if it is the restored one, the other is whole in a folder beside.
func TestKillRestore(t *testing.T) {
	if testing.Short() {
		t.Skip("killing takes some seconds: run without -short")
	}
	k := newKeeper(t)
	restored := k.init("a")
	k.must(k.backup()...)
	k.init("w")
	begin := time.Now()
	k.must(k.restore("w")...)
	whole := time.Since(begin)
	done := 0
	for i := range keepKills {
		home := fmt.Sprint("w", i)
		old := k.init(home)
		_, _ = k.run(whole*time.Duration(i+1)/keepKills, k.restore(home)...)
		beside := k.path(home + "/replaced-*")
		switch got := k.did(home); got {
		case old:
		case restored:
			done++
			folders, err := filepath.Glob(beside)
			if err != nil || len(folders) != 1 || k.did(folders[0]) != old {
				t.Errorf("killed after %d/%d: the old wallet is not in %v, %v", i+1, keepKills, folders, err)
			}
		default:
			t.Errorf("killed after %d/%d: it is %s", i+1, keepKills, got)
		}
		if left, err := filepath.Glob(k.path(home + "/restore.*")); err != nil || len(left) > 0 {
			t.Errorf("killed after %d/%d: left %v, %v", i+1, keepKills, left, err)
		}
	}
	t.Logf("%d of %d were restored", done, keepKills)
}
