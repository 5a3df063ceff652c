package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/parley-im/parley/internal/interop/peers"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/packing"
)

// double is a peer that is ourselves, with faults to choose.
type double struct {
	w       *peers.World
	packing func(n int, packed string) (string, error) // n counts from 1
	opened  func(message string) string
	n       int
}

// Ask implements asker.
func (d *double) Ask(r peers.Request) (a peers.Answer, err error) {
	ctx := context.Background()
	if r.Op == "unpack" {
		got, err := d.w.Packer.Unpack(ctx, []byte(r.Packed), packing.UnpackOptions{})
		if err != nil {
			return a, err
		}
		text := string(got.Payload)
		if d.opened != nil {
			text = d.opened(text)
		}
		return peers.Answer{Message: json.RawMessage(text)}, nil
	}
	m, err := messaging.ParseMessage(r.Message)
	if err != nil {
		return a, err
	}
	o, err := r.Form.Options()
	if err != nil {
		return a, err
	}
	packed, err := d.w.Packer.Pack(ctx, m, o)
	if err != nil {
		return a, err
	}
	a.Packed = string(packed[0].Envelope)
	if d.n++; d.packing != nil {
		a.Packed, err = d.packing(d.n, a.Packed)
	}
	return a, err
}

func newDouble(t *testing.T) *double {
	t.Helper()
	w, err := peers.NewWorld()
	if err != nil {
		t.Fatal(err)
	}
	return &double{w: w}
}

func named(t *testing.T, name string) peers.Form {
	t.Helper()
	for _, f := range peers.Forms() {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no form %q", name)
	return peers.Form{}
}

func TestExchange(t *testing.T) {
	t.Parallel()
	spoilt := func(_ int, packed string) (string, error) {
		return strings.Replace(packed, `"tag":"`, `"tag":"A`, 1), nil
	}
	for _, c := range []struct {
		name         string
		form         string
		packing      func(int, string) (string, error)
		opened       func(string) string
		theirs, ours mark
		why          string
	}{
		{name: "all is well", form: "authcrypt X25519", theirs: works, ours: works},
		{name: "signed", form: "sign P-256", theirs: works, ours: works},
		{name: "theirs does not open", form: "authcrypt X25519", packing: spoilt, theirs: fails, ours: works, why: "we do not open it"},
		{name: "only the last of ours fails to be packed", form: "authcrypt X25519", theirs: fails, ours: works, why: "out of paper",
			packing: func(n int, packed string) (string, error) {
				if n == rounds {
					return "", errors.New("out of paper")
				}
				return packed, nil
			}},
		{name: "they get another message", form: "sign Ed25519", theirs: works, ours: fails, why: "another message came out",
			opened: func(m string) string { return strings.Replace(m, "true", "false", 1) }},
		{name: "they get none", form: "sign Ed25519", theirs: works, ours: fails, why: "no message came out",
			opened: func(string) string { return "7" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDouble(t)
			d.packing, d.opened = c.packing, c.opened
			got := exchange(t.Context(), peers.Library{}, d, d.w, named(t, c.form))
			if got.theirs.mark != c.theirs || got.ours.mark != c.ours {
				t.Errorf("theirs %v, ours %v", got.theirs, got.ours)
			}
			if why := got.theirs.why + got.ours.why; !strings.Contains(why, c.why) || (why == "") != (c.why == "") {
				t.Errorf("why: %q, want %q", why, c.why)
			}
		})
	}
}

// TestSenderMustBeTheOneMeant: an envelope that opens and proves somebody else is a failure.
func TestSenderMustBeTheOneMeant(t *testing.T) {
	t.Parallel()
	d, f := newDouble(t), named(t, "authcrypt X25519")
	anonymous, err := d.Ask(peers.Request{Op: "pack", Form: new(named(t, "anoncrypt X25519 A256GCM")), Message: json.RawMessage(plaintext)})
	if err != nil {
		t.Fatal(err)
	}
	d.packing = func(int, string) (string, error) { return anonymous.Packed, nil }
	if got := exchange(t.Context(), peers.Library{}, d, d.w, f); got.theirs.mark != fails || !strings.Contains(got.theirs.why, `it proves sender ""`) {
		t.Errorf("got %v", got.theirs)
	}
}

// TestKnownFailures uses what is known of a library that is listed.
func TestKnownFailures(t *testing.T) {
	t.Parallel()
	var veramo, python peers.Library
	for _, l := range peers.All() {
		switch l.Folder {
		case "veramo":
			veramo = l
		case "didcomm-python":
			python = l
		}
	}
	signed, p521, p256 := named(t, "sign Ed25519"), named(t, "authcrypt P-521"), named(t, "authcrypt P-256")
	short := errors.New("we do not open it: open: malformed message: epk: jwk: member x has 31 bytes, want 32")
	for _, c := range []struct {
		name     string
		known    *peers.Known
		failures []error // one after the other, then none
		want     mark
	}{
		{"as is known", veramo.Known(signed, peers.Ours), []error{errors.New("sender is not a DID or does not match the `kid`")}, known},
		{"in another way", veramo.Known(signed, peers.Ours), []error{errors.New("no answer in 1m0s")}, fails},
		{"not at all, after all", veramo.Known(signed, peers.Ours), nil, works},
		{"in the other direction", veramo.Known(signed, peers.Theirs), []error{errors.New("sender is not a DID or does not match")}, fails},
		{"mostly", python.Known(p521, peers.Theirs), []error{nil, nil, short}, known},
		{"now and then", python.Known(p256, peers.Theirs), []error{nil, short}, mostly},
		{"not this time", python.Known(p256, peers.Theirs), nil, mostly},
		{"now and then, and then in another way", python.Known(p256, peers.Theirs), []error{short, errors.New("boom")}, fails},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			left := c.failures
			got := often(c.known, func() (err error) {
				if len(left) > 0 {
					err, left = left[0], left[1:]
				}
				return err
			})
			if got.mark != c.want || (got.why == "") != (c.want == works) {
				t.Errorf("got %v, want %s", got, c.want)
			}
		})
	}
}

func TestLackedFormsAreNotAsked(t *testing.T) {
	t.Parallel()
	for _, l := range peers.All() {
		f := named(t, "authcrypt P-521")
		if l.Lacks(f) == "" {
			continue
		}
		if got := exchange(t.Context(), l, nil, nil, f); got.ours.mark != lacked || got.theirs != got.ours || got.ours.why == "" {
			t.Errorf("%s: %v", l.Label(), got)
		}
	}
}

func TestSame(t *testing.T) {
	t.Parallel()
	with := func(member string) string { return strings.TrimSuffix(plaintext, "}") + "," + member + "}" }
	for _, c := range []struct {
		name, got string
		ok        bool
	}{
		{"itself", plaintext, true},
		{"with empty members", with(`"attachments":[],"from_prior":null`), true},
		{"with its id as thid", with(`"thid":"1234567890"`), true},
		{"with another thid", with(`"thid":"2"`), false},
		{"with a member more", with(`"lang":"de"`), false},
		{"with another body", strings.Replace(plaintext, "2.5", "2", 1), false},
		{"without its sender", strings.Replace(plaintext, `"from":"did:example:alice",`, "", 1), false},
		{"nothing", "", false},
	} {
		if err := same([]byte(c.got)); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
