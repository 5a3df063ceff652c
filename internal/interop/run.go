package main

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/parley-im/parley/internal/interop/peers"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/packing"
)

// rounds is how often each form is exchanged in each direction. Ephemeral keys differ each time, and some faults
// show only with some of them.
const rounds = 8

// mark is what came of a form in one direction.
type mark string

const (
	works  mark = "✓"
	mostly mark = "(✓)" // but for a reason that has been looked into not always
	fails  mark = "✗"
	known  mark = "(✗)" // fails for a reason that has been looked into
	lacked mark = "–"   // the library has no such form
)

// outcome is what came of one form in one direction, and why it does not work.
type outcome struct {
	mark mark
	why  string
}

// result is what came of one form in both directions: what they pack and we open, what we pack and they open.
type result struct {
	form         peers.Form
	theirs, ours outcome
}

// report is what came of one library.
type report struct {
	library peers.Library
	absent  string // why it is not there
	results []result
}

// plaintext is what travels. Libraries differ in what they demand, so it has everything.
const plaintext = `{"id":"1234567890","typ":"application/didcomm-plain+json","type":"https://example.org/hello/1.0/hello",` +
	`"from":"did:example:alice","to":["did:example:bob"],"created_time":1516269022,"expires_time":4102444800,` +
	`"body":{"text":"Grüße, \"Bob\"","list":[1,2.5,null,true]}}`

// meet installs a library, and lets it and us exchange every form.
func meet(ctx context.Context, l peers.Library, cache string, w *peers.World) report {
	r := report{library: l}
	dir, err := l.Install(ctx, cache)
	if err != nil {
		r.absent = err.Error()
		return r
	}
	p, hello, err := l.Start(ctx, dir, w)
	if err != nil {
		r.absent = err.Error()
		return r
	}
	defer p.Stop()
	if hello.Version != "" && hello.Version != l.Version {
		r.absent = fmt.Sprintf("it is version %s and not %s", hello.Version, l.Version)
		return r
	}
	for _, f := range peers.Forms() {
		r.results = append(r.results, exchange(ctx, l, p, w, f))
	}
	return r
}

// asker is a peer.
type asker interface {
	Ask(r peers.Request) (peers.Answer, error)
}

func exchange(ctx context.Context, l peers.Library, p asker, w *peers.World, f peers.Form) result {
	if why := l.Lacks(f); why != "" {
		none := outcome{lacked, why}
		return result{f, none, none}
	}
	return result{
		form:   f,
		theirs: often(l.Known(f, peers.Theirs), func() error { return theyPack(ctx, p, w, f) }),
		ours:   often(l.Known(f, peers.Ours), func() error { return wePack(ctx, p, w, f) }),
	}
}

// often exchanges several times, until one fails in a way that is not known to happen now and then.
func often(k *peers.Known, once func() error) outcome {
	for range rounds {
		err := once()
		switch {
		case err == nil || k != nil && k.Seldom && k.Explains(err):
			continue
		case k != nil && k.Explains(err):
			return outcome{known, k.Why}
		}
		return outcome{fails, err.Error()}
	}
	if k != nil && k.Seldom {
		return outcome{mostly, k.Why}
	}
	return outcome{mark: works}
}

// theyPack has the library pack, and opens that.
func theyPack(ctx context.Context, p asker, w *peers.World, f peers.Form) error {
	a, err := p.Ask(peers.Request{Op: "pack", Form: &f, Message: json.RawMessage(plaintext)})
	if err != nil {
		return err
	}
	got, err := w.Packer.Unpack(ctx, []byte(a.Packed), packing.UnpackOptions{})
	if err != nil {
		return fmt.Errorf("we do not open it: %w", err)
	}
	if got.SenderKey != f.From || got.SignerKey != f.SignBy {
		return fmt.Errorf("it proves sender %q and signer %q", got.SenderKey, got.SignerKey)
	}
	return same(got.Payload)
}

// wePack packs and has the library open it.
func wePack(ctx context.Context, p asker, w *peers.World, f peers.Form) error {
	o, err := f.Options()
	if err != nil {
		return err
	}
	m, err := messaging.ParseMessage([]byte(plaintext))
	if err != nil {
		return err
	}
	packed, err := w.Packer.Pack(ctx, m, o)
	if err != nil {
		return fmt.Errorf("we do not pack it: %w", err)
	}
	a, err := p.Ask(peers.Request{Op: "unpack", Form: &f, Packed: string(packed[0].Envelope)})
	if err != nil {
		return err
	}
	return same(a.Message)
}

// same compares with the plaintext; members that libraries add and that say nothing do
// not count.
func same(got []byte) error {
	var g, want map[string]any
	if err := json.Unmarshal(got, &g); err != nil {
		return fmt.Errorf("no message came out: %w", err)
	}
	if err := json.Unmarshal([]byte(plaintext), &want); err != nil {
		return err
	}
	for name, value := range g {
		if list, ok := value.([]any); value == nil || ok && len(list) == 0 {
			delete(g, name)
		}
	}
	if g["thid"] == want["id"] {
		delete(g, "thid") // DIDComm v2.1, Threading: the same as none
	}
	if !reflect.DeepEqual(g, want) {
		return fmt.Errorf("another message came out: %s", got)
	}
	return nil
}
