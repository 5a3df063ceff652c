package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"unicode/utf8"

	"golang.org/x/term"
)

// typed is a line of the user, or the error that ended the input.
type typed struct {
	text string
	err  error
}

// lines returns what the user types, line by line, and the printer for what is shown meanwhile. At a
// terminal a line that is being typed moves down as others appear. The channel is closed at the end of
// the input; restore gives the terminal back and may be called twice.
func (a *app) lines(ctx context.Context) (<-chan typed, *printer, func(), error) {
	in, ok := a.in.(*os.File)
	if !ok || a.json || a.noInput || !isTerminal(a.in) || !isTerminal(a.out) {
		return pipedLines(ctx, a.in), a.print, func() {}, nil
	}
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return nil, nil, nil, err
	}
	t := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{in, a.out}, chatPrompt)
	resize := func() {
		if w, h, err := term.GetSize(int(in.Fd())); err == nil {
			_ = t.SetSize(w, h)
		}
	}
	resize()
	resized := make(chan os.Signal, 1)
	signal.Notify(resized, syscall.SIGWINCH)
	go func() {
		for range resized {
			resize()
		}
	}()
	p := *a.print
	p.out, p.err = t, t
	restore := sync.OnceFunc(func() {
		t.SetBracketedPasteMode(false)
		t.SetPrompt("")
		signal.Stop(resized)
		close(resized)
		_ = term.Restore(int(in.Fd()), before)
		a.print.endLine(a.out)
	})
	return typedLines(ctx, t), &p, restore, nil
}

// typedLines reads lines at a terminal until Ctrl-D or Ctrl-C.
func typedLines(ctx context.Context, t *term.Terminal) <-chan typed {
	t.SetBracketedPasteMode(true)
	return feed(ctx, func() (string, error) {
		text, err := t.ReadLine()
		if errors.Is(err, term.ErrPasteIndicator) {
			err = nil
		}
		return text, err
	})
}

// pipedLines reads lines until the end of r. A line over the size of a message is an error.
func pipedLines(ctx context.Context, r io.Reader) <-chan typed {
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxText)
	return feed(ctx, func() (string, error) {
		if !s.Scan() {
			return "", cmp.Or(s.Err(), io.EOF)
		}
		return strings.TrimSuffix(s.Text(), "\r"), nil
	})
}

// feed calls next until it fails or ctx ends. Its goroutine may outlive ctx by one call of next, which
// only the end of the input can end.
func feed(ctx context.Context, next func() (string, error)) <-chan typed {
	c := make(chan typed)
	go func() {
		defer close(c)
		for {
			text, err := next()
			if errors.Is(err, io.EOF) {
				return
			}
			text = strings.ToValidUTF8(text, string(utf8.RuneError))
			if err == nil && strings.TrimSpace(text) == "" {
				continue
			}
			select {
			case c <- typed{text, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return c
}
