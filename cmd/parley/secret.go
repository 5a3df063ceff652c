package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/parley-im/parley/crypto/keyfile"
	"github.com/parley-im/parley/crypto/keyfile/oskeyring"
	"github.com/parley-im/parley/internal/wallet"
)

// maxPassphrase is the size in bytes of the longest passphrase.
const maxPassphrase = 1024

// osKeyring is the keyring of the operating system. Tests put another in its place before the command begins.
var osKeyring ring = oskeyring.Ring{}

// ring is a keyring that can be asked whether it answers.
type ring interface {
	keyfile.Ring
	Probe(ctx context.Context) error
}

// keyringOff is the value of PARLEY_KEYRING that leaves the keyring alone, whatever the wallet needs.
const keyringOff = "off"

// ring returns the keyring, nil if the user wants it left alone.
func (a *app) ring() keyfile.Ring {
	if os.Getenv("PARLEY_KEYRING") == keyringOff {
		return nil
	}
	return osKeyring
}

// demandRing returns the keyring for a user who asks for it.
func (a *app) demandRing() (keyfile.Ring, error) {
	if r := a.ring(); r != nil {
		return r, nil
	}
	return nil, badUsage("unset PARLEY_KEYRING", "PARLEY_KEYRING=off and --protect keyring contradict each other")
}

// parseKind reads --protect and --no-passphrase; empty is a choice that was left to us.
func parseKind(protect string, open bool) (keyfile.Kind, error) {
	kind := keyfile.Kind(protect)
	switch {
	case open && kind != "" && kind != keyfile.None:
		return "", badUsage("use one of the two", "--no-passphrase and --protect %s contradict each other", protect)
	case open:
		return keyfile.None, nil
	case kind == "", kind == keyfile.None, kind == keyfile.Passphrase, kind == keyfile.Keyring:
		return kind, nil
	}
	return "", badUsage("--protect keyring, passphrase or none", "keys cannot be protected by %q", protect)
}

// firstProtection is what a new wallet's keys are put under. Where the user has not chosen the kind, a passphrase
// that is given is taken; else the keyring, if one answers; else a passphrase is asked for.
func (a *app) firstProtection(ctx context.Context, kind keyfile.Kind) (p keyfile.Protection, err error) {
	given := a.passphraseFile != "" || os.Getenv("PARLEY_PASSPHRASE") != ""
	switch {
	case kind == keyfile.None || kind == keyfile.Keyring:
		if a.passphraseFile != "" || given && kind == keyfile.Keyring {
			return p, badUsage("use one of the two", "a passphrase and --protect %s contradict each other", kind)
		}
		if kind == keyfile.Keyring {
			p.Ring, err = a.demandRing()
		}
		return p, err
	case kind == "" && !given && a.ring() != nil:
		if osKeyring.Probe(ctx) == nil {
			p.Ring = a.ring()
			return p, nil
		}
		if ctx.Err() != nil {
			return p, ctx.Err()
		}
	}
	p.Passphrase, err = a.newPassphrase(ctx)
	return p, err
}

const passphraseHint = "set PARLEY_PASSPHRASE, or use --passphrase-file FILE"

// unlock returns the passphrase for the wallet, empty for a wallet that has none and for which none is
// given. A passphrase that is given for a wallet without one is passed on: the wallet refuses it, since
// it may not be the wallet that the user thinks it is.
func (a *app) unlock(ctx context.Context) ([]byte, error) {
	needs, err := wallet.NeedsPassphrase(a.home)
	if err != nil {
		return nil, err
	}
	pass, given, err := a.givenPassphrase()
	if given || err != nil || !needs {
		return pass, err
	}
	return a.askPassphrase(ctx, "Passphrase of the wallet in "+a.home+":")
}

// newPassphrase returns the passphrase for a new wallet, asked for twice where it is typed.
func (a *app) newPassphrase(ctx context.Context) ([]byte, error) {
	pass, given, err := a.givenPassphrase()
	if given || err != nil {
		return pass, err
	}
	return a.askTwice(ctx, "Choose a passphrase:")
}

// askTwice asks for a passphrase that does not exist yet.
func (a *app) askTwice(ctx context.Context, question string) ([]byte, error) {
	pass, err := a.askPassphrase(ctx, question)
	if err != nil {
		return nil, err
	}
	if len(pass) == 0 {
		return nil, badUsage("to go without one, for machines that have nobody to ask: --no-passphrase", "the passphrase is empty; nothing was changed")
	}
	again, err := a.askPassphrase(ctx, "The same again:")
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(pass, again) {
		return nil, badUsage("try again", "the two passphrases differ; nothing was changed")
	}
	return pass, nil
}

// givenPassphrase returns the passphrase of --passphrase-file or PARLEY_PASSPHRASE, if there is one.
func (a *app) givenPassphrase() (pass []byte, given bool, err error) {
	if a.passphraseFile != "" {
		pass, err = readPassphrase(a.passphraseFile)
		return pass, err == nil, err
	}
	if env := os.Getenv("PARLEY_PASSPHRASE"); env != "" {
		return []byte(env), true, nil
	}
	return nil, false, nil
}

// readPassphrase reads the first line of a file. The file may be a pipe or /dev/stdin.
func readPassphrase(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, badUsage("", "read the passphrase: %v", err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxPassphrase+2))
	if err != nil {
		return nil, badUsage("", "read the passphrase: %v", err)
	}
	pass, _, _ := bytes.Cut(data, []byte("\n"))
	pass = bytes.TrimSuffix(pass, []byte("\r"))
	if len(pass) == 0 || len(pass) > maxPassphrase {
		return nil, badUsage("its first line is the passphrase", "the first line of %s has to be 1 to %d bytes long", path, maxPassphrase)
	}
	return pass, nil
}

// askPassphrase asks at the terminal, which need not be stdin: that may be the message to send.
func (a *app) askPassphrase(ctx context.Context, question string) ([]byte, error) {
	if a.noInput {
		return nil, badUsage(passphraseHint, "a passphrase is needed, and --no-input forbids to ask for it")
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, badUsage(passphraseHint, "a passphrase is needed, and there is no terminal to ask for it")
	}
	defer func() { _ = tty.Close() }()
	before, err := term.GetState(int(tty.Fd()))
	if err != nil {
		return nil, badUsage(passphraseHint, "a passphrase is needed, and the terminal cannot hide it")
	}
	a.print.ask(tty, question)
	type answer struct {
		pass []byte
		err  error
	}
	c := make(chan answer, 1)
	go func() {
		pass, err := term.ReadPassword(int(tty.Fd()))
		c <- answer{pass, err}
	}()
	select {
	case <-ctx.Done():
		// The goroutine still reads; it ends with the process, which is about to.
		_ = term.Restore(int(tty.Fd()), before)
		a.print.endLine(tty)
		return nil, ctx.Err()
	case t := <-c:
		a.print.endLine(tty)
		if errors.Is(t.err, io.EOF) {
			return nil, badUsage(passphraseHint, "no passphrase was typed")
		}
		return t.pass, t.err
	}
}
