package main

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
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
func place(path string, force bool, write func(io.Writer) error) error {
	if _, err := os.Lstat(path); err == nil && !force {
		return fs.ErrExist
	}
	_, err := wallet.WriteFile(path, force, func(f *os.File) error {
		out := bufio.NewWriter(f)
		return join(write(out), out.Flush())
	})
	var folder *fs.PathError
	if errors.As(err, &folder) && folder.Op == "open" { // it is not there, or not ours to write to
		return badUsage("", "write %s: %v", path, err)
	}
	return err
}
