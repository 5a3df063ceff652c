package peers

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sample is a library of ours that is "installed" by commands of the test.
func sample(install ...[]string) Library {
	return Library{Name: "sample", Version: "1", Folder: "didcomm-node", tools: []string{"sh"}, install: install}
}

func sh(script string) []string { return []string{"sh", "-c", script} }

func TestInstallOnce(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	l := sample(sh("echo x >> runs"))
	for range 3 {
		dir, err := l.Install(t.Context(), cache)
		if err != nil {
			t.Fatal(err)
		}
		runs, err := os.ReadFile(filepath.Join(dir, "runs"))
		if err != nil || string(runs) != "x\n" {
			t.Errorf("it was installed %q times: %v", runs, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "peer.js")); err != nil {
			t.Error(err)
		}
	}
	if other := sample(sh("true")); other.Installed(cache) {
		t.Error("another way to install it counts as done")
	}
}

// What stopped half-way is begun again, also if the program here goes back to what was installed before.
func TestPartialInstallIsNotDone(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	good, bad := sample(sh("echo good >> log")), sample(sh("echo half >> log"), sh("echo registry is away >&2; exit 1"))
	if _, err := good.Install(t.Context(), cache); err != nil {
		t.Fatal(err)
	}
	_, err := bad.Install(t.Context(), cache)
	if err == nil || !strings.Contains(err.Error(), "registry is away") {
		t.Fatalf("got %v", err)
	}
	if bad.Installed(cache) || good.Installed(cache) {
		t.Error("half of it counts as installed")
	}
	if _, err := good.Install(t.Context(), cache); err != nil {
		t.Fatal(err)
	}
	log, _ := os.ReadFile(filepath.Join(good.Dir(cache), "log"))
	if string(log) != "good\nhalf\ngood\n" {
		t.Errorf("what ran: %q", log)
	}
}

func TestInstallEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cache := t.TempDir()
	l := sample(sh("sleep 60"))
	if _, err := l.Install(ctx, cache); err == nil || l.Installed(cache) {
		t.Errorf("installed, and %v", err)
	}
}

func TestMissingTools(t *testing.T) {
	t.Setenv("PATH", "")
	for _, l := range All() {
		_, err := l.Install(t.Context(), t.TempDir())
		if err == nil || err.Error() != l.tools[0]+" is not installed here" {
			t.Errorf("%s: %v", l.Label(), err)
		}
	}
}

// Every library has its program, and none has what its package manager left behind.
func TestEveryLibraryHasItsProgram(t *testing.T) {
	t.Parallel()
	labels := map[string]bool{}
	for _, l := range All() {
		if labels[l.Label()] || labels[l.Folder] {
			t.Errorf("%s is there twice", l.Label())
		}
		labels[l.Label()], labels[l.Folder] = true, true
		pinned := false
		err := l.files(func(name string, data []byte) error {
			if strings.Contains(name, "node_modules") || strings.HasPrefix(name, "target") || strings.Contains(name, "venv") {
				t.Errorf("%s: %s is not ours", l.Folder, name)
			}
			pinned = pinned || strings.Contains(string(data), `"`+l.Version+`"`) || strings.Contains(string(data), "="+l.Version)
			return nil
		})
		if err != nil || !pinned {
			t.Errorf("%s: its program does not name version %s: %v", l.Folder, l.Version, err)
		}
	}
}
