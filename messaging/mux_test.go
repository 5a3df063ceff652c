package messaging_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/messaging"
)

// codecReplier notes what a handler asked for.
type codecReplier struct {
	kept    bool
	replies []*messaging.Message
}

func (r *codecReplier) Reply(m *messaging.Message) error {
	r.replies = append(r.replies, m)
	return nil
}

func (r *codecReplier) Keep() { r.kept = true }

// codecNamed is a handler whose error names it.
func codecNamed(name string) messaging.Handler {
	return messaging.HandlerFunc(func(context.Context, messaging.Replier, *messaging.Received) error {
		return errors.New(name)
	})
}

func codecHandle(t *testing.T, h messaging.Handler, uri string) (string, *codecReplier) {
	t.Helper()
	re := &codecReplier{}
	err := h.HandleMessage(t.Context(), re, &messaging.Received{Message: &messaging.Message{ID: "1", Type: uri}})
	if err != nil {
		return err.Error(), re
	}
	return "", re
}

func TestMuxPicks(t *testing.T) {
	t.Parallel()
	var mux messaging.Mux
	mux.Handle("https://d.org/ping/2.0/ping", codecNamed("ping"))
	mux.Handle("https://d.org/ping/2.0/", codecNamed("protocol 2"))
	mux.Handle("https://d.org/ping/1.0/", codecNamed("protocol 1"))
	mux.Handle("https://d.org/pong/2.0/ping", codecNamed("pong's ping"))
	for uri, want := range map[string]string{
		"https://d.org/ping/2.0/ping":  "ping",
		"https://d.org/PING/2.9/Pi_ng": "ping",
		"https://d.org/ping/2.0/other": "protocol 2",
		"https://d.org/ping/2.4/":      "protocol 2",
		"https://d.org/ping/1.3/ping":  "protocol 1",
		"https://d.org/pong/2.0/ping":  "pong's ping",
		"https://d.org/pong/2.0/other": "kept",
		"https://d.org/ping/3.0/ping":  "kept",
		"https://e.org/ping/2.0/ping":  "kept",
		"ping":                         "kept",
		"":                             "kept",
	} {
		got, re := codecHandle(t, &mux, uri)
		if re.kept && got == "" {
			got = "kept"
		}
		if got != want {
			t.Errorf("%q went to %q, want %q", uri, got, want)
		}
	}
}

func TestMuxZeroKeeps(t *testing.T) {
	t.Parallel()
	var mux messaging.Mux
	if got, re := codecHandle(t, &mux, "https://d.org/ping/2.0/ping"); got != "" || !re.kept {
		t.Errorf("error %q, kept %v; want it kept", got, re.kept)
	}
}

func TestMuxPanics(t *testing.T) {
	t.Parallel()
	for name, patterns := range map[string][]string{
		"not a URI":            {"ping"},
		"empty":                {""},
		"no version":           {"https://d.org/ping/"},
		"taken":                {"https://d.org/ping/2.0/ping", "https://d.org/ping/2.0/ping"},
		"taken, minor version": {"https://d.org/ping/2.0/ping", "https://d.org/ping/2.1/ping"},
		"taken, punctuation":   {"https://d.org/trust-ping/2.0/", "https://d.org/trustping/2.0/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mux messaging.Mux
			for _, p := range patterns[:len(patterns)-1] {
				mux.Handle(p, messaging.KeepHandler)
			}
			defer func() {
				if recover() == nil {
					t.Errorf("%q did not panic", patterns)
				}
			}()
			mux.Handle(patterns[len(patterns)-1], messaging.KeepHandler)
		})
	}
}

func TestMuxPassesEverything(t *testing.T) {
	t.Parallel()
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "v")
	in, re := &messaging.Received{Message: &messaging.Message{ID: "1", Type: codecType}}, &codecReplier{}
	called := false
	var mux messaging.Mux
	mux.Handle(codecType, messaging.HandlerFunc(func(ctx context.Context, r messaging.Replier, m *messaging.Received) error {
		called = ctx.Value(key{}) == "v" && r == re && m == in
		return nil
	}))
	if err := mux.HandleMessage(ctx, re, in); err != nil || !called {
		t.Errorf("called with all of it: %v, error %v", called, err)
	}
}

func TestMuxProtocols(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ patterns, want []string }{
		"none":               {nil, []string{}},
		"a protocol":         {[]string{"https://d.org/trust-ping/2.0/"}, []string{"https://d.org/trust-ping/2.0"}},
		"one type alone":     {[]string{"https://d.org/ping/2.0/ping"}, []string{"https://d.org/ping/2.0"}},
		"types and protocol": {[]string{"https://d.org/p/1.0/b", "https://d.org/p/1.0/", "https://d.org/p/1.0/a"}, []string{"https://d.org/p/1.0"}},
		"sorted":             {[]string{"https://e.org/a/1.0/", "https://d.org/z/1.0/x", "https://d.org/b/1.0/"}, []string{"https://d.org/b/1.0", "https://d.org/z/1.0", "https://e.org/a/1.0"}},
		"major versions":     {[]string{"https://d.org/p/2.0/", "https://d.org/p/1.0/"}, []string{"https://d.org/p/1.0", "https://d.org/p/2.0"}},
		"the highest minor":  {[]string{"https://d.org/p/1.0/", "https://d.org/p/1.3/x", "https://d.org/p/1.1/y"}, []string{"https://d.org/p/1.3"}},
		"written otherwise":  {[]string{"https://d.org/Trust-Ping/2.0/", "https://d.org/trustping/2.0/ping"}, []string{"https://d.org/Trust-Ping/2.0"}},
	} {
		var mux messaging.Mux
		for _, p := range tc.patterns {
			mux.Handle(p, messaging.KeepHandler)
		}
		if diff := cmp.Diff(tc.want, mux.Protocols()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A mux that leaves the rest to another speaks what both do.
func TestMuxProtocolsOfDefault(t *testing.T) {
	t.Parallel()
	var program, wallet messaging.Mux
	program.Handle("https://d.org/chat/1.0/", messaging.KeepHandler)
	program.Handle("https://d.org/ping/2.0/ping", messaging.KeepHandler)
	program.Default = &wallet
	wallet.Handle("https://d.org/ping/2.1/", messaging.KeepHandler)
	want := []string{"https://d.org/chat/1.0", "https://d.org/ping/2.1"}
	if diff := cmp.Diff(want, program.Protocols()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"https://d.org/ping/2.1"}, wallet.Protocols()); diff != "" {
		t.Errorf("the default alone (-want +got):\n%s", diff)
	}
}
