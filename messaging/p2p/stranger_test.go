package p2p

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
)

// holding has Bob take whom he admits for strangers, and hold the first of what each batch has.
func holding(p *pair) {
	p.br.as = messaging.Admission{Guest: true}
	p.br.accept = func(_ did.DID, sealed [][]byte) []messaging.Verdict {
		p.br.mu.Lock()
		defer p.br.mu.Unlock()
		p.br.batches = append(p.br.batches, len(sealed))
		v := make([]messaging.Verdict, len(sealed))
		for i, s := range sealed {
			p.br.got = append(p.br.got, string(s))
			v[i].Kind = messaging.Held
		}
		p.br.changed()
		return v
	}
}

// A stranger's message is written, as far as its sender knows, and it learns no address.
func TestHeldIsWritten(t *testing.T) {
	t.Parallel()
	p := newPair(t, holding)
	results, err := p.send(t, p.delivery("hi"))
	if diff := cmp.Diff([]messaging.Result{{Reach: messaging.Written}}, results); diff != "" || err != nil {
		t.Errorf("(-want +got):\n%s%v", diff, err)
	}
	p.ar.mu.Lock()
	defer p.ar.mu.Unlock()
	if len(p.ar.met) != 1 || len(p.ar.met[0].Addresses)+len(p.ar.met[0].Record) > 0 {
		t.Errorf("the stranger met %+v", p.ar.met)
	}
	p.br.waitFor(t, "the meeting", func() bool { return len(p.br.met) == 1 && len(p.br.met[0].Addresses) > 0 })
	if info := p.bt.opened().ConnManager().GetTagInfo(p.alice.peerID); info != nil && info.Tags["welcome"] > 0 {
		t.Error("a stranger's connection is kept as one of a contact")
	}
}

// Of one stream of a stranger two envelopes are judged, one after the other, and no more.
func TestFewLettersOfAStranger(t *testing.T) {
	t.Parallel()
	p := newPair(t, holding)
	results, err := p.send(t, p.delivery("1", "2", "3", "4"))
	var failure *messaging.DeliveryError
	if len(results) != 3 || results[0].Reach != messaging.Written || results[1].Reach != messaging.Written ||
		!errors.As(err, &failure) || failure.Permanent || failure.After != strangerWait {
		t.Errorf("%v, %v", results, err)
	}
	if diff := cmp.Diff([]string{"1", "2"}, p.br.messages()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{1, 1}, p.br.batches); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
}

// A stranger who was let in while it writes need not wait with the rest: it comes again at once, as a contact.
func TestAcceptedWhileWriting(t *testing.T) {
	t.Parallel()
	p := newPair(t, holding)
	hold := p.br.accept
	p.br.accept = func(from did.DID, sealed [][]byte) []messaging.Verdict {
		v := hold(from, sealed)
		p.br.mu.Lock()
		defer p.br.mu.Unlock()
		p.br.as = messaging.Admission{} // from now on
		return v
	}
	results, err := p.send(t, p.delivery("1", "2", "3", "4"))
	var failure *messaging.DeliveryError
	if len(results) != 3 || !errors.As(err, &failure) || failure.Permanent || failure.After != 0 {
		t.Errorf("%v, %v", results, err)
	}
	if diff := cmp.Diff([]string{"1", "2"}, p.br.messages()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if results, err := p.send(t, p.delivery("3", "4")); len(results) != 2 || err != nil {
		t.Errorf("as a contact: %v, %v", results, err)
	}
}

// A guest that claims an invitation is no stranger: it learns where we are, and is not counted as one.
func TestClaimersAreNoStrangers(t *testing.T) {
	t.Parallel()
	p := newPair(t, func(p *pair) { p.br.as = messaging.Admission{Guest: true} })
	d := p.delivery("1", "2", "3", "4")
	d.Claim = []byte(`{"id":"invitation"}`)
	results, err := p.send(t, d)
	if len(results) != 4 || err != nil {
		t.Errorf("%v, %v", results, err)
	}
	p.ar.waitFor(t, "the meeting", func() bool { return len(p.ar.met) == 1 && len(p.ar.met[0].Addresses) > 0 })
	if e := p.bt.opened(); e.room.knocking != 0 {
		t.Errorf("%d streams count as those of strangers", e.room.knocking)
	}
}

// A stranger has two streams; a third is refused for a while, and a contact's is not.
func TestFewStreamsOfAStranger(t *testing.T) {
	t.Parallel()
	p := newPair(t, holding)
	h := foreignHost(t, p.alice.host, p.bt)
	first, second := stream(t, h, p.bt, ProtocolID), stream(t, h, p.bt, ProtocolID)
	greetAs(t, p, first)
	greetAs(t, p, second)
	i := &hello{keys: p.alice.keys, resolver: resolver, random: zeros{7}, self: p.alice.peerID, remote: p.bob.peerID}
	_, err := i.greet(context.Background(), newWire(stream(t, h, p.bt, ProtocolID)), p.alice.own, p.bob.own.DID, nil)
	var r *refusal
	if !errors.As(err, &r) || r.Code != messaging.CodeBusy || r.after != strangerWait {
		t.Errorf("a third stream: %v", err)
	}
	_ = first.Reset()
	_ = second.Reset()
	p.stopB()
	if e := p.bt.opened(); e.room.knocking != 0 || len(e.room.peers) != 0 {
		t.Errorf("%d strangers and %d peers are left", e.room.knocking, len(e.room.peers))
	}
}

// Strangers together have a few streams and half the room of guests, and leave nothing behind.
func TestStrangersLeaveRoom(t *testing.T) {
	t.Parallel()
	r := newRoom(64 << 20)
	now, cancel := context.WithCancel(t.Context())
	cancel() // no waiting: what does not fit now fails
	var leaves []func()
	held := 0
	for i := range 3 * strangerStreams {
		s, leave, ok := r.admit(peer.ID(rune('a' + i/3)))
		if ok != (len(leaves) < strangerStreams && i%3 < strangerOfPeer) {
			t.Fatalf("stream %d, of %d: admitted %v", i, len(leaves), ok)
		}
		if !ok {
			continue
		}
		leaves = append(leaves, leave)
		if s.hold(now, maxEnvelope) != nil {
			continue
		}
		held++
		if s.hold(now, 1) == nil {
			t.Error("a stream of a stranger got more than its room")
		}
		defer s.free(maxEnvelope)
	}
	if len(leaves) != strangerStreams || held != 8 {
		t.Errorf("%d streams hold %d MiB of 64", len(leaves), held)
	}
	claimer, leave := r.visit("claimer")
	defer leave()
	if err := claimer.hold(t.Context(), 8<<20>>1); err != nil {
		t.Error("strangers take the room of those who are invited")
	}
	claimer.free(8 << 20 >> 1)
	for _, leave := range leaves {
		leave()
	}
	if r.knocking != 0 || len(r.peers) != 1 {
		t.Errorf("%d strangers and %d peers are left", r.knocking, len(r.peers))
	}
}

// Lives travel both ways with every hello, as they were given.
func TestLivesInHello(t *testing.T) {
	t.Parallel()
	p := newPair(t, func(p *pair) { p.br.as = messaging.Admission{Life: lifeOf(3, 3), Saw: lifeOf(4, 4)} })
	d := p.delivery("hi")
	d.Life, d.Saw = lifeOf(1, 1), lifeOf(2, 2)
	if _, err := p.send(t, d); err != nil {
		t.Fatal(err)
	}
	p.br.waitFor(t, "the meeting", func() bool { return len(p.br.met) == 1 })
	p.ar.mu.Lock()
	defer p.ar.mu.Unlock()
	p.br.mu.Lock()
	defer p.br.mu.Unlock()
	heard := func(m messaging.Peer) []inbox.Life { return []inbox.Life{m.Life, m.Saw} }
	if got := heard(p.br.met[0]); !slices.Equal(got, []inbox.Life{d.Life, d.Saw}) {
		t.Errorf("Bob heard %v", got)
	}
	if got := heard(p.ar.met[0]); !slices.Equal(got, []inbox.Life{lifeOf(3, 3), lifeOf(4, 4)}) {
		t.Errorf("Alice heard %v", got)
	}
}

// A refusal that asks to wait says for how long.
func TestRefusalsAskToWait(t *testing.T) {
	t.Parallel()
	m := newMeeting(alice(t), bob(t))
	m.door.admit = letIn(func(context.Context, did.DID, []byte) error {
		return &refusal{Refusal: messaging.Refusal{Code: messaging.CodeBusy}, after: 5 * time.Second}
	})
	m.run()
	var failure *messaging.DeliveryError
	if !errors.As(failed(messaging.Delivery{}, m.iErr), &failure) || failure.Permanent || failure.After != 5*time.Second {
		t.Errorf("%v", m.iErr)
	}
}
