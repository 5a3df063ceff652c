package messaging_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

const receiptType = "https://didcomm.org/receipts/1.0/message-receipts"

// receipt is a Node.Receipt as a wallet has one.
func receipt(m *messaging.Received, c inbox.Contact) *messaging.Message {
	if c.Receipts == inbox.ReceiptsNone {
		return nil
	}
	out := &messaging.Message{Type: receiptType}
	if err := out.SetBody(map[string]string{"received": m.ID}); err != nil {
		panic(err)
	}
	return out
}

// told returns what a party has queued, as "type acked>thread" with the last part of the type, sorted.
func told(t *testing.T, p *messagingtest.Party) []string {
	t.Helper()
	ps, err := p.Store.Sent(t.Context(), inbox.SentQuery{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, x := range ps {
		m, err := messaging.ParseMessage(x.Payload)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%s %v", m.Type[strings.LastIndex(m.Type, "/")+1:], m.Ack))
	}
	slices.Sort(out)
	return out
}

// typed is a plaintext from alice to bob of any type.
func typed(p *pair, id, uri, members string) string {
	return strings.Replace(plain(id, fromTo(p.alice, p.bob)+members), lineType, uri, 1)
}

// What a sender is told of a message by itself: by which path it came, what it is and asks for, and who the
// sender is decide.
func TestWhatASenderIsTold(t *testing.T) {
	t.Parallel()
	const please = `,"please_ack":[""]`
	didcomm := func(s string) string { return "https://didcomm.org/" + s }
	for name, tc := range map[string]struct {
		uri, members string
		answered     bool
		change       func(*inbox.Contact) error
		without      bool // a Receipt
		consumed     bool // by a program's handler
		want         []string
	}{
		"a message":                   {uri: lineType, want: []string{"message-receipts []"}},
		"that asks":                   {uri: lineType, members: please, want: []string{"message-receipts [m]"}},
		"that asks by its id":         {uri: lineType, members: `,"please_ack":["m"]`, want: []string{"message-receipts [m]"}},
		"that asks about another":     {uri: lineType, members: `,"please_ack":["o"]`, want: []string{"message-receipts []"}},
		"for a program":               {uri: lineType, members: please, consumed: true, want: []string{"message-receipts [m]"}},
		"that was answered":           {uri: lineType, members: please, answered: true},
		"answered, for a program":     {uri: lineType, members: please, answered: true, consumed: true},
		"without receipts":            {uri: lineType, members: please, without: true, want: []string{"empty [m]"}},
		"without receipts or asking":  {uri: lineType, without: true},
		"level none":                  {uri: lineType, members: please, change: func(c *inbox.Contact) error { c.Receipts = inbox.ReceiptsNone; return nil }},
		"blocked meanwhile":           {uri: lineType, members: please, change: func(c *inbox.Contact) error { c.Blocked = true; return nil }},
		"blocked, without receipts":   {uri: lineType, members: please, without: true, change: func(c *inbox.Contact) error { c.Blocked = true; return nil }},
		"a receipt":                   {uri: didcomm("receipts/1.0/message-receipts"), members: please},
		"a receipt written otherwise": {uri: didcomm("Receipts/1.2/x"), members: please},
		"an ack":                      {uri: didcomm("empty/1.0/empty"), members: please + `,"ack":["x"]`},
		"a problem report":            {uri: didcomm("report-problem/2.0/problem-report"), members: please},
		"a forward":                   {uri: didcomm("routing/2.0/forward"), members: please},
		"a ping":                      {uri: didcomm("trust-ping/2.0/ping"), members: please, want: []string{"empty [m]"}},
		"a profile":                   {uri: didcomm("user-profile/1.0/profile"), members: please, want: []string{"empty [m]"}},
		"a profile that asks nothing": {uri: didcomm("user-profile/1.0/profile")},
		"a profile at level none":     {uri: didcomm("user-profile/1.0/profile"), members: please, want: []string{"empty [m]"}, change: func(c *inbox.Contact) error { c.Receipts = inbox.ReceiptsNone; return nil }},
		"a query of features":         {uri: didcomm("discover-features/2.0/queries"), members: please, want: []string{"empty [m]"}},
		"somebody else's receipts":    {uri: "https://example.org/receipts/1.0/x", want: []string{"message-receipts []"}},
		"a question":                  {uri: didcomm("questionanswer/1.0/question"), want: []string{"message-receipts []"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := mustPair(t)
				if !tc.without {
					p.bob.Node.Receipt = receipt
				}
				if tc.consumed {
					p.bob.Mux.Default = messaging.HandlerFunc(func(context.Context, messaging.Replier, *messaging.Received) error { return nil })
				}
				path := did.DID{}
				if tc.answered {
					path = p.alice.DID()
				}
				v := accept(t, p.bob, path, forge{from: p.alice, to: p.bob}.seal(t, typed(p, "m", tc.uri, tc.members)))[0]
				same(t, "verdict", v, accepted())
				if tc.change != nil {
					if err := p.bob.Store.UpdateContact(t.Context(), p.alice.DID(), tc.change); err != nil {
						t.Fatal(err)
					}
				}
				start(t, p.bob)
				time.Sleep(3 * time.Hour)
				same(t, "told", told(t, p.bob), tc.want)
				settled := map[bool]inbox.Disposition{true: inbox.Consumed, false: inbox.Kept}[tc.consumed]
				same(t, "settled", received(t, p.bob, settled), []string{"m"})
			})
		})
	}
}

// A message of somebody who is no contact any more, or of nobody, is handled, and nobody is told.
func TestNobodyIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		p.bob.Node.Receipt = receipt
		deposit(t, p.alice, p.bob, did.DID{}, `,"please_ack":[""]`, "m")
		if err := p.bob.Store.RemoveContact(t.Context(), p.alice.DID()); err != nil {
			t.Fatal(err)
		}
		start(t, p.bob)
		time.Sleep(time.Hour)
		same(t, "told", told(t, p.bob), []string(nil))
		same(t, "kept", received(t, p.bob, inbox.Kept), []string{"m"})
	})
}

// A receipt has the same id each time, goes to the sender whatever Receipt says, and is not sent for a message
// that its handler has given up.
func TestReceiptIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustPair(t)
		carol := third(t, p, "carol")
		var calls, commits atomic.Int64
		p.bob.Node.Receipt = func(*messaging.Received, inbox.Contact) *messaging.Message {
			return &messaging.Message{ID: fmt.Sprint("mine", calls.Add(1)), Type: receiptType, To: []did.DID{carol.DID()}}
		}
		p.bob.Mux.Handle(lineType, messaging.HandlerFunc(func(_ context.Context, _ messaging.Replier, m *messaging.Received) error {
			if m.ID == "bad" {
				return &messaging.Problem{Code: "e.m.msg", Comment: "no"}
			}
			return nil
		}))
		p.bob.Node.Store = failing{Store: p.bob.Store, handled: func([]inbox.Parcel) error {
			if commits.Add(1) <= 2 {
				return errors.New("disk full")
			}
			return nil
		}}
		deposit(t, p.alice, p.bob, did.DID{}, "", "m", "bad")
		deposit(t, carol, p.bob, did.DID{}, "", "m")
		start(t, p.bob)
		time.Sleep(time.Minute)
		if n := calls.Load(); n < 3 {
			t.Errorf("made %d times: nothing failed", n)
		}
		ps, err := p.bob.Store.Sent(t.Context(), inbox.SentQuery{BySeq: true})
		if err != nil || len(ps) != 2 {
			t.Fatalf("%d queued, %v; want 2", len(ps), err)
		}
		ids := map[did.DID]string{}
		for _, x := range ps {
			ids[x.To] = x.MessageID
		}
		if a, c := ids[p.alice.DID()], ids[carol.DID()]; a == c || !strings.HasPrefix(a, "receipt-") || !strings.HasPrefix(c, "receipt-") {
			t.Errorf("receipts %q and %q", a, c)
		}
	})
}

// What acknowledgements do at the sender of the messages: each state advances as it may, for the message's own
// recipient alone, and nothing else changes anything.
func TestAcksAtTheSender(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		state inbox.State
		ack   string // JSON array
		by    string
		want  string
	}{
		"queued":                  {inbox.Queued, `["m"]`, "bob", "delivered"},
		"sent":                    {inbox.Sent, `["m"]`, "bob", "delivered"},
		"relayed":                 {inbox.Relayed, `["m"]`, "bob", "delivered"},
		"failed":                  {inbox.Failed, `["m"]`, "bob", "delivered"},
		"expired":                 {inbox.Expired, `["m"]`, "bob", "delivered"},
		"delivered":               {inbox.Delivered, `["m"]`, "bob", "delivered"},
		"read goes not back":      {inbox.Read, `["m"]`, "bob", "read"},
		"doubled":                 {inbox.Sent, `["m","m"]`, "bob", "delivered"},
		"among unknown ones":      {inbox.Sent, `["x","m",""]`, "bob", "delivered"},
		"of another message":      {inbox.Sent, `["M"]`, "bob", "sent"},
		"none":                    {inbox.Sent, `[]`, "bob", "sent"},
		"by another contact":      {inbox.Sent, `["m"]`, "carol", "sent"},
		"by nobody who is proved": {inbox.Sent, `["m"]`, "nobody", "sent"},
		"by a stranger":           {inbox.Sent, `["m"]`, "mallory", "sent"},
		"as bob by a stranger":    {inbox.Sent, `["m"]`, "mallory as bob", "sent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := mustPair(t)
				carol, mallory := guests(t, p.net, "carol")[0], guests(t, p.net, "mallory")[0]
				if err := messagingtest.Befriend(t.Context(), carol, p.alice); err != nil {
					t.Fatal(err)
				}
				p.alice.Node.Transports, p.alice.Node.HoldRequests = nil, true
				send(t, p.alice, line(p.bob.DID(), "m"))
				settleAs(t, p.alice, tc.state)
				f, from := forge{to: p.alice}, p.bob
				switch tc.by {
				case "bob":
					f.from = p.bob
				case "carol":
					f.from, from = carol, carol
				case "mallory":
					f.from, from = mallory, mallory
				case "mallory as bob":
					f.from = mallory
				}
				payload := strings.Replace(plain("ack", fromTo(from, p.alice)+`,"ack":`+tc.ack), lineType, messaging.EmptyType, 1)
				for range 2 {
					accept(t, p.alice, did.DID{}, f.seal(t, payload))
				}
				start(t, p.alice)
				time.Sleep(time.Minute)
				same(t, "state", states(t, p.alice), map[string]string{"m": tc.want})
			})
		})
	}
}

// settleAs brings a party's only parcel into a state.
func settleAs(t *testing.T, p *messagingtest.Party, s inbox.State) {
	t.Helper()
	now := time.Now()
	bs, err := p.Store.Claim(t.Context(), now, now.Add(time.Minute), inbox.Limit{})
	if err != nil || len(bs) != 1 {
		t.Fatal(bs, err)
	}
	if err := p.Store.Settle(t.Context(), bs[0], []inbox.Outcome{{State: s, Done: true}}, now, time.Time{}); err != nil {
		t.Fatal(err)
	}
}

// fullOutbox is a store whose outbox takes no replies.
type fullOutbox struct{ messaging.Store }

func (s fullOutbox) Handled(ctx context.Context, owner did.DID, seq int64, d inbox.Disposition, replies ...inbox.Parcel) error {
	if len(replies) > 0 {
		return inbox.ErrFull
	}
	return s.Store.Handled(ctx, owner, seq, d)
}

// TestMessageIsKeptThoughNobodyCanBeTold: a receipt for which there is no room does not take the message from its
// reader; a handler's reply does wait for room.
func TestMessageIsKeptThoughNobodyCanBeTold(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]messaging.Handler{
		"kept": messaging.KeepHandler,
		"replied": messaging.HandlerFunc(func(_ context.Context, re messaging.Replier, _ *messaging.Received) error {
			return re.Reply(&messaging.Message{Type: lineType})
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := mustPair(t)
				p.bob.Node.Receipt, p.bob.Node.Store, p.bob.Mux.Default = receipt, fullOutbox{p.bob.Store}, handler
				deposit(t, p.alice, p.bob, did.DID{}, `,"please_ack":[""]`, "m")
				start(t, p.bob)
				time.Sleep(time.Minute)
				want := map[inbox.Disposition][]string{inbox.Kept: {"m"}, inbox.Pending: nil}
				if name == "replied" {
					want = map[inbox.Disposition][]string{inbox.Kept: nil, inbox.Pending: {"m"}}
				}
				for d, ids := range want {
					same(t, d.String(), received(t, p.bob, d), ids)
				}
			})
		})
	}
}
