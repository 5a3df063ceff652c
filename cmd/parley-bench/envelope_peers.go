package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/parley-im/parley/internal/interop/peers"
)

// A foreign library does an operation in bursts, of which the fastest count: on a machine that others use too, the
// rest says more about those. Ours are measured one by one to the same end.
const (
	burst  = 5 * time.Millisecond
	bursts = 40
	fast   = 10
)

// foreign measures the libraries that are installed. One that is not, or fails, is told of and left out.
func (e *envelopes) foreign(ctx context.Context, w *peers.World) error {
	if e.cache == "" {
		cache, err := peers.DefaultCache()
		if err != nil {
			return err
		}
		e.cache = cache
	}
	p, err := newParties(ctx, w)
	if err != nil {
		return err
	}
	for _, l := range e.libraries {
		if !l.Installed(e.cache) {
			e.report.note("%s is not installed: go run ./internal/interop -only %s", l.Label(), l.Folder)
			continue
		}
		if err := e.library(ctx, p, w, l); err != nil {
			return err
		}
	}
	return nil
}

func (e *envelopes) library(ctx context.Context, p *parties, w *peers.World, l peers.Library) error {
	peer, _, err := l.Start(ctx, l.Dir(e.cache), w)
	if err != nil {
		e.report.note("%s: %v", l.Label(), err)
		return ctx.Err()
	}
	defer peer.Stop()
	for _, s := range sizes {
		for _, f := range envelopeForms {
			form, ok := f.of(l)
			if !ok {
				continue
			}
			if err := e.compareWith(ctx, p, l, peer, f, form, s.name, messageOf(s.bytes)); err != nil {
				return err
			}
		}
	}
	return nil
}

// of is the form as the library is asked for it, if it has it.
func (f envelopeForm) of(l peers.Library) (peers.Form, bool) {
	for _, form := range peers.Forms() {
		if form.Name == f.peer {
			return form, l.Lacks(form) == ""
		}
	}
	return peers.Form{}, false
}

// compareWith has a library seal a message, and open what it has sealed, and us do the same right after.
func (e *envelopes) compareWith(ctx context.Context, p *parties, l peers.Library, peer *peers.Peer, f envelopeForm, form peers.Form, size, message string) error {
	packed, err := peer.Ask(peers.Request{Op: "pack", Form: &form, Message: json.RawMessage(message)})
	if err != nil {
		e.report.note("%s, %s: %v", l.Label(), form.Name, err)
		return ctx.Err()
	}
	kinds, err := f.kinds(ctx, p, message)
	if err != nil {
		return err
	}
	for _, k := range kinds {
		r := peers.Request{Op: "bench", Form: &form}
		if r.Message = json.RawMessage(message); k.name == "open" {
			r.Message, r.Packed = nil, packed.Packed
		}
		theirs, err := timed(peer, r)
		if err != nil {
			e.report.note("%s, %s %s: %v", l.Label(), k.name, form.Name, err)
			continue
		}
		ours, err := inTurns(max(1, min(e.ops, 300)), k.whole)
		if err != nil {
			return fmt.Errorf("%s %s: %w", k.name, f.name, err)
		}
		if err := e.report.peer(f.name+"/"+k.name+"/"+size, l.Label(), theirs, ours[0]); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// asker is a peer.
type asker interface {
	Ask(r peers.Request) (peers.Answer, error)
}

// timed returns how many seconds one of the operations takes, once a compiler has warmed up.
func timed(p asker, r peers.Request) (float64, error) {
	var each []float64
	for r.N = 10; len(each) < bursts; {
		a, err := p.Ask(r)
		if err != nil {
			return 0, err
		}
		if a.Seconds <= 0 {
			return 0, fmt.Errorf("it says that %d operations took %v s", r.N, a.Seconds)
		}
		each = append(each, a.Seconds/float64(r.N))
		r.N = max(1, int(burst.Seconds()/slices.Min(each)))
	}
	slices.Sort(each)
	sum := 0.0
	for _, seconds := range each[:fast] {
		sum += seconds / fast
	}
	return sum, nil
}
