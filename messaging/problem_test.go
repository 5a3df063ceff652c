package messaging_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/messagingtest"
)

const reportType = "https://didcomm.org/report-problem/2.0/problem-report"

// complain has a party give up every message, and report that as a wallet does. It returns the count of calls.
func complain(p *messagingtest.Party) *atomic.Int64 {
	calls := new(atomic.Int64)
	p.Mux.Default = messaging.HandlerFunc(func(_ context.Context, re messaging.Replier, m *messaging.Received) error {
		calls.Add(1)
		if err := re.Reply(&messaging.Message{ID: "re-" + m.ID, Type: lineType}); err != nil && !m.Sender.IsZero() {
			return err
		}
		return fmt.Errorf("wrapped: %w", &messaging.Problem{Code: "e.m.msg", Comment: "cannot be read"})
	})
	p.Node.Report = func(_ *messaging.Received, p *messaging.Problem) *messaging.Message {
		m := &messaging.Message{Type: reportType}
		if err := m.SetBody(map[string]string{"code": p.Code, "comment": p.Comment}); err != nil {
			panic(err)
		}
		return m
	}
	return calls
}

// A problem ends the handling of its message at once and is told to its sender, in a thread beneath that of
// the message, and without what the handler replied before.
func TestProblemIsReported(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		p.bob.Node.Receipt = receipt
		calls := complain(p.bob)
		deposit(t, p.alice, p.bob, did.DID{}, `,"please_ack":[""],"thid":"talk"`, "m")
		start(t, p.bob)
		time.Sleep(3 * time.Hour)
		same(t, "calls", calls.Load(), int64(1))
		same(t, "rejected", received(t, p.bob, inbox.Rejected), []string{"m"})
		ps, err := p.bob.Store.Sent(t.Context(), inbox.SentQuery{})
		if err != nil || len(ps) != 1 {
			t.Fatalf("%d queued, %v; want the report", len(ps), err)
		}
		m, err := messaging.ParseMessage(ps[0].Payload)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "type", m.Type, reportType)
		same(t, "threads", []string{m.ParentThreadID, m.ThreadID}, []string{"talk", ""})
		same(t, "to", fmt.Sprint(m.To), fmt.Sprint([]did.DID{p.alice.DID()}))
		same(t, "body", string(m.Body), `{"code":"e.m.msg","comment":"cannot be read"}`)
		if !strings.HasPrefix(m.ID, "problem-") || len(m.Ack) > 0 {
			t.Errorf("id %q, ack %v", m.ID, m.Ack)
		}
	})
}

// Nobody is told of problems with what would be answered in turn, and nobody who is no contact.
func TestProblemsThatAreNotReported(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		uri    string
		change func(t *testing.T, p *pair)
	}{
		"with a problem report": {"https://didcomm.org/report-problem/2.0/problem-report", nil},
		"with its other form":   {"https://didcomm.org/reportproblem/2.1/x", nil},
		"with a receipt":        {receiptType, nil},
		"with an ack":           {messaging.EmptyType, nil},
		"with a forward":        {"https://didcomm.org/routing/2.0/forward", nil},
		"of a blocked contact": {lineType, func(t *testing.T, p *pair) {
			if err := p.bob.Store.UpdateContact(t.Context(), p.alice.DID(), func(c *inbox.Contact) error { c.Blocked = true; return nil }); err != nil {
				t.Fatal(err)
			}
		}},
		"of a former contact": {lineType, func(t *testing.T, p *pair) {
			if err := p.bob.Store.RemoveContact(t.Context(), p.alice.DID()); err != nil {
				t.Fatal(err)
			}
		}},
		"when there is no Report": {lineType, func(_ *testing.T, p *pair) { p.bob.Node.Report = nil }},
		"when it makes none": {lineType, func(_ *testing.T, p *pair) {
			p.bob.Node.Report = func(*messaging.Received, *messaging.Problem) *messaging.Message { return nil }
		}},
		"when it is no message": {lineType, func(_ *testing.T, p *pair) {
			p.bob.Node.Report = func(*messaging.Received, *messaging.Problem) *messaging.Message { return &messaging.Message{} }
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := mustPair(t)
				complain(p.bob)
				p.bob.Mux.Default = messaging.HandlerFunc(func(context.Context, messaging.Replier, *messaging.Received) error {
					return &messaging.Problem{Code: "e.m"}
				})
				accept(t, p.bob, did.DID{}, forge{from: p.alice, to: p.bob}.seal(t, typed(p, "m", tc.uri, "")))
				if tc.change != nil {
					tc.change(t, p)
				}
				start(t, p.bob)
				time.Sleep(time.Hour)
				same(t, "queued", told(t, p.bob), []string(nil))
				same(t, "rejected", received(t, p.bob, inbox.Rejected), []string{"m"})
			})
		})
	}
}

// One contact is sent 16 reports in any hour, whatever it sends; others are not affected.
func TestReportsAreFew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		carol := third(t, p, "carol")
		complain(p.bob)
		start(t, p.bob)
		flood := func(from *messagingtest.Party, prefix string, n int) {
			for i := range n {
				deposit(t, from, p.bob, did.DID{}, "", fmt.Sprint(prefix, i))
			}
			time.Sleep(time.Second)
		}
		flood(p.alice, "a", 50)
		same(t, "after a flood", len(told(t, p.bob)), 16)
		flood(carol, "c", 1)
		same(t, "to another", len(told(t, p.bob)), 17)
		time.Sleep(59 * time.Minute)
		flood(p.alice, "b", 20)
		same(t, "within the hour", len(told(t, p.bob)), 17)
		time.Sleep(time.Minute)
		flood(p.alice, "d", 20)
		same(t, "after it", len(told(t, p.bob)), 33)
		same(t, "rejected", len(received(t, p.bob, inbox.Rejected)), 91)
	})
}

// Two who can make nothing of each other's messages do not report for ever.
func TestReportsDoNotLoop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		for _, x := range []*messagingtest.Party{p.alice, p.bob} {
			complain(x)
			start(t, x)
		}
		send(t, p.alice, line(p.bob.DID(), "m"))
		time.Sleep(24 * time.Hour)
		same(t, "by alice", told(t, p.alice), []string{"line []"})
		same(t, "by bob", told(t, p.bob), []string{"problem-report []"})
	})
}

// A report for which there is no room does not keep the message from being given up.
func TestReportWithoutRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		calls := complain(p.bob)
		p.bob.Node.Store = failing{Store: p.bob.Store, handled: func(replies []inbox.Parcel) error {
			if len(replies) > 0 {
				return inbox.ErrFull
			}
			return nil
		}}
		deposit(t, p.alice, p.bob, did.DID{}, "", "m")
		start(t, p.bob)
		time.Sleep(time.Hour)
		same(t, "calls", calls.Load(), int64(1))
		same(t, "rejected", received(t, p.bob, inbox.Rejected), []string{"m"})
	})
}

// A nil problem is an error like any other.
func TestNilProblem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		p.bob.Node.HandlerTries = 2
		p.bob.Mux.Default = messaging.HandlerFunc(func(context.Context, messaging.Replier, *messaging.Received) error {
			return errors.Join((*messaging.Problem)(nil))
		})
		deposit(t, p.alice, p.bob, did.DID{}, "", "m")
		start(t, p.bob)
		time.Sleep(time.Hour)
		same(t, "rejected", received(t, p.bob, inbox.Rejected), []string{"m"})
	})
}

// The default number of tries takes about as long as it says.
func TestDefaultHandlerTries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		began := time.Now()
		var calls, last atomic.Int64
		p.bob.Mux.Default = messaging.HandlerFunc(func(context.Context, messaging.Replier, *messaging.Received) error {
			calls.Add(1)
			last.Store(int64(time.Since(began)))
			return errors.New("no")
		})
		deposit(t, p.alice, p.bob, did.DID{}, "", "m")
		start(t, p.bob)
		time.Sleep(24 * time.Hour)
		same(t, "calls", calls.Load(), int64(30))
		if d := time.Duration(last.Load()); d < 90*time.Minute || d > 150*time.Minute {
			t.Errorf("tried for %v, want about two hours", d)
		}
	})
}
