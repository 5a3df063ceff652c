package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/internal/control"
)

// offered is a change of bob's keys at noon that waits for a decision.
func offered(keys string) *control.KeyOffer {
	return &control.KeyOffer{Pinned: strings.Repeat("5f", 32), Offered: strings.Repeat(keys, 32), At: today(12, 0), WasVerified: true}
}

// keys sets what keys bob offers; nil takes the offer back.
func (s *seat) keys(o *control.KeyOffer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bob.Offer = o
}

// A chat with somebody whose keys have changed says so before anything is typed, asks nothing of those keys, and says
// when they are believed again.
func TestChatWithChangedKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sit(t, 80, 20)
		s.bob.Offer = offered("c0")
		s.p.quiet = true
		w := s.begin()
		const head = "bob's keys changed just now (was verified). Nothing is sent to them, and what\n  they write is held: parley verify bob\n"
		s.expect(head + ">")
		for _, call := range w.Calls() {
			if call.Method == "Ping" {
				t.Error("they were greeted")
			}
		}
		s.p.quiet = false
		s.keys(nil)
		time.Sleep(requestsEvery + time.Second)
		synctest.Wait()
		s.expect(head + "(what you write to bob is sent again)\n>")
		s.end()
	})
}

// A change is told while one talks: once, and again for other keys. What was refused for it has told it.
func TestChatLearnsOfChangedKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sit(t, 80, 20)
		s.begin()
		s.keys(offered("c0"))
		time.Sleep(3 * requestsEvery)
		synctest.Wait()
		s.keys(offered("d1"))
		s.mu.Lock()
		s.refuse = &control.Error{Code: control.CodeTrust, Hint: "Compare: parley verify bob",
			Message: "bob's keys changed just now (was verified). Nothing was sent.", Offer: offered("d1")}
		s.mu.Unlock()
		s.enters("for bob only")
		time.Sleep(3 * requestsEvery)
		synctest.Wait()
		s.expect(`
Talking with bob. /help for more, Ctrl-D ends it.
(bob is online)
bob's keys changed just now (was verified). Nothing is sent to them, and what
  they write is held: parley verify bob
✗ not sent: bob's keys changed just now (was verified). Nothing was sent.
  pinned  5f5f 5f5f 5f5f 5f5f 5f5f 5f5f 5f5f 5f5f
  now     d1d1 d1d1 d1d1 d1d1 d1d1 d1d1 d1d1 d1d1
  Compare: parley verify bob
>`)
		s.end()
	})
}

// Whoever does not answer because of changed keys is not said to be away: what is written then is not kept.
func TestChatGreetsChangedKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sit(t, 80, 10)
		s.pinged = &control.Error{Code: control.CodeTrust, Message: "bob's keys changed"}
		s.greeted = func() { s.bob.Offer = offered("c0") }
		s.begin()
		s.expect(`
Talking with bob. /help for more, Ctrl-D ends it.
bob's keys changed just now (was verified). Nothing is sent to them, and what
  they write is held: parley verify bob
>`)
		s.end()
	})
}
