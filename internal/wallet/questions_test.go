package wallet_test

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/wallet"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/questionanswer"
)

// lunch is a question to bob that is asked without waiting.
var lunch = control.AskRequest{To: "bob", Text: "Lunch?", Responses: []string{"yes", "no", "Yesterday"}}

// next returns the next message that a wallet has kept for its user.
func next(t *testing.T, w *wallet.Wallet) control.Message {
	t.Helper()
	got, err := w.Receive(t.Context(), control.ReceiveRequest{Wait: patience, Limit: 1})
	must(t, err)
	if len(got) != 1 {
		t.Fatal("nothing came")
	}
	return got[0]
}

func TestAskAndAnswer(t *testing.T) {
	alice, bob := friends(t)
	ctx := t.Context()
	type result struct {
		asked control.Asked
		err   error
	}
	done := make(chan result, 1)
	go func() {
		r := lunch
		r.Detail, r.Timeout, r.Expires = "At noon.", patience, time.Now().Add(time.Hour)
		asked, err := alice.Ask(ctx, r)
		done <- result{asked, err}
	}()
	m := next(t, bob)
	if !messaging.SameType(m.Type, questionanswer.QuestionType) || m.FromName != "alice" {
		t.Fatalf("%+v", m)
	}
	sent, err := bob.AnswerQuestion(ctx, control.AnswerRequest{ID: m.ID, Response: "YES", Timeout: patience})
	if err != nil || sent.State != "delivered" || sent.Thread != m.ID {
		t.Fatalf("%+v, %v", sent, err)
	}
	r := <-done
	want := control.Asked{V: 1, ID: m.ID, To: sent.To, ToName: "bob", Response: "yes"}
	self, err := bob.Self(ctx)
	must(t, err)
	want.To = self.DID
	if diff := cmp.Diff(want, r.asked, cmpopts.IgnoreFields(control.Asked{}, "State", "Answered")); r.err != nil || diff != "" || r.asked.Answered.IsZero() {
		t.Errorf("%v (-want +got):\n%s", r.err, diff)
	}
	unread := func(w *wallet.Wallet) int {
		got, err := w.Receive(ctx, control.ReceiveRequest{})
		must(t, err)
		return len(got)
	}
	same(t, "the question is done with", unread(bob), 0)
	same(t, "the answer is done with", unread(alice), 0)
	_, err = bob.AnswerQuestion(ctx, control.AnswerRequest{ID: m.ID, Response: "no"})
	same(t, "a second answer", code(t, err), control.CodeUsage)
	again, err := alice.Ask(ctx, control.AskRequest{ID: m.ID[:9]})
	if err != nil || again.Response != "yes" {
		t.Errorf("asked for again: %+v, %v", again, err)
	}
}

// A question stays asked when nobody waits any more, and the answer that comes late is shown as what it is.
func TestLateAnswer(t *testing.T) {
	alice, bob := friends(t)
	ctx := t.Context()
	r := lunch
	r.Timeout = time.Millisecond
	asked, err := alice.Ask(ctx, r)
	same(t, "nobody answers so fast", code(t, err), control.CodeTimeout)
	if asked.ID == "" || asked.ToName != "bob" || asked.Response != "" {
		t.Fatalf("%+v", asked)
	}
	m := next(t, bob)
	_, err = bob.AnswerQuestion(ctx, control.AnswerRequest{ID: m.ID[:5], Response: "n", Timeout: patience})
	must(t, err)
	got := next(t, alice)
	if got.Answers != "Lunch?" || string(got.Body) != `{"response":"no"}` || got.Thread != asked.ID {
		t.Errorf("%+v with %s", got, got.Body)
	}
	late, err := alice.Ask(ctx, control.AskRequest{ID: asked.ID, Timeout: patience})
	if err != nil || late.Response != "no" {
		t.Errorf("%+v, %v", late, err)
	}
}

// Answers that do not count are still shown, but not as answers.
func TestAnswersThatDoNotCount(t *testing.T) {
	alice := run(t, folder(t, "alice"))
	bob, carol := contactOf(t, alice, "bob"), contactOf(t, alice, "carol")
	ctx := t.Context()
	asked, err := alice.Ask(ctx, lunch)
	must(t, err)
	question := &messaging.Message{ID: asked.ID, Type: questionanswer.QuestionType}
	id := alice.Identity().DID.Canonical()
	raw := func(body string) *messaging.Message {
		return &messaging.Message{Type: questionanswer.AnswerType, To: []did.DID{id}, ThreadID: asked.ID, Body: jsontext.Value(body)}
	}
	for _, row := range []struct {
		name string
		from *wallet.Wallet
		m    *messaging.Message
	}{
		{"of somebody else", carol, questionanswer.Answer(id, question, "yes")},
		{"not to choose", bob, questionanswer.Answer(id, question, "maybe")},
		{"in another case", bob, questionanswer.Answer(id, question, "YES")},
		{"to no question", bob, questionanswer.Answer(id, &messaging.Message{ID: "none"}, "yes")},
		{"malformed", bob, raw(`{"response":["yes"]}`)},
		{"without a response", bob, raw(`{}`)},
	} {
		must(t, row.from.Queue(ctx, row.m))
		got := next(t, alice)
		if got.Answers != "" || !messaging.SameType(got.Type, questionanswer.AnswerType) {
			t.Errorf("%s: shown as %+v", row.name, got)
		}
		must(t, alice.Mark(ctx, control.MarkRequest{Seqs: []int64{got.Seq}, Acked: true}))
		after, err := alice.Ask(ctx, control.AskRequest{ID: asked.ID})
		if err != nil || after.Response != "" {
			t.Errorf("%s: %+v, %v", row.name, after, err)
		}
	}
	must(t, bob.Queue(ctx, questionanswer.Answer(id, question, "no")))
	after, err := alice.Ask(ctx, control.AskRequest{ID: asked.ID, Timeout: patience})
	if err != nil || after.Response != "no" {
		t.Errorf("one that counts: %+v, %v", after, err)
	}
}

func TestAskRefuses(t *testing.T) {
	alice, bob := friends(t)
	ctx := t.Context()
	ask := func(change func(r *control.AskRequest)) string {
		r := lunch
		change(&r)
		_, err := alice.Ask(ctx, r)
		return code(t, err)
	}
	for name, tc := range map[string]struct {
		change func(r *control.AskRequest)
		want   string
	}{
		"nobody":           {func(r *control.AskRequest) { r.To = "eve" }, control.CodeUnknown},
		"no text":          {func(r *control.AskRequest) { r.Text = "" }, control.CodeUsage},
		"no responses":     {func(r *control.AskRequest) { r.Responses = nil }, control.CodeUsage},
		"an empty one":     {func(r *control.AskRequest) { r.Responses = []string{"a", ""} }, control.CodeUsage},
		"twice the same":   {func(r *control.AskRequest) { r.Responses = []string{"yes", "YES"} }, control.CodeUsage},
		"too many":         {func(r *control.AskRequest) { r.Responses = make([]string, 257) }, control.CodeUsage},
		"in the past":      {func(r *control.AskRequest) { r.Expires = time.Now().Add(-time.Second) }, control.CodeUsage},
		"not UTF-8":        {func(r *control.AskRequest) { r.Detail = "\xff" }, control.CodeUsage},
		"a signed answer":  {func(r *control.AskRequest) { r.Signed = true }, control.CodeUsage},
		"never asked":      {func(r *control.AskRequest) { r.ID = "none" }, control.CodeUnknown},
		"nothing like it":  {func(r *control.AskRequest) { r.ID = " " }, control.CodeUnknown},
		"what was no text": {func(r *control.AskRequest) { r.Text = "a\xff" }, control.CodeUsage},
	} {
		same(t, name, ask(tc.change), tc.want)
	}
	sent, err := alice.Sent(ctx, control.SentRequest{To: "bob"})
	must(t, err)
	same(t, "sent", len(sent), 0)
	text, err := alice.Send(ctx, control.SendRequest{To: "bob", Text: "no question", Wait: "delivered", Timeout: patience})
	must(t, err)
	same(t, "a text is no question", ask(func(r *control.AskRequest) { r.ID = text.ID }), control.CodeUnknown)
	_, err = bob.AnswerQuestion(ctx, control.AnswerRequest{ID: text.ID, Response: "yes"})
	same(t, "a text is not answered", code(t, err), control.CodeUnknown)
}

func TestAnswerRefuses(t *testing.T) {
	alice, bob := friends(t)
	ctx := t.Context()
	bobID := bob.Identity().DID.Canonical()
	queue := func(m *messaging.Message) string {
		must(t, alice.Queue(ctx, m))
		got := next(t, bob)
		must(t, bob.Mark(ctx, control.MarkRequest{Seqs: []int64{got.Seq}, Acked: true}))
		return got.ID
	}
	answer := func(id, response string) string {
		_, err := bob.AnswerQuestion(ctx, control.AnswerRequest{ID: id, Response: response})
		return code(t, err)
	}
	q := questionanswer.Question{Text: "Which?", Responses: []string{"red", "read", "blue"}}
	first := questionanswer.New(bobID, q)
	first.ID = "same-1"
	second := questionanswer.New(bobID, q)
	second.ID = "same-2"
	id := queue(first)
	queue(second)
	same(t, "two begin like this", answer("same", "blue"), control.CodeUsage)
	same(t, "none does", answer("other", "blue"), control.CodeUnknown)
	same(t, "no id", answer("", "blue"), control.CodeUsage)
	same(t, "not to choose", answer(id, "green"), control.CodeUsage)
	same(t, "two to choose", answer(id, "re"), control.CodeUsage)
	same(t, "nothing chosen", answer(id, ""), control.CodeUsage)
	q.SignatureRequired = true
	same(t, "signed", answer(queue(questionanswer.New(bobID, q)), "blue"), control.CodeUsage)
	same(t, "no question", answer(queue(&messaging.Message{Type: questionanswer.QuestionType, To: []did.DID{bobID}}), "blue"), control.CodeUsage)
	same(t, "one that can be answered", answer(id, "bl"), "")
	_, err := bob.RemoveContact(ctx, "alice")
	must(t, err)
	same(t, "of somebody removed", answer("same-2", "blue"), control.CodeUnknown)
}

// What nobody takes is said at once.
func TestAskSomebodyWhoRefuses(t *testing.T) {
	alice, bob := friends(t)
	_, err := bob.ChangeContact(t.Context(), "alice", control.ContactChange{Blocked: new(true)})
	must(t, err)
	r := lunch
	r.Timeout = patience
	asked, err := alice.Ask(t.Context(), r)
	same(t, "blocked by bob", code(t, err), control.CodeTrust)
	same(t, "state", asked.State, "failed")
}
