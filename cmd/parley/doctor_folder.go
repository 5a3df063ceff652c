package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/parley-im/parley/crypto/keyfile"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
)

// errOwned means that the wallet cannot be opened because another process has it, which was said.
var errOwned = errors.New("another process has the wallet")

// oldAge is how old a temporary file is that nobody writes any more.
const oldAge = time.Hour

// folderFiles are the files of a wallet's folder; others are not ours.
var folderFiles = []string{"keys", "wallet.db", "wallet.db-wal", "wallet.db-shm", "lock"}

// checkFolder looks into whether there is a wallet, and whether others can read it.
func (a *app) checkFolder(d *diagnosis) (there bool) {
	if !wallet.Exists(a.home) {
		d.problem("wallet", "there is no wallet in "+shortPath(a.home), "parley init")
		return false
	}
	loose := 0
	for _, n := range append([]string{"."}, folderFiles...) {
		path, what := filepath.Join(a.home, n), n
		if n == "." {
			what = "the wallet's folder"
		}
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(n, "wallet.db-") {
			continue // SQLite has them while the database is open
		}
		if errors.Is(err, fs.ErrNotExist) && n == "lock" {
			continue // made by the first who needs it
		}
		if errors.Is(err, fs.ErrNotExist) && n == "wallet.db" {
			continue // checkWallet says so, and what to do
		}
		if err != nil {
			d.problem("folder", err.Error(), restoreMend)
			loose++
			continue
		}
		if mend := tooOpen(path, info); mend != "" {
			d.problem("folder", fmt.Sprintf("others could read or change %s: mode %04o", what, info.Mode().Perm()), mend)
			loose++
		}
		if s, ok := info.Sys().(*syscall.Stat_t); ok && int(s.Uid) != os.Geteuid() {
			d.problem("folder", fmt.Sprintf("%s belongs to user %d", what, s.Uid), "sudo chown "+fmt.Sprint(os.Geteuid())+" "+shellWord(path))
			loose++
		}
	}
	if loose == 0 {
		d.ok("folder", "folder: private")
	}
	return true
}

// tooOpen returns the command that closes a file to others, empty if it is closed.
func tooOpen(path string, info fs.FileInfo) string {
	switch {
	case info.Mode().Perm()&0o077 == 0:
		return ""
	case info.IsDir():
		return "chmod 700 " + shellWord(path)
	}
	return "chmod 600 " + shellWord(path)
}

// checkKeys looks into the key file, and into the keyring if the keys are under one. It reports whether the wallet
// can be opened, as far as that can be told from outside.
func (a *app) checkKeys(ctx context.Context, d *diagnosis) bool {
	problems := d.Problems
	kind, err := wallet.KeyStore(a.home)
	if err != nil {
		e := control.ErrorOf(err)
		if problems == 0 || e.Code != control.CodeTrust { // else checkFolder has named the modes, and their mends
			d.problem("key store", "key store: "+a.within(e.Message), e.Hint)
		}
		return false
	}
	switch kind {
	case keyfile.None:
		d.warning("key store", "key store: the keys are not protected", "parley passphrase")
	case keyfile.Passphrase:
		d.ok("key store", "key store: passphrase file")
	default:
		a.checkKeyring(ctx, d)
	}
	return d.Problems == problems
}

func (a *app) checkKeyring(ctx context.Context, d *diagnosis) {
	if a.ring() == nil {
		d.problem("key store", "key store: the keys are under the keyring, and PARLEY_KEYRING=off forbids to ask it", "unset PARLEY_KEYRING")
		return
	}
	if err := osKeyring.Probe(ctx); err != nil {
		d.problem("key store", "key store: the keyring does not answer: "+err.Error(), "log in to the desktop, or unlock its keyring; then parley doctor")
		return
	}
	d.ok("key store", "key store: keyring")
}

// locked reports whether opening the wallet takes a passphrase or a keyring.
func (a *app) locked() bool {
	kind, err := wallet.KeyStore(a.home)
	return err == nil && kind != keyfile.None
}

// checkOwner looks into who has the wallet. It returns errOwned if nobody else can have it.
func (a *app) checkOwner(ctx context.Context, d *diagnosis) error {
	socket := wallet.SocketPath(a.home)
	client, err := a.daemon(ctx)
	if err != nil {
		d.problem("daemon", "the daemon does not answer as it should: "+err.Error(), "parley version, then end the daemon and start it again: parley daemon")
		return errOwned
	}
	if client != nil {
		return client.Close()
	}
	_, stale := os.Lstat(socket)
	switch pid, held := wallet.Held(a.home); {
	case held && pid > 0:
		d.problem("lock", fmt.Sprintf("process %d has the wallet and does not answer", pid), fmt.Sprintf("wait for it to end, or end it: kill %d", pid))
		return errOwned
	case held:
		d.problem("lock", "another process has the wallet and does not answer", "wait for it to end, or end it")
		return errOwned
	case stale == nil:
		d.warning("socket", "a daemon that was killed has left its socket behind; the next one replaces it", "parley daemon")
	}
	return nil
}

// checkDaemon compares the daemon's version with ours.
func (a *app) checkDaemon(d *diagnosis, s control.Status) {
	switch {
	case !s.Daemon:
		d.ok("daemon", "no daemon")
	case s.Version != version():
		theirs := s.Version
		if theirs == "" {
			theirs = "older"
		}
		d.warning("daemon", fmt.Sprintf("the daemon (process %d) is parley %s, this is %s", s.PID, theirs, version()),
			fmt.Sprintf("kill %d, then parley daemon", s.PID))
	default:
		d.ok("daemon", fmt.Sprintf("daemon: process %d", s.PID))
	}
}

// checkLeftovers looks for temporary files that somebody has left who was killed as he wrote.
func (a *app) checkLeftovers(d *diagnosis) {
	list, err := os.ReadDir(a.home)
	if err != nil {
		return // checkFolder has said so
	}
	for _, e := range list {
		n := e.Name()
		if !strings.Contains(n, ".tmp-") && !strings.HasSuffix(n, ".unfinished") && !strings.HasSuffix(n, ".tmp") {
			continue
		}
		if info, err := e.Info(); err == nil && a.print.now().Sub(info.ModTime()) > oldAge {
			d.warning("leftovers", "an old temporary file: "+n, "rm "+shellWord(filepath.Join(a.home, n)))
		}
	}
}
