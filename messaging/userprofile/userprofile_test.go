package userprofile_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/body"
	"github.com/parley-im/parley/messaging/userprofile"
)

var bob = did.MustParse("did:example:bob")

func TestNew(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		p          userprofile.Profile
		back       bool
		body, name string
	}{
		"both":      {userprofile.Of("Alice", "likes tea"), false, `{"profile":{"displayName":"Alice","description":"likes tea"}}`, "Alice"},
		"asking":    {userprofile.Of("Alice", ""), true, `{"profile":{"displayName":"Alice","description":""},"send_back_yours":true}`, "Alice"},
		"name only": {userprofile.Profile{DisplayName: new("Alice")}, false, `{"profile":{"displayName":"Alice"}}`, "Alice"},
		"neither":   {userprofile.Profile{}, false, `{"profile":{}}`, ""},
		"not UTF-8": {userprofile.Profile{DisplayName: new("A\xff")}, false, `{"profile":{"displayName":"A` + "\uFFFD" + `"}}`, "A\uFFFD"},
		"long":      {userprofile.Profile{DisplayName: new(strings.Repeat("é", 500))}, false, `{"profile":{"displayName":"` + strings.Repeat("é", 500) + `"}}`, strings.Repeat("é", 500)},
	} {
		m := userprofile.New(bob, tc.p, tc.back)
		if m.Type != userprofile.Type || len(m.To) != 1 || m.To[0] != bob || string(m.Body) != tc.body {
			t.Errorf("%s: made %+v with %s, want one to bob with %s", name, m, m.Body, tc.body)
		}
		if got := userprofile.DisplayName(m); got != tc.name {
			t.Errorf("%s: DisplayName = %q, want %q", name, got, tc.name)
		}
	}
	if m := userprofile.Request(bob); m.Type != userprofile.RequestType || string(m.Body) != `{}` {
		t.Errorf("a request for all: %+v with %s", m, m.Body)
	}
	if m := userprofile.Request(bob, userprofile.FieldDescription); string(m.Body) != `{"query":["description"]}` {
		t.Errorf("a request for one: %s", m.Body)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		typ, body string
		want      userprofile.Profile
		back      bool
		err       error
	}{
		"all": {userprofile.Type, `{"profile":{"displayName":"A","displayPicture":"#item1","description":"d"},"send_back_yours":true}`,
			userprofile.Of("A", "d"), true, nil},
		"not asking":         {userprofile.Type, `{"profile":{"displayName":"A"},"send_back_yours":false}`, userprofile.Profile{DisplayName: new("A")}, false, nil},
		"removed by null":    {userprofile.Type, `{"profile":{"displayName":null}}`, userprofile.Profile{DisplayName: new("")}, false, nil},
		"removed by nothing": {userprofile.Type, `{"profile":{"description":""}}`, userprofile.Profile{Description: new("")}, false, nil},
		"unchanged":          {userprofile.Type, `{"profile":{}}`, userprofile.Profile{}, false, nil},
		"minor version":      {"https://didcomm.org/userprofile/1.3/profile", `{"profile":{"displayName":"A"}}`, userprofile.Profile{DisplayName: new("A")}, false, nil},
		"in other case":      {userprofile.Type, `{"profile":{"DisplayName":"B"}}`, userprofile.Profile{}, false, nil},
		"another type":       {userprofile.RequestType, `{"profile":{"displayName":"A"}}`, userprofile.Profile{}, false, userprofile.ErrNotProfile},
		"another protocol":   {"https://didcomm.org/basicmessage/2.0/message", `{"profile":{"displayName":"A"}}`, userprofile.Profile{}, false, userprofile.ErrNotProfile},
		"no profile":         {userprofile.Type, `{}`, userprofile.Profile{}, false, userprofile.ErrNotProfile},
		"no body":            {userprofile.Type, ``, userprofile.Profile{}, false, userprofile.ErrNotProfile},
		"profile null":       {userprofile.Type, `{"profile":null}`, userprofile.Profile{}, false, userprofile.ErrNotProfile},
		"profile a string":   {userprofile.Type, `{"profile":"A"}`, userprofile.Profile{}, false, messaging.ErrMessage},
		"name a number":      {userprofile.Type, `{"profile":{"displayName":1}}`, userprofile.Profile{}, false, messaging.ErrMessage},
		"asking with a word": {userprofile.Type, `{"profile":{},"send_back_yours":"yes"}`, userprofile.Profile{}, false, messaging.ErrMessage},
		"two names":          {userprofile.Type, `{"profile":{"displayName":"A","displayName":"B"}}`, userprofile.Profile{}, false, messaging.ErrMessage},
	} {
		m := &messaging.Message{Type: tc.typ, Body: jsontext.Value(tc.body)}
		got, back, err := userprofile.Parse(m)
		if !errors.Is(err, tc.err) || back != tc.back {
			t.Errorf("%s: %t, %v", name, back, err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		want := ""
		if tc.want.DisplayName != nil {
			want = *tc.want.DisplayName
		}
		if got := userprofile.DisplayName(m); got != want {
			t.Errorf("%s: DisplayName = %q, want %q", name, got, want)
		}
	}
}

// The function is what Node asks for.
var _ = messaging.Node{Introduction: userprofile.DisplayName}

// replier notes what a handler asks for.
type replier struct {
	kept    bool
	replies []*messaging.Message
}

func (r *replier) Reply(m *messaging.Message) error { r.replies = append(r.replies, m); return nil }
func (r *replier) Keep()                            { r.kept = true }

func received(typ, body string, sender did.DID) *messaging.Received {
	m := &messaging.Message{ID: "1", ThreadID: "t", Type: typ, Body: jsontext.Value(body)}
	return &messaging.Received{Message: m, Sender: sender}
}

// Who asks is answered once, with what was asked for, and is not asked in turn.
func TestHandlerAnswers(t *testing.T) {
	t.Parallel()
	const both = `{"profile":{"displayName":"Me","description":"mine"}}`
	for name, tc := range map[string]struct {
		typ, body, want string
		sender          did.DID
	}{
		"send back":        {userprofile.Type, `{"profile":{"displayName":"A"},"send_back_yours":true}`, both, bob},
		"do not":           {userprofile.Type, `{"profile":{"displayName":"A"},"send_back_yours":false}`, "", bob},
		"unasked":          {userprofile.Type, `{"profile":{}}`, "", bob},
		"request":          {userprofile.RequestType, `{}`, both, bob},
		"for nothing":      {userprofile.RequestType, `{"query":[]}`, both, bob},
		"for the name":     {userprofile.RequestType, `{"query":["displayName","displayPicture"]}`, `{"profile":{"displayName":"Me"}}`, bob},
		"for the rest":     {userprofile.RequestType, `{"query":["description"]}`, `{"profile":{"description":"mine"}}`, bob},
		"for a picture":    {userprofile.RequestType, `{"query":["displayPicture"]}`, `{"profile":{}}`, bob},
		"by nobody":        {userprofile.RequestType, `{}`, "", did.DID{}},
		"back to nobody":   {userprofile.Type, `{"profile":{},"send_back_yours":true}`, "", did.DID{}},
		"profiles unheard": {userprofile.Type, `{"profile":{"displayName":"A"}}`, "", bob},
	} {
		h := userprofile.Handler{Mine: func() userprofile.Profile { return userprofile.Of("Me", "mine") }}
		re := &replier{}
		if err := h.HandleMessage(t.Context(), re, received(tc.typ, tc.body, tc.sender)); err != nil || re.kept {
			t.Errorf("%s: %v, kept %t", name, err, re.kept)
		}
		if len(re.replies) > 1 || len(re.replies) == 1 != (tc.want != "") {
			t.Errorf("%s: %d answers", name, len(re.replies))
			continue
		}
		for _, m := range re.replies {
			if string(m.Body) != tc.want || m.To[0] != bob || m.ParentThreadID != "1" || m.ID == "" || m.ThreadID != m.ID {
				t.Errorf("%s: %+v with %s, want %s in a thread of its own below the message", name, m, m.Body, tc.want)
			}
		}
	}
	re := &replier{}
	if err := (userprofile.Handler{}).HandleMessage(t.Context(), re, received(userprofile.RequestType, `{}`, bob)); err != nil || len(re.replies) > 0 {
		t.Errorf("without a profile of ours: %v, %d answers", err, len(re.replies))
	}
}

func TestHandlerLearns(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is full")
	for name, tc := range map[string]struct {
		m     *messaging.Received
		learn error
		want  []userprofile.Profile
		err   error
		kept  bool
	}{
		"a profile":   {received(userprofile.Type, `{"profile":{"displayName":"A"}}`, bob), nil, []userprofile.Profile{{DisplayName: new("A")}}, nil, false},
		"of nobody":   {received(userprofile.Type, `{"profile":{"displayName":"A"}}`, did.DID{}), nil, nil, nil, false},
		"malformed":   {received(userprofile.Type, `{"profile":7}`, bob), nil, nil, body.Malformed, false},
		"bad request": {received(userprofile.RequestType, `{"query":7}`, bob), nil, nil, body.Malformed, false},
		"not learnt": {received(userprofile.Type, `{"profile":{},"send_back_yours":true}`, bob), broken,
			[]userprofile.Profile{{}}, broken, false},
		"unknown": {received(userprofile.Protocol+"forget", `{"profile":{"displayName":"A"}}`, bob), nil, nil, nil, true},
	} {
		var got []userprofile.Profile
		h := userprofile.Handler{
			Mine: func() userprofile.Profile { return userprofile.Of("Me", "") },
			Theirs: func(_ context.Context, from did.DID, p userprofile.Profile) error {
				if from != bob {
					t.Errorf("%s: from %v", name, from)
				}
				got = append(got, p)
				return tc.learn
			},
		}
		re := &replier{}
		if err := h.HandleMessage(t.Context(), re, tc.m); !errors.Is(err, tc.err) || re.kept != tc.kept || len(re.replies) > 0 {
			t.Errorf("%s: %v, %+v", name, err, re)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"profile":{"displayName":"A","description":null},"send_back_yours":true}`, `{"profile":{"displayName":"\ud800"}}`,
		`{"profile":{"displayName":[]}}`, `{"profile":null}`, `{}`, `[]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, back, err := userprofile.Parse(&messaging.Message{Type: userprofile.Type, Body: data})
		if err != nil {
			return
		}
		again, backAgain, err := userprofile.Parse(userprofile.New(bob, p, back))
		if diff := cmp.Diff(p, again); err != nil || back != backAgain || diff != "" {
			t.Fatalf("not the same again: %t, %v\n%s", backAgain, err, diff)
		}
	})
}
