package peers

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

//go:embed all:affinidi all:didcomm-node all:didcomm-python all:didcomm-rust all:veramo
var sources embed.FS

const (
	installTime = time.Hour    // for a compiler on a small machine
	stampName   = ".installed" // says what was installed, once all of it was
)

// DefaultCache is the folder that libraries are installed into if no other is chosen: parley-interop in the
// user's cache.
func DefaultCache() (string, error) {
	user, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(user, "parley-interop"), nil
}

// Install writes the library's program into a folder of the cache and installs what it needs, unless just that
// was done before. It returns the folder. An error says what is missing; what was begun is not taken for done the
// next time.
func (l Library) Install(ctx context.Context, cache string) (dir string, err error) {
	if err := l.hasTools(); err != nil {
		return "", err
	}
	dir, want := l.Dir(cache), ""
	if want, err = l.stamp(); err != nil || l.Installed(cache) {
		return dir, err
	}
	stamp := filepath.Join(dir, stampName)
	if err := os.Remove(stamp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := l.unfold(dir); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, installTime)
	defer cancel()
	for _, command := range l.install {
		if err := runIn(ctx, dir, command); err != nil {
			return "", err
		}
	}
	return dir, os.WriteFile(stamp, []byte(want), 0o600)
}

// Installed reports whether the library is in the cache as it is here, wholly.
func (l Library) Installed(cache string) bool {
	want, err := l.stamp()
	if err != nil {
		return false
	}
	done, err := os.ReadFile(filepath.Join(l.Dir(cache), stampName))
	return err == nil && string(done) == want
}

// Dir is the library's folder in a cache.
func (l Library) Dir(cache string) string { return filepath.Join(cache, l.Folder+"-"+l.Version) }

func (l Library) hasTools() error {
	for _, tool := range l.tools {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%s is not installed here", tool)
		}
	}
	return nil
}

// runIn runs an installer. What it started and left behind does not hold us up once the context has ended.
func runIn(ctx context.Context, dir string, command []string) error {
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Dir, c.WaitDelay = dir, time.Second
	out, err := c.CombinedOutput()
	if err == nil {
		return nil
	}
	tail := &lastLines{}
	_, _ = tail.Write(out)
	return fmt.Errorf("%s: %w: %s", strings.Join(command, " "), err, tail)
}

// files calls do for each file of the program, with its name in the program's folder.
func (l Library) files(do func(name string, data []byte) error) error {
	root, found := l.Folder, false
	err := fs.WalkDir(sources, root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		found = true
		data, err := sources.ReadFile(path)
		if err != nil {
			return err
		}
		return do(strings.TrimPrefix(path, root+"/"), data)
	})
	if err == nil && !found {
		err = errors.New("no program for it")
	}
	return err
}

// stamp is all that decides what is installed.
func (l Library) stamp() (string, error) {
	text := fmt.Sprintln(l.install)
	err := l.files(func(name string, data []byte) error {
		text += name + "\n" + string(data)
		return nil
	})
	return text, err
}

// unfold writes the program.
func (l Library) unfold(dir string) error {
	return l.files(func(name string, data []byte) error {
		target := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o600)
	})
}
