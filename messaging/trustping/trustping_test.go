package trustping_test

import (
	"errors"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/trustping"
)

// replier notes what a handler asks for.
type replier struct {
	kept    bool
	replies []*messaging.Message
	err     error
}

func (r *replier) Reply(m *messaging.Message) error {
	if r.err == nil {
		r.replies = append(r.replies, m)
	}
	return r.err
}

func (r *replier) Keep() { r.kept = true }

var bob = did.MustParse("did:example:bob")

func received(typ, body string, sender did.DID) *messaging.Received {
	m := &messaging.Message{ID: "ping-1", Type: typ, From: sender, Body: jsontext.Value(body)}
	return &messaging.Received{Message: m, Sender: sender}
}

func TestPing(t *testing.T) {
	t.Parallel()
	for requested, body := range map[bool]string{
		true: `{"response_requested":true}`, false: `{"response_requested":false}`,
	} {
		m := trustping.Ping(bob, requested)
		if m.Type != trustping.PingType || len(m.To) != 1 || m.To[0] != bob || string(m.Body) != body {
			t.Errorf("ping %+v, want one to bob with %s", m, body)
		}
	}
}

func TestHandlerAnswers(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		m       *messaging.Received
		answers int
	}{
		"asked for":       {received(trustping.PingType, `{"response_requested":true}`, bob), 1},
		"the default":     {received(trustping.PingType, `{}`, bob), 1},
		"no body":         {received(trustping.PingType, ``, bob), 1},
		"minor version":   {received("https://didcomm.org/trust_ping/2.1/ping", `{}`, bob), 1},
		"not asked for":   {received(trustping.PingType, `{"response_requested":false}`, bob), 0},
		"malformed":       {received(trustping.PingType, `{"response_requested":"yes"}`, bob), 0},
		"anonymous":       {received(trustping.PingType, `{}`, did.DID{}), 0},
		"a response":      {received(trustping.ResponseType, `{"response_requested":true}`, bob), 0},
		"another version": {received("https://didcomm.org/trust-ping/3.0/ping", `{}`, bob), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			re := &replier{}
			if err := (trustping.Handler{}).HandleMessage(t.Context(), re, tc.m); err != nil {
				t.Fatal(err)
			}
			if len(re.replies) != tc.answers {
				t.Fatalf("%d answers, want %d", len(re.replies), tc.answers)
			}
			for _, r := range re.replies {
				if r.Type != trustping.ResponseType || r.ThreadID != "ping-1" || len(r.To) != 1 || r.To[0] != bob {
					t.Errorf("answer %+v, want a response to bob in the ping's thread", r)
				}
			}
		})
	}
}

func TestHandlerReportsFailedReply(t *testing.T) {
	t.Parallel()
	broken := errors.New("the outbox is full")
	err := trustping.Handler{}.HandleMessage(t.Context(), &replier{err: broken}, received(trustping.PingType, `{}`, bob))
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want the replier's error, so that the ping is tried again", err)
	}
}

func TestHandlerTakesResponses(t *testing.T) {
	t.Parallel()
	var got []*messaging.Received
	h := trustping.Handler{OnResponse: func(m *messaging.Received) { got = append(got, m) }}
	in, re := received(trustping.ResponseType, `{}`, bob), &replier{}
	if err := h.HandleMessage(t.Context(), re, in); err != nil || re.kept {
		t.Errorf("%v, kept %v; want it consumed", err, re.kept)
	}
	if len(got) != 1 || got[0] != in {
		t.Errorf("OnResponse got %v, want the response once", got)
	}
	if err := h.HandleMessage(t.Context(), re, received(trustping.PingType, `{}`, bob)); err != nil || len(got) != 1 {
		t.Errorf("a ping went to OnResponse as well (%v)", err)
	}
}

func TestHandlerKeepsTheUnknown(t *testing.T) {
	t.Parallel()
	re := &replier{}
	in := received(trustping.Protocol+"pang", `{}`, bob)
	var mux messaging.Mux
	mux.Handle(trustping.Protocol, trustping.Handler{})
	if err := mux.HandleMessage(t.Context(), re, in); err != nil || !re.kept || len(re.replies) > 0 {
		t.Errorf("%v, kept %v, %d replies; want it kept", err, re.kept, len(re.replies))
	}
}
