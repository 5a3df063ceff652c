package questionanswer_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/questionanswer"
)

var (
	alice = did.MustParse("did:example:alice")
	bob   = did.MustParse("did:example:bob")
	noon  = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
)

// lunch is a question to bob.
func lunch() *messaging.Message {
	m := questionanswer.New(bob, questionanswer.Question{
		Text: "Lunch?", Detail: "At noon.", Responses: []string{"yes", "no"}, Nonce: "n", Expires: noon.Add(time.Millisecond),
	})
	m.ID = "question-1"
	return m
}

func TestNew(t *testing.T) {
	t.Parallel()
	m := lunch()
	want := `{"question_text":"Lunch?","question_detail":"At noon.","nonce":"n","signature_required":false,"valid_responses":[{"text":"yes"},{"text":"no"}]}`
	if m.Type != questionanswer.QuestionType || m.To[0] != bob || string(m.Body) != want || !m.Expires.Equal(noon) {
		t.Errorf("made %+v with %s", m, m.Body)
	}
	b, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	back, err := messaging.ParseMessage(b)
	if err != nil {
		t.Fatal(err)
	}
	got, err := questionanswer.Parse(back)
	wanted := questionanswer.Question{Text: "Lunch?", Detail: "At noon.", Responses: []string{"yes", "no"}, Nonce: "n", Expires: noon}
	if diff := cmp.Diff(wanted, got); err != nil || diff != "" {
		t.Errorf("read back: %v (-want +got):\n%s", err, diff)
	}
	if m := questionanswer.New(bob, questionanswer.Question{Text: "a\xff", Responses: []string{"b\xff"}, SignatureRequired: true}); !m.Expires.IsZero() ||
		string(m.Body) != `{"question_text":"a`+"\uFFFD"+`","signature_required":true,"valid_responses":[{"text":"b`+"\uFFFD"+`"}]}` {
		t.Errorf("not UTF-8: %+v with %s", m, m.Body)
	}
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	m := questionanswer.Answer(alice, lunch(), "yes")
	if m.Type != questionanswer.AnswerType || m.To[0] != alice || m.ThreadID != "question-1" || string(m.Body) != `{"response":"yes"}` {
		t.Errorf("made %+v with %s", m, m.Body)
	}
	if got, err := questionanswer.Response(m); err != nil || got != "yes" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	const question, answer = questionanswer.QuestionType, questionanswer.AnswerType
	for name, tc := range map[string]struct {
		typ, body string
		want      error
	}{
		"a question":        {question, `{"question_text":"a","valid_responses":[{"text":"b"}]}`, nil},
		"with more":         {question, `{"question_text":"a","valid_responses":[{"text":"b","x":1}],"y":1,"signature_required":true}`, nil},
		"minor version":     {"https://didcomm.org/question-answer/1.1/question", `{"question_text":"a","valid_responses":[{"text":"b"}]}`, nil},
		"no text":           {question, `{"valid_responses":[{"text":"b"}]}`, questionanswer.ErrNotQuestion},
		"no responses":      {question, `{"question_text":"a"}`, questionanswer.ErrNotQuestion},
		"nothing to choose": {question, `{"question_text":"a","valid_responses":[]}`, questionanswer.ErrNotQuestion},
		"empty responses":   {question, `{"question_text":"a","valid_responses":[{},{"text":""}]}`, questionanswer.ErrNotQuestion},
		"no body":           {question, ``, questionanswer.ErrNotQuestion},
		"bare responses":    {question, `{"question_text":"a","valid_responses":["b"]}`, messaging.ErrMessage},
		"text a number":     {question, `{"question_text":1,"valid_responses":[{"text":"b"}]}`, messaging.ErrMessage},
		"an answer":         {answer, `{"response":""}`, nil},
		"no response":       {answer, `{"Response":"a"}`, questionanswer.ErrNotAnswer},
		"response null":     {answer, `{"response":null}`, questionanswer.ErrNotAnswer},
		"response a list":   {answer, `{"response":["a"]}`, messaging.ErrMessage},
		"two responses":     {answer, `{"response":"a","response":"b"}`, messaging.ErrMessage},
	} {
		m := &messaging.Message{Type: tc.typ, Body: jsontext.Value(tc.body)}
		_, asked := questionanswer.Parse(m)
		_, answered := questionanswer.Response(m)
		err, other := asked, answered
		if tc.typ == answer {
			err, other = answered, asked
		}
		if !errors.Is(err, tc.want) || other == nil {
			t.Errorf("%s: %v, want %v; as the other: %v", name, err, tc.want, other)
		}
	}
}

func TestResponsesAreBounded(t *testing.T) {
	t.Parallel()
	m := &messaging.Message{Type: questionanswer.QuestionType, Body: jsontext.Value(
		`{"question_text":"a","valid_responses":[{"text":"b"},{"text":"b"}` + strings.Repeat(`,{}`, 10_000) + `,{"text":"late"}]}`)}
	if q, err := questionanswer.Parse(m); err != nil || len(q.Responses) != 1 {
		t.Errorf("%d responses, %v; want each once, of the first %d", len(q.Responses), err, questionanswer.MaxResponses)
	}
}

// pair is a question and an answer.
type pair struct {
	question *messaging.Message
	answer   *messaging.Received
}

// An answer counts only if all of it fits. Each row spoils one thing.
func TestCheck(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(p *pair)
		want  error
	}{
		"good":                {func(*pair) {}, nil},
		"in the last moment":  {func(p *pair) { p.answer.At = noon.Add(-1) }, nil},
		"without an end":      {func(p *pair) { p.question.Expires, p.answer.At = time.Time{}, noon.Add(time.Hour) }, nil},
		"too late":            {func(p *pair) { p.answer.At = noon }, questionanswer.ErrInvalid},
		"by somebody else":    {func(p *pair) { p.answer.Sender = alice }, questionanswer.ErrInvalid},
		"by nobody":           {func(p *pair) { p.answer.Sender = did.DID{} }, questionanswer.ErrInvalid},
		"another thread":      {func(p *pair) { p.answer.ThreadID = "question-2" }, questionanswer.ErrInvalid},
		"no thread":           {func(p *pair) { p.answer.ThreadID = "" }, questionanswer.ErrInvalid},
		"not to choose":       {func(p *pair) { p.answer.Body = jsontext.Value(`{"response":"maybe"}`) }, questionanswer.ErrInvalid},
		"nearly":              {func(p *pair) { p.answer.Body = jsontext.Value(`{"response":"Yes"}`) }, questionanswer.ErrInvalid},
		"no response":         {func(p *pair) { p.answer.Body = nil }, questionanswer.ErrNotAnswer},
		"not an answer":       {func(p *pair) { p.answer.Type = questionanswer.QuestionType }, questionanswer.ErrNotAnswer},
		"to no question":      {func(p *pair) { p.question.Type = questionanswer.AnswerType }, questionanswer.ErrNotQuestion},
		"not signed":          {func(p *pair) { p.demandSignature() }, questionanswer.ErrInvalid},
		"signed":              {func(p *pair) { p.demandSignature(); p.answer.Signed = true }, nil},
		"signed for nothing":  {func(p *pair) { p.answer.Signed = true }, nil},
		"asked of nobody":     {func(p *pair) { p.question.To = nil }, questionanswer.ErrInvalid},
		"asked of both of us": {func(p *pair) { p.question.To = []did.DID{alice, bob} }, nil},
	} {
		q := lunch()
		p := &pair{q, &messaging.Received{Message: questionanswer.Answer(alice, q, "yes"), Sender: bob, At: noon.Add(-time.Hour)}}
		p.answer.ID = "answer-1"
		tc.spoil(p)
		got, err := questionanswer.Check(p.question, p.answer)
		if !errors.Is(err, tc.want) || (got == "yes") != (tc.want == nil) {
			t.Errorf("%s: %q, %v; want %v", name, got, err, tc.want)
		}
	}
}

func (p *pair) demandSignature() {
	m := questionanswer.New(bob, questionanswer.Question{Text: "Sure?", Responses: []string{"yes"}, SignatureRequired: true})
	p.question.Body = m.Body
}

// replier notes what a handler asks for.
type replier struct{ kept, replied bool }

func (r *replier) Reply(*messaging.Message) error { r.replied = true; return nil }
func (r *replier) Keep()                          { r.kept = true }

func TestHandlerKeeps(t *testing.T) {
	t.Parallel()
	var mux messaging.Mux
	mux.Handle(questionanswer.Protocol, questionanswer.Handler)
	for _, m := range []*messaging.Message{lunch(), questionanswer.Answer(alice, lunch(), "yes"), {Type: questionanswer.AnswerType}} {
		re := &replier{}
		if err := mux.HandleMessage(t.Context(), re, &messaging.Received{Message: m, Sender: bob}); err != nil || !re.kept || re.replied {
			t.Errorf("%s: %v, %+v; want it kept", m.Type, err, re)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"question_text":"a","question_detail":"b","nonce":"c","signature_required":true,"valid_responses":[{"text":"d"},{"text":"e"}]}`,
		`{"response":"a"}`, `{"question_text":"a","valid_responses":[null]}`, `{"response":"\ud800"}`, `{}`, `[]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if text, err := questionanswer.Response(&messaging.Message{Type: questionanswer.AnswerType, Body: data}); err == nil {
			again, err := questionanswer.Response(questionanswer.Answer(bob, lunch(), text))
			if err != nil || again != text {
				t.Fatalf("%q, then %q, %v", text, again, err)
			}
		}
		q, err := questionanswer.Parse(&messaging.Message{Type: questionanswer.QuestionType, Body: data})
		if err != nil {
			return
		}
		again, err := questionanswer.Parse(questionanswer.New(bob, q))
		if diff := cmp.Diff(q, again); err != nil || diff != "" || len(q.Responses) > questionanswer.MaxResponses {
			t.Fatalf("not the same again: %v\n%s", err, diff)
		}
	})
}
