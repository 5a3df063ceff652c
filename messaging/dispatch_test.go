package messaging_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
)

// However long one sender's handler takes, what comes from others is handled meanwhile, also when it comes
// later, up to the number of places; and the slow sender's own messages wait their turn.
func TestSlowHandlerHoldsUpNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		carol := third(t, p, "carol")
		var j journal
		p.bob.Mux.Handle(lineType, messaging.HandlerFunc(func(_ context.Context, _ messaging.Replier, m *messaging.Received) error {
			if m.ID == "slow" {
				time.Sleep(time.Hour)
			}
			j.note("%s", m.ID)
			return nil
		}))
		deposit(t, p.alice, p.bob, did.DID{}, "", "slow", "behind")
		start(t, p.bob)
		time.Sleep(time.Second)
		deposit(t, carol, p.bob, did.DID{}, "", "quick")
		time.Sleep(time.Second)
		deposit(t, p.alice, p.bob, did.DID{}, "", "later")
		same(t, "meanwhile", j.String(), "quick")
		time.Sleep(2 * time.Hour)
		same(t, "at last", j.String(), "quick slow behind later")
	})
}

// More slow senders than there are places: the others come when one is free, and no more run at once.
func TestHandlersAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		running, most := make(chan int, 1), 0
		running <- 0
		p.bob.Mux.Handle(lineType, messaging.HandlerFunc(func(context.Context, messaging.Replier, *messaging.Received) error {
			n := <-running + 1
			most = max(most, n)
			running <- n
			time.Sleep(time.Minute)
			running <- <-running - 1
			return nil
		}))
		for i := range 20 {
			deposit(t, third(t, p, fmt.Sprint("guest", i)), p.bob, did.DID{}, "", "m")
		}
		start(t, p.bob)
		time.Sleep(10 * time.Minute)
		same(t, "handled", len(received(t, p.bob, inbox.Consumed)), 20)
		<-running
		same(t, "at once", most, 8)
	})
}

// many deposits more messages than a page of the handler's lists holds; all are handled, in order.
func TestManyPages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		var want []string
		for i := range 200 {
			want = append(want, fmt.Sprint(i))
		}
		deposit(t, p.alice, p.bob, did.DID{}, "", want...)
		start(t, p.bob)
		time.Sleep(time.Second)
		same(t, "kept", received(t, p.bob, inbox.Kept), want)
	})
}

// The pauses between tries grow, and start again with the next message.
func TestHandlerPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		var tries []time.Time
		p.bob.Node.HandlerTries = 8
		p.bob.Mux.Handle(lineType, messaging.HandlerFunc(func(context.Context, messaging.Replier, *messaging.Received) error {
			tries = append(tries, time.Now())
			return errors.New("no")
		}))
		deposit(t, p.alice, p.bob, did.DID{}, "", "m")
		stop := p.bob.Start(t.Context())
		time.Sleep(time.Hour)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if len(tries) != 8 {
			t.Fatalf("%d tries", len(tries))
		}
		for i := 1; i < len(tries); i++ {
			want := 2 * time.Second << (i - 1)
			if d := tries[i].Sub(tries[i-1]); d < want*3/4 || d > want*5/4+time.Millisecond {
				t.Errorf("pause %d: %v, want %v give or take a quarter", i, d, want)
			}
		}
	})
}

// failing is a store in which single operations fail.
type failing struct {
	messaging.Store
	handled func(replies []inbox.Parcel) error
	advance func() error
}

func (s failing) Handled(ctx context.Context, owner did.DID, seq int64, d inbox.Disposition, ps ...inbox.Parcel) error {
	if s.handled != nil {
		if err := s.handled(ps); err != nil {
			return err
		}
	}
	return s.Store.Handled(ctx, owner, seq, d, ps...)
}

func (s failing) Advance(ctx context.Context, owner, to did.DID, ids []string, st inbox.State, now time.Time) (int, error) {
	if err := s.advance(); err != nil {
		return 0, err
	}
	return s.Store.Advance(ctx, owner, to, ids, st, now)
}

// An acknowledgement that cannot be queued holds up its own sender alone, and in the end its message is put aside.
// One for which there is no room, or whose id is taken, is dropped: the message is its reader's all the same.
func TestRepliesThatCannotBeQueued(t *testing.T) {
	t.Parallel()
	tests := []struct {
		reason       error
		kept, asides []string
	}{
		{inbox.ErrFull, []string{"1", "c1", "c2"}, nil},
		{inbox.ErrTooLarge, []string{"c1", "c2"}, []string{"1"}},
		{inbox.ErrConflict, []string{"1", "c1", "c2"}, nil},
	}
	for _, test := range tests {
		t.Run(test.reason.Error(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := mustPair(t)
				carol := third(t, p, "carol")
				p.bob.Node.Store = failing{Store: p.bob.Store, handled: func(ps []inbox.Parcel) error {
					if len(ps) > 0 && ps[0].To == p.alice.DID() {
						return fmt.Errorf("enqueue: %w", test.reason)
					}
					return nil
				}}
				deposit(t, p.alice, p.bob, did.DID{}, `,"please_ack":[""]`, "1")
				start(t, p.bob)
				time.Sleep(time.Second)
				deposit(t, carol, p.bob, did.DID{}, "", "c1", "c2")
				time.Sleep(time.Second)
				same(t, "kept", received(t, p.bob, inbox.Kept), test.kept)
				time.Sleep(24 * time.Hour)
				same(t, "put aside", received(t, p.bob, inbox.Rejected), test.asides)
			})
		})
	}
}

// Trouble with counting an acknowledgement is not the handler's failure: the message that carries it is
// handled once the store works again, or at once where what it acknowledges is damaged for good.
func TestTroubleWithAcks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		until := time.Now().Add(time.Hour)
		p.bob.Node.Store = failing{Store: p.bob.Store, advance: func() error {
			if time.Now().Before(until) {
				return errors.New("the disk is full")
			}
			return inbox.ErrDamaged
		}}
		deposit(t, p.alice, p.bob, did.DID{}, `,"ack":["x"]`, "m")
		start(t, p.bob)
		time.Sleep(time.Hour - time.Second)
		same(t, "meanwhile", received(t, p.bob, inbox.Kept), []string(nil))
		time.Sleep(10 * time.Second)
		same(t, "afterwards", received(t, p.bob, inbox.Kept), []string{"m"})
	})
}

// A closed store ends the node with an error.
func TestClosedStoreEndsTheNode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		stop := p.bob.Start(t.Context())
		time.Sleep(time.Second)
		if err := p.bob.Store.Close(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := stop(); !errors.Is(err, inbox.ErrClosed) {
			t.Errorf("Run: %v, want ErrClosed", err)
		}
	})
}
