package empty_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/empty"
)

var bob = did.MustParse("did:example:bob")

func TestAckOnTheWire(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		m    *messaging.Message
		want string
	}{
		"new":            {empty.New(bob), `{"id":"1","typ":"application/didcomm-plain+json","type":"https://didcomm.org/empty/1.0/empty","to":["did:example:bob"],"body":{}}`},
		"in a thread":    {empty.Ack(bob, "t", "a", "b"), `{"id":"1","typ":"application/didcomm-plain+json","type":"https://didcomm.org/empty/1.0/empty","to":["did:example:bob"],"thid":"t","ack":["a","b"],"body":{}}`},
		"without thread": {empty.Ack(bob, "", "a"), `{"id":"1","typ":"application/didcomm-plain+json","type":"https://didcomm.org/empty/1.0/empty","to":["did:example:bob"],"ack":["a"],"body":{}}`},
	} {
		tc.m.ID = "1"
		got, err := tc.m.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAckCopiesIDs(t *testing.T) {
	t.Parallel()
	ids := []string{"a", "b"}
	m := empty.Ack(bob, "", ids...)
	ids[0] = "x"
	if m.Ack[0] != "a" {
		t.Error("the message changes with the caller's slice")
	}
}

// An acknowledgement must not ask for one.
func TestAckAsksForNone(t *testing.T) {
	t.Parallel()
	if m := empty.Ack(bob, "t", "a"); len(m.PleaseAck) > 0 {
		t.Errorf("please_ack %v", m.PleaseAck)
	}
}

// replier notes what a handler asks for.
type replier struct{ kept, replied bool }

func (r *replier) Reply(*messaging.Message) error { r.replied = true; return nil }
func (r *replier) Keep()                          { r.kept = true }

func TestHandlerConsumes(t *testing.T) {
	t.Parallel()
	var mux messaging.Mux
	mux.Handle(empty.Protocol, empty.Handler)
	for _, m := range []*messaging.Message{empty.New(bob), empty.Ack(bob, "t", "a"), {Type: empty.Type, PleaseAck: []string{""}}} {
		re := &replier{}
		if err := mux.HandleMessage(t.Context(), re, &messaging.Received{Message: m, Sender: bob}); err != nil || re.kept || re.replied {
			t.Errorf("%+v: %v, %+v; want it consumed in silence", m, err, re)
		}
	}
}
