package peers

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	maxLine    = 8 << 20
	answerTime = time.Minute
)

// Request is a line to a peer.
type Request struct {
	// Op is what to do: "setup" comes first, then "pack", "unpack" and "bench" as often as wanted.
	Op string `json:"op"`
	// World goes with setup, Form with all else.
	World *World `json:"world,omitempty"`
	Form  *Form  `json:"form,omitempty"`
	// Message is what to pack, Packed what to unpack. Bench does the one or the other N times.
	Message json.RawMessage `json:"message,omitempty"`
	Packed  string          `json:"packed,omitempty"`
	N       int             `json:"n,omitempty"`
}

// Answer is the line that a peer gives back.
type Answer struct {
	// Version is the library's own word, to setup.
	Version string `json:"version"`
	// Packed, Message and Seconds answer pack, unpack and bench.
	Packed  string          `json:"packed"`
	Message json.RawMessage `json:"message"`
	Seconds float64         `json:"seconds"`
	// Error says why it failed.
	Error string `json:"error"`
}

// Peer is a running program of another library. It is for one goroutine.
type Peer struct {
	cmd      *exec.Cmd
	in       io.WriteCloser
	lines    chan []byte // closed at the end of its stdout
	tail     *lastLines
	patience time.Duration
	end      func() // waits for the process
	gone     error  // why it is of no use any more
}

// Start runs the program of a library that is installed in dir, with a world. Stop ends it, and so does the end of
// ctx.
func (l Library) Start(ctx context.Context, dir string, w *World) (*Peer, Answer, error) {
	command := append([]string(nil), l.command...)
	if strings.Contains(command[0], "/") {
		command[0] = filepath.Join(dir, filepath.FromSlash(command[0]))
	}
	return start(ctx, dir, command, w, answerTime)
}

func start(ctx context.Context, dir string, command []string, w *World, patience time.Duration) (*Peer, Answer, error) {
	p := &Peer{cmd: exec.CommandContext(ctx, command[0], command[1:]...), lines: make(chan []byte), tail: &lastLines{}, patience: patience}
	p.cmd.Dir, p.cmd.Stderr, p.cmd.WaitDelay = dir, p.tail, time.Second
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, Answer{}, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, Answer{}, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, Answer{}, err
	}
	go func() {
		defer close(p.lines)
		s := bufio.NewScanner(out)
		s.Buffer(nil, maxLine)
		for s.Scan() {
			p.lines <- append([]byte(nil), s.Bytes()...)
		}
	}()
	p.end = sync.OnceFunc(func() { _ = p.cmd.Wait() })
	hello, err := p.Ask(Request{Op: "setup", World: w})
	if err != nil {
		p.Stop()
		return nil, Answer{}, fmt.Errorf("it does not start: %w", err)
	}
	return p, hello, nil
}

// Stop ends the program. It may be called more than once.
func (p *Peer) Stop() {
	_ = p.in.Close()
	_ = p.cmd.Process.Kill()
	p.end() // closes its stdout, also if a child of its own holds that open
	for range p.lines {
		continue
	}
	if p.gone == nil {
		p.gone = errors.New("it was stopped")
	}
}

// Ask sends a request and waits for its answer, up to a minute. An answer that tells of an error is returned
// as one. A peer that has ended, or that did not answer in time, answers nothing any more.
func (p *Peer) Ask(r Request) (a Answer, err error) {
	if p.gone != nil {
		return a, p.gone
	}
	line, err := json.Marshal(r)
	if err != nil {
		return a, err
	}
	got, err := p.line(append(line, '\n'))
	if err != nil {
		p.gone = err
		p.Stop()
		return a, err
	}
	if err := json.Unmarshal(got, &a); err != nil {
		return a, fmt.Errorf("it says %.200q", got)
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

// line writes a line and reads one. A peer that does not read must not hold us up either.
func (p *Peer) line(request []byte) ([]byte, error) {
	late := time.After(p.patience)
	wrote := make(chan error, 1)
	go func() {
		_, err := p.in.Write(request)
		wrote <- err
	}()
	for {
		select {
		case err := <-wrote:
			if err != nil {
				return nil, p.hasEnded()
			}
			wrote = nil
		case got, ok := <-p.lines:
			if !ok {
				return nil, p.hasEnded()
			}
			return got, nil
		case <-late:
			return nil, fmt.Errorf("no answer in %v", p.patience)
		}
	}
}

// hasEnded returns the last words of a program that is ending.
func (p *Peer) hasEnded() error {
	_ = p.in.Close()
	kill := time.AfterFunc(time.Second, func() { _ = p.cmd.Process.Kill() })
	p.end()
	kill.Stop()
	return fmt.Errorf("it has ended: %s", p.tail)
}

// lastLines keeps the end of what is written to it.
type lastLines struct {
	mu   sync.Mutex
	text string
}

// Write implements io.Writer.
func (l *lastLines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text += string(b)
	l.text = l.text[max(0, len(l.text)-1000):]
	return len(b), nil
}

// String returns the last line.
func (l *lastLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(l.text), "\n")
	return lines[len(lines)-1]
}
