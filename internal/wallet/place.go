package wallet

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// WriteFile makes a file at path, mode 0600, with what fill writes and checks: durably, and under its name only when
// all of it is there. Without force it never replaces a file: the error wraps fs.ErrExist. It returns the size. What an earlier call that was
// killed has left for the same path is removed.
func WriteFile(path string, force bool, fill func(*os.File) error) (size int64, err error) {
	dir, prefix := filepath.Dir(path), "."+filepath.Base(path)+".unfinished-"
	if err := removePrefixed(dir, prefix); err != nil {
		return 0, err
	}
	f, err := os.CreateTemp(dir, prefix) // with mode 0600
	if err != nil {
		return 0, err
	}
	defer func() {
		if gone := os.Remove(f.Name()); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}()
	if err := fill(f); err != nil {
		return 0, errors.Join(err, f.Close())
	}
	info, err := f.Stat()
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return 0, err
	}
	if err := giveName(f.Name(), path, force); err != nil {
		return 0, err
	}
	return info.Size(), syncFolder(dir)
}

// giveName gives a file its name. A link fails where a rename would replace; file systems that know no links, such as
// those of memory sticks, get a look before the rename.
func giveName(temp, path string, force bool) error {
	if !force {
		err := os.Link(temp, path)
		if err == nil || errors.Is(err, fs.ErrExist) {
			return err
		}
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: %w", path, fs.ErrExist)
		}
	}
	return os.Rename(temp, path)
}

// removePrefixed removes the files of a folder whose names begin so.
func removePrefixed(dir, prefix string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), prefix) || !e.Type().IsRegular() {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// clearFolder makes an empty folder of its owner alone.
func clearFolder(path string) error {
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	return os.Mkdir(path, 0o700)
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
