package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"

	"github.com/parley-im/parley/crypto/keyfile"
)

// fileRing stands for the user's keyring in the scripts, where each command is a process of its own: a file of JSON,
// account → secret. A file that cannot be read is a keyring that is locked.
type fileRing string

func (r fileRing) load() (map[string][]byte, error) {
	data, err := os.ReadFile(string(r))
	entries := map[string][]byte{}
	if errors.Is(err, fs.ErrNotExist) {
		return entries, nil
	}
	if err != nil {
		return nil, err
	}
	return entries, json.Unmarshal(data, &entries)
}

func (r fileRing) change(do func(entries map[string][]byte)) error {
	entries, err := r.load()
	if err != nil {
		return err
	}
	do(entries)
	data, err := json.Marshal(entries)
	if err != nil {
		return err
	}
	return os.WriteFile(string(r), append(data, '\n'), 0o600)
}

func (r fileRing) Set(_ context.Context, account string, secret []byte) error {
	return r.change(func(entries map[string][]byte) { entries[account] = secret })
}

func (r fileRing) Get(_ context.Context, account string) ([]byte, error) {
	entries, err := r.load()
	if err != nil {
		return nil, err
	}
	secret, ok := entries[account]
	if !ok {
		return nil, keyfile.ErrEntry
	}
	return secret, nil
}

func (r fileRing) Delete(_ context.Context, account string) error {
	return r.change(func(entries map[string][]byte) { delete(entries, account) })
}

func (r fileRing) Probe(context.Context) error {
	_, err := r.load()
	return err
}
