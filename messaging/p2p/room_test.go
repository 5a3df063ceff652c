package p2p

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/libp2p/go-libp2p/core/peer"
)

func TestRoomIsBoundedAtEveryLevel(t *testing.T) {
	t.Parallel()
	r := newRoom(3 * peerMemory / 2)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	full := func(s *seat) bool { return errors.Is(s.hold(ended, 1), context.Canceled) }

	first, leaveFirst := r.enter("a")
	if err := first.hold(ended, streamMemory); err != nil {
		t.Fatal(err)
	}
	if !full(first) {
		t.Error("a stream got more than its room")
	}
	var seats []*seat
	for range peerMemory/streamMemory - 1 {
		s, leave := r.enter("a")
		defer leave()
		if err := s.hold(ended, streamMemory); err != nil {
			t.Fatal(err)
		}
		seats = append(seats, s)
	}
	more, leaveMore := r.enter("a")
	if !full(more) {
		t.Error("a peer got more than its room")
	}
	leaveMore()
	for range 2 {
		s, leave := r.enter("b")
		defer leave()
		if err := s.hold(ended, streamMemory); err != nil {
			t.Fatal(err)
		}
	}
	other, leaveOther := r.enter("c")
	defer leaveOther()
	if !full(other) {
		t.Error("more room was given than there is")
	}
	first.free(streamMemory)
	leaveFirst()
	if err := other.hold(ended, streamMemory); err != nil {
		t.Errorf("room that was given back is lost: %v", err)
	}
	for _, s := range seats {
		s.free(streamMemory)
	}
	if len(r.peers) != 3 {
		t.Errorf("%d peers are known, want 3", len(r.peers))
	}
}

func TestRoomIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, leave := newRoom(streamMemory).enter("a")
		defer leave()
		if err := s.hold(t.Context(), streamMemory); err != nil {
			t.Fatal(err)
		}
		got := make(chan error)
		go func() { got <- s.hold(t.Context(), 1000) }()
		synctest.Wait()
		select {
		case err := <-got:
			t.Fatalf("did not wait: %v", err)
		default:
		}
		s.free(streamMemory)
		if err := <-got; err != nil {
			t.Fatal(err)
		}
	})
}

func TestRoomForgetsPeers(t *testing.T) {
	t.Parallel()
	r := newRoom(1)
	_, leave1 := r.enter("a")
	_, leave2 := r.enter("a")
	leave1()
	if len(r.peers) != 1 {
		t.Error("forgot a peer that has another stream")
	}
	leave2()
	if len(r.peers) != 0 {
		t.Error("remembers a peer without streams")
	}
}

// Guests never take the room of others, however many they are.
func TestGuestsLeaveRoom(t *testing.T) {
	t.Parallel()
	r := newRoom(64 << 20)
	held := 0
	for i := range 64 {
		s, leave := r.visit(peer.ID(rune('a' + i)))
		defer leave()
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // no waiting: what does not fit now fails
		if s.hold(ctx, 1<<20) == nil {
			defer s.free(1 << 20)
			held++
		}
	}
	if held != 16 {
		t.Errorf("guests hold %d MiB of 64", held)
	}
	s, leave := r.enter("contact")
	defer leave()
	if err := s.hold(t.Context(), 1<<20); err != nil {
		t.Fatal(err)
	}
	s.free(1 << 20)
}
