package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-im/parley/internal/control"
	"github.com/parley-im/parley/internal/control/controltest"
)

// seat is where somebody sits and chats with bob, at an emulated terminal.
type seat struct {
	*talk
	t     *testing.T
	vt    *vt
	p     *printer
	shown *display
	lines chan typed
	ended chan error
}

// today is a time of the day on which the tests chat.
func today(hour, minute int) time.Time {
	return time.Date(2026, 11, 20, hour, minute, 0, 0, time.Local)
}

// sit is to be called in a bubble; begin begins the chat.
func sit(t *testing.T, columns, rows int) *seat {
	p, _, _ := testPrinter(true)
	v := newVT(t, columns, rows)
	s := &seat{talk: newTalk(), t: t, vt: v, p: p, shown: newDisplay(v, columns, rows), lines: make(chan typed), ended: make(chan error, 1)}
	p.now = func() time.Time { return today(12, 0) }
	p.out, p.err = v, v
	return s
}

func (s *seat) begin() *controltest.Wallet {
	s.t.Helper()
	if err := s.shown.open(); err != nil {
		s.t.Fatal(err)
	}
	w := s.wallet()
	c := &chat{wallet: w, with: s.bob, print: s.p, display: s.shown, person: true, restore: s.shown.close, began: s.p.now(),
		seen: map[int64]bool{}, states: map[string]mark{}, answered: map[string]time.Time{}}
	go func() { s.ended <- c.talk(s.t.Context(), source{s.lines, s.shown, true, s.shown.close, func() {}}) }()
	synctest.Wait()
	return w
}

func (s *seat) enters(text string) {
	s.lines <- typed{text: text}
	synctest.Wait()
}

func (s *seat) change(ch control.Changes) {
	s.changes <- ch
	synctest.Wait()
}

func (s *seat) state(ss ...control.Sent) { s.change(control.Changes{Rev: 101, Sent: ss}) }

func (s *seat) arrives(ms ...control.Message) { s.change(control.Changes{Rev: 101, Received: ms}) }

// end ends the input, and the chat, whatever was not delivered.
func (s *seat) end() {
	s.t.Helper()
	close(s.lines)
	if err := <-s.ended; err != nil {
		s.t.Error(err)
	}
}

func (s *seat) expect(want string) {
	s.t.Helper()
	if diff := cmp.Diff(strings.Trim(want, "\n"), s.vt.screen()); diff != "" {
		s.t.Errorf("screen (-want +got):\n%s", diff)
	}
}

func fromBob(seq int64, at time.Time, text string) control.Message {
	return control.Message{Seq: seq, ID: fmt.Sprint("r", seq), From: "did:x:bob", FromName: "bob", Content: text, Received: at}
}

func toBob(seq int64, at time.Time, text, state string) control.Sent {
	return control.Sent{Seq: seq, ID: fmt.Sprint("s", seq), To: "did:x:bob", Content: text, State: state, Created: at}
}

func acked(m control.Message) control.Message {
	m.Acked = true
	return m
}

func TestChatScreen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sit(t, 60, 20)
		s.received = []control.Message{
			acked(fromBob(3, today(-14, 0), "yesterday")), // at 10 in the morning
			fromBob(4, today(9, 30), "are you\nthere?"),
		}
		s.sent = []control.Sent{
			toBob(1, today(-14, 5), "mine", "read"), toBob(2, today(9, 31), "still on its way", "queued"),
		}
		s.begin()
		s.shown.keys([]key{{keyText, "half"}, {code: keyLeft}})
		s.expect(`
Talking with bob. /help for more, Ctrl-D ends it.
── Thursday, 19 November 2026 ──
10:00    bob: yesterday
10:05 ✓✓ you: mine
── Friday, 20 November 2026 ──
09:30    bob: are you
       │ there?
09:31 ⧖  you: still on its way
(bob is online)
> half`)
		s.state(toBob(2, today(9, 31), "still on its way", "delivered"))
		first := toBob(3, today(12, 1), "hello", "queued")
		first.ID = "id1"
		s.enters("hello")
		first.State = "delivered"
		s.state(first)
		first.State = "read"
		s.state(first, first)
		s.arrives(fromBob(5, today(23, 59), "late"), fromBob(5, today(23, 59), "late"))
		s.arrives(fromBob(6, today(24, 0), "later"))
		s.expect(`
Talking with bob. /help for more, Ctrl-D ends it.
── Thursday, 19 November 2026 ──
10:00    bob: yesterday
10:05 ✓✓ you: mine
── Friday, 20 November 2026 ──
09:30    bob: are you
       │ there?
09:31 ✓  you: still on its way
(bob is online)
` + noon.Local().Format("15:04") + ` ✓✓ you: hello
23:59    bob: late
── Saturday, 21 November 2026 ──
00:00    bob: later
> half`)
		if s.vt.cursor() != "5,13" {
			t.Errorf("the cursor is at %s", s.vt.cursor())
		}
		if diff := cmp.Diff([]int64{4, 5, 6}, s.marked()); diff != "" {
			t.Errorf("acked (-want +got):\n%s", diff)
		}
		s.end()
	})
}

// A tick that has scrolled away is told on a line, those of many messages on one; a failure always says why.
func TestChatTicksBelow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sit(t, 60, 6)
		var late []control.Sent
		for i := range int64(9) {
			s.sent = append(s.sent, toBob(i+1, today(9, int(i)), fmt.Sprint("message ", i+1), "queued"))
			late = append(late, toBob(i+1, today(9, int(i)), fmt.Sprint("message ", i+1), "delivered"))
		}
		s.begin()
		s.state(late...)
		s.expect(`
09:06 ✓  you: message 7
09:07 ✓  you: message 8
09:08 ✓  you: message 9
(bob is online)
      ✓ delivered: 5 messages, the last: message 5
>`)
		late[0].State = "read"
		late[8].State, late[8].Problem = "expired", "nobody fetched it"
		s.state(late[0], late[8])
		s.expect(`
09:08 ✗  you: message 9
(bob is online)
      ✓ delivered: 5 messages, the last: message 5
      ✓✓ read: message 1
      ✗ expired: message 9 (nobody fetched it)
>`)
		s.state(late[8])
		if strings.Count(s.vt.all(), "nobody fetched it") != 1 {
			t.Errorf("the same again is told again:\n%s", s.vt.screen())
		}
		s.end()
	})
}

// What another command sends meanwhile stands in the conversation, too; a message that came and was read
// elsewhere as well.
func TestChatBesideOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sit(t, 60, 12)
		s.received = []control.Message{acked(fromBob(1, today(9, 0), "hi"))}
		s.begin()
		s.state(toBob(7, today(12, 1), "from a script", "queued"))
		s.state(toBob(7, today(12, 1), "from a script", "delivered"))
		s.arrives(acked(fromBob(2, today(12, 2), "read by recv")), acked(fromBob(1, today(9, 0), "hi")))
		s.expect(`
Talking with bob. /help for more, Ctrl-D ends it.
── Friday, 20 November 2026 ──
09:00    bob: hi
(bob is online)
12:01 ✓  you: from a script
12:02    bob: read by recv
>`)
		s.end()
	})
}

// Without cursor movement, and in words, lines tell of ticks.
func TestChatPlain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sit(t, 60, 12)
		s.p.plain, s.p.outColour = true, false
		s.received = []control.Message{acked(fromBob(1, today(9, 0), "hi\nyou"))}
		s.sent = []control.Sent{toBob(1, today(9, 1), "yes", "delivered")}
		s.begin()
		s.state(toBob(1, today(9, 1), "yes", "read"))
		s.expect(`
Talking with bob. /help for more, Ctrl-D ends it.
-- Friday, 20 November 2026 --
09:00 bob: hi
       | you
09:01 you: yes  delivered
(bob is online)
      read: yes
>`)
		s.end()
	})
}

// What bob writes, is called and says of himself is shown and not obeyed: the emulator fails on what it does
// not know.
func TestChatHostile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sit(t, 70, 12)
		evil := "\x1b[2J\x1b]0;x\x07\r\b\u009b1m\u202egnp\u2066\u200b"
		s.bob.DisplayName, s.bob.Description = evil, evil
		m := fromBob(1, today(12, 0), evil+"\n12:00 ✓✓ you: I agree")
		m.FromName = "bob" + evil
		s.begin()
		s.arrives(m, control.Message{Seq: 2, From: "did:x:eve", FromName: evil, Received: today(12, 0)})
		s.arrives(control.Message{Seq: 3, ID: "r3", From: "did:x:bob", FromName: "bob", Type: evil, Body: json.RawMessage(`"` + evil + `"`), Received: today(12, 0)})
		s.enters("/who")
		got := s.vt.screen()
		for _, want := range []string{`\x1b[2J\x1b]0;x\a\r\b\u009b1m\u202egnp`, "\n       │ 12:00 ✓✓ you: I agree\n"} {
			if !strings.Contains(got, want) {
				t.Errorf("%q is not in\n%s", want, got)
			}
		}
		s.end()
	})
}

func TestChatCommands(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sit(t, 76, 40)
		s.bob = control.Contact{Name: "bob", DID: "did:x:bob", Pending: true, DisplayName: "Robert", Description: "the builder", Seen: today(8, 0)}
		s.begin()
		s.enters("/nonsense now")
		s.enters("/answer yes")
		q := fromBob(1, today(12, 0), "")
		q.Type, q.Body = "https://didcomm.org/questionanswer/1.0/question", json.RawMessage(`{"question_text":"tea?","valid_responses":[{"text":"yes"},{"text":"no"}]}`)
		s.arrives(q)
		s.enters("/answer")
		s.enters("/answer yes")
		s.enters("//shrug")
		s.enters("  ")
		s.enters("/history zero")
		s.enters("/who")
		s.enters("/help")
		got := s.vt.screen()
		for _, want := range []string{
			"(bob has not accepted yet: what you write waits until then)\n",
			"There is no /nonsense: it was not sent. /help lists what there is;\n  //nonsense now sends it.\n",
			"There is no question of bob here to answer.\n", "12:00    bob: asks: tea? [yes | no]  /answer RESPONSE\n", "/answer takes the answer.\n",
			" ⧖  you: answered: yes\n", " ⧖  you: /shrug\n", "/history takes a number from 1 to 1000.\n",
			"bob calls itself Robert", "  the builder\n", "  did:x:bob\n  last seen 08:00\n", "  /history [N]  show the messages before",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("%q is not in\n%s", want, got)
			}
		}
		if diff := cmp.Diff([]string{"/shrug"}, s.texts); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]control.AnswerRequest{{ID: "r1", Response: "yes"}}, s.answers); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
		s.mu.Lock()
		s.refuse = &control.Error{Code: control.CodeQuota, Message: "it is too large", Hint: "send it in parts"}
		s.mu.Unlock()
		s.enters("hello")
		if got := s.vt.screen(); !strings.Contains(got, "✗ not sent: it is too large\n  send it in parts\n") {
			t.Errorf("what cannot be sent:\n%s", got)
		}
		s.mu.Lock()
		s.refuse = nil
		s.mu.Unlock()
		s.state(control.Sent{ID: "id1", To: "did:x:bob", State: "delivered", Content: "/shrug"}, control.Sent{ID: "answer", To: "did:x:bob", State: "read", Content: "x"})
		s.lines <- typed{text: "/quit"}
		if err := <-s.ended; err != nil {
			t.Error(err)
		}
	})
}

// Files are named beside the text, theirs with how to keep them.
func TestChatFiles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sit(t, 76, 12)
		mine := toBob(1, today(9, 0), "see", "read")
		mine.Files = []control.File{{Name: "a.zip", Size: 12}}
		s.sent = []control.Sent{mine}
		s.begin()
		m := fromBob(1, today(12, 0), "look")
		m.Files = []control.File{{Name: "b\x1b[2J.zip", Size: 3}, {Name: "c", Size: 4}}
		s.arrives(m)
		got := s.vt.screen()
		for _, want := range []string{"09:00 ✓✓ you: see [file a.zip, ", "12:00    bob: look [file b", " [file c, ", "(to keep 2 files: parley save r1)"} {
			if !strings.Contains(got, want) {
				t.Errorf("%q is not in\n%s", want, got)
			}
		}
		s.end()
	})
}

// Who else writes is told in a line that counts on; and who asks to be let in.
func TestChatAsides(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sit(t, 60, 10)
		s.pinged = errors.New("away")
		s.begin()
		eve := func(seq int64) control.Message {
			return control.Message{Seq: seq, From: "did:x:eve", FromName: "eve", Received: today(12, 0)}
		}
		s.arrives(eve(1))
		s.arrives(eve(1), eve(2))
		s.arrives(acked(eve(3)), eve(4))
		s.mu.Lock()
		s.requests = 2
		s.mu.Unlock()
		time.Sleep(2*requestsEvery + time.Second)
		synctest.Wait()
		s.expect(`
Talking with bob. /help for more, Ctrl-D ends it.
(bob does not answer now: what you write is kept and sent
  later)
(eve: 3 new messages, parley recv)
(2 requests wait: parley requests)
>`)
		if got := s.marked(); len(got) != 0 {
			t.Errorf("messages of others were acked: %v", got)
		}
		s.end()
	})
}

// While bob is away, the reason is told once; Ctrl-C leaves at once, and says what is kept.
func TestChatAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sit(t, 70, 10)
		s.begin()
		for i := range 2 {
			s.enters("hello")
			s.state(control.Sent{ID: fmt.Sprint("id", i+1), To: "did:x:bob", State: "queued", Content: "hello", Problem: "no route", Created: noon})
		}
		if got := s.vt.screen(); strings.Count(got, "(bob cannot be reached now: what you write is kept and sent later. no\n  route)") != 1 {
			t.Errorf("screen:\n%s", got)
		}
		began := time.Now()
		s.lines <- typed{err: errLeave}
		if err := <-s.ended; err != nil || time.Since(began) > 0 {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		if got := s.vt.screen(); !strings.HasSuffix(got, "2 not delivered yet; kept, and sent when both are online: parley outbo\nx") {
			t.Errorf("screen:\n%s", got)
		}
	})
}
