package p2p

import (
	"context"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

// These tests run in simulated time.

// startIntake runs an intake on one end of a pipe and returns the other end, and its result.
func startIntake(r messaging.Receiver, idle time.Duration) (timedPipe, *room, <-chan error) {
	peer, own := newTimedPipe()
	w := newWire(own)
	w.endHello(idle)
	room := newRoom(64 << 20)
	seat, leave := room.enter("peer")
	done := make(chan error, 1)
	go func() {
		defer leave()
		done <- (&intake{w: w, seat: seat, receiver: r}).run(context.Background())
	}()
	return peer, room, done
}

func data(seq uint64, envelope []byte) []byte {
	return frame(frameData, append(encodeSeq(seq), envelope...))
}

func TestIntakeDeadlines(t *testing.T) {
	t.Parallel()
	const idle = 30 * time.Second
	for name, c := range map[string]struct {
		write func(peer timedPipe)
		ends  time.Duration
	}{
		"nothing comes": {func(timedPipe) {}, idle},
		"half a header": {func(p timedPipe) { _, _ = p.Write([]byte{8, 0}) }, idle},
		"a byte each second, forever": {func(p timedPipe) {
			_, _ = p.Write(data(1, make([]byte, maxEnvelope))[:headerSize])
			for {
				time.Sleep(time.Second)
				if _, err := p.Write([]byte{0}); err != nil {
					return
				}
			}
		}, idle},
		"64 KiB every 20 seconds is fast enough": {func(p timedPipe) {
			whole := data(1, make([]byte, maxEnvelope))
			_, _ = p.Write(whole[:headerSize])
			for rest := whole[headerSize:]; len(rest) > 0; rest = rest[min(len(rest), chunk):] {
				time.Sleep(20 * time.Second)
				if _, err := p.Write(rest[:min(len(rest), chunk)]); err != nil {
					return
				}
			}
			_, _ = io.ReadFull(p, make([]byte, headerSize+15)) // its answer
		}, 17*20*time.Second + idle},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				peer, room, done := startIntake(&inboxStub{}, idle)
				var writer sync.WaitGroup
				writer.Go(func() { c.write(peer) })
				if err := <-done; err == nil {
					t.Error("a peer that does nothing ended well")
				}
				if took := time.Since(start); took != c.ends {
					t.Errorf("ended after %v, want %v", took, c.ends)
				}
				peer.Close()
				writer.Wait()
				if !room.total.TryAcquire(64 << 20) {
					t.Error("room was lost")
				}
			})
		})
	}
}

// A peer that does not read its answers is not waited for either.
func TestIntakeAnswersNobodyReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		peer, room, done := startIntake(&inboxStub{}, time.Minute)
		defer peer.Close()
		start := time.Now()
		if _, err := peer.Write(data(1, []byte("x"))); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err == nil || time.Since(start) != time.Minute {
			t.Errorf("ended after %v with %v", time.Since(start), err)
		}
		if !room.total.TryAcquire(64 << 20) {
			t.Error("room was lost")
		}
	})
}

// An initiator gives a large envelope the time that it needs on a slow path, and no more.
func TestOutletPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		own, peer := newTimedPipe()
		defer peer.Close()
		w := newWire(own)
		w.endHello(30 * time.Second)
		var reader sync.WaitGroup
		reader.Go(func() { _, _ = io.Copy(io.Discard, peer) })
		start := time.Now()
		results, err := (&outlet{w: w, next: 1}).deliver(t.Context(), "", [][]byte{make([]byte, 1<<20)})
		if len(results) != 0 || !timedOut(err) {
			t.Errorf("%v, %v", results, err)
		}
		if took := time.Since(start); took != 158*time.Second {
			t.Errorf("gave up after %v, want 30 s and 128 s for a megabyte", took)
		}
		reader.Wait()
	})
}

// Answers must come in order and once; anything else breaks the stream.
func TestOutletRefusesWrongAnswers(t *testing.T) {
	t.Parallel()
	ok := messaging.Verdict{Kind: messaging.Accepted}
	for name, answers := range map[string][]answer{
		"out of order": {{2, ok}, {1, ok}}, "twice": {{1, ok}, {1, ok}}, "beyond": {{1, ok}, {3, ok}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own, peer := newPipe()
			w := newWire(own)
			w.endHello(time.Minute)
			var others sync.WaitGroup
			others.Go(func() { _, _ = io.Copy(io.Discard, peer) })
			others.Go(func() {
				for _, a := range answers {
					_, _ = peer.Write(frame(frameAnswer, a.encode()))
				}
			})
			results, err := (&outlet{w: w, next: 1}).deliver(t.Context(), "", [][]byte{{1}, {2}})
			if err == nil || len(results) > 1 {
				t.Errorf("%v, %v", results, err)
			}
			peer.Close()
			others.Wait()
		})
	}
}

// An initiator that goes on after a busy answer is not heard: what it sends would overtake.
func TestIntakeTakesNothingAfterBusy(t *testing.T) {
	t.Parallel()
	peer, own := newPipe()
	w := newWire(own)
	w.endHello(time.Minute)
	seat, leave := newRoom(streamMemory).enter("peer")
	defer leave()
	var taken [][]byte
	r := &inboxStub{accept: func(_ did.DID, sealed [][]byte) []messaging.Verdict {
		taken = append(taken, sealed...)
		return []messaging.Verdict{{Kind: messaging.Busy, After: time.Second}}
	}}
	done := make(chan error, 1)
	go func() { done <- (&intake{w: w, seat: seat, receiver: r}).run(context.Background()) }()
	if _, err := peer.Write(data(1, []byte("first"))); err != nil {
		t.Fatal(err)
	}
	typ, body, err := readFrame(peer)
	if err != nil || typ != frameAnswer {
		t.Fatal(typ, err)
	}
	if a, err := parseAnswer(body); err != nil || a.verdict != (messaging.Verdict{Kind: messaging.Busy, After: time.Second}) {
		t.Errorf("answered %+v, %v", a, err)
	}
	_, _ = peer.Write(data(2, []byte("second")))
	if _, _, err := readFrame(peer); err == nil {
		t.Error("it was answered after a busy answer")
	}
	if err := <-done; err != nil {
		t.Errorf("being busy is no failure: %v", err)
	}
	if len(taken) != 1 {
		t.Errorf("took %q", taken)
	}
	peer.Close()
}
