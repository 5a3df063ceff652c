package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestMain lets the test's own executable be the other process, as the command's is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == peerName {
		os.Exit(command())
	}
	os.Exit(m.Run())
}

// tiny is a run that takes seconds.
func tiny(t *testing.T, more ...string) []string {
	return append([]string{"delivery", "--dir", t.TempDir(), "--messages", "20", "--singles", "3", "--starts", "2"}, more...)
}

// names is what a run measures, in its order.
var names = []string{"fsync-p50", "single-p50", "single-p99", "stream", "memory", "start"}

func TestDelivery(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		args []string
		want []string
	}{
		{"empty", nil, names},
		{"full", []string{"--contacts", "3", "--stored", "1300"}, slices.Concat(names, []string{
			"stream-full", "stream-empty", "stream-ratio", "open-recv", "open-search", "open-chat",
		})},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var out, errOut bytes.Buffer
			if code := run(t.Context(), tiny(t, append(test.args, "--json")...), &out, &errOut); code != 0 || errOut.Len() > 0 {
				t.Fatalf("exit %d: %s", code, errOut.String())
			}
			var got []string
			for d := json.NewDecoder(&out); ; {
				d.DisallowUnknownFields()
				var m measurement
				if err := d.Decode(&m); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatal(err)
				}
				if m.V != 1 || m.Bench != "delivery" || m.Unit == "" || m.Value <= 0 {
					t.Errorf("%+v", m)
				}
				got = append(got, m.Name)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDeliveryForPeople(t *testing.T) {
	t.Parallel()
	args := tiny(t)
	var out, errOut bytes.Buffer
	if code := run(t.Context(), args, &out, &errOut); code != 0 {
		t.Fatalf("exit %d: %s", code, errOut.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 1+len(names) {
		t.Fatalf("%d lines:\n%s", len(lines), out.String())
	}
	for i, name := range names {
		if f := strings.Fields(lines[i+1]); len(f) < 3 || f[0] != name {
			t.Errorf("line %q, want that of %s", lines[i+1], name)
		}
	}
	if left, err := os.ReadDir(args[2]); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	missing := t.TempDir() + "/missing"
	silent, err := exec.LookPath("true")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, says string
		args       []string
		code       int
	}{
		{"no messages", "--messages", []string{"delivery", "--messages", "0"}, 2},
		{"one contact", "--contacts", []string{"delivery", "--contacts", "1"}, 2},
		{"less than nothing", "--stored", []string{"delivery", "--stored", "-1"}, 2},
		{"an argument", "unknown command", []string{"delivery", "all"}, 2},
		{"another command", "unknown command", []string{"speed"}, 2},
		{"no folder", "--dir", []string{"delivery", "--dir", missing}, 1},
		{"no parley", "start the other process", tiny(t, "--parley", missing), 1},
		{"another parley", "before it was ready", tiny(t, "--parley", silent), 1},
		{"no wallet", "no wallet", []string{peerName, missing}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var errOut bytes.Buffer
			code := run(t.Context(), test.args, io.Discard, &errOut)
			if code != test.code || !strings.Contains(errOut.String(), test.says) {
				t.Errorf("exit %d, %q: want %d and %q", code, errOut.String(), test.code, test.says)
			}
		})
	}
}

func TestHelpHasExamples(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if code := run(t.Context(), []string{"delivery", "--help"}, &out, io.Discard); code != 0 {
		t.Fatalf("exit %d", code)
	}
	for _, want := range []string{"parley-bench delivery --json", "--stored", "--messages"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the help has no %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), peerName+" HOME") {
		t.Error("the help shows the hidden command")
	}
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(100-i))
	}
	for _, test := range []struct {
		name  string
		times []time.Duration
		p     int
		want  time.Duration
	}{
		{"none", nil, 50, 0},
		{"one", []time.Duration{7}, 99, 7},
		{"the median of three", []time.Duration{9, 1, 5}, 50, 5},
		{"the lower median of four", []time.Duration{4, 3, 2, 1}, 50, 2},
		{"the median of a hundred", hundred, 50, 50},
		{"all but one of a hundred", hundred, 99, 99},
		{"all", hundred, 100, 100},
		{"the least", hundred, 0, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := percentile(test.times, test.p); got != test.want {
				t.Errorf("%d, want %d", got, test.want)
			}
		})
	}
}

func TestResident(t *testing.T) {
	t.Parallel()
	size, err := resident(os.Getpid())
	if err != nil || size < 1<<20 || size > 1<<40 {
		t.Errorf("%d bytes, %v", size, err)
	}
	if size, err := resident(1 << 30); err == nil {
		t.Errorf("a process that is not there has %d bytes", size)
	}
	if size, err := kibibytes([]byte("  12 \n")); size != 12<<10 || err != nil {
		t.Errorf("%d, %v", size, err)
	}
	if size, err := kibibytes([]byte("twelve")); err == nil {
		t.Errorf("twelve is %d", size)
	}
}

func TestReportRounds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		value float64
		want  string
	}{
		{0.1234, "0.123"}, {12.345, "12.3"}, {12345.6, "12346"},
	} {
		var out bytes.Buffer
		r := newReport(&out, io.Discard, false)
		if err := r.add("name", test.value, "ms", ""); err != nil || !strings.Contains(out.String(), " "+test.want+" ") {
			t.Errorf("%v: %q, %v", test.value, out.String(), err)
		}
	}
}
