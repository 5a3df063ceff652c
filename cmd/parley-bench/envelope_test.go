package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/internal/interop/peers"
)

// TestEnvelopeJSON holds the names and members that programs read.
func TestEnvelopeJSON(t *testing.T) {
	var out, errOut bytes.Buffer
	if code := run(t.Context(), []string{"envelope", "--json", "--ops", "8"}, &out, &errOut); code != 0 {
		t.Fatalf("exit code %d: %s", code, errOut.String())
	}
	got := map[string]bool{}
	for line := range strings.Lines(out.String()) {
		var l envelopeLine
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&l); err != nil || l.V != 1 || l.Bench != "envelope" || l.Value <= 0 || l.Peer != "" {
			t.Errorf("%s: %v", line, err)
		}
		if got[l.Name] {
			t.Errorf("%s is there twice", l.Name)
		}
		got[l.Name] = true
		if l.Unit == "op/s" && (l.Primitives <= 0 || l.Ratio <= 0) {
			t.Errorf("%s stands alone", l.Name)
		}
	}
	want := []string{
		"authcrypt/open/1KiB/t", "authcrypt/open/1KiB/x25519", "authcrypt/seal/1KiB/t", "authcrypt/seal/1KiB/x25519",
	}
	for _, f := range []string{"signed", "anoncrypt", "authcrypt", "authcrypt-fresh", "anoncrypt(sign)", "anoncrypt(authcrypt)"} {
		for _, op := range []string{"seal", "open"} {
			want = append(want, f+"/"+op+"/1KiB", f+"/"+op+"/64KiB")
		}
	}
	for _, f := range []string{"wrong-key", "unknown-kid", "altered-tag", "altered-content", "altered-wrapped-key"} {
		want = append(want, "refused/"+f+"/1KiB")
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(got))); diff != "" {
		t.Error(diff)
	}
}

func TestEnvelopeTable(t *testing.T) {
	var out, errOut bytes.Buffer
	if code := run(t.Context(), []string{"envelope", "--ops", "1"}, &out, &errOut); code != 0 {
		t.Fatalf("exit code %d: %s", code, errOut.String())
	}
	for _, want := range []string{"what ", "authcrypt/seal/1KiB ", "at most 1.25", "at most 2.7", "at most 1.7", "at most 1.8", "µs"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestEnvelopeUsage(t *testing.T) {
	t.Parallel()
	var out, errOut bytes.Buffer
	if code := run(t.Context(), []string{"envelope", "--ops", "0"}, &out, &errOut); code != 2 || !strings.Contains(errOut.String(), "--ops") {
		t.Errorf("exit code %d: %s", code, errOut.String())
	}
}

// TestFormsAreMeasured opens what each form has sealed, and compares layers and primitives.
func TestFormsAreMeasured(t *testing.T) {
	t.Parallel()
	w, err := peers.NewWorld()
	if err != nil {
		t.Fatal(err)
	}
	p, err := newParties(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	message := messageOf(1 << 10)
	if len(message) != 1<<10 || !json.Valid([]byte(message)) {
		t.Fatalf("%d bytes: %s", len(message), message)
	}
	const agreed = "X25519 agreement"
	authSeal := []string{"X25519 key generation", "content key and nonce", "A256CBC-HS512 encrypt", agreed, "Concat KDF", "A256KW wrap"}
	authOpen := []string{agreed, "Concat KDF", "A256KW unwrap", "A256CBC-HS512 decrypt"}
	for _, c := range []struct {
		form       string
		layers     []envelope.Layer
		seal, open []string
	}{
		{"signed", []envelope.Layer{envelope.Sign}, []string{"Ed25519 sign"}, []string{"Ed25519 verify"}},
		{"anoncrypt", []envelope.Layer{envelope.Anoncrypt}, authSeal, authOpen},
		{"authcrypt", []envelope.Layer{envelope.Authcrypt}, authSeal, authOpen},
		{"authcrypt-fresh", []envelope.Layer{envelope.Authcrypt}, slices.Insert(slices.Clone(authSeal), 3, agreed), slices.Insert(slices.Clone(authOpen), 0, agreed)},
		{"anoncrypt(sign)", []envelope.Layer{envelope.Anoncrypt, envelope.Sign}, slices.Insert(slices.Clone(authSeal), 0, "Ed25519 sign"), append(slices.Clone(authOpen), "Ed25519 verify")},
		{"anoncrypt(authcrypt)", []envelope.Layer{envelope.Anoncrypt, envelope.Authcrypt}, slices.Concat(authSeal, authSeal), slices.Concat(authOpen, authOpen)},
	} {
		f := envelopeForms[slices.IndexFunc(envelopeForms, func(f envelopeForm) bool { return f.name == c.form })]
		kinds, err := f.kinds(t.Context(), p, message)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range [][]string{c.seal, c.open} {
			if diff := cmp.Diff(want, namesOf(kinds[i].primitives)); diff != "" {
				t.Errorf("%s %s: %s", c.form, kinds[i].name, diff)
			}
			if err := errors.Join(kinds[i].whole(), kinds[i].primitives.run()); err != nil {
				t.Errorf("%s %s: %v", c.form, kinds[i].name, err)
			}
		}
		sealed, err := envelope.Seal(t.Context(), p.fresh, []byte(message), f.options(p, len(f.layers)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := envelope.Open(t.Context(), p.fresh, p.known, sealed, envelope.OpenOptions{CheckSigner: func(string, []byte) error { return nil }})
		if err != nil || !slices.Equal(got.Layers, c.layers) || string(got.Payload) != message {
			t.Errorf("%s: %v", c.form, err)
		}
		if _, ok := f.of(peers.Library{}); ok == f.fresh {
			t.Errorf("%s: package peers calls it %q", c.form, f.peer)
		}
	}
}

func namesOf(ps primitives) (names []string) {
	for _, p := range ps {
		names = append(names, p.name)
	}
	return names
}

func TestInTurns(t *testing.T) {
	t.Parallel()
	var order []string
	step := func(name string) func() error {
		return func() error {
			order = append(order, name)
			return nil
		}
	}
	means, err := inTurns(2, step("a"), step("b"))
	if err != nil || len(means) != 2 || means[0] <= 0 || !slices.Equal(order, []string{"a", "b", "a", "b"}) {
		t.Errorf("%v, %v, %v", means, order, err)
	}
	broken := errors.New("broken")
	if _, err := inTurns(5, step("a"), func() error { return broken }); err != broken {
		t.Errorf("got %v", err)
	}
}

// slow is a peer that takes a millisecond for an operation, and four times as long now and then.
type slow struct {
	asked []int
	fails error
	none  bool
}

// Ask implements asker.
func (s *slow) Ask(r peers.Request) (a peers.Answer, err error) {
	s.asked = append(s.asked, r.N)
	if a.Seconds = float64(r.N) * time.Millisecond.Seconds(); len(s.asked)%2 == 1 {
		a.Seconds *= 4
	}
	if s.none {
		a.Seconds = 0
	}
	return a, s.fails
}

func TestTimed(t *testing.T) {
	t.Parallel()
	s := &slow{}
	got, err := timed(s, peers.Request{})
	if err != nil || got < 0.00099 || got > 0.00101 {
		t.Errorf("%v s, %v", got, err)
	}
	if len(s.asked) != bursts || s.asked[0] != 10 || s.asked[bursts-1] != 5 {
		t.Errorf("asked %v", s.asked)
	}
	broken := errors.New("broken")
	if _, err := timed(&slow{fails: broken}, peers.Request{}); err != broken {
		t.Errorf("got %v", err)
	}
	if _, err := timed(&slow{none: true}, peers.Request{}); err == nil {
		t.Error("no time at all is no error")
	}
}

// TestPeersThatAreNotInstalled are told of and left out.
func TestPeersThatAreNotInstalled(t *testing.T) {
	t.Parallel()
	w, err := peers.NewWorld()
	if err != nil {
		t.Fatal(err)
	}
	var out, notes bytes.Buffer
	e := &envelopes{ops: 1, cache: t.TempDir(), libraries: peers.All(), report: &envelopeReport{out: &out, notes: &notes}}
	if err := e.foreign(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(notes.String(), "is not installed: go run ./internal/interop -only "); n != len(peers.All()) || out.Len() > 0 {
		t.Errorf("%s%s", notes.String(), out.String())
	}
}

func TestEnvelopesEndWithTheirContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e := &envelopes{ops: 1 << 20, report: &envelopeReport{out: &bytes.Buffer{}, notes: &bytes.Buffer{}}}
	if err := e.run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestPeerLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		json bool
		want string
	}{
		{true, `{"v":1,"bench":"envelope","name":"signed/seal/1KiB","peer":"x 1 (npm)","value":500,"unit":"op/s"}` + "\n"},
		{false, "signed/seal/1KiB                      500 op/s  x 1 (npm)                                      Parley takes 0.25 of its time\n"},
	} {
		var out bytes.Buffer
		r := &envelopeReport{out: &out, json: c.json}
		if err := r.peer("signed/seal/1KiB", "x 1 (npm)", 0.002, 0.0005); err != nil || out.String() != c.want {
			t.Errorf("%q, %v", out.String(), err)
		}
	}
}
