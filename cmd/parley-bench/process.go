package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// start measures how long a process takes from its start until it is ready, several times.
func (d *delivery) start(ctx context.Context) error {
	home := d.home("start")
	if err := create(ctx, home); err != nil {
		return err
	}
	var times []time.Duration
	for range d.starts {
		began := time.Now()
		p, err := d.launch(ctx, home)
		if err != nil {
			return err
		}
		times = append(times, time.Since(began))
		if err := p.end(); err != nil {
			return err
		}
	}
	return d.report.add("start", millis(percentile(times, 50)), "ms", "at most 300")
}

// memory measures what the recipient's process has resident.
func (d *delivery) memory(p *pair) error {
	size, err := resident(p.recipient.cmd.Process.Pid)
	if err != nil {
		return fmt.Errorf("the memory of the recipient: %w", err)
	}
	return d.report.add("memory", float64(size)/(1<<20), "MiB", fmt.Sprintf("at most 60, after %d messages", d.singles+d.messages))
}

// resident returns the resident set size of a process in bytes: VmRSS of Linux, and what ps says elsewhere.
func resident(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		said, err := exec.Command("ps", "-o", "rss=", "-p", strconv.Itoa(pid)).Output()
		if err != nil {
			return 0, err
		}
		return kibibytes(said)
	}
	_, rest, found := bytes.Cut(status, []byte("\nVmRSS:"))
	if !found {
		return 0, fmt.Errorf("/proc/%d/status says nothing of it", pid)
	}
	line, _, _ := bytes.Cut(rest, []byte("kB"))
	return kibibytes(line)
}

func kibibytes(text []byte) (int64, error) {
	n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	return n << 10, err
}
