package keyfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	fileMode fs.FileMode = 0o600
	dirMode  fs.FileMode = 0o700
)

// ErrMode says that a key file or its folder is open to others than its owner. It is an error of
// its own, found with errors.As.
type ErrMode struct {
	Path string      // the file or folder
	Mode fs.FileMode // its permissions
	Want fs.FileMode // the loosest that are accepted
}

// Error names the chmod that puts it right.
func (e ErrMode) Error() string {
	return fmt.Sprintf("%s has mode %04o and is open to others: run chmod %04o %s", e.Path, e.Mode, e.Want, quote(e.Path))
}

// quote makes path one word of a POSIX shell.
func quote(path string) string {
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

func checkMode(path string, info fs.FileInfo, want fs.FileMode) error {
	if mode := info.Mode().Perm(); mode&^want != 0 {
		return ErrMode{Path: path, Mode: mode, Want: want}
	}
	return nil
}

// checkDir refuses a folder that is open to others.
func checkDir(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	return checkMode(dir, info, dirMode)
}

// read returns the content of the key file at path after checking the modes.
func read(path string) ([]byte, error) {
	if err := checkDir(filepath.Dir(path)); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat() // of what is open, not of what the path may name by now
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is no regular file", ErrDamaged, path)
	}
	if err := checkMode(path, info, fileMode); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

// create puts data at path, durably and in one step. It makes the folder and never replaces a
// file: the error wraps fs.ErrExist then.
func create(path string, data []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return err
	}
	if err := checkDir(dir); err != nil {
		return err
	}
	// A link fails where a rename would overwrite.
	return write(path, data, func(temp string) error { return os.Link(temp, path) })
}

// replace puts data at path, durably and in one step, over what is there.
func replace(path string, data []byte) error {
	return write(path, data, func(temp string) error { return os.Rename(temp, path) })
}

// write syncs data into a temporary file, lets place put it at path, syncs the folder and then
// removes the temporary file and those that a crash has left.
func write(path string, data []byte, place func(temp string) error) error {
	temp, err := writeTemp(path, data)
	if err != nil {
		return err
	}
	if err := place(temp); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	if err := removeTemps(path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// tempPrefix starts the names of the temporary files for path, and of no others.
func tempPrefix(path string) string { return "." + filepath.Base(path) + ".tmp-" }

func writeTemp(path string, data []byte) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), tempPrefix(path)) // with mode 0600
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if _, err := f.Write(data); err != nil {
		return "", errors.Join(err, f.Close())
	}
	// A full flush on macOS too: os.File.Sync asks for F_FULLFSYNC there.
	if err := f.Sync(); err != nil {
		return "", errors.Join(err, f.Close())
	}
	return f.Name(), f.Close()
}

func removeTemps(path string) error {
	dir := filepath.Dir(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix(path)) {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
