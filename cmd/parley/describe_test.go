package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging/questionanswer"
	"github.com/parley-im/parley/messaging/reportproblem"
)

func TestDescribe(t *testing.T) {
	t.Parallel()
	const lunch = `{"question_text":"Lunch?","valid_responses":[{"text":"yes"},{"text":"no"}]}`
	for name, tc := range map[string]struct {
		m    control.Message
		want string
	}{
		"a question": {control.Message{ID: "ABC1", From: "did:x:y", Type: questionanswer.QuestionType, Body: json.RawMessage(lunch)},
			"asks: Lunch? [yes | no] parley answer ABC1 RESPONSE"},
		"a question of ours": {control.Message{ID: "ABC1", Type: questionanswer.QuestionType, Body: json.RawMessage(lunch)}, "asks: Lunch? [yes | no]"},
		"with fine print": {control.Message{Type: questionanswer.QuestionType, Body: json.RawMessage(
			`{"question_text":"Lunch?\nreally","question_detail":"at noon","valid_responses":[{"text":"yes"}]}`)}, "asks: Lunch?… (at noon) [yes]"},
		"an id that is a command": {control.Message{ID: "x; rm -rf ~", From: "did:x:y", Type: questionanswer.QuestionType, Body: json.RawMessage(lunch)},
			"asks: Lunch? [yes | no]"},
		"an id that is a flag": {control.Message{ID: "--home", From: "did:x:y", Type: questionanswer.QuestionType, Body: json.RawMessage(lunch)},
			"asks: Lunch? [yes | no]"},
		"no question":     {control.Message{ID: "A", From: "did:x:y", Type: questionanswer.QuestionType, Body: json.RawMessage(`{}`)}, ""},
		"an answer":       {control.Message{From: "did:x:y", Type: questionanswer.AnswerType, Answers: "Lunch?", Body: json.RawMessage(`{"response":"yes"}`)}, `answered "Lunch?": yes`},
		"an answer of us": {control.Message{Type: questionanswer.AnswerType, Body: json.RawMessage(`{"response":"yes"}`)}, "answered: yes"},
		"one that does not count": {control.Message{From: "did:x:y", Type: questionanswer.AnswerType,
			Body: json.RawMessage(`{"response":"yes"}`)}, ""},
		"a problem": {control.Message{From: "did:x:y", Type: reportproblem.Type,
			Body: json.RawMessage(`{"code":"e.m.msg","comment":"Bad {1}.","args":["message"]}`)}, "problem: Bad message. (e.m.msg)"},
		"a problem without words": {control.Message{Type: reportproblem.Type, Body: json.RawMessage(`{"code":"e.m.msg"}`)}, "problem: e.m.msg (e.m.msg)"},
		"no problem":              {control.Message{Type: reportproblem.Type}, ""},
		"anything else":           {control.Message{Type: "https://example.org/x/1.0/y", Body: json.RawMessage(lunch)}, ""},
	} {
		got, known := describe(tc.m)
		if got != tc.want || known != (tc.want != "") {
			t.Errorf("%s: %q, %t; want %q", name, got, known, tc.want)
		}
		if shown := other(tc.m); known && shown != got || !known && !strings.HasPrefix(shown, "["+tc.m.Type+"]") {
			t.Errorf("%s: shown as %q", name, shown)
		}
	}
}
