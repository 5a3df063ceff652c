package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/did/fetch"
)

// crowd starts n requests to each host that stay until they are told to leave, and counts those at work.
func crowd(t *testing.T, turns fetch.Turns, hosts []string, n int) (atWork func() map[string]int, leave func()) {
	t.Helper()
	started := make(chan string, len(hosts)*n)
	stay := make(chan struct{})
	for _, host := range hosts {
		for range n {
			go func() {
				out, err := turns.Enter(t.Context(), host)
				if err != nil {
					t.Error(err)
					return
				}
				started <- host
				<-stay
				out()
			}()
		}
	}
	counts := make(map[string]int)
	atWork = func() map[string]int {
		synctest.Wait()
		for len(started) > 0 {
			counts[<-started]++
		}
		return counts
	}
	return atWork, func() { close(stay) }
}

func TestTurnsPerHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := fetch.NewTurns(16, 2)
		atWork, leave := crowd(t, turns, []string{"a.example", "b.example"}, 50)
		if got := atWork(); got["a.example"] != 2 || got["b.example"] != 2 {
			t.Errorf("at work are %v, want 2 of each host", got)
		}
		leave()
		if got := atWork(); got["a.example"] != 50 || got["b.example"] != 50 {
			t.Errorf("had their turn %v, want all", got)
		}
		if n := turns.Hosts(); n != 0 {
			t.Errorf("%d hosts are remembered after all", n)
		}
	})
}

func TestTurnsOfAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hosts []string
		for i := range 40 {
			hosts = append(hosts, fmt.Sprintf("%d.example.com", i))
		}
		turns := fetch.NewTurns(16, 2)
		atWork, leave := crowd(t, turns, hosts, 3)
		if got := total(atWork()); got != 16 {
			t.Errorf("%d are at work, want 16", got)
		}
		leave()
		if got := total(atWork()); got != 120 {
			t.Errorf("%d had their turn, want all 120", got)
		}
	})
}

// TestCrowdAtOneHostKeepsNobodyOut is why a host's turn comes first.
func TestCrowdAtOneHostKeepsNobodyOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := fetch.NewTurns(4, 2)
		atWork, leave := crowd(t, turns, []string{"slow.example"}, 100)
		if got := atWork()["slow.example"]; got != 2 {
			t.Errorf("%d are at work, want 2", got)
		}
		if out, err := turns.Enter(t.Context(), "other.example"); err != nil {
			t.Error(err)
		} else {
			out()
		}
		leave()
		atWork()
	})
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for name, turns := range map[string]fetch.Turns{"host": fetch.NewTurns(2, 1), "all": fetch.NewTurns(1, 2)} {
		out, err := turns.Enter(t.Context(), "a.example")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := turns.Enter(gone, "a.example"); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want the context's error", name, err)
		}
		out()
		if n := turns.Hosts(); n != 0 {
			t.Errorf("%s: %d hosts are remembered after all", name, n)
		}
		again, err := turns.Enter(t.Context(), "a.example")
		if err != nil {
			t.Fatal(err)
		}
		again()
	}
}

// TestGivenUpTurnIsFree has a request give up at the second of the two waits while another one waits at its host.
func TestGivenUpTurnIsFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := fetch.NewTurns(2, 2)
		_, leaveBusy := crowd(t, turns, []string{"busy.example"}, 2)
		synctest.Wait()
		atWork, leave := crowd(t, turns, []string{"a.example"}, 1)
		gone, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := turns.Enter(gone, "a.example"); !errors.Is(err, context.Canceled) {
			t.Errorf("Enter: %v", err)
		}
		leaveBusy()
		if got := atWork()["a.example"]; got != 1 {
			t.Errorf("%d are at work, want 1", got)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if out, err := turns.Enter(ctx, "a.example"); err != nil {
			t.Errorf("the turn that was given up is not free: %v", err)
		} else {
			out()
		}
		leave()
		atWork()
	})
}

func total(counts map[string]int) int {
	n := 0
	for _, c := range counts {
		n += c
	}
	return n
}
