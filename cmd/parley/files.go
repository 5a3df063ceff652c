package main

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/parley-im/parley/internal/control"
)

// writeWhole makes a file of mode 0600 with what write writes. It is there whole or not at all; one that was
// there before is replaced with force alone.
func writeWhole(path string, force bool, write func(io.Writer) error) error {
	err := place(path, force, write)
	if errors.Is(err, fs.ErrExist) {
		return &control.Error{Code: control.CodeUsage, Message: path + " is there already; nothing was written",
			Hint: "choose another name, or replace it: --force"}
	}
	return err
}

// place is writeWhole with fs.ErrExist for a file that is there.
func place(path string, force bool, write func(io.Writer) error) (err error) {
	if _, err := os.Lstat(path); err == nil && !force {
		return fs.ErrExist
	}
	// os.CreateTemp makes it with mode 0600.
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".tmp-*")
	if err != nil {
		return badUsage("", "write %s: %v", path, err)
	}
	defer func() {
		_ = f.Close() // again, where it was closed before
		_ = os.Remove(f.Name())
	}()
	out := bufio.NewWriter(f)
	if err := join(write(out), out.Flush(), f.Sync(), f.Close()); err != nil {
		return err
	}
	if force {
		err = os.Rename(f.Name(), path)
	} else if err = os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		err = os.Rename(f.Name(), path) // not every file system has links
	}
	if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
