package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"time"
)

// measurement is one line of the result.
type measurement struct {
	V     int     `json:"v"`
	Bench string  `json:"bench"`
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

// report writes measurements as they come: objects with --json, else a table with the goals beside.
type report struct {
	out, notes io.Writer
	json       bool
}

const tableRow = "%-14s %10s %-11s %s\n"

func newReport(out, notes io.Writer, asJSON bool) *report {
	r := &report{out: out, notes: notes, json: asJSON}
	if !asJSON {
		_, _ = fmt.Fprintf(out, tableRow, "what", "measured", "unit", "goal")
	}
	return r
}

// add writes one measurement. Names are unique, and beside is for people.
func (r *report) add(name string, value float64, unit, beside string) error {
	value = math.Round(value*1000) / 1000
	if r.json {
		line, err := json.Marshal(measurement{1, "delivery", name, value, unit})
		if err == nil {
			_, err = fmt.Fprintf(r.out, "%s\n", line)
		}
		return err
	}
	_, err := fmt.Fprintf(r.out, tableRow, name, fmt.Sprintf("%.*f", places(value), value), unit, beside)
	return err
}

// note tells people what is going on. Programs that read JSON need none.
func (r *report) note(format string, args ...any) {
	if !r.json {
		_, _ = fmt.Fprintf(r.notes, format+"\n", args...)
	}
}

// places are the decimals that a value is worth.
func places(value float64) int {
	switch {
	case value < 10:
		return 3
	case value < 1000:
		return 1
	}
	return 0
}

// percentile returns the smallest of the times that at least p percent of them do not exceed.
func percentile(times []time.Duration, p int) time.Duration {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
