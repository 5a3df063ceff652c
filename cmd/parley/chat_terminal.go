package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/term"
)

// errLeave is the end of a chat that does not wait for anything.
var errLeave = errors.New("interrupted")

const stopTime = 100 * time.Millisecond // for the kernel to stop the process

// keyboard is a terminal in raw mode with its display: it reads keys, follows the size, and steps aside for
// the shell. One goroutine runs it.
type keyboard struct {
	in      *os.File
	display *display
	lines   chan typed

	mu     sync.Mutex
	before *term.State // how the terminal was; nil once it is given back; guarded by mu
}

// openKeyboard takes the terminal. What is typed comes on its lines, which are closed at the end of the
// input, once run has been called.
func openKeyboard(in *os.File, d *display) (*keyboard, error) {
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return nil, err
	}
	k := &keyboard{in: in, display: d, lines: make(chan typed, 256), before: before}
	k.measure()
	if err := d.open(); err != nil {
		k.restore()
		return nil, err
	}
	return k, nil
}

// restore gives the terminal back as it was. It may be called twice, and by any goroutine.
func (k *keyboard) restore() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.before == nil {
		return
	}
	k.display.close()
	_ = term.Restore(int(k.in.Fd()), k.before)
	k.before = nil
}

// rescue is to be deferred by every goroutine of a chat: the shell gets its terminal back even when one
// panics, and the panic can be read.
func (k *keyboard) rescue() {
	if r := recover(); r != nil {
		k.restore()
		panic(r)
	}
}

// measure takes the size of the terminal over.
func (k *keyboard) measure() {
	if columns, rows, err := term.GetSize(int(k.in.Fd())); err == nil && columns > 0 && rows > 0 {
		_ = k.display.resize(columns, rows) // an error of writing shows with the next message
	}
}

// run reads keys until the input or ctx ends.
func (k *keyboard) run(ctx context.Context) {
	defer k.rescue()
	defer close(k.lines)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGWINCH, syscall.SIGCONT)
	defer signal.Stop(signals)
	input := k.read(ctx)
	var d decoder
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-signals:
			switch s {
			case syscall.SIGWINCH:
				k.measure()
			case syscall.SIGCONT:
				k.resume()
			}
		case b, ok := <-input:
			if !ok || !k.typed(ctx, d.decode(b), signals) {
				return
			}
		}
	}
}

// read reads the terminal. Its goroutine may outlive ctx by one read, which only a key can end.
func (k *keyboard) read(ctx context.Context) <-chan []byte {
	c := make(chan []byte)
	go func() {
		defer k.rescue()
		defer close(c)
		for {
			b := make([]byte, 4096)
			n, err := k.in.Read(b)
			if err != nil || n == 0 {
				return
			}
			select {
			case c <- b[:n]:
			case <-ctx.Done():
				return
			}
		}
	}()
	return c
}

// typed takes keys to the display and hands on what was entered. It reports whether to go on.
func (k *keyboard) typed(ctx context.Context, keys []key, signals chan os.Signal) bool {
	for first := true; first || len(keys) > 0; first = false {
		lines, o, rest, err := k.display.keys(keys)
		for _, l := range lines {
			if !k.hand(ctx, typed{text: l}) {
				return false
			}
		}
		switch {
		case err != nil:
			k.hand(ctx, typed{err: err})
			return false
		case o == interrupted:
			k.hand(ctx, typed{err: errLeave})
			return false
		case o == ended:
			return false
		case o == suspended:
			k.suspend(signals)
		}
		keys = rest
	}
	return true
}

func (k *keyboard) hand(ctx context.Context, t typed) bool {
	select {
	case k.lines <- t:
		return true
	case <-ctx.Done():
		return false
	}
}

// suspend gives the terminal to the shell and stops, as Ctrl-Z does it to every program.
func (k *keyboard) suspend(signals chan os.Signal) {
	k.mu.Lock()
	if k.before == nil {
		k.mu.Unlock()
		return
	}
	k.display.close()
	_ = term.Restore(int(k.in.Fd()), k.before)
	k.mu.Unlock()
	// Nobody may have asked for this signal: Go would never give its default back, which is to stop.
	_ = syscall.Kill(0, syscall.SIGTSTP)
	// Where no shell could continue us the kernel does not stop us either, and says nothing.
	for stopped := time.After(stopTime); ; {
		select {
		case s := <-signals:
			if s != syscall.SIGCONT {
				continue
			}
		case <-stopped:
		}
		break
	}
	k.resume()
}

// resume takes the terminal again, which others had meanwhile.
func (k *keyboard) resume() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.before == nil {
		return
	}
	if _, err := term.MakeRaw(int(k.in.Fd())); err != nil {
		return
	}
	if columns, rows, err := term.GetSize(int(k.in.Fd())); err == nil && columns > 0 && rows > 0 {
		k.display.reopen(columns, rows)
	}
}
