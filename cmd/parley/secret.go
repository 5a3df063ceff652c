package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/parley-im/parley/internal/wallet"
)

// maxPassphrase is the size in bytes of the longest passphrase.
const maxPassphrase = 1024

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
	return a.askTwice(ctx)
}

// askTwice asks for a passphrase that does not exist yet.
func (a *app) askTwice(ctx context.Context) ([]byte, error) {
	pass, err := a.askPassphrase(ctx, "Choose a passphrase:")
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
