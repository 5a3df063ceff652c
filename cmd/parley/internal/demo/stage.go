package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/parley-im/parley/internal/control"
)

// step is one scene: its name in JSON, its title, and what is done and checked.
type step struct {
	name, title string
	run         func(ctx context.Context) error
}

// stage prints the steps. Lines that a step says are shown once it has succeeded.
type stage struct {
	Options
	began time.Time
	lines []string
	err   error // of writing
}

func newStage(o Options) stage {
	o.Plain = o.Plain || o.Words
	if o.Out == nil || o.Quiet && !o.JSON {
		o.Out = io.Discard
	}
	return stage{Options: o, began: time.Now()}
}

// say adds a line to the step under way.
func (s *stage) say(format string, args ...any) {
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

func (s *stage) printf(format string, args ...any) {
	if _, err := fmt.Fprintf(s.Out, format, args...); err != nil && s.err == nil {
		s.err = err
	}
}

// paint colours a text where colours are wanted.
func (s *stage) paint(colour, text string) string {
	if s.Plain {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// symbol is a symbol, or the word for it where words are wanted.
func (s *stage) symbol(symbol, word string) string {
	if s.Words {
		return word
	}
	return symbol
}

const (
	green = "32"
	red   = "31"
	dim   = "2"
	bold  = "1"
)

func (s *stage) open() {
	if !s.JSON {
		s.printf("\n  %s  %s\n\n", s.paint(bold, "parley demo"), s.paint(dim, "two wallets on this machine, nothing simulated"))
	}
}

// play runs a step and prints how it went.
func (s *stage) play(ctx context.Context, st step) error {
	s.lines = nil
	if !s.JSON && !s.Plain {
		s.printf("  %s %s", s.paint(dim, "·"), st.title)
	}
	began := time.Now()
	err := st.run(ctx)
	ms := float64(time.Since(began).Microseconds()) / 1000
	if s.JSON {
		s.line(st.name, err, ms)
	} else {
		s.show(st, err, ms)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", st.name, err)
	}
	return s.err
}

// line prints a step as JSON.
func (s *stage) line(name string, err error, ms float64) {
	v := struct {
		V     int     `json:"v"`
		Step  string  `json:"step"`
		OK    bool    `json:"ok"`
		MS    float64 `json:"ms,omitempty"`
		Error string  `json:"error,omitempty"`
	}{V: control.Version, Step: name, OK: err == nil, MS: ms}
	if err != nil {
		v.Error = err.Error()
	}
	b, err := json.Marshal(v)
	if err != nil {
		s.err = err
		return
	}
	s.printf("%s\n", b)
}

// show prints a step for people.
func (s *stage) show(st step, err error, ms float64) {
	mark, begin := s.paint(green, s.symbol("✓", "ok")), "\r"
	if err != nil {
		mark = s.paint(red, s.symbol("✗", "failed"))
	}
	if s.Plain {
		begin = ""
	}
	pad := strings.Repeat(" ", max(1, 66-len([]rune(st.title))))
	s.printf("%s  %s %s%s%s\n", begin, mark, st.title, pad, s.paint(dim, fmt.Sprintf("%7.1f ms", ms)))
	if err != nil {
		s.printf("      %v\n", err)
		return
	}
	for _, l := range s.lines {
		s.printf("      %s\n", s.paint(dim, l))
	}
}

// done prints the end, which is reached only when every step was done and checked.
func (s *stage) done() error {
	if s.JSON {
		s.line("done", nil, float64(time.Since(s.began).Microseconds())/1000)
	} else {
		s.printf("\n  %s  %s\n\n", s.paint(green, "All of it happened and was checked."),
			s.paint(dim, fmt.Sprintf("%.1f s", time.Since(s.began).Seconds())))
	}
	return s.err
}
