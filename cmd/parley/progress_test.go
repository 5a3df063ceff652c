package main

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"
)

// canvas is what was drawn so far.
type canvas struct {
	mu    sync.Mutex
	b     bytes.Buffer
	drawn chan struct{} // receives when something was
}

func (s *canvas) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.drawn <- struct{}{}:
	default:
	}
	return s.b.Write(p)
}

func (s *canvas) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestProgress(t *testing.T) {
	t.Parallel()
	for name, total := range map[string]int64{"known": 100, "unknown": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &canvas{drawn: make(chan struct{}, 1)}
			g := newProgress(s, "doing\x1b[2J it", total, 0)
			g.add(25)
			g.add(25)
			<-s.drawn
			g.end()
			g.end()
			if text := s.text(); !strings.Contains(text, `doing\x1b[2J it`) || strings.Contains(text, "\x1b[2J") {
				t.Errorf("drawn: %q", text)
			}
		})
	}
}

// What is soon done draws nothing, and neither does anything off a terminal.
func TestProgressIsSilent(t *testing.T) {
	t.Parallel()
	s := &canvas{drawn: make(chan struct{}, 1)}
	g := newProgress(s, "doing it", 0, time.Hour)
	g.add(1)
	g.end()
	p := &printer{err: s}
	off := p.progress("doing it", 10)
	off.add(1)
	off.end()
	if text := s.text(); text != "" {
		t.Errorf("drawn: %q", text)
	}
}
