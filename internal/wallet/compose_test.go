package wallet_test

import (
	"strings"
	"testing"

	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/basicmessage"
	"github.com/parley-im/parley/messaging/receipts"
)

const moveType = "https://example.org/chess/1.0/move"

func TestCheckMessage(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ typ, body, says string }{
		"no body":                {moveType, ``, ""},
		"a body":                 {moveType, "{\n \"a\": [1]\n}\n", ""},
		"of a DID":               {"did:example:x;spec/chess/1.0.2/move", `{}`, ""},
		"no type":                {"", `{}`, "no message type"},
		"a word":                 {"move", `{}`, "no message type"},
		"no version":             {"https://example.org/chess/move", `{}`, "no message type"},
		"no message":             {"https://example.org/chess/1.0/", `{}`, "no message type"},
		"a space":                {"https://example.org/a b/chess/1.0/move", `{}`, "no message type"},
		"a line feed":            {moveType + "\n", `{}`, "no message type"},
		"a list":                 {moveType, `[]`, "array"},
		"a text":                 {moveType, `"x"`, "string"},
		"a comma too many":       {moveType, "{\n  \"a\": 1,\n}", "line 3, column 1"},
		"a name twice":           {moveType, `{"a":1,"a":2}`, "line 1, column 8"},
		"cut off":                {moveType, "{\"a\":\n", "line 2, column 1"},
		"something follows":      {moveType, "{}\n {}", "line 2"},
		"garbage follows":        {moveType, "{} x", "line 1, column 4"},
		"bytes that are no text": {moveType, "{\"a\":\"\xff\"}", "line 1, column"},
	} {
		err := wallet.CheckMessage(test.typ, []byte(test.body))
		want := control.CodeUsage
		if test.says == "" {
			want = ""
		}
		if got := code(t, err); got != want || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %s: %v; want %q", name, got, err, test.says)
		}
	}
}

func TestSendAnyType(t *testing.T) {
	alice, bob := friends(t)
	ctx := t.Context()
	s, err := bob.Send(ctx, control.SendRequest{To: "alice", Type: moveType, Body: []byte(`{"move": "e4"}`), Thread: "game", Wait: "delivered", Timeout: patience})
	if err != nil || s.Type != moveType || s.Thread != "game" || s.Content != "" {
		t.Fatalf("%+v, %v", s, err)
	}
	unread(t, alice, 1)
	got, err := alice.Receive(ctx, control.ReceiveRequest{})
	must(t, err)
	if m := got[0]; m.Type != moveType || string(m.Body) != `{"move":"e4"}` || m.Thread != "game" || m.Content != "" {
		t.Errorf("received %+v", m)
	}
	for name, r := range map[string]control.SendRequest{
		"a body without a type": {Body: []byte(`{}`)}, "a text and a type": {Type: moveType, Text: "x"},
		"no object": {Type: moveType, Body: []byte(`[]`)}, "no type": {Type: "move"},
	} {
		r.To = "alice"
		_, err := bob.Send(ctx, r)
		same(t, name, code(t, err), control.CodeUsage)
	}
	list, err := bob.Sent(ctx, control.SentRequest{})
	must(t, err)
	same(t, "sent", len(list), 1)
}

// A message of the user's in a protocol of wallets goes out, asks for no acknowledgement, and is found by its id.
func TestSendHousekeeping(t *testing.T) {
	alice, bob := friends(t)
	ctx := t.Context()
	text, err := alice.Send(ctx, control.SendRequest{To: "bob", Text: "x", Wait: "delivered", Timeout: patience})
	must(t, err)
	s, err := bob.Send(ctx, control.SendRequest{To: "alice", Type: receipts.Type, Wait: "delivered", Timeout: patience,
		Body: []byte(`{"receipts":[{"message_id":"` + text.ID + `","state":"viewed","timestamp":1}]}`)})
	must(t, err)
	same(t, "state", s.State, "delivered")
	list, err := bob.Sent(ctx, control.SentRequest{ID: s.ID})
	must(t, err)
	same(t, "by its id", len(list), 1)
	list, err = bob.Sent(ctx, control.SentRequest{})
	must(t, err)
	same(t, "in the list", len(list), 0)
	for text.State != "read" {
		at, err := alice.Changes(ctx, control.ChangesRequest{After: text.Rev, Wait: patience})
		must(t, err)
		if len(at.Sent) == 0 {
			t.Fatal("the receipt had no effect")
		}
		text = at.Sent[len(at.Sent)-1]
	}
}

// A text asks to be acknowledged, and what wallets say among themselves does not.
func TestPleaseAck(t *testing.T) {
	alice, _ := mailbox(t, "bob", 0)
	ctx := t.Context()
	for typ, want := range map[string]int{"": 1, moveType: 1, basicmessage.Type: 1, receipts.Type: 0, "https://didcomm.org/empty/1.0/empty": 0} {
		r := control.SendRequest{To: "bob", Type: typ}
		if typ == "" {
			r.Text = "x"
		}
		s, err := alice.Send(ctx, r)
		must(t, err)
		same(t, "asks for acks, "+typ, len(parcel(t, alice, s.ID).PleaseAck), want)
	}
}

// parcel is the message with this id as it is queued.
func parcel(t *testing.T, w *wallet.Wallet, id string) *messaging.Message {
	t.Helper()
	ps, err := w.Store().Sent(t.Context(), inbox.SentQuery{MessageID: id})
	must(t, err)
	m, err := messaging.ParseMessage(ps[0].Payload)
	must(t, err)
	return m
}
