package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"time"
)

// inTurns does each operation n times, in turns, so that a machine that others use too slows all alike, and returns
// the mean time of each in seconds. The slowest tenth is left out: somebody else had the processor.
func inTurns(n int, operations ...func() error) ([]float64, error) {
	times := make([][]time.Duration, len(operations))
	for range n {
		for i, do := range operations {
			began := time.Now()
			if err := do(); err != nil {
				return nil, err
			}
			times[i] = append(times[i], time.Since(began))
		}
	}
	means := make([]float64, len(operations))
	for i, list := range times {
		slices.Sort(list)
		kept := list[:max(1, n*9/10)]
		var sum time.Duration
		for _, one := range kept {
			sum += one
		}
		means[i] = max(sum, 1).Seconds() / float64(len(kept))
	}
	return means, nil
}

// envelopeLine is one line of the result. Its members are read by programs.
type envelopeLine struct {
	V          int     `json:"v"`
	Bench      string  `json:"bench"`
	Name       string  `json:"name"`
	Peer       string  `json:"peer,omitempty"` // a foreign library; none for Parley
	Value      float64 `json:"value"`
	Unit       string  `json:"unit"`
	Primitives float64 `json:"primitives,omitempty"` // in the same unit
	Ratio      float64 `json:"ratio,omitempty"`      // our time over that of the primitives
}

// envelopeReport writes measurements as they come: objects with --json, else a table with the goals beside.
type envelopeReport struct {
	out, notes io.Writer
	json       bool
}

const envelopeRow = "%-30s %10s %-5s %11s %6s  %s\n"

func (r *envelopeReport) head() {
	if !r.json {
		_, _ = fmt.Fprintf(r.out, envelopeRow, "what", "measured", "unit", "primitives", "ratio", "goal")
	}
}

// compare writes how fast something is beside its primitives; times are in seconds.
func (r *envelopeReport) compare(name string, whole, primitives float64, goal string) error {
	l := envelopeLine{Name: name, Value: 1 / whole, Unit: "op/s", Primitives: 1 / primitives, Ratio: whole / primitives}
	return r.write(l, fmt.Sprintf("%.0f", l.Primitives), fmt.Sprintf("%.2f", l.Ratio), goal)
}

// value writes a figure that stands alone.
func (r *envelopeReport) value(name string, value float64, unit, goal string) error {
	return r.write(envelopeLine{Name: name, Value: value, Unit: unit}, "", "", goal)
}

// peer writes how fast a foreign library does what we do in ours seconds.
func (r *envelopeReport) peer(name, peer string, seconds, ours float64) error {
	l := envelopeLine{Name: name, Peer: peer, Value: 1 / seconds, Unit: "op/s"}
	if r.json {
		return r.write(l, "", "", "")
	}
	_, err := fmt.Fprintf(r.out, "%-30s %10.0f %-5s %-46s Parley takes %.2f of its time\n", name, l.Value, l.Unit, peer, ours/seconds)
	return err
}

func (r *envelopeReport) write(l envelopeLine, primitives, ratio, goal string) error {
	if r.json {
		l.V, l.Bench = 1, "envelope"
		for _, v := range []*float64{&l.Value, &l.Primitives, &l.Ratio} {
			*v = math.Round(*v*1000) / 1000
		}
		line, err := json.Marshal(l)
		if err == nil {
			_, err = fmt.Fprintf(r.out, "%s\n", line)
		}
		return err
	}
	_, err := fmt.Fprintf(r.out, envelopeRow, l.Name, fmt.Sprintf("%.*f", envelopePlaces(l), l.Value), l.Unit, primitives, ratio, goal)
	return err
}

// note tells people what is going on; programs too, because it goes to stderr and nothing else tells them.
func (r *envelopeReport) note(format string, args ...any) {
	_, _ = fmt.Fprintf(r.notes, format+"\n", args...)
}

func envelopePlaces(l envelopeLine) int {
	if l.Unit == "op/s" {
		return 0
	}
	return 2
}
