package messagingtest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/messagingtest"
)

// receiver notes what it is asked and answers with verdict.
type receiver struct {
	mu      sync.Mutex // guards log
	log     []string
	admit   error
	as      messaging.Admission // what those who are admitted are told
	verdict messaging.Verdict
	hold    chan struct{} // if not nil, Accept waits for it or for the end of its context
}

func (r *receiver) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = append(r.log, fmt.Sprintf(format, args...))
}

// taken returns the log so far and starts a new one.
func (r *receiver) taken() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	log := r.log
	r.log = nil
	return log
}

func (r *receiver) Admit(_ context.Context, id did.DID, claim []byte) (messaging.Admission, error) {
	r.note("admit %s %q", nameOf(id), claim)
	return r.as, r.admit
}

func (r *receiver) Met(_ context.Context, p messaging.Peer) {
	lives := ""
	if p.Life != (inbox.Life{}) || p.Saw != (inbox.Life{}) {
		lives = fmt.Sprintf(", life %d, saw %d", p.Life.Count, p.Saw.Count)
	}
	r.note("met %s at %s%s", nameOf(p.DID), p.Addresses, lives)
}

func (r *receiver) Accept(ctx context.Context, from did.DID, sealed [][]byte) []messaging.Verdict {
	if r.hold != nil {
		select {
		case <-r.hold:
		case <-ctx.Done():
		}
	}
	r.note("accept %s %q", nameOf(from), sealed)
	return slices.Repeat([]messaging.Verdict{r.verdict}, len(sealed))
}

// end is one node of a test.
type end struct {
	*messagingtest.Transport
	receiver
	stop func()
}

func didOf(name string) did.DID { return did.MustParse("did:example:" + name) }

func nameOf(id did.DID) string { return strings.TrimPrefix(id.String(), "did:example:") }

// serve starts a node within a bubble.
func serve(t *testing.T, n *messagingtest.Network, name string) *end {
	t.Helper()
	e := &end{Transport: n.Transport(name), receiver: receiver{verdict: messaging.Verdict{Kind: messaging.Accepted}}}
	e.Identity = messaging.Identity{DID: didOf(name)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := e.Serve(ctx, &e.receiver); err != nil {
			t.Errorf("serve %s: %v", name, err)
		}
	}()
	e.stop = func() { cancel(); <-done }
	synctest.Wait()
	return e
}

// delivery goes from one node to another.
func delivery(from, to string, envelopes ...string) messaging.Delivery {
	d := messaging.Delivery{From: didOf(from), To: didOf(to), Endpoint: did.Endpoint{URI: "mem:" + to}}
	for _, e := range envelopes {
		d.Envelopes = append(d.Envelopes, []byte(e))
	}
	return d
}

// reached sends and says in short what came of it: D(elivered), W(ritten), R(efused), B(usy) for each
// envelope, then the error if there is one.
func reached(ctx context.Context, from *end, d messaging.Delivery) string {
	results, err := from.Send(ctx, d)
	out := ""
	for _, r := range results {
		switch {
		case r.Err != nil && permanent(r.Err):
			out += "R"
		case r.Err != nil:
			out += "B"
		default:
			out += map[messaging.Reach]string{messaging.Delivered: "D", messaging.Written: "W"}[r.Reach]
		}
	}
	switch {
	case err != nil && permanent(err):
		out += " for good"
	case err != nil:
		out += " broken"
	}
	return out
}

func permanent(err error) bool {
	var d *messaging.DeliveryError
	return errors.As(err, &d) && d.Permanent
}

func expect(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// bubble runs f with a network and two nodes, and stops them.
func bubble(t *testing.T, f func(t *testing.T, n *messagingtest.Network, a, b *end)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var n messagingtest.Network
		a, b := serve(t, &n, "a"), serve(t, &n, "b")
		f(t, &n, a, b)
		a.stop()
		b.stop()
	})
}

func TestSendGreetsOnce(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, _ *messagingtest.Network, a, b *end) {
		d := delivery("a", "b", "one", "two")
		d.Claim = []byte("please")
		expect(t, "results", reached(t.Context(), a, d), "DD")
		expect(t, "the receiver was asked", b.taken(), []string{
			`admit a "please"`, "met a at [mem:a]", `accept a ["one" "two"]`,
		})
		expect(t, "the sender learnt", a.taken(), []string{"met b at [mem:b]"})
		expect(t, "results", reached(t.Context(), a, delivery("a", "b", "three")), "D")
		expect(t, "the second time", b.taken(), []string{`accept a ["three"]`})
		expect(t, "a greeting alone", reached(t.Context(), a, delivery("a", "b")), "")
		expect(t, "is always made", b.taken(), []string{`admit a ""`, "met a at [mem:a]"})
		expect(t, "by both", a.taken(), []string{"met b at [mem:b]"})
	})
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, _ *messagingtest.Network, a, b *end) {
		for _, tc := range []struct {
			verdict messaging.Verdict
			want    string
		}{
			{messaging.Verdict{Kind: messaging.Accepted}, "D"},
			{messaging.Verdict{Kind: messaging.Duplicate}, "D"},
			{messaging.Verdict{Kind: messaging.Held}, "W"},
			{messaging.Verdict{Kind: messaging.Refused, Code: messaging.CodeExpired}, "R"},
			{messaging.Verdict{Kind: messaging.Busy, After: time.Minute}, "B"},
			{messaging.Verdict{}, "B"},
		} {
			b.verdict = tc.verdict
			expect(t, fmt.Sprint(tc.verdict), reached(t.Context(), a, delivery("a", "b", "x")), tc.want)
		}
		b.verdict = messaging.Verdict{Kind: messaging.Refused, Code: messaging.CodeExpired}
		results, err := a.Send(t.Context(), delivery("a", "b", "x"))
		if err != nil {
			t.Fatal(err)
		}
		var r *messaging.Refusal
		if !errors.As(results[0].Err, &r) || r.Code != messaging.CodeExpired {
			t.Errorf("refused with %v, want the code %s", results[0].Err, messaging.CodeExpired)
		}
		b.verdict = messaging.Verdict{Kind: messaging.Busy, After: time.Minute}
		results, err = a.Send(t.Context(), delivery("a", "b", "x"))
		if err != nil {
			t.Fatal(err)
		}
		var d *messaging.DeliveryError
		if !errors.As(results[0].Err, &d) || d.After != time.Minute {
			t.Errorf("busy as %v, want After of a minute", results[0].Err)
		}
	})
}

// Greetings tell both ends of lives what the other chose to tell, and a stranger learns no address.
func TestGreetingsTellOfLives(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, _ *messagingtest.Network, a, b *end) {
		b.as = messaging.Admission{Life: inbox.Life{Count: 1}, Saw: inbox.Life{Count: 2}}
		d := delivery("a", "b")
		d.Life, d.Saw = inbox.Life{Count: 3}, inbox.Life{Count: 4}
		expect(t, "a greeting", reached(t.Context(), a, d), "")
		expect(t, "the receiver learnt", b.taken()[1:], []string{"met a at [mem:a], life 3, saw 4"})
		expect(t, "the sender learnt", a.taken(), []string{"met b at [mem:b], life 1, saw 2"})
		b.as = messaging.Admission{Guest: true}
		expect(t, "by a stranger", reached(t.Context(), a, delivery("a", "b")), "")
		expect(t, "who learnt", a.taken(), []string{"met b at []"})
		d = delivery("a", "b")
		d.Claim = []byte("please")
		expect(t, "by a claimer", reached(t.Context(), a, d), "")
		expect(t, "who learnt", a.taken(), []string{"met b at [mem:b]"})
	})
}

func TestNotAdmitted(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, _ *messagingtest.Network, a, b *end) {
		for _, tc := range []struct {
			admit error
			want  string
		}{
			{&messaging.Refusal{Code: messaging.CodeStranger}, " for good"},
			{&messaging.Refusal{Code: messaging.CodeBusy}, " broken"},
			{errors.New("the disk is full"), " broken"},
		} {
			b.admit = tc.admit
			expect(t, tc.admit.Error(), reached(t.Context(), a, delivery("a", "b", "x")), tc.want)
			expect(t, "nothing else happened", b.taken(), []string{`admit a ""`})
		}
		expect(t, "the sender met nobody", a.taken(), []string(nil))
		b.admit = nil
		expect(t, "after that", reached(t.Context(), a, delivery("a", "b", "x")), "D")
	})
}

func TestWrongDID(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, _ *messagingtest.Network, a, b *end) {
		d := delivery("a", "b", "x")
		d.To = didOf("c")
		expect(t, "to another DID than lives there", reached(t.Context(), a, d), " broken") // it may come back
		d = delivery("c", "b", "x")
		expect(t, "from a DID that is not ours", reached(t.Context(), a, d), " broken")
		expect(t, "nothing arrived", b.taken(), []string(nil))
	})
}

func TestOffline(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, n *messagingtest.Network, a, b *end) {
		send := func() string { return reached(t.Context(), a, delivery("a", "b", "x")) }
		expect(t, "at first", send(), "D")
		for name, breakIt := range map[string]func(){
			"receiver offline": func() { n.Cut("b") },
			"sender offline":   func() { n.Cut("a") },
			"partition":        func() { n.Partition("b", "a") },
		} {
			breakIt()
			b.taken()
			expect(t, name, send(), " broken")
			expect(t, name+": nothing arrived", b.taken(), []string(nil))
			n.Heal("a")
			n.Heal("b")
			expect(t, name+", healed", send(), "D")
			expect(t, name+": greeted again", len(b.taken()), 3)
		}
		expect(t, "an unknown name", reached(t.Context(), a, delivery("a", "nobody", "x")), " broken")
	})
}

func TestThirdNodeIsUnaffected(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, n *messagingtest.Network, a, _ *end) {
		c := serve(t, n, "c")
		n.Partition("a", "b")
		expect(t, "a to b", reached(t.Context(), a, delivery("a", "b", "x")), " broken")
		expect(t, "a to c", reached(t.Context(), a, delivery("a", "c", "x")), "D")
		expect(t, "c to b", reached(t.Context(), c, delivery("c", "b", "x")), "D")
		c.stop()
	})
}

// The path may break after the receiver has committed: the sender must not believe that it was delivered.
func TestAnswerLostAfterCommit(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, n *messagingtest.Network, a, b *end) {
		b.hold = make(chan struct{})
		got := make(chan string)
		go func() { got <- reached(t.Context(), a, delivery("a", "b", "x")) }()
		synctest.Wait()
		n.Cut("b")
		close(b.hold)
		expect(t, "result", <-got, " broken")
		expect(t, "committed", slices.Contains(b.taken(), `accept a ["x"]`), true)
	})
}

func TestLatency(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, n *messagingtest.Network, a, _ *end) {
		n.Latency(100 * time.Millisecond)
		start := time.Now()
		expect(t, "first", reached(t.Context(), a, delivery("a", "b", "x")), "D")
		expect(t, "two round trips", time.Since(start), 400*time.Millisecond)
		start = time.Now()
		expect(t, "second", reached(t.Context(), a, delivery("a", "b", "x")), "D")
		expect(t, "one round trip", time.Since(start), 200*time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
		defer cancel()
		start = time.Now()
		expect(t, "given up", reached(ctx, a, delivery("a", "b", "x")), " broken")
		expect(t, "in time", time.Since(start), 150*time.Millisecond)
	})
}

func TestDuplicate(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, n *messagingtest.Network, a, b *end) {
		n.Duplicate(3)
		expect(t, "results", reached(t.Context(), a, delivery("a", "b", "x", "y")), "DD")
		expect(t, "arrived", b.taken()[2:], slices.Repeat([]string{`accept a ["x" "y"]`}, 3))
	})
}

func TestSimplex(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, n *messagingtest.Network, a, b *end) {
		n.Simplex("b")
		b.verdict = messaging.Verdict{Kind: messaging.Refused}
		expect(t, "results", reached(t.Context(), a, delivery("a", "b", "x", "y")), "WW")
		expect(t, "arrived without a sender", b.taken(), []string{`accept  ["x"]`, `accept  ["y"]`})
		expect(t, "nobody was met", a.taken(), []string(nil))
		n.Loss(1, 7)
		expect(t, "with loss", reached(t.Context(), a, delivery("a", "b", "x")), "W")
		n.Cut("b")
		expect(t, "offline", reached(t.Context(), a, delivery("a", "b", "x")), " broken")
	})
}

// Of many sends some get through, some are lost before the commit and some after, and the sender is never
// told more than is true.
func TestLoss(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, n *messagingtest.Network, a, b *end) {
		n.Loss(0.3, 42)
		const sends = 500
		delivered, lost, committedOnly := 0, 0, 0
		for range sends {
			b.taken()
			got := reached(t.Context(), a, delivery("a", "b", "x"))
			committed := slices.Contains(b.taken(), `accept a ["x"]`)
			switch {
			case got == "D" && committed:
				delivered++
			case got == " broken" && committed:
				committedOnly++
			case got == " broken":
				lost++
			default:
				t.Fatalf("got %q, committed %v", got, committed)
			}
		}
		t.Logf("%d delivered, %d lost, %d committed without an answer", delivered, lost, committedOnly)
		if delivered < sends/2 || lost < sends/20 || committedOnly < sends/20 {
			t.Errorf("%d delivered, %d lost, %d committed without an answer: not a loss of 30 %%", delivered, lost, committedOnly)
		}
	})
}

// Within a batch the path breaks in the middle: what is known is known from the first one on.
func TestLossWithinBatch(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, n *messagingtest.Network, a, b *end) {
		n.Loss(0.2, 1)
		seen := map[int]int{}
		for range 300 {
			b.taken()
			results, _ := a.Send(t.Context(), delivery("a", "b", "1", "2", "3", "4"))
			arrived := 0
			for _, line := range b.taken() {
				if strings.HasPrefix(line, "accept") {
					arrived = strings.Count(line, `"`) / 2
				}
			}
			if len(results) > arrived {
				t.Fatalf("%d results for %d arrived envelopes", len(results), arrived)
			}
			seen[len(results)]++
		}
		for i := range 5 {
			if seen[i] == 0 {
				t.Errorf("never %d results: %v", i, seen)
			}
		}
	})
}

func TestSendWaitsForServe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var n messagingtest.Network
		b := serve(t, &n, "b")
		a := &end{Transport: n.Transport("a"), receiver: receiver{}}
		a.Identity = messaging.Identity{DID: didOf("a")}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		expect(t, "never served", reached(ctx, a, delivery("a", "b", "x")), " broken")
		got := make(chan string)
		go func() { got <- reached(t.Context(), a, delivery("a", "b", "x")) }()
		synctest.Wait()
		ctx, stop := context.WithCancel(t.Context())
		go func() { _ = a.Serve(ctx, &a.receiver) }()
		expect(t, "served later", <-got, "D")
		stop()
		synctest.Wait()
		expect(t, "served no more", reached(t.Context(), a, delivery("a", "b", "x")), " broken")
		b.stop()
	})
}

func TestServeTwice(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, n *messagingtest.Network, a, b *end) {
		if err := a.Serve(t.Context(), &a.receiver); err == nil {
			t.Error("a transport was served twice")
		}
		if err := n.Transport("b").Serve(t.Context(), &b.receiver); err == nil {
			t.Error("two transports serve one name")
		}
		b.stop()
		expect(t, "gone", reached(t.Context(), a, delivery("a", "b", "x")), " broken")
		again := serve(t, n, "b")
		expect(t, "back", reached(t.Context(), a, delivery("a", "b", "x")), "D")
		expect(t, "greeted anew", len(again.taken()), 3)
		again.stop()
	})
}

// Serve ends what is being received and returns only then.
func TestServeEndsAccept(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, _ *messagingtest.Network, a, b *end) {
		b.hold = make(chan struct{})
		got := make(chan string)
		go func() { got <- reached(t.Context(), a, delivery("a", "b", "x")) }()
		synctest.Wait()
		b.stop()
		expect(t, "accepted before Serve returned", slices.Contains(b.taken(), `accept a ["x"]`), true)
		// Whether the answer still gets out is a race, as it is on a real path; both are true.
		if answer := <-got; answer != " broken" && answer != "D" {
			t.Errorf("the sender was told %q", answer)
		}
	})
}

func TestSendGivesUp(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, _ *messagingtest.Network, a, b *end) {
		b.hold = make(chan struct{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		expect(t, "with a receiver that hangs", reached(ctx, a, delivery("a", "b", "x")), " broken")
		close(b.hold)
	})
}

func TestHandles(t *testing.T) {
	t.Parallel()
	tr := new(messagingtest.Network).Transport("a")
	for uri, want := range map[string]bool{"mem:a": true, "mem:b": true, "libp2p-peerId:x": false, "": false} {
		if got := tr.Handles(did.Endpoint{URI: uri}); got != want {
			t.Errorf("Handles(%q) = %v, want %v", uri, got, want)
		}
	}
	expect(t, "URI", tr.URI(), "mem:a")
}
