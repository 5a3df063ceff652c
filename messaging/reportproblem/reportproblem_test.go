package reportproblem_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/receipts"
	"github.com/parley-im/parley/messaging/reportproblem"
)

var bob = did.MustParse("did:example:bob")

func TestNew(t *testing.T) {
	t.Parallel()
	m := reportproblem.New(bob, "thread", "e.p.xfer.cant-use-endpoint", "Unable to use the {1} endpoint for {2}.", "https://a\"b", "did:x\xff")
	want := `{"code":"e.p.xfer.cant-use-endpoint","comment":"Unable to use the {1} endpoint for {2}.","args":["https://a\"b","did:x` + "\uFFFD" + `"]}`
	if m.Type != reportproblem.Type || len(m.To) != 1 || m.To[0] != bob || m.ParentThreadID != "thread" || string(m.Body) != want {
		t.Errorf("made %+v with %s", m, m.Body)
	}
	if got, err := reportproblem.Text(m); err != nil || got != "Unable to use the https://a\"b endpoint for did:x\uFFFD." {
		t.Errorf("%q, %v", got, err)
	}
	if m := reportproblem.New(bob, "t", "e.m.msg", ""); string(m.Body) != `{"code":"e.m.msg"}` {
		t.Errorf("without a comment: %s", m.Body)
	}
}

// The example of the specification (DIDComm v2.1, Problem Reports).
func TestParse(t *testing.T) {
	t.Parallel()
	m, err := messaging.ParseMessage([]byte(`{"type":"https://didcomm.org/report-problem/2.0/problem-report","id":"7c9de639",
		"pthid":"1e513ad4","ack":["1e513ad4"],"body":{"code":"e.p.xfer.cant-use-endpoint",
		"comment":"Unable to use the {1} endpoint for {2}.","args":["https://agents.r.us/inbox",null,7,{"a":[]}],
		"escalate_to":"mailto:admin@foo.org"}}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := reportproblem.Parse(m)
	want := reportproblem.Report{
		Thread: "1e513ad4", Code: "e.p.xfer.cant-use-endpoint", Comment: "Unable to use the {1} endpoint for {2}.",
		Args: []string{"https://agents.r.us/inbox", "?", "7", `{"a":[]}`}, EscalateTo: "mailto:admin@foo.org",
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		typ, pthid, body string
		want             error
	}{
		"another type":   {reportproblem.Protocol + "warning", "t", `{"code":"e.m.msg"}`, reportproblem.ErrNotReport},
		"version 1":      {"https://didcomm.org/report-problem/1.0/problem-report", "t", `{"code":"e.m.msg"}`, reportproblem.ErrNotReport},
		"no pthid":       {reportproblem.Type, "", `{"code":"e.m.msg"}`, reportproblem.ErrNotReport},
		"no code":        {reportproblem.Type, "t", `{"comment":"x"}`, reportproblem.ErrNotReport},
		"no body":        {reportproblem.Type, "t", ``, reportproblem.ErrNotReport},
		"code a number":  {reportproblem.Type, "t", `{"code":7}`, messaging.ErrMessage},
		"args no array":  {reportproblem.Type, "t", `{"code":"e","args":"x"}`, messaging.ErrMessage},
		"two codes":      {reportproblem.Type, "t", `{"code":"e.m","code":"w.m"}`, messaging.ErrMessage},
		"comment a list": {reportproblem.Type, "t", `{"code":"e","comment":[]}`, messaging.ErrMessage},
	} {
		m := &messaging.Message{Type: tc.typ, ParentThreadID: tc.pthid, Body: jsontext.Value(tc.body)}
		if r, err := reportproblem.Parse(m); !errors.Is(err, tc.want) {
			t.Errorf("%s: %+v, %v; want %v", name, r, err, tc.want)
		}
		if text, err := reportproblem.Text(m); err == nil || text != "" {
			t.Errorf("%s: the text is %q, %v", name, text, err)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	args := func(s ...string) []string { return s }
	for name, tc := range map[string]struct {
		comment string
		args    []string
		want    string
	}{
		"without args":     {"Bad message.", nil, "Bad message."},
		"in any order":     {"{2} before {1}", args("a", "b"), "b before a"},
		"twice":            {"{1}{1}", args("a"), "aa"},
		"missing":          {"of {1} and {2}", args("a"), "of a and ?"},
		"too many":         {"only {2}", args("a", "b", "c"), "only b, a, c"},
		"none at all":      {"{1}", nil, "?"},
		"no place":         {"{} {x} {0} {01} {1000} {", args("a"), "{} {x} {0} {01} {1000} {, a"},
		"not filled twice": {"{1}", args("{2}", "b"), "{2}, b"},
		"no comment":       {"", args("a"), "e.m.msg, a"},
	} {
		if got := (reportproblem.Report{Code: "e.m.msg", Comment: tc.comment, Args: tc.args}).Text(); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// A large arg in many places does not make the text larger than a screen can take.
func TestTextIsBounded(t *testing.T) {
	t.Parallel()
	r := reportproblem.Report{Code: "e", Comment: strings.Repeat("{1}", 100_000), Args: []string{strings.Repeat("é", 100_000), "more"}}
	got := r.Text()
	if len(got) > reportproblem.MaxText || len(got) < reportproblem.MaxText-utf8.UTFMax || !utf8.ValidString(got) {
		t.Errorf("%d bytes", len(got))
	}
}

// The function is what Node asks for.
var _ = messaging.Node{Report: reportproblem.Answer}

func TestAnswer(t *testing.T) {
	t.Parallel()
	p := &messaging.Problem{Code: "e.m.msg", Comment: "Bad message."}
	for name, tc := range map[string]struct {
		typ    string
		sender did.DID
		want   bool
	}{
		"a text":              {"https://didcomm.org/basicmessage/2.0/message", bob, true},
		"of nobody":           {"https://didcomm.org/basicmessage/2.0/message", did.DID{}, false},
		"a report":            {reportproblem.Type, bob, false},
		"a report of 2.1":     {"https://didcomm.org/report_problem/2.1/problem-report", bob, false},
		"a receipt":           {receipts.Type, bob, false},
		"an acknowledgement":  {messaging.EmptyType, bob, false},
		"unknown to everyone": {"https://example.org/x/1.0/y", bob, true},
	} {
		m := &messaging.Received{Message: &messaging.Message{ID: "1", ThreadID: "t", Type: tc.typ}, Sender: tc.sender}
		got := reportproblem.Answer(m, p)
		if (got != nil) != tc.want {
			t.Errorf("%s: %+v", name, got)
			continue
		}
		if got != nil && (got.ParentThreadID != "t" || len(got.Ack) != 1 || got.Ack[0] != "1" || got.To[0] != bob || string(got.Body) != `{"code":"e.m.msg","comment":"Bad message."}`) {
			t.Errorf("%s: %+v with %s", name, got, got.Body)
		}
	}
}

// replier notes what a handler asks for.
type replier struct{ kept, replied bool }

func (r *replier) Reply(*messaging.Message) error { r.replied = true; return nil }
func (r *replier) Keep()                          { r.kept = true }

func TestHandlerKeepsAndIsSilent(t *testing.T) {
	t.Parallel()
	var mux messaging.Mux
	mux.Handle(reportproblem.Protocol, reportproblem.Handler)
	for _, body := range []string{`{"code":"e.m.msg"}`, `{"code":"w.m.msg"}`, `{"code":7}`, ``} {
		re := &replier{}
		m := &messaging.Message{ID: "1", Type: reportproblem.Type, ParentThreadID: "t", Body: jsontext.Value(body)}
		if err := mux.HandleMessage(t.Context(), re, &messaging.Received{Message: m, Sender: bob}); err != nil || !re.kept || re.replied {
			t.Errorf("%s: %v, %+v; want it kept", body, err, re)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"code":"e.m.msg","comment":"{1} {2}","args":["a",null,1,{}]}`, `{"code":"e","comment":"{{1}"}`, `{"code":"e","args":["\ud800"]}`, `{}`, `[]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := reportproblem.Parse(&messaging.Message{Type: reportproblem.Type, ParentThreadID: "t", Body: data})
		if err != nil {
			return
		}
		text := r.Text()
		if len(text) > reportproblem.MaxText || !utf8.ValidString(text) {
			t.Fatalf("a text of %d bytes: %q", len(text), text)
		}
		again, err := reportproblem.Parse(reportproblem.New(bob, r.Thread, r.Code, r.Comment, r.Args...))
		if err != nil || again.Text() != text {
			t.Fatalf("not the same again: %q, %v; want %q", again.Text(), err, text)
		}
	})
}
