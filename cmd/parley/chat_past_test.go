package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/internal/control"
)

func TestInOrder(t *testing.T) {
	t.Parallel()
	at := func(minute int) time.Time { return noon.Add(time.Duration(minute) * time.Minute) }
	items := inOrder(
		[]control.Message{{Content: "r1", Received: at(1)}, {Content: "r2", Received: at(6)}, {Content: "r3, when the clock went back", Received: at(2)}},
		[]control.Sent{{Content: "s1", Created: at(0)}, {Content: "s2", Created: at(5)}, {Type: "x/question", Body: []byte(`{}`), Created: at(7)}},
	)
	var got []string
	for _, i := range items {
		if i.theirs != nil {
			got = append(got, i.theirs.Content)
		} else {
			got = append(got, i.ours.Content+i.ours.Type)
		}
	}
	if diff := cmp.Diff([]string{"s1", "r1", "s2", "r2", "r3, when the clock went back", "x/question"}, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

// Older messages are found in few steps, whether they are close together or far apart.
func TestBefore(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name        string
		count, step int64 // so many messages with numbers so far apart
		page        int
		seq         int64
		n           int
		calls       int
	}{
		{"of this conversation alone", 100_000, 1, 1000, 99_990, 20, 3},
		{"one of fifty conversations", 2000, 50, 1000, 99_900, 20, 40},
		{"a conversation long ago", 10, 1, 1000, 1_000_000, 5, 80},
		{"small pages", 500, 1, 3, 400, 50, 60},
		{"no more than there is", 7, 1, 1000, 5, 20, 3},
		{"nothing before", 7, 1, 1000, 1, 20, 0},
		{"a side that said nothing", 0, 1, 1000, 0, 20, 0},
	} {
		calls := 0
		list := func(after int64) ([]int64, error) {
			calls++
			var page []int64
			for n := after/tc.step + 1; n <= tc.count && len(page) < tc.page; n++ {
				page = append(page, n*tc.step)
			}
			return page, nil
		}
		got, err := before(tc.seq, tc.n, list, func(n int64) int64 { return n })
		var want []int64
		for n := (tc.seq - 1) / tc.step; n > 0 && len(want) < tc.n; n-- {
			if n <= tc.count {
				want = append(want, n*tc.step)
			}
		}
		slices.Reverse(want)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", tc.name, err, diff)
		}
		if calls > tc.calls {
			t.Errorf("%s: %d calls, want at most %d", tc.name, calls, tc.calls)
		}
	}
	failed := fmt.Errorf("disk on fire")
	if _, err := before(9, 2, func(int64) ([]int64, error) { return nil, failed }, func(n int64) int64 { return n }); err != failed {
		t.Errorf("an error: %v", err)
	}
}

// long is a conversation of so many messages, every other one of bob's.
func long(s *seat, n int64) {
	for i := int64(1); i <= n; i++ {
		at := today(8, 0).Add(time.Duration(i) * time.Second)
		if i%2 == 1 {
			s.received = append(s.received, acked(fromBob(i, at, fmt.Sprint("n", i, "."))))
		} else {
			s.sent = append(s.sent, toBob(i, at, fmt.Sprint("n", i, "."), "read"))
		}
	}
}

// numbers are those of the messages on the screen and above it, in order.
func numbers(v *vt) []string {
	var found []string
	for l := range strings.Lines(v.all()) {
		if i := strings.Index(l, ": n"); i >= 0 {
			found = append(found, strings.TrimSuffix(strings.TrimSpace(l[i+2:]), "."))
		}
	}
	return found
}

func spanning(from, to int) (n []string) {
	for ; from <= to; from++ {
		n = append(n, fmt.Sprint("n", from))
	}
	return n
}

func TestChatHistory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sit(t, 60, 12)
		long(s, 45)
		s.begin()
		if diff := cmp.Diff(spanning(36, 45), numbers(s.vt)); diff != "" {
			t.Errorf("at the beginning (-want +got):\n%s", diff)
		}
		s.enters("/history")
		s.enters("/history 5")
		s.enters("/history 1000")
		want := slices.Concat(spanning(36, 45), spanning(16, 35), spanning(11, 15), spanning(1, 10))
		if diff := cmp.Diff(want, numbers(s.vt)); diff != "" {
			t.Errorf("with all that was before (-want +got):\n%s", diff)
		}
		s.enters("/history")
		if got := s.vt.screen(); !strings.HasSuffix(got, "(that is all there is)\n>") {
			t.Errorf("at the end:\n%s", got)
		}
		// What came after is still shown once, and the tick of an old one changes where it stands now.
		old := toBob(8, today(8, 0), "n8.", "failed")
		old.Problem = "why"
		s.arrives(fromBob(46, today(12, 0), "n46."))
		s.state(old)
		if got := s.vt.screen(); !strings.Contains(got, "08:00 ✗  you: n8.") || !strings.Contains(got, "✗ failed: n8. (why)") || strings.Count(got, "n46") != 1 {
			t.Errorf("afterwards:\n%s", got)
		}
		s.end()
	})
}

// All that is unread is shown from the first on, with what we said meanwhile, and marked at once.
func TestChatUnread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sit(t, 60, 12)
		long(s, 60)
		for i := range s.received {
			s.received[i].Acked = s.received[i].Seq < 31
		}
		s.begin()
		if diff := cmp.Diff(spanning(31, 60), numbers(s.vt)); diff != "" {
			t.Errorf("shown (-want +got):\n%s", diff)
		}
		if len(s.acked) != 1 || len(s.acked[0]) != 15 {
			t.Errorf("acked in %d steps: %v", len(s.acked), s.acked)
		}
		s.end()
	})
}

// However much there is, a chat begins with a few questions to the wallet.
func TestChatBeginsSmall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sit(t, 60, 12)
		long(s, 2000)
		for i := range s.received {
			s.received[i].Acked = false
		}
		s.begin()
		if got := numbers(s.vt); len(got) < maxUnread || len(got) > 3*maxUnread || got[len(got)-1] != "n2000" {
			t.Errorf("%d messages are shown, to %s", len(got), got[len(got)-1])
		}
		if !strings.Contains(s.vt.all(), "(there are more unread messages before these: /history)") || s.lists > 7 {
			t.Errorf("%d questions; the screen begins %.300s", s.lists, s.vt.all())
		}
		s.end()
	})
}

// What was read already between two unread messages is shown, so that the conversation has no holes, and is
// not marked again.
func TestChatBeginsWithoutHoles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sit(t, 60, 20)
		long(s, 80)
		s.received[20].Acked, s.received[39].Acked = false, false // n41 and n79
		s.begin()
		if diff := cmp.Diff(spanning(41, 80), numbers(s.vt)); diff != "" {
			t.Errorf("shown (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]int64{41, 79}, s.marked()); diff != "" {
			t.Errorf("acked (-want +got):\n%s", diff)
		}
		s.enters("/history 4")
		if got := numbers(s.vt); !slices.Equal(got[len(got)-4:], spanning(37, 40)) {
			t.Errorf("before it stand %v", got[len(got)-4:])
		}
		s.end()
	})
}

// A question that was answered before asks for no answer again, and one from before the screen is not the newest.
func TestChatQuestionsOfBefore(t *testing.T) {
	t.Parallel()
	question := func(n int64, hour int, text string) control.Message {
		q := fromBob(n, today(hour, 0), "")
		q.Type, q.Acked = "https://didcomm.org/questionanswer/1.0/question", true
		q.Body = json.RawMessage(`{"question_text":"` + text + `","valid_responses":[{"text":"yes"},{"text":"no"}]}`)
		return q
	}
	answer := toBob(50, today(10, 5), "", "read")
	answer.Type, answer.Thread = "https://didcomm.org/questionanswer/1.0/answer", "r20"
	answer.Body = json.RawMessage(`{"response":"no"}`)
	for _, tc := range []struct {
		name     string
		received []control.Message
		want     []control.AnswerRequest
		shown    string
	}{
		{"answered", []control.Message{question(20, 10, "milk?")}, nil, "bob: asks: milk? [yes | no]\n"},
		{"an open one after it", []control.Message{question(20, 10, "milk?"), question(21, 11, "sugar?")},
			[]control.AnswerRequest{{ID: "r21", Response: "yes"}}, "bob: asks: sugar? [yes | no]  /answer RESPONSE\n"},
		{"an open one in the history", append([]control.Message{question(1, 8, "tea?")}, append(talkOfTen(2, 9), question(21, 11, "sugar?"))...),
			[]control.AnswerRequest{{ID: "r21", Response: "yes"}}, "bob: asks: tea? [yes | no]  /answer RESPONSE\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := sit(t, 76, 40)
				s.received, s.sent = tc.received, []control.Sent{answer}
				s.begin()
				s.enters("/history")
				if got := s.vt.screen(); !strings.Contains(got, tc.shown) {
					t.Errorf("%q is not in\n%s", tc.shown, got)
				}
				s.enters("/answer yes")
				if diff := cmp.Diff(tc.want, s.answers); diff != "" {
					t.Errorf("answers (-want +got):\n%s", diff)
				}
				s.end()
			})
		})
	}
}

func talkOfTen(from int64, hour int) (ms []control.Message) {
	for n := range int64(10) {
		ms = append(ms, acked(fromBob(from+n, today(hour, int(n)), fmt.Sprint("m", n))))
	}
	return ms
}
