package receipts_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/body"
	"github.com/parley-im/parley/messaging/receipts"
)

var (
	bob = did.MustParse("did:example:bob")
	at  = time.Unix(1687215606, 0).UTC()
)

func TestNew(t *testing.T) {
	t.Parallel()
	m := receipts.New(bob, receipts.Viewed, at.Add(999*time.Millisecond), "a", "b")
	want := `{"receipts":[{"message_id":"a","state":"viewed","timestamp":1687215606},{"message_id":"b","state":"viewed","timestamp":1687215606}]}`
	if m.Type != receipts.Type || len(m.To) != 1 || m.To[0] != bob || string(m.Body) != want {
		t.Errorf("made %+v with %s, want one to bob with %s", m, m.Body, want)
	}
	if len(m.PleaseAck) > 0 {
		t.Error("a receipt asks for an acknowledgement")
	}
	got, err := receipts.Parse(m)
	if diff := cmp.Diff([]receipts.Receipt{{ID: "a", State: receipts.Viewed, At: at}, {ID: "b", State: receipts.Viewed, At: at}}, got); err != nil || diff != "" {
		t.Errorf("read back: %v (-want +got):\n%s", err, diff)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	one := func(s receipts.State, at time.Time) []receipts.Receipt {
		return []receipts.Receipt{{ID: "a", State: s, At: at}}
	}
	for name, tc := range map[string]struct {
		typ, body string
		want      []receipts.Receipt
		err       error
	}{
		"a number":              {receipts.Type, `{"receipts":[{"message_id":"a","state":"received","timestamp":1687215606}]}`, one(receipts.Received, at), nil},
		"a string":              {receipts.Type, `{"receipts":[{"message_id":"a","state":"deleted","timestamp":"1687215606"}]}`, one(receipts.Deleted, at), nil},
		"no time":               {receipts.Type, `{"receipts":[{"message_id":"a","state":"viewed"}]}`, one(receipts.Viewed, time.Time{}), nil},
		"a bad time":            {receipts.Type, `{"receipts":[{"message_id":"a","state":"viewed","timestamp":{"x":1}}]}`, one(receipts.Viewed, time.Time{}), nil},
		"milliseconds":          {receipts.Type, `{"receipts":[{"message_id":"a","state":"viewed","timestamp":1687215606000}]}`, one(receipts.Viewed, time.Time{}), nil},
		"before 1970":           {receipts.Type, `{"receipts":[{"message_id":"a","state":"viewed","timestamp":-1}]}`, one(receipts.Viewed, time.Time{}), nil},
		"a minor version":       {"https://didcomm.org/Receipts/1.2/message_receipts", `{"receipts":[{"message_id":"a","state":"viewed","new":1}],"x":2}`, one(receipts.Viewed, time.Time{}), nil},
		"unknown state":         {receipts.Type, `{"receipts":[{"message_id":"a","state":"framed"},{"message_id":"b"}]}`, nil, nil},
		"state in another case": {receipts.Type, `{"receipts":[{"message_id":"a","state":"Viewed"}]}`, nil, nil},
		"no id":                 {receipts.Type, `{"receipts":[{"state":"viewed"},{"message_id":"","state":"viewed"}]}`, nil, nil},
		"empty":                 {receipts.Type, `{"receipts":[]}`, nil, nil},
		"none":                  {receipts.Type, `{}`, nil, receipts.ErrNotReceipts},
		"no body":               {receipts.Type, ``, nil, receipts.ErrNotReceipts},
		"another type":          {receipts.RequestType, `{"receipts":[{"message_id":"a","state":"viewed"}]}`, nil, receipts.ErrNotReceipts},
		"another version":       {"https://didcomm.org/receipts/2.0/message-receipts", `{"receipts":[{"message_id":"a","state":"viewed"}]}`, nil, receipts.ErrNotReceipts},
		"an object":             {receipts.Type, `{"receipts":{"message_id":"a","state":"viewed"}}`, nil, messaging.ErrMessage},
		"an id that is none":    {receipts.Type, `{"receipts":[{"message_id":1,"state":"viewed"}]}`, nil, messaging.ErrMessage},
		"twice":                 {receipts.Type, `{"receipts":[],"receipts":[{"message_id":"a","state":"viewed"}]}`, nil, messaging.ErrMessage},
	} {
		got, err := receipts.Parse(&messaging.Message{Type: tc.typ, Body: jsontext.Value(tc.body)})
		if !errors.Is(err, tc.err) {
			t.Errorf("%s: %v, want %v", name, err, tc.err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestParseIsBounded(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&b, `,{"message_id":"%d","state":"viewed"}`, i)
	}
	m := &messaging.Message{Type: receipts.Type, Body: jsontext.Value(`{"receipts":[` + b.String()[1:] + `]}`)}
	got, err := receipts.Parse(m)
	if err != nil || len(got) != receipts.MaxReceipts || got[len(got)-1].ID != "255" {
		t.Errorf("%d receipts, %v; want the first %d", len(got), err, receipts.MaxReceipts)
	}
}

// replier notes what a handler asks for.
type replier struct{ kept, replied bool }

func (r *replier) Reply(*messaging.Message) error { r.replied = true; return nil }
func (r *replier) Keep()                          { r.kept = true }

func received(typ, body string, sender did.DID) *messaging.Received {
	m := &messaging.Message{ID: "1", Type: typ, Body: jsontext.Value(body), PleaseAck: []string{""}}
	return &messaging.Received{Message: m, Sender: sender}
}

func TestHandler(t *testing.T) {
	t.Parallel()
	const mixed = `{"receipts":[{"message_id":"a","state":"viewed"},{"message_id":"b","state":"received"},` +
		`{"message_id":"c","state":"deleted"},{"message_id":"d","state":"viewed"},{"message_id":"e","state":"lost"}]}`
	for name, tc := range map[string]struct {
		m    *messaging.Received
		want []string
		err  error
		kept bool
	}{
		"each state":      {received(receipts.Type, mixed, bob), []string{"delivered [b c]", "read [a d]"}, nil, false},
		"of nobody":       {received(receipts.Type, mixed, did.DID{}), nil, nil, false},
		"malformed":       {received(receipts.Type, `{"receipts":7}`, bob), nil, body.Malformed, false},
		"a request":       {received(receipts.RequestType, `{"requested_receipts":[]}`, bob), nil, nil, false},
		"unknown":         {received(receipts.Protocol+"reactions", mixed, bob), nil, nil, true},
		"another version": {received("https://didcomm.org/receipts/2.0/message-receipts", mixed, bob), nil, nil, true},
	} {
		var got []string
		h := receipts.Handler{Advance: func(_ context.Context, m *messaging.Received, ids []string, s inbox.State) error {
			if m != tc.m {
				t.Errorf("%s: another message", name)
			}
			got = append(got, fmt.Sprint(s, " ", ids))
			return nil
		}}
		re := &replier{}
		if err := h.HandleMessage(t.Context(), re, tc.m); !errors.Is(err, tc.err) || re.kept != tc.kept || re.replied {
			t.Errorf("%s: %v, %+v", name, err, re)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestHandlerIsTriedAgain(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is full")
	calls := 0
	h := receipts.Handler{Advance: func(context.Context, *messaging.Received, []string, inbox.State) error {
		calls++
		return broken
	}}
	m := received(receipts.Type, `{"receipts":[{"message_id":"a","state":"received"},{"message_id":"b","state":"viewed"}]}`, bob)
	if err := h.HandleMessage(t.Context(), &replier{}, m); !errors.Is(err, broken) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"receipts":[{"message_id":"a","state":"viewed","timestamp":"1687215606"}]}`, `{"receipts":[{"message_id":"a","state":"received","timestamp":1e9}]}`,
		`{"receipts":null}`, `{"receipts":[[]]}`, `{}`, `[]`, `{"receipts":[{"timestamp":"\ud800"}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m := &messaging.Message{Type: receipts.Type, Body: data}
		rs, err := receipts.Parse(m)
		if err != nil && len(rs) > 0 || len(rs) > receipts.MaxReceipts {
			t.Fatalf("%d receipts, %v", len(rs), err)
		}
		for _, r := range rs {
			again, err := receipts.Parse(receipts.New(bob, r.State, r.At, r.ID))
			if r.At.IsZero() {
				r.At = time.Time{}
				if len(again) == 1 {
					again[0].At = time.Time{}
				}
			}
			if diff := cmp.Diff([]receipts.Receipt{r}, again); err != nil || diff != "" {
				t.Fatalf("not the same again: %v\n%s", err, diff)
			}
		}
	})
}
