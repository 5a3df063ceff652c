package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

const (
	chatPrompt = "> "
	chatGoesOn = "  " // before the further rows of what is typed
)

// typed is a line of the user, or the error that ended the input.
type typed struct {
	text string
	err  error
}

// source is where the lines of a chat come from. display is nil where nobody sees them being typed; restore
// gives the terminal back and may be called twice.
type source struct {
	lines   <-chan typed
	display *display
	person  bool // somebody types them
	restore func()
	rescue  func() // to be deferred by every goroutine meanwhile
}

// lines takes what the user types, line by line. The lines are closed at the end of the input.
func (a *app) lines(ctx context.Context) (source, error) {
	in, ok := a.in.(*os.File)
	if !ok || !a.atTerminal() || os.Getenv("TERM") == "dumb" {
		return source{pipedLines(ctx, a.in), nil, a.atTerminal(), func() {}, func() {}}, nil
	}
	d := newDisplay(a.out, 80, 24)
	d.edit.commands = commandNames()
	k, err := openKeyboard(in, d)
	if err != nil {
		return source{}, err
	}
	go k.run(ctx)
	return source{k.lines, d, true, k.restore, k.rescue}, nil
}

// atTerminal reports whether somebody sits there who reads and types.
func (a *app) atTerminal() bool {
	return !a.json && !a.noInput && isTerminal(a.in) && isTerminal(a.out)
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
