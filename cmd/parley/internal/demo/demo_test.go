package demo_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/cmd/parley/internal/demo"
)

// The demo plays all of its steps, each checked, in this order.
func TestDemoJSON(t *testing.T) {
	var out bytes.Buffer
	if err := demo.Run(t.Context(), demo.Options{JSON: true, Out: &out}); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	var steps []string
	for line := range strings.Lines(out.String()) {
		var v struct {
			V    int
			Step string
			OK   bool
			MS   *float64
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if v.V != 1 || !v.OK || v.MS == nil {
			t.Errorf("line %s", line)
		}
		steps = append(steps, v.Step)
	}
	want := []string{"wallets", "invitation", "resolve", "verify", "compare", "message", "reply", "offline", "queue", "reopen", "return", "arrived", "done"}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Error(diff)
	}
}

// For people, too, each step is there, and nothing that a terminal would obey when colours are off.
func TestDemoPlain(t *testing.T) {
	var out bytes.Buffer
	if err := demo.Run(t.Context(), demo.Options{Plain: true, Out: &out}); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	if n := strings.Count(out.String(), "✓ "); n < 11 || strings.ContainsAny(out.String(), "\x1b\r") {
		t.Errorf("%d marks in:\n%s", n, &out)
	}
	t.Log(out.String())
}
