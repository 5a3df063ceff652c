package main

import (
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/questionanswer"
	"github.com/parley-im/parley/messaging/reportproblem"
)

// plainID is an id that can stand in a command as it is.
var plainID = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

// describe says in one line what a message is that is no text: a question, an answer that counts, a report of a
// problem. Others are not known. What somebody else wrote is not made safe to show: the printer does that.
func describe(m control.Message) (text string, known bool) {
	// A report is about a thread, which the wallet does not hand on; any will do to read it.
	raw := &messaging.Message{ID: m.ID, Type: m.Type, ParentThreadID: "-", Body: jsontext.Value(m.Body)}
	if q, err := questionanswer.Parse(raw); err == nil {
		return describeQuestion(m, q), true
	}
	if r, err := questionanswer.Response(raw); err == nil && (m.Answers != "" || m.From == "") {
		if m.From == "" {
			return "answered: " + r, true
		}
		return `answered "` + excerpt(m.Answers, 60) + `": ` + r, true
	}
	if r, err := reportproblem.Parse(raw); err == nil {
		return "problem: " + excerpt(r.Text(), 200) + " (" + r.Code + ")", true
	}
	return "", false
}

// describeQuestion shows the question, what to choose from, and for one that was received how to answer it.
func describeQuestion(m control.Message, q questionanswer.Question) string {
	text := "asks: " + excerpt(q.Text, 200)
	if q.Detail != "" {
		text += " (" + excerpt(q.Detail, 200) + ")"
	}
	text += " [" + excerpt(strings.Join(q.Responses, " | "), 200) + "]"
	if m.From != "" && plainID.MatchString(m.ID) {
		text += " parley answer " + m.ID + " RESPONSE"
	}
	return text
}
