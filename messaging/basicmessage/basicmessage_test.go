package basicmessage_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/basicmessage"
)

var bob = did.MustParse("did:example:bob")

func TestNew(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, body, back string }{
		"words":     {"hi there", `{"content":"hi there"}`, "hi there"},
		"empty":     {"", `{"content":""}`, ""},
		"quotes":    {"a \"b\"\n", `{"content":"a \"b\"\n"}`, "a \"b\"\n"},
		"umlauts":   {"Grüße ☺", `{"content":"Grüße ☺"}`, "Grüße ☺"},
		"not UTF-8": {"a\xffb", `{"content":"a` + "\uFFFD" + `b"}`, "a\uFFFDb"},
		"controls":  {"\x1b[2J", `{"content":"\u001b[2J"}`, "\x1b[2J"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := time.Now().Truncate(time.Second)
			m := basicmessage.New(bob, tc.text)
			if m.Type != basicmessage.Type || len(m.To) != 1 || m.To[0] != bob || string(m.Body) != tc.body {
				t.Errorf("made %+v, want one to bob with %s", m, tc.body)
			}
			if m.Created.Before(before) || m.Created.After(time.Now()) || m.Created.Nanosecond() != 0 {
				t.Errorf("created at %v, want whole seconds of now", m.Created)
			}
			if got, err := basicmessage.Text(m); err != nil || got != tc.back {
				t.Errorf("Text = %q, %v; want %q", got, err, tc.back)
			}
		})
	}
}

// A message survives the wire.
func TestNewOverTheWire(t *testing.T) {
	t.Parallel()
	m := basicmessage.New(bob, strings.Repeat("x", 1000))
	m.ID = "1"
	b, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	back, err := messaging.ParseMessage(b)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := basicmessage.Text(back); err != nil || len(got) != 1000 || !back.Created.Equal(m.Created) {
		t.Errorf("%d bytes at %v, %v", len(got), back.Created, err)
	}
}

func TestTextRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		typ, body string
		want      error
	}{
		"another type":       {"https://didcomm.org/trust-ping/2.0/ping", `{"content":"x"}`, basicmessage.ErrNotText},
		"another version":    {"https://didcomm.org/basicmessage/1.0/message", `{"content":"x"}`, basicmessage.ErrNotText},
		"no body":            {basicmessage.Type, ``, basicmessage.ErrNotText},
		"no content":         {basicmessage.Type, `{"Content":"x"}`, basicmessage.ErrNotText},
		"content null":       {basicmessage.Type, `{"content":null}`, basicmessage.ErrNotText},
		"content a number":   {basicmessage.Type, `{"content":1}`, messaging.ErrMessage},
		"content an object":  {basicmessage.Type, `{"content":{}}`, messaging.ErrMessage},
		"two contents":       {basicmessage.Type, `{"content":"a","content":"b"}`, messaging.ErrMessage},
		"body not an object": {basicmessage.Type, `[]`, messaging.ErrMessage},
	} {
		m := &messaging.Message{Type: tc.typ, Body: jsontext.Value(tc.body)}
		if got, err := basicmessage.Text(m); !errors.Is(err, tc.want) {
			t.Errorf("%s: %q, %v; want %v", name, got, err, tc.want)
		}
	}
}

func TestTextOfOtherVersions(t *testing.T) {
	t.Parallel()
	m := &messaging.Message{Type: "https://didcomm.org/BasicMessage/2.1/message", Body: jsontext.Value(`{"content":"x","new":1}`)}
	if got, err := basicmessage.Text(m); err != nil || got != "x" {
		t.Errorf("a minor version: %q, %v", got, err)
	}
}

// replier notes what a handler asks for.
type replier struct{ kept, replied bool }

func (r *replier) Reply(*messaging.Message) error { r.replied = true; return nil }
func (r *replier) Keep()                          { r.kept = true }

func TestHandlerKeeps(t *testing.T) {
	t.Parallel()
	var mux messaging.Mux
	mux.Handle(basicmessage.Protocol, basicmessage.Handler)
	for _, body := range []string{`{"content":"x"}`, `{"content":1}`, ``} {
		re := &replier{}
		m := &messaging.Message{ID: "1", Type: basicmessage.Type, Body: jsontext.Value(body)}
		if err := mux.HandleMessage(t.Context(), re, &messaging.Received{Message: m}); err != nil || !re.kept || re.replied {
			t.Errorf("%s: %v, %+v; want it kept", body, err, re)
		}
	}
}
