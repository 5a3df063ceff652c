package p2p

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

func TestSendDelivers(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	results, err := p.send(t, p.delivery("one", "two"))
	if err != nil {
		t.Fatal(err)
	}
	want := []messaging.Result{{Reach: messaging.Delivered}, {Reach: messaging.Delivered}}
	if diff := cmp.Diff(want, results); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"one", "two"}, p.br.messages()); diff != "" {
		t.Errorf("arrived (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(p.alice.own.DID.String(), p.br.from[0].String()); diff != "" {
		t.Errorf("from (-want +got):\n%s", diff)
	}
	met := func(r *inboxStub, w *wallet, tr *Transport) {
		if len(r.met) != 1 || r.met[0].DID != w.own.DID || r.met[0].Document == nil {
			t.Fatalf("met %+v", r.met)
		}
		if got, want := r.met[0].Addresses, texts(tr.opened().reachable()); !cmp.Equal(got, want) {
			t.Errorf("met at %v, want %v", got, want)
		}
		if _, err := readRecord(r.met[0].Record, w.peerID); err != nil || len(r.met[0].Record) == 0 {
			t.Errorf("record: %v", err)
		}
	}
	p.stopA()
	p.stopB()
	met(p.ar, p.bob, p.bt)
	met(p.br, p.alice, p.at)
}

func TestSendOverEachTransport(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"quic-v1", "tcp"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			d := p.delivery("hi")
			all := d.Addresses
			d.Addresses = nil
			for _, a := range all {
				if strings.Contains(a, "/"+kind) {
					d.Addresses = append(d.Addresses, a)
				}
			}
			if len(d.Addresses) != 1 {
				t.Fatalf("addresses %q", all)
			}
			if _, err := p.send(t, d); err != nil {
				t.Fatal(err)
			}
			conn := p.at.opened().Network().ConnsToPeer(p.bob.peerID)[0]
			if !strings.Contains(conn.RemoteMultiaddr().String(), kind) {
				t.Errorf("connected over %v", conn.RemoteMultiaddr())
			}
			if secured := conn.ConnState().Security; kind == "tcp" && secured != "/noise" {
				t.Errorf("TCP is secured by %q, want Noise", secured)
			}
		})
	}
}

func TestSendByRecordOrMultiAddrsAlone(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	d := p.delivery("by record")
	record, err := p.bt.opened().signedRecord()
	if err != nil {
		t.Fatal(err)
	}
	d.Addresses, d.Record = nil, record
	if _, err := p.send(t, d); err != nil {
		t.Fatal(err)
	}
	q := newPair(t)
	d = q.delivery("by the document")
	d.Endpoint.MultiAddrs, d.Addresses = d.Addresses, nil
	if _, err := q.send(t, d); err != nil {
		t.Fatal(err)
	}
}

func TestSendKeepsOrder(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	var want []string
	for i := range 1000 {
		want = append(want, fmt.Sprintf("message %d %s", i, strings.Repeat("x", i%300)))
	}
	results, err := p.send(t, p.delivery(want...))
	if err != nil || len(results) != len(want) {
		t.Fatalf("%d results, %v", len(results), err)
	}
	if diff := cmp.Diff(want, p.br.messages()); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	for _, n := range p.br.batches {
		if n > maxBatch {
			t.Errorf("a batch of %d, want at most %d", n, maxBatch)
		}
	}
}

func TestSendAnswersAfterTheCommit(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	p := newPair(t, func(p *pair) {
		p.br.accept = func(did.DID, [][]byte) []messaging.Verdict {
			once.Do(func() { close(entered) })
			<-release
			return nil
		}
	})
	done := make(chan error, 1)
	go func() {
		_, err := p.send(t, p.delivery("one"))
		done <- err
	}()
	<-entered
	select {
	case err := <-done:
		t.Fatalf("answered (%v) before it was committed", err)
	default:
	}
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// While a receiver is slow, the sender is held up and not the receiver's memory.
func TestSendBackPressure(t *testing.T) {
	t.Parallel()
	entered, release := make(chan int, 1000), make(chan struct{})
	p := newPair(t, func(p *pair) {
		p.br.accept = func(_ did.DID, sealed [][]byte) []messaging.Verdict {
			entered <- len(sealed)
			<-release
			return nil
		}
	})
	big := strings.Repeat("x", 1<<20-1)
	many := make([]string, 12)
	for i := range many {
		many[i] = fmt.Sprintf("%c%s", 'a'+i, big)
	}
	done := make(chan error, 1)
	go func() {
		_, err := p.send(t, p.delivery(many...))
		done <- err
	}()
	<-entered
	room := p.bt.opened().room
	// The stream's room is full: one more byte does not fit, in the stream or at the sender's cost.
	waitUntil(t, func() bool {
		room.mu.Lock()
		defer room.mu.Unlock()
		share := room.peers[p.alice.peerID]
		if share.TryAcquire(peerMemory - streamMemory + 1) {
			share.Release(peerMemory - streamMemory + 1)
			return false
		}
		return true
	})
	room.mu.Lock()
	if share := room.peers[p.alice.peerID]; !share.TryAcquire(peerMemory - streamMemory) {
		t.Error("one stream holds more than its room")
	} else {
		share.Release(peerMemory - streamMemory)
	}
	room.mu.Unlock()
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := p.br.messages(); !cmp.Equal(got, many) {
		t.Error("not everything arrived in order")
	}
	p.stopA()
	waitUntil(t, func() bool { room.mu.Lock(); defer room.mu.Unlock(); return len(room.peers) == 0 })
	if !room.total.TryAcquire(p.bt.opened().limits.Memory) {
		t.Error("room was lost")
	}
}

// waitUntil asks again and again, without sleeping, until the condition holds.
func waitUntil(tb testing.TB, condition func() bool) {
	tb.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	timeout := time.After(patient)
	for !condition() {
		select {
		case <-tick.C:
		case <-timeout:
			tb.Fatal("waited in vain")
		}
	}
}

func TestSendVerdicts(t *testing.T) {
	t.Parallel()
	verdict := map[string]messaging.Verdict{
		"good":      {Kind: messaging.Accepted},
		"again":     {Kind: messaging.Duplicate},
		"bad":       {Kind: messaging.Refused, Code: messaging.CodeCrypto},
		"expired":   {Kind: messaging.Refused, Code: messaging.CodeExpired},
		"too early": {Kind: messaging.Busy, After: 7 * time.Second},
	}
	p := newPair(t, func(p *pair) {
		p.br.accept = func(_ did.DID, sealed [][]byte) []messaging.Verdict {
			var out []messaging.Verdict
			for _, s := range sealed {
				out = append(out, verdict[string(s)])
			}
			return out
		}
	})
	results, err := p.send(t, p.delivery("good", "again", "bad", "expired"))
	if err != nil {
		t.Fatal(err)
	}
	for i, code := range []string{"", "", messaging.CodeCrypto, messaging.CodeExpired} {
		var failure *messaging.DeliveryError
		switch r := results[i]; {
		case code == "" && r != messaging.Result{Reach: messaging.Delivered}:
			t.Errorf("result %d: %+v", i, r)
		case code != "" && (!errors.As(r.Err, &failure) || !failure.Permanent || codeOf(r.Err) != code):
			t.Errorf("result %d: %+v, want permanently %s", i, r, code)
		}
	}
	results, err = p.send(t, p.delivery("good", "too early", "good"))
	var busy, broken *messaging.DeliveryError
	if len(results) != 2 || !errors.As(results[1].Err, &busy) || busy.Permanent || busy.After != 7*time.Second {
		t.Fatalf("results %+v", results)
	}
	if !errors.As(err, &broken) || broken.Permanent || broken.After != 7*time.Second {
		t.Errorf("error %v: nothing is known of what came behind", err)
	}
}

// Behind an envelope that was not taken nothing may be taken, or it would arrive before it.
func TestSendTakesNothingBehindBusy(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	calls := 0
	p := newPair(t, func(p *pair) {
		p.br.accept = func(_ did.DID, sealed [][]byte) []messaging.Verdict {
			mu.Lock()
			defer mu.Unlock()
			calls++
			return make([]messaging.Verdict, len(sealed)) // no verdict at all counts as busy
		}
	})
	many := make([]string, 500)
	for i := range many {
		many[i] = strings.Repeat("x", 1000)
	}
	results, err := p.send(t, p.delivery(many...))
	if len(results) != 1 || err == nil {
		t.Errorf("%d results, %v", len(results), err)
	}
	p.stopB()
	if calls != 1 {
		t.Errorf("%d batches were handed on, want 1", calls)
	}
}

func TestSendReusesTheStream(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	for i := range 5 {
		if _, err := p.send(t, p.delivery(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	if n := p.ar.meetings(); n != 1 {
		t.Errorf("%d hellos for five deliveries, want 1", n)
	}
	if diff := cmp.Diff([]string{"0", "1", "2", "3", "4"}, p.br.messages()); diff != "" {
		t.Errorf("arrived (-want +got):\n%s", diff)
	}
	if _, err := p.send(t, p.delivery()); err != nil {
		t.Fatal(err)
	}
	if n := p.ar.meetings(); n != 2 {
		t.Errorf("%d hellos, want one more for a greeting", n)
	}
	claiming := p.delivery("5")
	claiming.Claim = []byte("claim")
	if _, err := p.send(t, claiming); err != nil {
		t.Fatal(err)
	}
	if n := p.ar.meetings(); n != 3 {
		t.Errorf("%d hellos, want one more for a claim", n)
	}
}

// The peer ended the stream that was kept: nobody notices.
func TestSendAfterThePeerEndedTheStream(t *testing.T) {
	t.Parallel()
	p := newPair(t, func(p *pair) {
		p.bt.Limits.Idle = 50 * time.Millisecond
		p.at.Limits.Reuse = time.Hour
	})
	if _, err := p.send(t, p.delivery("one")); err != nil {
		t.Fatal(err)
	}
	room := p.bt.opened().room
	waitUntil(t, func() bool { room.mu.Lock(); defer room.mu.Unlock(); return len(room.peers) == 0 })
	if _, err := p.send(t, p.delivery("two")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"one", "two"}, p.br.messages()); diff != "" {
		t.Errorf("arrived (-want +got):\n%s", diff)
	}
	if n := p.ar.meetings(); n != 2 {
		t.Errorf("%d hellos, want 2", n)
	}
}

func TestSendGreetsOnly(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	results, err := p.send(t, p.delivery())
	if len(results) != 0 || err != nil {
		t.Errorf("%v, %v", results, err)
	}
	p.br.waitFor(t, "the greeting", func() bool { return len(p.br.met) == 1 })
	if p.ar.meetings() != 1 || len(p.br.messages()) != 0 {
		t.Error("a greeting delivers nothing and makes both meet")
	}
}

func TestSendRefusedInHello(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var claims []string
	p := newPair(t, func(p *pair) {
		p.br.admit = func(id did.DID, claim []byte) error {
			mu.Lock()
			defer mu.Unlock()
			claims = append(claims, string(claim))
			if len(claim) == 0 || !id.Same(p.alice.own.DID) {
				return &messaging.Refusal{Code: messaging.CodeStranger}
			}
			return nil
		}
	})
	results, err := p.send(t, p.delivery("hi"))
	var failure *messaging.DeliveryError
	if len(results) != 0 || !errors.As(err, &failure) || !failure.Permanent || codeOf(err) != messaging.CodeStranger {
		t.Errorf("%v, %v", results, err)
	}
	if failure.Endpoint != ServiceURI(p.bob.peerID.String()) {
		t.Errorf("endpoint %q", failure.Endpoint)
	}
	claiming := p.delivery("hi")
	claiming.Claim = []byte(`{"id":"invitation"}`)
	if _, err := p.send(t, claiming); err != nil {
		t.Error(err)
	}
	p.stopB()
	if diff := cmp.Diff([]string{"", `{"id":"invitation"}`}, claims); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	if p.ar.meetings() != 1 {
		t.Error("Alice met somebody who refused her")
	}
}

func TestSendFailures(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	elsewhere := p.delivery("x")
	elsewhere.To = eve(t).own.DID
	nobody := eve(t)
	unreachable := p.alice.to(nobody, nil, "x")
	unreachable.Addresses = []string{"/ip4/127.0.0.1/tcp/1"}
	wrongHost := p.alice.to(nobody, p.bt, "x") // Bob's addresses, Eve's PeerID
	for i, a := range wrongHost.Addresses {
		wrongHost.Addresses[i] = strings.Split(a, "/p2p/")[0]
	}
	notOurs := p.delivery("x")
	notOurs.From = eve(t).own.DID
	badURI := p.delivery("x")
	badURI.Endpoint.URI = "https://example.com"
	tooLong := p.delivery("x")
	tooLong.Claim = make([]byte, maxClaim+1)
	for name, d := range map[string]messaging.Delivery{
		"a DID that is not there":    elsewhere,
		"nobody listens":             unreachable,
		"no address at all":          p.alice.to(nobody, nil, "x"),
		"another PeerID lives there": wrongHost,
		"a sender that is not ours":  notOurs,
		"no libp2p endpoint":         badURI,
		"a claim that is too long":   tooLong,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			results, err := p.send(t, d)
			var failure *messaging.DeliveryError
			if len(results) != 0 || !errors.As(err, &failure) || failure.Permanent {
				t.Errorf("%v, %v: want a failure that is not for good", results, err)
			}
		})
	}
}

func TestSendOversizeEnvelopes(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	big := strings.Repeat("x", maxEnvelope+1)
	for name, c := range map[string]struct {
		envelopes []string
		delivered int
		rest      bool
	}{
		"alone":    {[]string{big}, 0, false},
		"last":     {[]string{"ok", big}, 1, false},
		"between":  {[]string{"ok", big, "behind"}, 1, true},
		"empty":    {[]string{""}, 0, false},
		"just fit": {[]string{big[1:]}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			results, err := p.send(t, p.delivery(c.envelopes...))
			if (err != nil) != c.rest {
				t.Errorf("error %v", err)
			}
			for i, r := range results {
				if i < c.delivered && r.Reach == messaging.Delivered {
					continue
				}
				var failure *messaging.DeliveryError
				if !errors.As(r.Err, &failure) || !failure.Permanent || codeOf(r.Err) != messaging.CodeSize {
					t.Errorf("result %d: %+v", i, r)
				}
			}
			if want := min(len(c.envelopes), c.delivered+1); len(results) != want {
				t.Errorf("%d results, want %d", len(results), want)
			}
		})
	}
}

func TestSendEndsWithItsContext(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}, 1), make(chan struct{})
	p := newPair(t, func(p *pair) {
		p.br.accept = func(did.DID, [][]byte) []messaging.Verdict {
			entered <- struct{}{}
			<-release
			return nil
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := p.at.Send(ctx, p.delivery("one"))
		done <- err
	}()
	<-entered
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(release)
}

func TestConcurrentSends(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	var g sync.WaitGroup
	for i := range 8 {
		g.Go(func() {
			for j := range 10 {
				if _, err := p.send(t, p.delivery(fmt.Sprintf("%d-%d", i, j))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	g.Wait()
	if n := len(p.br.messages()); n != 80 {
		t.Errorf("%d arrived, want 80", n)
	}
}

// TestSendTooOften: whoever says hello without end is put off, without being told anything for good.
func TestSendTooOften(t *testing.T) {
	t.Parallel()
	p := newPair(t, func(p *pair) {
		p.br.admit = func(did.DID, []byte) error { return &messaging.Refusal{Code: messaging.CodeStranger} }
	})
	// The share grows back while a hello is on its way, so on a slow machine one may still get through.
	for range 100 {
		for p.bt.pace.allow(p.alice.peerID, time.Now()) {
			continue
		}
		_, err := p.send(t, p.delivery("hi"))
		var failure *messaging.DeliveryError
		if !errors.As(err, &failure) {
			t.Fatalf("%v", err)
		}
		if codeOf(err) == messaging.CodeBusy {
			if failure.Permanent || failure.After != paceWait {
				t.Errorf("put off with %+v", failure)
			}
			return
		}
	}
	t.Error("no hello beyond the share of its peer was put off")
}
