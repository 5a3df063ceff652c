package main

import (
	"io"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"
)

const (
	progressDelay = time.Second            // what is done sooner needs no bar
	progressTick  = 100 * time.Millisecond // how often it is drawn
)

// progress shows that something is under way. It draws on a terminal alone, and from the second second on.
type progress struct {
	done  atomic.Int64
	total atomic.Int64
	stop  chan struct{}
	ended chan struct{}
}

// progress begins to show what is under way, out of total steps, or of unknown length where total is zero or
// less. Nothing is drawn off a terminal, with --quiet or with --json. The caller ends it, before it prints
// anything else.
func (p *printer) progress(what string, total int64) *progress {
	if p.quiet || p.json || p.plain || !isTerminal(p.err) {
		return &progress{}
	}
	return newProgress(p.err, what, total, progressDelay)
}

func newProgress(w io.Writer, what string, total int64, delay time.Duration) *progress {
	g := &progress{stop: make(chan struct{}), ended: make(chan struct{})}
	g.of(total)
	go g.draw(w, clean(what), delay)
	return g
}

// add counts n more steps as done. It may be called by many goroutines.
func (g *progress) add(n int64) { g.done.Add(n) }

// of corrects how many steps there are.
func (g *progress) of(total int64) { g.total.Store(total) }

// end removes what was drawn. Ending again does nothing; one goroutine ends.
func (g *progress) end() {
	if g.stop == nil {
		return
	}
	close(g.stop)
	<-g.ended
	g.stop = nil
}

// draw draws until the end.
func (g *progress) draw(w io.Writer, what string, delay time.Duration) {
	defer close(g.ended)
	select {
	case <-g.stop:
		return
	case <-time.After(delay):
	}
	total := g.total.Load()
	if total <= 0 {
		total = -1
	}
	bar := progressbar.NewOptions64(total, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what),
		progressbar.OptionSetWidth(24), progressbar.OptionSetPredictTime(total > 0), progressbar.OptionSetElapsedTime(true),
		progressbar.OptionSpinnerType(14), progressbar.OptionSetSpinnerChangeInterval(0))
	tick := time.NewTicker(progressTick)
	defer tick.Stop()
	for {
		// What cannot be drawn is no loss.
		if total > 0 {
			_ = bar.Set64(min(g.done.Load(), total))
		} else {
			_ = bar.Add(1)
		}
		select {
		case <-g.stop:
			_ = bar.Clear()
			return
		case <-tick.C:
		}
	}
}
