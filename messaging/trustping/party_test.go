package trustping_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/messagingtest"
	"github.com/parley-im/parley/messaging/trustping"
)

// A ping goes to another wallet and its response comes back, over a path that delivers everything twice.
func TestBetweenWallets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var n messagingtest.Network
		alice, err := n.NewParty("alice")
		if err != nil {
			t.Fatal(err)
		}
		bob, err := n.NewParty("bob")
		if err != nil {
			t.Fatal(err)
		}
		if err := messagingtest.Befriend(t.Context(), alice, bob); err != nil {
			t.Fatal(err)
		}
		n.Duplicate(2)
		n.Latency(time.Second)
		responses := make(chan *messaging.Received, 9)
		alice.Mux.Handle(trustping.Protocol, trustping.Handler{OnResponse: func(m *messaging.Received) { responses <- m }})
		bob.Mux.Handle(trustping.Protocol, trustping.Handler{})
		stops := []func() error{alice.Start(t.Context()), bob.Start(t.Context())}
		ping := trustping.Ping(bob.DID(), true)
		if err := alice.Node.Send(t.Context(), ping); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if len(responses) != 1 {
			t.Fatalf("%d responses, want 1", len(responses))
		}
		if m := <-responses; m.Thread() != ping.ID || m.Sender != bob.DID() {
			t.Errorf("a response in thread %q from %v, want %q from bob", m.Thread(), m.Sender, ping.ID)
		}
		for _, stop := range stops {
			if err := stop(); err != nil {
				t.Error(err)
			}
		}
	})
}
