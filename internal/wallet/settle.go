package wallet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/parley-im/parley/crypto/keyfile"
)

// settle finishes or removes what a kill cut short in the folder: a backup or a restore that was not complete goes,
// one that was complete takes its place, and what was there before goes into a folder whose path is returned. Only
// who has the lock calls it; every step can be taken again.
func settle(ctx context.Context, home string, ring keyfile.Ring) (replaced string, err error) {
	if err := os.RemoveAll(copyPath(home)); err != nil {
		return "", fmt.Errorf("remove what was left of a backup: %w", err)
	}
	if err := dropUnfinished(ctx, restoringPath(home), ring); err != nil {
		return "", err
	}
	ready := restoredPath(home)
	if !isThere(ready) {
		return "", nil
	}
	if replaced, err = takePlace(home, ready); err != nil {
		return "", fmt.Errorf("finish restoring the wallet: %w; the next command tries again", err)
	}
	return replaced, nil
}

// takePlace puts the restored wallet in the place of what is there.
func takePlace(home, ready string) (replaced string, err error) {
	aside := filepath.Join(ready, "replaced")
	if isThere(databasePath(ready)) {
		if err := setAside(home, aside); err != nil {
			return "", err
		}
		if err := os.Rename(databasePath(ready), databasePath(home)); err != nil {
			return "", err
		}
		if err := errors.Join(syncFolder(ready), syncFolder(home)); err != nil {
			return "", err
		}
	}
	if isThere(keysPath(ready)) {
		if err := os.Rename(keysPath(ready), keysPath(home)); err != nil {
			return "", err
		}
		if err := errors.Join(syncFolder(ready), syncFolder(home)); err != nil {
			return "", err
		}
	}
	if isThere(aside) {
		replaced = freePath(filepath.Join(home, "replaced-"+now().Format("20060102T150405Z")))
		if err := os.Rename(aside, replaced); err != nil {
			return "", err
		}
	}
	return replaced, errors.Join(os.RemoveAll(ready), syncFolder(home))
}

// setAside moves the files of the wallet in home into a folder, which it makes if there are any.
func setAside(home, aside string) error {
	db := databasePath(home)
	for _, path := range []string{keysPath(home), unfinishedPath(home), db, db + "-wal", db + "-shm"} {
		if !isThere(path) {
			continue
		}
		if err := os.Mkdir(aside, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := os.Rename(path, filepath.Join(aside, filepath.Base(path))); err != nil {
			return err
		}
	}
	if !isThere(aside) {
		return nil
	}
	return syncFolder(aside)
}

// freePath is the path, or one with a number after it that nothing has.
func freePath(path string) string {
	free := path
	for n := 2; isThere(free); n++ {
		free = fmt.Sprintf("%s-%d", path, n)
	}
	return free
}

// dropUnfinished removes a wallet that was being restored, and its entry in the keyring.
func dropUnfinished(ctx context.Context, dir string, ring keyfile.Ring) error {
	err := keyfile.Remove(ctx, keysPath(dir), ring)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove what was left of a restore: %w", err)
	}
	return nil
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
