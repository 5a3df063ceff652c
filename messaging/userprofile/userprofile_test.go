package userprofile_test

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/userprofile"
)

var bob = did.MustParse("did:example:bob")

func TestNew(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ displayName, body, back string }{
		"a name":    {"Alice", `{"profile":{"displayName":"Alice"}}`, "Alice"},
		"none":      {"", `{"profile":{}}`, ""},
		"not UTF-8": {"A\xff", `{"profile":{"displayName":"A` + "\uFFFD" + `"}}`, "A\uFFFD"},
		"long":      {strings.Repeat("é", 500), `{"profile":{"displayName":"` + strings.Repeat("é", 500) + `"}}`, strings.Repeat("é", 500)},
	} {
		m := userprofile.New(bob, tc.displayName)
		if m.Type != userprofile.Type || len(m.To) != 1 || m.To[0] != bob || string(m.Body) != tc.body {
			t.Errorf("%s: made %+v, want one to bob with %s", name, m, tc.body)
		}
		if got := userprofile.DisplayName(m); got != tc.back {
			t.Errorf("%s: DisplayName = %q, want %q", name, got, tc.back)
		}
	}
}

func TestDisplayName(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ typ, body, want string }{
		"with more":          {userprofile.Type, `{"profile":{"displayName":"A","description":"d"},"send_back_yours":true}`, "A"},
		"minor version":      {"https://didcomm.org/userprofile/1.3/profile", `{"profile":{"displayName":"A"}}`, "A"},
		"another type":       {userprofile.Protocol + "request-profile", `{"profile":{"displayName":"A"}}`, ""},
		"another protocol":   {"https://didcomm.org/basicmessage/2.0/message", `{"profile":{"displayName":"A"}}`, ""},
		"no profile":         {userprofile.Type, `{}`, ""},
		"no body":            {userprofile.Type, ``, ""},
		"profile null":       {userprofile.Type, `{"profile":null}`, ""},
		"profile a string":   {userprofile.Type, `{"profile":"A"}`, ""},
		"name a number":      {userprofile.Type, `{"profile":{"displayName":1}}`, ""},
		"name in other case": {userprofile.Type, `{"profile":{"DisplayName":"B"}}`, ""},
		"two names":          {userprofile.Type, `{"profile":{"displayName":"A","displayName":"B"}}`, ""},
	} {
		m := &messaging.Message{Type: tc.typ, Body: jsontext.Value(tc.body)}
		if got := userprofile.DisplayName(m); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// The function is what Node asks for.
var _ = messaging.Node{Introduction: userprofile.DisplayName}

// replier notes what a handler asks for.
type replier struct{ kept, replied bool }

func (r *replier) Reply(*messaging.Message) error { r.replied = true; return nil }
func (r *replier) Keep()                          { r.kept = true }

func TestHandlerConsumes(t *testing.T) {
	t.Parallel()
	var mux messaging.Mux
	mux.Handle(userprofile.Protocol, userprofile.Handler)
	for _, typ := range []string{userprofile.Type, userprofile.Protocol + "request-profile"} {
		re := &replier{}
		m := &messaging.Received{Message: &messaging.Message{ID: "1", Type: typ}, Sender: bob}
		if err := mux.HandleMessage(t.Context(), re, m); err != nil || re.kept || re.replied {
			t.Errorf("%s: %v, %+v; want it consumed in silence", typ, err, re)
		}
	}
}
