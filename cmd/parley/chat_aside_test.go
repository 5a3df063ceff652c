package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/control/controltest"
)

func TestAsideCounts(t *testing.T) {
	t.Parallel()
	var a aside
	for _, m := range []control.Message{
		{Seq: 1, FromName: "eve", Received: noon},
		{Seq: 1, FromName: "eve", Received: noon},                 // again, with another revision
		{Seq: 2, FromName: "eve", Received: noon, Acked: true},    // somebody has read it
		{Seq: 3, FromName: "eve", Received: noon.Add(-time.Hour)}, // of before
		{Seq: 4, FromName: "dan", Received: noon}, {Seq: 5, FromName: "eve", Received: noon.Add(time.Second)},
	} {
		a.add(m, noon)
	}
	if diff := cmp.Diff(map[string]int{"eve": 2, "dan": 1}, a.count); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"eve", "dan"}, a.changed); diff != "" {
		t.Errorf("to be told (-want +got):\n%s", diff)
	}
}

// Where a line cannot count on, another one comes only after a while.
func TestAsideGap(t *testing.T) {
	t.Parallel()
	s := newStage(t, 60, 10)
	now := noon
	s.p.now, s.p.outColour = func() time.Time { return now }, false
	c := &chat{print: s.p, display: s.display}
	for seq, after := range []time.Duration{0, time.Second, asideGap, asideGap - time.Second} {
		now = now.Add(after)
		c.aside.add(control.Message{Seq: int64(seq), FromName: "eve", Received: now}, noon)
		c.elsewhere()
	}
	expectScreen(t, s, "(eve: 1 new message, parley recv)\n(eve: 3 new messages, parley recv)\n>", "2,2")
	s.p.quiet = true
	now = now.Add(asideGap)
	c.aside.add(control.Message{Seq: 9, FromName: "eve", Received: now}, noon)
	c.elsewhere()
	c.strangers(2)
	if got := s.vt.screen(); strings.Contains(got, "5 new") || strings.Contains(got, "request") {
		t.Errorf("with --quiet:\n%s", got)
	}
}

// The contact is asked whether it is there only where somebody wants to know, and it can answer.
func TestGreet(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		with  control.Contact
		pipe  bool
		err   error
		want  string
		pings int
	}{
		{"there", control.Contact{Name: "bob", DID: "did:x:bob"}, false, nil, "bob is online", 1},
		{"away", control.Contact{Name: "bob", DID: "did:x:bob"}, false, errors.New("no"), "bob does not answer now: what you write is kept and sent later", 1},
		{"pending", control.Contact{Name: "bob", Pending: true}, false, nil, "", 0},
		{"blocked", control.Contact{Name: "bob", Blocked: true}, false, nil, "", 0},
		{"in a pipe", control.Contact{Name: "bob"}, true, nil, "", 0},
	} {
		w := &controltest.Wallet{Answer: func(context.Context, controltest.Call) (any, error) { return nil, tc.err }}
		c := &chat{wallet: w, with: tc.with}
		if !tc.pipe {
			c.display = newStage(t, 60, 10).display
		}
		said, got := c.greet(t.Context(), func() {}), ""
		if tc.want != "" {
			got = <-said
		}
		if got != tc.want || len(w.Calls()) != tc.pings {
			t.Errorf("%s: %q, %d pings", tc.name, got, len(w.Calls()))
		}
	}
}
